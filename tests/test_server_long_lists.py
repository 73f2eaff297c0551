"""A long list behind IN is one token, and all other tokens are what and where they were."""

import random

import pytest

from retailsql.adapters.server.backend.long_lists import tokens_of
from retailsql.dialect.tokens import tokenize

NUMBERS = ", ".join(map(str, range(700)))
TEXTS = ",".join(f"'it''s {i}'" for i in range(300))
FILL = "x" * 2_000


def told(tokens):
    return [(t.token_type.name, t.text, t.start, t.end) for t in tokens]


@pytest.mark.parametrize("values", [NUMBERS, TEXTS, NUMBERS.replace(", ", " ,\n -")])
def test_all_but_the_list_is_as_before(values):
    text = f"SELECT 'é', a FROM t WHERE a IN ({values}) AND b = 'x' OR c in ( {values} ) LIMIT 5"
    plain, found = told(tokenize(text)), told(tokens_of(text))
    lists = [t for t in found if text[t[2] : t[3] + 1] == values]
    assert len(lists) == 2
    assert [t for t in found if t not in lists] == [
        t for t in plain if not any(one[2] <= t[2] <= one[3] for one in lists)
    ]


@pytest.mark.parametrize(
    "text",
    [
        f"SELECT 'a IN ({NUMBERS})', 1",
        f'SELECT 1 AS "a IN ({NUMBERS})"',
        f"SELECT 1 -- a IN ({NUMBERS})\n + 2",
        f"SELECT 1 /* a IN ({NUMBERS}) ' */ + 2",
        f"SELECT $a$ x IN ({NUMBERS}) $a$",
        f"SELECT E'\\' x IN ({NUMBERS})'",
        f"SELECT '\\' , a IN ({NUMBERS})",
        f"SELECT a IN ({NUMBERS}, b)",
        f"SELECT a IN ({NUMBERS}, $1)",
        f"SELECT f({NUMBERS})",
        f"SELECT begin({NUMBERS})",
        f"SELECT '{FILL}', a IN (1, 2)",
    ],
)
def test_what_is_no_such_list_is_left_alone(text):
    assert told(tokens_of(text)) == told(tokenize(text))


def test_drawn_texts_are_cut_at_the_same_places():
    draw = random.Random(7)
    pieces = ["'", '"', "--", "\n", "/*", "*/", "$$", "$1", "E", "U&", " IN (", f" IN ({NUMBERS})",
              ",", "a", " ", f" in ({TEXTS})", "''", "\\", ";", ")", "(", "`"]  # fmt: skip
    met = 0
    for _ in range(400):
        text = f"SELECT {' '.join(draw.choices(pieces, k=9))} AS y"
        plain, found = tokenize(text), tokens_of(text)
        assert (plain is None) == (found is None), text
        if plain is None:
            continue
        every = told(plain)
        firsts = {t[2]: t for t in every}
        for token in told(found):
            if token in every:
                continue
            met += 1
            # Only a list of values may have become another token.
            inner = [t for t in every if token[2] <= t[2] and t[3] <= token[3]]
            assert {t[0] for t in inner} <= {"NUMBER", "STRING", "COMMA"}, text
            assert firsts[token[2]][:2] == token[:2]
    assert met > 20
