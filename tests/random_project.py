"""Random projects of SQL files, the same for the same number: seeds, and models over them."""

from __future__ import annotations

import random

MACROS = """
{% macro half(c, by=2) %}({{ c }} // {{ by }}){% endmacro %}
{%- macro pick(cols) -%}
{% for c in cols %}{{ c }}{{ ', ' if not loop.last }}{% endfor %}
{%- endmacro -%}
{% macro cond() %}{{ caller() }}{% endmacro %}
"""
WHERE = (
    "",
    " where id > {{ var('k') - 3 }}",
    " {% if var('flag') %}where v is not null{% endif %}",
    " -- {{ 'c' }}\n",
)
CONFIG = {
    "view": "materialized='view'",
    "table": "materialized='table', tags=['x']",
    "by_key": "materialized='incremental', unique_key='id'",
    "by_keys": "materialized='incremental', unique_key=['id', 's'], tags='y'",
    "append": "materialized='incremental', incremental_strategy='append'",
}
NEW = "\n{% if is_incremental() %}\nwhere id >= (select max(id) - 1 from {{ this }})\n{% endif %}"


def files(number: int, nodes: int = 15) -> dict[str, str]:
    """Name of a file -> its text; every table has the columns id, v, s, d."""
    r = random.Random(number)
    made: list[str] = []
    tests = []
    found = {"macros/r.sql": MACROS, "dbt_project.yml": (
        f"name: p\nversion: '1.0'\nprofile: p\nvars: {{k: {r.randint(1, 5)}, flag: "
        f"{r.choice(['true', 'false'])}}}\nmodels:\n  p:\n    +tags: all\n    staging: "
        f"{{+materialized: {r.choice(['table', 'view'])}, +tags: [s]}}\n"
    )}  # fmt: skip
    for i in range(nodes):
        name = f"{r.choice(['stg', 'int', 'Dim'])}_{i}"
        if not made or r.random() < 0.2:
            found[f"seeds/{name}.csv"] = "id,v,s,d\n1,2.5,a,2024-01-01\n" + "".join(
                f"{r.randint(0, 6)},{r.choice(['', '1', '-3'])},{r.choice(['a', '', '007'])},"
                f"{r.choice(['2024-06-30', ''])}\n" for _ in range(r.randint(1, 8))
            )  # fmt: skip
        else:
            text = _model(r, r.sample(made, min(len(made), r.randint(1, 3))))
            found[f"models/{r.choice(['', 'staging/', 'staging/deep/'])}{name}.sql"] = text
            test = r.choice(["unique", "not_null", "accepted_values"])
            values = "arguments: {values: [a, A]}, " if test == "accepted_values" else ""
            tests.append(
                f"  - name: {name}\n    description: d {name}\n    columns: [{{name: s, "
                f"data_tests: [{test}: {{{values}config: {{severity: warn}}}}]}}]\n"
            )
        made.append(name)
    return {**found, "models/_m.yml": "models:\n" + "".join(tests)}


def _model(r: random.Random, needs: list[str]) -> str:
    kind = r.choice(["", *CONFIG])
    names = [r.choice([need, f"c{i}"]) for i, need in enumerate(needs)]
    ctes = ",\n".join(
        f"{name} as (select id, v, s, d from {{{{ ref('{need}') }}}}{r.choice(WHERE)})"
        for name, need in zip(names, needs, strict=True)
    )
    a, b = names[0], names[-1]
    body = r.choice([
        " union all ".join(f"select {{{{ pick(['id', 'v', 's', 'd']) }}}} from {n}" for n in names),
        f"select id, sum(v) as v, min(s) as s, max(d) as d, count(*) as n from {a} group by id",
        f"select a.id, coalesce(b.v, a.v) as v, a.s || {{% call cond() %}}coalesce(b.s, 'z')"
        f"{{% endcall %}} as s, greatest(a.d, b.d) as d from {a} as a left join (select id, "
        f"max(v) as v, max(s) as s, max(d) as d from {b} group by 1) as b using (id)",
        f"select {{{{ half('id', by=var('k')) }}}} as id, v * 2 as v, upper(s) as s, d + 1 as d, "
        f"[id, 1] as l, {{'x': v}} as st from {a}",
    ])  # fmt: skip
    if kind.startswith("by_"):
        body = f"select * from ({body}) q{NEW}"
    head = f"{{{{ config({CONFIG[kind]}) }}}}\n" if kind else ""
    return f"{head}with\n{ctes}\n{body}" + r.choice(["", "\n", "\n-- end", " \n\n", "{# end #}"])
