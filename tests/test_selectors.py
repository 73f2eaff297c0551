"""``--select`` and ``--exclude``: what each term chooses, of nodes and of tests."""

from pathlib import Path

import pytest

from retailsql.errors import ProjectError
from retailsql.runner.graph import order, select, select_tests
from retailsql.runner.node import DataTest, Exposure, Node, Place, Project, Source


def node(name, folder, kind="view", needs=(), sources=(), tags=()):
    file = f"{folder}/{name}.{'csv' if kind == 'seed' else 'sql'}"
    return Node(name, file, kind, "", needs=needs, sources=sources, tags=tags)


def a_test(name, kind, of="", needs=(), sources=(), tags=()):
    return DataTest(name, kind, of, "", Place("x.yml"), needs, sources, tags=tags)


_NODES = [
    node("stg_lines", "models/staging", sources=(("raw", "lines"),), tags=("daily", "raw")),
    node("stg_shops", "models/staging", sources=(("raw", "shops"),), tags=("daily",)),
    node("fct_days", "models/features", "table", ("stg_lines",)),
    node("fct_weeks", "models/features/slow", "table", ("fct_days", "holidays"), tags=("weekly",)),
    node("holidays", "seeds", "seed"),
    node("churn", "training", "model", ("fct_weeks", "stg_shops")),
    node("fct_1", "models/scores", "score", ("churn", "fct_days")),
]
_TESTS = (
    a_test("unique_stg_lines_id", "unique", "stg_lines", ("stg_lines",)),
    a_test("not_null_fct_days_day", "not_null", "fct_days", ("fct_days",), tags=("slow",)),
    a_test("rel_days_lines", "relationships", "fct_days", ("fct_days", "stg_lines")),
    a_test("source_unique_raw_shops_id", "unique", sources=(("raw", "shops"),)),
    a_test("no_gap", "singular", needs=("fct_weeks",)),
)
PROJECT = Project(
    "p", Path(), "main", {n.name: n for n in _NODES}, {}, {},
    {("raw", t): Source("raw", t, t, Place("s.yml"), tags=(t,)) for t in ("lines", "shops")},
    _TESTS, exposures=(Exposure("board", "dashboard", ("fct_1", "fct_weeks"), Place("e.yml")),),
)  # fmt: skip


def chosen(terms, exclude=None):
    return " ".join(sorted(n.name for n in select(PROJECT, terms, exclude)))


@pytest.mark.parametrize(
    ("terms", "names"),
    [
        ("fct_days", "fct_days"),
        ("+fct_days", "fct_days stg_lines"),
        ("fct_weeks+", "churn fct_1 fct_weeks"),
        ("+fct_weeks+", "churn fct_1 fct_days fct_weeks holidays stg_lines"),
        ("1+fct_1", "churn fct_1 fct_days"),
        ("2+fct_1", "churn fct_1 fct_days fct_weeks stg_lines stg_shops"),
        ("stg_lines+1", "fct_days stg_lines"),
        ("1+churn+1", "churn fct_1 fct_weeks stg_shops"),
        ("fct_*", "fct_1 fct_days fct_weeks"),
        ("fct_?", "fct_1"),
        ("fct_days holidays", "fct_days holidays"),
        (["fct_days", "holidays churn"], "churn fct_days holidays"),
        ("tag:daily", "stg_lines stg_shops"),
        ("tag:daily,tag:raw", "stg_lines"),
        ("tag:week*+", "churn fct_1 fct_weeks"),
        ("tag:shops+", "churn fct_1 stg_shops"),
        ("path:models/staging", "stg_lines stg_shops"),
        ("models/staging", "stg_lines stg_shops"),
        ("models/features/", "fct_days fct_weeks"),
        ("models/scores/fct_1.sql", "fct_1"),
        ("path:models/*/fct_*.sql", "fct_1 fct_days"),
        ("path:models/**/fct_*.sql", "fct_1 fct_days fct_weeks"),
        ("file:fct_1.sql", "fct_1"),
        ("staging", "stg_lines stg_shops"),
        ("features.slow.fct_weeks", "fct_weeks"),
        ("features.*", "fct_days fct_weeks"),
        ("source:raw.shops+", "churn fct_1 stg_shops"),
        ("source:raw+1", "stg_lines stg_shops"),
        ("source:raw.shops", ""),
        ("+exposure:board", "churn fct_1 fct_days fct_weeks holidays stg_lines stg_shops"),
        ("1+exposure:*", "fct_1 fct_weeks"),
        ("+fct_days,+fct_weeks", "fct_days stg_lines"),
        ("resource_type:seed", "holidays"),
        ("config.materialized:table", "fct_days fct_weeks"),
        (None, "churn fct_1 fct_days fct_weeks holidays stg_lines stg_shops"),
    ],
)  # fmt: skip
def test_what_is_chosen(terms, names):
    assert chosen(terms) == names


@pytest.mark.parametrize(
    ("terms", "exclude", "names"),
    [
        (None, "fct_*+ stg_shops", "holidays stg_lines"),
        ("+churn", "tag:daily", "churn fct_days fct_weeks holidays"),
        ("+churn", ["tag:daily", "holidays"], "churn fct_days fct_weeks"),
        ("churn", "churn", ""),
    ],
)
def test_exclude(terms, exclude, names):
    assert chosen(terms, exclude) == names


def test_the_order_is_that_of_running():
    assert [n.name for n in select(PROJECT, "fct_1 +fct_days")] == [
        "stg_lines",
        "fct_days",
        "fct_1",
    ]


@pytest.mark.parametrize(
    ("term", "words"),
    [
        ("fct_day", "no model 'fct_day'. Wanted: fct_days"),
        ("+fct_dys+", "no model 'fct_dys'"),
        ("nothing*", r"no model 'nothing\*'"),
        ("tag:dayly", "tag:dayly. Wanted: daily"),
        ("source:raw.line", "Wanted: raw.lines"),
        ("exposure:bord", "Wanted: board"),
        ("path:models/stagin", "Wanted: models/staging"),
        ("config.materialized:cube", "Nothing is chosen by config.materialized:cube"),
        ("tags:daily", "Nothing is chosen by 'tags'.*Wanted: tag"),
        ("state:modified", "The light runner does not choose by state.*Seen: state:modified"),
        ("@churn", "cannot be read"),
        ("", None),
        ("fct_days,fct_day", "no model 'fct_day'"),
        ("+", "cannot be read"),
    ],
)  # fmt: skip
def test_what_chooses_nothing_is_named(term, words):
    """An empty text chooses nothing and is no mistake, as in dbt."""
    if words is None:
        assert select(PROJECT, term) == []
        return
    with pytest.raises(ProjectError, match=words):
        select(PROJECT, term)
    with pytest.raises(ProjectError, match=words):
        select(PROJECT, None, term)


@pytest.mark.parametrize(
    ("terms", "exclude", "names"),
    [
        ("stg_lines", None, "rel_days_lines unique_stg_lines_id"),
        ("fct_days", None, "not_null_fct_days_day rel_days_lines"),
        ("fct_days", "stg_lines", "not_null_fct_days_day"),
        ("no_gap", None, "no_gap"),
        ("fct_weeks", None, "no_gap"),
        ("source:raw.shops", None, "source_unique_raw_shops_id"),
        ("test_type:singular", None, "no_gap"),
        ("test_name:unique", None, "source_unique_raw_shops_id unique_stg_lines_id"),
        ("test_name:unique,source:raw.shops", None, "source_unique_raw_shops_id"),
        ("tag:slow", None, "not_null_fct_days_day"),
        ("fct_1", None, ""),
        ("*_days*", "test_type:generic", ""),
    ],
)
def test_which_tests(terms, exclude, names):
    """A test is chosen with anything that it reads; one that reads what is left out goes, too."""
    found = select_tests(PROJECT, terms, exclude)
    assert " ".join(sorted(t.name for t in found)) == names


@pytest.mark.parametrize(
    ("terms", "names"),
    [
        ("stg_lines", "unique_stg_lines_id"),
        ("fct_days", "not_null_fct_days_day rel_days_lines"),  # it comes after stg_lines
        ("stg_lines stg_shops", "unique_stg_lines_id"),
        ("rel_days_lines", "rel_days_lines"),
        ("stg_lines,test_type:generic", "unique_stg_lines_id"),
        ("fct_weeks,test_type:singular", "no_gap"),
    ],
)
def test_which_tests_are_buildable(terms, names):
    """dbt's `--indirect-selection buildable`."""
    found = select_tests(PROJECT, terms, buildable=True)
    assert " ".join(sorted(t.name for t in found)) == names


@pytest.mark.parametrize(
    ("terms", "words"),
    [("test_name:uniqe", "Wanted: unique"), ("no_gab", "no model 'no_gab'"), ("a:b", "Nothing")],
)
def test_unknown_tests(terms, words):
    with pytest.raises(ProjectError, match=words):
        select_tests(PROJECT, terms)


def test_a_circle_names_the_lines_of_every_ref():
    nodes = {
        a: Node(a, f"{a}.sql", "view", "", needs=(b,), refs={b: Place(f"{a}.sql", line)})
        for a, b, line in (("a", "b", 3), ("b", "c", 5), ("c", "a", 7))
    }
    with pytest.raises(ProjectError, match="circle") as caught:
        order(nodes)
    for words in ("a.sql:3 refers to b", "b.sql:5 refers to c", "c.sql:7 refers to a"):
        assert words in str(caught.value)
