"""sql/README.md is true: every row of its tables is run, and every entry of the code has a row.

The tables and models are those that the page itself makes, so that a reader can paste it too.
"""

from __future__ import annotations

import re

import pytest

import retailsql
from retailsql.dialect.scalars.table import SCALARS
from retailsql.dialect.splice import find_call
from retailsql.dialect.tokens import Walk, tokenize
from retailsql.dialect.verbs.table import VERBS
from retailsql.registry import store
from retailsql.registry.names import resolve
from retailsql.training.families import FAMILIES
from tests.conftest import ROOT

PAGE = (ROOT / "sql" / "README.md").read_text("utf-8")


def rows_of(heading):
    """The cells of the table under a heading, without code marks and escapes."""
    part = PAGE.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    lines = [line for line in part.splitlines() if line.startswith("| ")][1:]
    cells = [re.split(r"(?<!\\)\|", line)[1:-1] for line in lines]
    return [[c.strip().replace("\\|", "|") for c in row] for row in cells]


def code(cell):
    return cell.removeprefix("`").removesuffix("`")


MODELS = rows_of("Models")
STATEMENTS = rows_of("Other statements")
FUNCTIONS = rows_of("Functions over models and rows")
SCALAR_ROWS = rows_of("Preprocessing functions")


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    """A session in which the page's tables and models have been made."""
    with pytest.MonkeyPatch.context() as patch, retailsql.connect() as con:
        patch.chdir(tmp_path_factory.mktemp("reference"))
        con.execute(re.search(r"```sql\n(.*?)```", PAGE, re.S)[1])
        for _, _, example in MODELS:
            con.execute(code(example)).fetchall()
        yield con


def described(con, sql):
    """Column -> type of a result, and whether it has rows."""
    con.execute(sql)
    columns = {d[0]: str(d[1]) for d in con.description}
    return columns, bool(con.fetchall())


def test_every_model_type_has_a_row():
    documented = {code(model_type) for model_type, _, _ in MODELS}
    assert set(FAMILIES) <= documented
    for model_type, _, example in MODELS:
        assert f"'{code(model_type)}'" in example or model_type.startswith("any of these")


@pytest.mark.parametrize("row", STATEMENTS, ids=lambda row: row[0][:40])
def test_statements(shop, row):
    """In the order of the page."""
    *_, columns, example = row
    found, _ = described(shop, code(example))
    assert list(found) == re.findall(r"`([^`]+)`", columns)


def cells_to_columns(text):
    """``\\`name\\` TYPE, ...`` as {name: TYPE}, and whether the rows' columns follow."""
    more = text.endswith("…")
    pairs = re.split(r", (?=`)", text.removesuffix("…").rstrip(" ,"))
    return dict(re.fullmatch(r"`([^`]+)` (.+)", pair).groups() for pair in pairs), more


@pytest.mark.parametrize("row", FUNCTIONS, ids=lambda row: f"{code(row[0])} {row[1][:30]}")
def test_functions(shop, row):
    *_, text, example = row
    wanted, more = cells_to_columns(text)
    found, any_rows = described(shop, code(example))
    assert any_rows
    if more:
        assert len(found) > len(wanted)
        found = dict(list(found.items())[: len(wanted)])
    assert list(found.items()) == list(wanted.items())


def test_every_function_of_every_kind_has_a_row(shop):
    """An entry of the table of functions is covered if a row's example reaches it."""
    reached = set()
    for row in FUNCTIONS:
        walk = Walk(code(row[-1]), tokenize(code(row[-1])))
        _, name = find_call(walk)
        model = re.search(r"\(MODEL (\w+)", row[-1])
        stored = store.find(shop.connection, resolve(shop.connection, model[1])) if model else None
        entries = [v for v in VERBS if v.name == name]
        reached |= {
            id(v) for v in entries if (v.fits(stored) if stored and v.kinds else not v.kinds)
        }
    assert [f"{v.name} {v.kinds}" for v in VERBS if id(v) not in reached] == []


@pytest.mark.parametrize("row", SCALAR_ROWS, ids=lambda row: row[0][1:30])
def test_preprocessing(shop, row):
    *_, kind, example = row
    found, any_rows = described(shop, code(example))
    assert any_rows
    assert found == {"x": kind}


def test_every_preprocessing_function_has_a_row():
    assert {re.match(r"`ML\.(\w+)", row[0])[1] for row in SCALAR_ROWS} == set(SCALARS)


def test_settings_are_listed():
    """Each setting of each function stands in one of its rows."""
    for verb in VERBS:
        rows = [row for row in FUNCTIONS if code(row[0]) == f"ML.{verb.name}"]
        for setting in verb.settings:
            assert any(f"`{setting.name}`" in row[2] for row in rows), (verb.name, setting.name)
