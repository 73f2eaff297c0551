"""A project without a mistake, for tests that put one into it."""

import re

GOOD = {
    "dbt_project.yml": "name: shop\nvars:\n  least: 2\n",
    "models/_sources.yml": """\
version: 2
sources:
  - name: raw
    tables:
      - name: orders
        config:
          loaded_at_field: day
          freshness:
            warn_after: {count: 36500, period: day}
            error_after: {count: 36501, period: day}
      - name: nowhere
""",
    "models/stg_orders.sql": """\
SELECT id, customer, total, day
FROM {{ source('raw', 'orders') }}
""",
    "models/totals.sql": """\
{{ config(materialized='table') }}
SELECT customer,
    CAST(sum(total) AS DECIMAL(18, 2)) AS spend
FROM {{ ref('stg_orders') }}
GROUP BY customer
""",
    "models/best.sql": """\
{{ config(materialized='table') }}
SELECT customer FROM {{ ref('totals') }}
WHERE spend >= {{ var('least') }}
""",
    "models/days.sql": """\
{{ config(materialized='table') }}
SELECT DISTINCT day FROM {{ ref('stg_orders') }}
""",
    "models/_models.yml": """\
version: 2
models:
  - name: stg_orders
    columns:
      - name: id
        data_tests: [unique, not_null]
  - name: totals
    config: {contract: {enforced: true}}
    columns:
      - name: customer
        data_type: INTEGER
      - name: spend
        data_type: DECIMAL(18, 2)
""",
    "macros/twice.sql": """\
{% macro twice(n) -%}
{{ n * 2 + 1 }}
{%- endmacro %}
""",
    "seeds/kinds.csv": "kind,name\n1,plate\n2,bowl\n",
    "models/named.sql": """\
{{ config(materialized='table') }}
SELECT kind, name FROM {{ ref('kinds') }}
""",
}  # fmt: skip
"""A project without a mistake; the numbers of its lines are in the tests below."""


def write(folder, files):
    """Write files into a folder."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return folder


def replaced(file, old, new, files=GOOD):
    """A file of the good project with a mistake in it."""
    assert old in files[file], "the test itself is wrong"
    return {file: files[file].replace(old, new)}


def make_orders(con):
    con.execute("CREATE SCHEMA raw")
    con.execute(
        "CREATE TABLE raw.orders AS SELECT range::INTEGER AS id, (range % 3)::INTEGER AS customer, "
        "2.5::DECIMAL(9, 2) AS total, TIMESTAMP '2026-01-01' AS day FROM range(10)"
    )


def held(con):
    """Every table and view with its rows: what a failed run must leave as it was."""
    names = con.execute(
        "SELECT table_name FROM information_schema.tables WHERE table_schema = 'main' ORDER BY 1"
    ).fetchall()
    return {n: con.execute(f'FROM main."{n}" ORDER BY ALL').fetchall() for (n,) in names}


def check(report, failed, place, words, skipped):
    """One thing has failed, says where and what to do, and stops only what depends on it."""
    (result,) = report.failed
    said = str(result.error)
    assert result.name == failed, said
    assert re.match(place + r"\b", result.error.fact), said
    assert re.search(words, said, re.DOTALL), said
    assert "What to do: " in said
    assert report.exit_status == 1
    assert {r.name for r in report.files if r.status == "skipped"} == skipped
    assert all(r.reason for r in report if r.status == "skipped")
