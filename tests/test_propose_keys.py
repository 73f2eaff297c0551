"""Numbers of customers, orders and products in every shape: a name that says so is believed."""

from __future__ import annotations

import duckdb
import pytest

from retailsql.errors import ProjectError
from retailsql.starter.origins import origin
from retailsql.starter.propose import propose
from retailsql.starter.started import Started

SHAPES = {
    "dash": "'K-' || (10000 + {n})", "slash": "'K/' || (10000 + {n})",
    "space": "'K ' || (10000 + {n})", "uuid": "CAST(md5(CAST({n} AS VARCHAR)) AS UUID)",
    "uuid as text": "CAST(CAST(md5(CAST({n} AS VARCHAR)) AS UUID) AS VARCHAR)",
    "mail": "'a' || {n} || '@example.com'", "zeros": "lpad(CAST({n} AS VARCHAR), 8, '0')",
    "two numbers": "({n} % 7) || '-' || (1000 + {n})", "hash": "'#' || (1000 + {n})",
}  # fmt: skip
ODD = {
    "day": "DATE '2020-01-01' + CAST({n} AS INTEGER)", "below 0": "-1 - {n}",
    "day as text": "strftime(DATE '2020-01-01' + CAST({n} AS INTEGER), '%d-%m-%Y')",
    "point": "(100 + {n}) || '.' || (10 + {n} % 80)", "long": "repeat('x', 90) || {n}",
}  # fmt: skip
NAMES = [
    ("Kunde", "customer_id"), ("Kundennr", "customer_id"), ("customer", "customer_id"),
    ("customer_id", "customer_id"), ("Bestellnr", "order_id"), ("Artikelnr", "product_id"),
]  # fmt: skip
OWN = {"customer_id": ("Kunde", "c"), "order_id": ("Bestellnr", "o"), "product_id": ("Sku", "p")}


def proposed(name, word, shape, more=""):
    """The proposal for lines in which the key ``word`` is called ``name`` and has a shape."""
    keys = {own: f"1000 + {n}" for w, (own, n) in OWN.items() if w != word}
    keys[name] = shape.format(n=OWN[word][1])
    listed = ", ".join(f'{sql} AS "{key}"' for key, sql in keys.items())
    with duckdb.connect() as con:
        con.execute(
            f"CREATE TABLE lines AS SELECT {listed}, TIMESTAMP '2024-01-01' + to_hours(9 * o) AS"
            f" Datum, 1 + i % 4 AS Menge, 2.5 + p AS Preis {more} FROM (SELECT CAST(i // 3 AS"
            " INTEGER) AS o, CAST(hash(i // 3) % 60 AS INTEGER) AS c, CAST(hash(i) % 40 AS INTEGER)"
            " AS p, i FROM range(900) AS r(i))"
        )
        return propose(con, "lines")


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize(("name", "word"), NAMES)
def test_a_key_of_any_shape_is_taken(name, word, shape):
    choice = proposed(name, word, SHAPES[shape])["order_lines"][word]
    assert (choice.sql, choice.sure) == (name, True), choice.why


@pytest.mark.parametrize("shape", ODD)
@pytest.mark.parametrize(("name", "word"), NAMES)
def test_a_key_with_odd_values_is_taken_with_a_question(name, word, shape):
    """Never left out without a word: the name says what it is."""
    choice = proposed(name, word, ODD[shape])["order_lines"][word]
    assert (choice.sql, choice.sure) == (name, False)
    assert "its values are not like it" in choice.why


def test_columns_that_nothing_is_made_of_are_told():
    proposal = proposed("Kunde", "customer_id", "10 + {n}", ", 'x' AS \"Lager Ort\", 1 AS Farbe")
    assert "not used: Lager Ort, Farbe" in proposal.notes
    assert not [n for n in proposed("Kunde", "customer_id", "10 + {n}").notes if "not used" in n]


def test_customers_out_of_the_lines_are_those_with_a_number():
    assert "Kunde IS NOT NULL" in proposed("Kunde", "customer_id", "10 + {n}")["customers"].where


def test_without_customers_what_needs_them_is_left_out(tmp_path):
    """It would fail: the commands to type say so before."""
    proposal = proposed("Farbe", "customer_id", "10 + {n} % 5")
    assert proposal["order_lines"]["customer_id"].missing
    assert any("--exclude churn+ fct_purchases+" in note for note in proposal.notes)
    started = Started(tmp_path, "x", (), "shop.duckdb", proposal=proposal)
    commands = [command for command, _ in started.next_commands]
    assert "retailsql build --exclude churn+ fct_purchases+" in commands
    assert "retailsql query churn_risk" not in commands


def test_a_database_after_from_is_told_to_go_after_db():
    with duckdb.connect() as con, pytest.raises(ProjectError, match="--db shop.duckdb --from"):
        origin(con, "shop.duckdb")
