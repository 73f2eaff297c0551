"""Which column is which word: a score from name and values, and the best of all assignments."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from retailsql.starter.facts import Facts
from retailsql.starter.names import name_score, tokens
from retailsql.starter.synonyms import SYNONYMS

ENOUGH = 0.25
"""A lower score is no candidate."""
SURE = 0.7
"""From this score on a column is taken without a question, if no rival is near."""
NEAR = 0.12
"""A rival this near makes a choice unsure."""


@dataclass(frozen=True)
class Match:
    """A column taken for a word.

    Args:
        word: of the vocabulary, or amount, discount, status, hour.
        facts: the column.
        score: from 0 to 1.
        rival: the next best column that no other word took; None if there is none.
        rival_score: its score.
    """

    word: str
    facts: Facts
    score: float
    rival: Facts | None = None
    rival_score: float = 0.0


Fit = Callable[[Facts, str], float]


def _key(own: str) -> Fit:
    """An identifier: unique in the table of its own kind, repeated in lines."""

    def fit(c: Facts, table: str) -> float:
        # The dash of K-10124 is no minus.
        below = c.negative > 0.02 and c.letters == 0
        if c.kind not in ("whole", "text") or c.distinct < 2 or c.length > 80 or below:
            return 0.0
        if table == own:
            return 1.0 if c.variety > 0.98 else 0.15
        if c.variety > 0.98:  # in lines, something that never repeats is a number of the line
            return 0.6 if own == "orders" or table == "orders" else 0.3
        return 1.0 if c.filled > 0.3 else 0.8

    return fit


def _line_no(c: Facts, table: str) -> float:
    if c.kind != "whole" or c.low < 0 or c.variety > 0.98:
        return 0.0
    return 1.0 if c.middle <= 500 else 0.5


def _store(c: Facts, table: str) -> float:
    if c.kind not in ("whole", "text"):
        return 0.0
    return 1.0 if c.variety < 0.2 else 0.3


def _time(c: Facts, table: str) -> float:
    if c.time is None:
        return 0.0
    return 1.0 if c.kind == "time" else 0.9


def _joined(c: Facts, table: str) -> float:
    return _time(c, table) if table == "customers" else 0.0


def _quantity(c: Facts, table: str) -> float:
    if c.number is None or c.kind not in ("whole", "number") or c.high <= 0:
        return 0.0
    return (1.0 if c.kind == "whole" else 0.75) * (0.5 + 0.5 * c.positive)


def _price(c: Facts, table: str) -> float:
    if c.number is None or c.kind not in ("whole", "number") or c.high <= 0:
        return 0.0
    return 0.5 + 0.5 * c.positive


def _promotion(c: Facts, table: str) -> float:
    if c.yes is not None:
        return 1.0
    return 0.6 if c.number is not None and c.low >= 0 and c.positive < 0.9 else 0.0


def _discount(c: Facts, table: str) -> float:
    return 1.0 if c.number is not None and c.distinct > 1 else 0.0


def _word(most: float) -> Fit:
    """A text that repeats, at most ``most`` different values per filled row."""

    def fit(c: Facts, table: str) -> float:
        if c.kind not in ("text", "whole") or c.distinct < 1 or c.length > 200:
            return 0.0
        return (1.0 if c.kind == "text" else 0.6) * (
            1.0 if c.variety <= most or c.distinct <= 50 else 0.3
        )

    return fit


def _country(c: Facts, table: str) -> float:
    return 1.0 if c.kind in ("text", "bool") and c.letters > 0.9 and c.distinct <= 300 else 0.0


def _description(c: Facts, table: str) -> float:
    return 1.0 if c.kind == "text" and c.letters > 0.5 and c.length >= 3 else 0.0


def _status(c: Facts, table: str) -> float:
    if c.kind == "time":
        return 0.9 if c.filled < 0.7 else 0.0
    return 1.0 if c.kind in ("text", "bool") and c.distinct <= 30 else 0.0


def _hour(c: Facts, table: str) -> float:
    return 1.0 if c.type == "TIME" or (c.kind == "text" and ":" in c.example) else 0.0


FITS: Mapping[str, Fit] = {
    "order_id": _key("orders"), "line_no": _line_no, "customer_id": _key("customers"),
    "product_id": _key("products"), "store_id": _store, "ordered_at": _time,
    "quantity": _quantity, "unit_price": _price, "amount": _price, "on_promotion": _promotion,
    "discount": _discount, "country": _country, "joined_on": _joined, "known_from": _time,
    "description": _description, "category": _word(0.5), "brand": _word(0.5),
    "status": _status, "hour": _hour,
}  # fmt: skip
"""Word -> how well the values fit it, from 0 (cannot be) to 1."""

_NAMED = 0.85
"""From this score on a name means the word, whatever stands beside it."""
_ODD_KEY = 0.5
"""How well the values fit a key whose name says that it is one, though they look like a day, a
sum or a text: enough to be taken, with a question."""

_BY_VALUES = {"ordered_at": 0.35, "unit_price": 0.3, "quantity": 0.27}
"""Score where a name says nothing and only one column has such values."""


def score(facts: Facts, word: str, table: str) -> float:
    """How much a column of a file that may be ``table`` is ``word``, from 0 to 1."""
    fit = FITS[word](facts, table)
    by_name = name_score(facts.name, word)
    if word == "order_id" and facts.example.startswith("#"):
        by_name = max(by_name, 0.9)  # Shopify calls the number of an order its name: #1001
    if not fit and word.endswith("_id") and by_name >= _NAMED and facts.distinct:
        fit = _ODD_KEY  # a customer that is left out is missed by nobody; one to look at is seen
    return by_name * fit


def assign(columns: Sequence[Facts], words: Sequence[str], table: str) -> dict[str, Match]:
    """The best column for each word, no column for two words.

    Args:
        columns: of the file.
        words: looked for.
        table: what the file is taken for: order_lines, orders, customers, products.
    """
    pairs = [
        (score(c, word, table), -i, -w) for w, word in enumerate(words)
        for i, c in enumerate(columns)
    ]  # fmt: skip
    taken: dict[int, int] = {}
    for value, i, w in sorted(pairs, reverse=True):
        if value >= ENOUGH and -w not in taken and -i not in taken.values():
            taken[-w] = -i
    found = {words[w]: Match(words[w], columns[i], score(columns[i], words[w], table))
             for w, i in taken.items()}  # fmt: skip
    if table == "order_lines":
        found |= _by_values(columns, found)
    used = {m.facts.name for m in found.values()}
    return {w: _with_rival(found[w], columns, used, table) for w in words if w in found}


def _by_values(columns: Sequence[Facts], found: Mapping[str, Match]) -> dict[str, Match]:
    """Words that no name gave, where one column alone has the values for it."""
    used = {m.facts.name for m in found.values()}
    free = [c for c in columns if c.name not in used]
    likely: dict[str, list[Facts]] = {
        "ordered_at": [c for c in free if c.kind == "time"],
        "unit_price": [c for c in free if c.kind == "number" and c.positive > 0.9],
        "quantity": [
            c for c in free
            if c.kind == "whole" and 1 <= c.middle <= 20 and c.distinct > 2 and c.positive > 0.9
        ],
    }  # fmt: skip
    if "amount" in found:
        likely["unit_price"] = []
    return {
        word: Match(word, ones[0], _BY_VALUES[word], *((ones[1], 0.2) if len(ones) > 1 else ()))
        for word, ones in likely.items() if word not in found and ones
        and name_allows(ones[0], word)
    }  # fmt: skip


def name_allows(facts: Facts, word: str) -> bool:
    """Whether no token of the name speaks against the word."""
    said = set(tokens(facts.name))
    return not (SYNONYMS[word].never | {"id", "no", "nr", "code"}) & said


def _with_rival(match: Match, columns: Sequence[Facts], used: set[str], table: str) -> Match:
    """With the best column that no word took."""
    if match.rival is not None:
        return match
    free = [c for c in columns if c.name not in used]
    scored = sorted(
        ((score(c, match.word, table), -i, c) for i, c in enumerate(free)), reverse=True,
        key=lambda s: s[:2],
    )  # fmt: skip
    if not scored or scored[0][0] < ENOUGH:
        return match
    return Match(match.word, match.facts, match.score, scored[0][2], scored[0][0])
