"""Projects that cannot be read: one mistake each; file and line are named, and what to do.

What cannot be read stops everything, before anything is made.
"""

import re

import pytest

from retailsql.errors import ProjectError
from retailsql.runner.graph import order
from retailsql.runner.project import load_project
from tests.bad_project import GOOD, replaced, write

UNREADABLE = {
    "a circle of two files": (
        replaced("models/stg_orders.sql", "source('raw', 'orders')", "ref('totals')"),
        "models/stg_orders.sql:2", "circle",
    ),
    "a file that refers to itself": (
        replaced("models/days.sql", "ref('stg_orders')", "ref('days')"),
        "models/days.sql:2", "circle",
    ),
    "a ref to nothing": (
        replaced("models/totals.sql", "ref('stg_orders')", "ref('stg_order')"),
        "models/totals.sql:4", r"ref\('stg_order'\) names no model.*stg_orders",
    ),
    "a source that is not declared": (
        replaced("models/stg_orders.sql", "'orders'", "'order'"),
        "models/stg_orders.sql:2", r"source\('raw', 'order'\).*raw\.orders",
    ),
    "a variable without a value": (
        replaced("models/best.sql", "'least'", "'most'"),
        "models/best.sql:3", r"var\('most'\) has no value.*least",
    ),
    "a block that is not closed": (
        replaced("models/days.sql", "SELECT", "{% if true %}SELECT"),
        "models/days.sql:2", "Jinja.*endif",
    ),
    "a bracket that is not closed": (
        replaced("models/totals.sql", "ref('stg_orders') }}", "ref('stg_orders' }}"),
        "models/totals.sql:4", "Jinja",
    ),
    "a macro that does not exist": (
        replaced("models/totals.sql", "customer,\n", "customer,\n{{ twise(1) }} AS two,\n"),
        "models/totals.sql:3", "twise.*twice",
    ),
    "a wrong type inside a macro that a file calls": (
        replaced("models/totals.sql", "customer,\n", "customer,\n{{ twice('x') }} AS two,\n"),
        "macros/twice.sql:2", "can only concatenate str.*models/totals.sql:3",
    ),
    "a macro called with too much": (
        replaced("models/totals.sql", "customer,\n", "customer,\n{{ twice(1, 2) }} AS two,\n"),
        "models/totals.sql:3", "twice.*1 argument",
    ),
    "a macro file with broken Jinja": (
        replaced("macros/twice.sql", "{%- endmacro %}", ""), "macros/twice.sql:", "endmacro",
    ),
    "a materialization that does not exist": (
        replaced("models/days.sql", "'table'", "'tabel'"), "models/days.sql:1", "tabel.*table",
    ),
    "two files of one name": (
        {"models/deep/days.sql": "SELECT 1"}, "models/deep/days.sql", "models/days.sql.*rename",
    ),
    "yml that is not yml": (
        replaced("models/_models.yml", "[unique, not_null]", "[unique, not_null"),
        "models/_models.yml:[78]", "",
    ),
    "yml with a tab": (
        replaced("models/_models.yml", "      - name: id", "\t- name: id"),
        "models/_models.yml:5", "",
    ),
    "models that are no list": (
        {"models/_models.yml": "version: 2\nmodels:\n  name: days\n"},
        "models/_models.yml:[23]", "models",
    ),
    "a key twice": (
        {"models/_models.yml": "models:\n  - name: days\n    name: totals\n"},
        "models/_models.yml:3", "name",
    ),
    "a test that does not exist": (
        replaced("models/_models.yml", "[unique, not_null]", "[uniqe]"),
        "models/_models.yml:6", "uniqe.*unique",
    ),
    "a test that lacks an argument": (
        replaced("models/_models.yml", "[unique, not_null]", "[accepted_values]"),
        "models/_models.yml:6", "values",
    ),
    "relationships to a model that does not exist": (
        replaced("models/_models.yml", "[unique, not_null]",
                 "\n          - relationships:\n              arguments:\n"
                 "                to: ref('customers')\n                field: id"),
        "models/_models.yml:", r"ref\('customers'\)",
    ),
    "yml of a model that does not exist": (
        replaced("models/_models.yml", "- name: totals", "- name: total"),
        "models/_models.yml:7", "total.*totals",
    ),
    "freshness without a period": (
        replaced("models/_sources.yml", "{count: 36501, period: day}", "{count: 36501}"),
        "models/_sources.yml:(8|10)", "period",
    ),
    "freshness in a unit that does not exist": (
        replaced("models/_sources.yml", "{count: 36501, period: day}", "{count: 2, period: week}"),
        "models/_sources.yml:(8|10)", "week.*hour",
    ),
    "a unit test of a model that does not exist": (
        {"models/_unit.yml": "unit_tests:\n  - name: adds\n    model: total\n    given: []\n"
                             "    expect: {rows: []}\n"},
        "models/_unit.yml:[23]", "total.*totals",
    ),
    "a unit test that forgets what the model reads": (
        {"models/_unit.yml": "unit_tests:\n  - name: adds\n    model: totals\n    given: []\n"
                             "    expect: {rows: [{customer: 1}]}\n"},
        "models/(_unit.yml:[2-4]|totals.sql:4)", "stg_orders",
    ),
    "a hook": (
        replaced("models/days.sql", "materialized='table'",
                 "materialized='table', post_hook='DROP TABLE x'"),
        "models/days.sql:1", "hook",
    ),
    "a macro that asks the database": (
        replaced("models/days.sql", "DISTINCT", "{{ run_query('SELECT 1') }}"),
        "models/days.sql:2", "run_query",
    ),
    "bytes that are not UTF-8": (
        {"models/days.sql": b"SELECT 1 AS a\n, '\xe9' AS b"}, "models/days.sql:2", "UTF-8",
    ),
    "a project file that is not yml": (
        {"dbt_project.yml": "name: shop\nvars: [\n"}, "dbt_project.yml:[23]", "",
    ),
    "a project without a name": (
        {"dbt_project.yml": "vars: {least: 2}\n"}, "dbt_project.yml", "name",
    ),
}  # fmt: skip
"""What is wrong -> changed files, the place that must be named, and words (regular expressions)."""


def test_the_good_project_is_good(tmp_path):
    """Else every test below could pass for a mistake of its own."""
    project = load_project(write(tmp_path, GOOD))
    assert [node.name for node in order(project.nodes)] == [
        "kinds", "stg_orders", "days", "named", "totals", "best"
    ]  # fmt: skip


@pytest.mark.parametrize("mistake", UNREADABLE)
def test_what_cannot_be_read_names_file_and_line(tmp_path, mistake):
    changes, place, words = UNREADABLE[mistake]
    with pytest.raises(ProjectError) as raised:
        order(load_project(write(tmp_path, GOOD | changes)).nodes)
    error, said = raised.value, str(raised.value)
    assert re.search(place, said), said
    assert re.search(words, said, re.DOTALL), said
    assert error.todo or error.wanted, f"does not say what to do: {said}"
    assert str(tmp_path) not in said, "names a folder of this machine"
