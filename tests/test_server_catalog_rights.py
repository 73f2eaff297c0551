"""A user sees in the catalog only what he was granted."""

from __future__ import annotations

import pytest

from retailsql.adapters.server import catalog
from retailsql.adapters.server.records import Grant, Rights
from tests.server_support.catalog_shop import EVERYTHING, ask, instance, session

PEOPLE = [
    Rights("anna", ("analysts",), EVERYTHING),
    Rights("ben", ("sellers",), frozenset({Grant("read", "table", "sales", "orders")})),
    Rights("cleo", ("modellers",), frozenset({Grant("score", "model", "main", "churn")})),
    Rights("dora", ("writers",), frozenset({Grant("write", "schema", "sales")})),
    Rights("emil", ()),
    Rights("fred", (), frozenset({Grant("read", "table", "Sales", "ORDERS")})),
]


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    with instance(tmp_path_factory.mktemp("rights"), models=True) as root:
        catalog.set_rights(root, PEOPLE)
        yield root


def names(root, user, sql):
    with session(root, user) as con:
        return [row[0] for row in ask(con, sql)]


TABLES_OF = (
    "SELECT table_name FROM information_schema.tables "
    "WHERE table_schema NOT IN ('pg_catalog', 'information_schema') ORDER BY 1"
)
FUNCTIONS = "SELECT DISTINCT proname FROM pg_proc WHERE oid > 20000 ORDER BY 1"


@pytest.mark.parametrize(
    ("user", "tables"),
    [
        ("anna", ["big_orders", "clients", "customers", "order_lines", "orders"]),
        ("ben", ["orders"]),
        ("cleo", []),
        ("dora", ["clients", "order_lines", "orders"]),
        ("emil", []),
        ("fred", ["orders"]),  # big and small letters are the same, as for the policy
        ("nobody", []),
    ],
)
def test_only_granted_tables_are_seen(root, user, tables):
    assert names(root, user, TABLES_OF) == tables
    in_class = "SELECT relname FROM pg_class WHERE oid > 20000 AND relkind IN ('r', 'v') ORDER BY 1"
    assert names(root, user, in_class) == tables


@pytest.mark.parametrize(
    ("user", "functions"),
    [
        ("anna", ["churn_predict", "churn_score", "churn_v2_score"]),
        ("cleo", ["churn_predict", "churn_score"]),
        ("ben", []),
    ],
)
def test_only_granted_models_are_seen_and_hidden_functions_never(root, user, functions):
    assert names(root, user, FUNCTIONS) == functions


@pytest.mark.parametrize(
    "relation",
    [
        "pg_attribute WHERE attrelid > 20000",
        "pg_index",
        "pg_constraint",
        "pg_description WHERE objoid > 20000",
        "pg_indexes",
        "pg_attrdef",
        "information_schema.columns WHERE table_schema = 'sales'",
        "information_schema.table_constraints",
        "information_schema.key_column_usage",
        "pg_stat_user_tables",
        "pg_namespace WHERE nspname = 'sales'",
        "pg_rewrite",
    ],
)
def test_nothing_leaks_to_one_without_grants(root, relation):
    assert names(root, "emil", f"SELECT count(*) FROM {relation}") == [0]


def test_the_registry_is_never_shown(root):
    assert names(root, "anna", "SELECT nspname FROM pg_namespace WHERE nspname = 'retailsql'") == []
    assert names(root, "anna", "SELECT to_regclass('retailsql.models')") == [None]


def test_names_do_not_resolve_to_what_may_not_be_seen(root):
    assert names(root, "ben", "SELECT to_regclass('sales.clients')") == [None]
    assert names(root, "ben", "SELECT to_regclass('sales.orders') IS NULL") == [False]


def test_privileges_follow_the_grants(root):
    ask_for = "SELECT has_table_privilege('sales.orders', '{}')"
    assert names(root, "ben", ask_for.format("SELECT")) == [True]
    assert names(root, "ben", ask_for.format("INSERT")) == [False]
    assert names(root, "dora", ask_for.format("INSERT")) == [True]
    assert names(root, "emil", "SELECT has_schema_privilege('sales', 'USAGE')") == [False]


def test_roles_are_seen_by_their_members_only(root):
    roles = "SELECT rolname FROM pg_roles ORDER BY 1"
    assert names(root, "ben", roles) == ["ben", "retailsql", "sellers"]


def test_new_rights_count_at_once(root):
    with session(root, "emil") as con:
        assert ask(con, TABLES_OF) == []
        gained = Rights("emil", (), frozenset({Grant("read", "table", "sales", "clients")}))
        catalog.set_rights(root, [*PEOPLE[:-1], gained])
        assert ask(con, TABLES_OF) == [("clients",)]
        catalog.set_rights(root, PEOPLE)
        assert ask(con, TABLES_OF) == []


def test_an_unset_user_sees_nothing(root):
    con = root.cursor()
    assert con.sql(f"FROM {catalog.SHIM}.pg.pg_class WHERE oid > 20000").fetchall() == []
