"""What the light runner makes is what dbt makes of the same files: seeds, types, incremental rows.

The shipped project is compared in test_two_engines.py; here is what it does not use.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

import duckdb
import pytest

from retailsql.runner.build import build
from retailsql.runner.project import load_project
from tests.conftest import ROOT

pytest.importorskip("dbt.adapters.duckdb", reason="the extra dbt is not installed")

SEEDS = {
    "ordinary": 'country,day,closed,rate,note\nFrance,2024-01-01,true,1.5,"a, b"\nUK,,false,2,\n',
    "numbers": "a,b,c,d,e,f,g\n1,1.0,007,1e3,.5,-3,1\n2,2.00,8,2,1.25,+4,\n,,,,,,\n",
    "times": "a,b,c,d,e\n2024-01-01 10:00:00,2024-01-01T10:00:00,2024-01-01,2024-1-5,10:30:00\n"
             "2024-01-02 11:00:00,2024-01-02T11:00:00,2024-01-02 00:00:00,2024-01-06,11:00:00\n",
    "bools": "a,b,c,d\ntrue,TRUE,yes,1\nfalse,False,no,0\n,,,\n",
    "empty": "a,b\n",
    "nothing": "a,b\n,x\n,y\n",
    "given": "id,price,n\n007,1,3\n008,2.5,4\n",
    "semi": "a;b\n1;x\n2;y\n",
    "upper": "SKU,Unit Price,größe\nA1,3.5,1\n",
    "dates": "a,b,c\n2024-01-31,31/01/2024,2024/01/31\n2024-02-28,01/02/2024,2024/02/28\n",
    "mixed": "a,b,c\n1,2024-01-01,true\nx,maybe,0\n",
    "zone": "a,b\n2024-01-01T10:00:00Z,2024-01-01T10:00:00+02:00\n",
    "longs": "a,b\n2147483647,0.1\n-2147483648,123456789.123456789\n",
    "spaces": "a,b\n 1 ,1\n2, 2\n",
    "unusual": "a,b\n1,NaN\n2,1.5\n",
}  # fmt: skip
NEW = "{% if is_incremental() %} WHERE x > (SELECT max(x) - 1 FROM {{ this }}){% endif %}"
READ = "SELECT x, x % 2 AS odd, n FROM {{ source('raw', 't') }} " + NEW
FILES = {
    "dbt_project.yml": """
name: p
version: "1.0"
profile: p
seeds:
  p:
    given: {+column_types: {id: "varchar(8)", price: "DECIMAL(10,2)"}}
    semi: {+delimiter: ";"}
""",
    "profiles.yml": "p: {target: d, outputs: {d: {type: duckdb, path: shop.duckdb, threads: 1}}}",
    "models/_m.yml": """
sources: [{name: raw, tables: [{name: t}]}]
models:
  - name: promised
    description: "It's promised."
    config: {contract: {enforced: true}}
    columns:
      - {name: note, data_type: varchar, description: "Second in the SQL."}
      - {name: x, data_type: bigint, constraints: [{type: not_null}]}
  - name: seen
    description: A view.
""",
    "models/by_key.sql": "{{ config(materialized='incremental', unique_key='x') }} " + READ,
    "models/by_keys.sql":
        "{{ config(materialized='incremental', unique_key=['x', 'odd']) }} " + READ,
    "models/by_expression.sql":
        "{{ config(materialized='incremental', unique_key='x % 3') }} " + READ,
    "models/appended.sql":
        "{{ config(materialized='incremental', incremental_strategy='append') }} " + READ,
    "models/kept.sql": "{{ config(materialized='incremental') }} " + READ,
    "models/wider.sql":
        "{{ config(materialized='incremental', on_schema_change='append_new_columns') }} "
        "SELECT x{% if is_incremental() %}, n AS more{% endif %} FROM {{ source('raw', 't') }} "
        + NEW,
    "models/promised.sql":
        "{{ config(materialized='table') }} SELECT x, 'n' || n AS note FROM {{ ref('by_key') }}",
    "models/seen.sql": "SELECT *, now() IS NOT NULL AS late FROM {{ ref('promised') }}",
    "models/ordered.sql": "{{ config(materialized='table') }}\nFROM {{ ref('seen') }}\n"
                          "ORDER BY x DESC -- the newest first",
    **{f"seeds/{name}.csv": text for name, text in SEEDS.items()},
}  # fmt: skip


def make(folder: Path) -> Path:
    """The project, with three rows in its source."""
    for name, text in FILES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    (folder / "macros").mkdir()
    shutil.copy(ROOT / "sql" / "macros" / "retailsql" / "persist_docs.sql", folder / "macros")
    change(folder, "CREATE SCHEMA raw; CREATE TABLE raw.t AS SELECT range AS x, 1 n FROM range(3)")
    return folder


def change(folder: Path, sql: str) -> None:
    with duckdb.connect(str(folder / "shop.duckdb")) as con:
        con.execute(sql)


def dbt(folder: Path) -> None:
    """Build with dbt, in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-m", "dbt.cli.main", "build", "--profiles-dir", "."], cwd=folder,
        capture_output=True, text=True,
        env={**os.environ, "DBT_SEND_ANONYMOUS_USAGE_STATS": "false"},
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-2000:]


def light(folder: Path) -> dict[str, int]:
    """Build with the light runner: what became of the files and tests."""
    with duckdb.connect(str(folder / "shop.duckdb")) as con:
        report = build(con, load_project(folder))
    assert not report.failed, report.failed[0].error
    return Counter(r.status for r in report if r.kind != "source")


def contents(folder: Path) -> dict[str, object]:
    """Columns with types and constraints, rows in their order, comments."""
    with duckdb.connect(str(folder / "shop.duckdb"), read_only=True) as con:
        names = con.execute(
            "SELECT table_name, comment FROM duckdb_tables() WHERE schema_name = 'main' UNION ALL "
            "SELECT view_name, comment FROM duckdb_views() WHERE schema_name = 'main' "
            "AND NOT internal ORDER BY ALL"
        ).fetchall()
        columns = "SELECT column_name, comment FROM duckdb_columns() WHERE table_name = ? "
        return {
            name: (
                con.execute(f'DESCRIBE main."{name}"').fetchall(),
                repr(con.execute(f'FROM main."{name}"').fetchall()),
                comment.partition(" (")[0],
                con.execute(columns + "AND schema_name = 'main' ORDER BY ALL", [name]).fetchall(),
            )
            for name, comment in names
        }


MORE = "INSERT INTO raw.t VALUES (2, 2), (3, 2), (4, 2)"


@pytest.mark.slow
def test_both_make_the_same_twice(tmp_path):
    """First tables, then on top of them; and each goes on where the other has stopped."""
    theirs, ours = make(tmp_path / "dbt"), make(tmp_path / "light")
    assert light(ours) == {"ok": len(FILES) - 3}
    dbt(theirs)
    assert contents(ours) == contents(theirs)
    for folder in (ours, theirs):
        change(folder, MORE)
        shutil.copytree(folder, tmp_path / f"{folder.name}_then_the_other")
    light(ours)
    dbt(theirs)
    assert contents(ours) == contents(theirs)
    light(tmp_path / "dbt_then_the_other")
    dbt(tmp_path / "light_then_the_other")
    assert contents(tmp_path / "dbt_then_the_other") == contents(theirs)
    assert contents(tmp_path / "light_then_the_other") == contents(theirs)
    assert light(ours) == {"unchanged": len(FILES) - 4, "ok": 1}  # `ordered`: a clock in its view
