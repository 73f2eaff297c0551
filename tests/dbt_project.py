"""A dbt project of a few files for tests: made, run by dbt as a subprocess, and read."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import retailsql

SQL = Path(__file__).parents[1] / "sql"

FILES = {
    "dbt_project.yml": """
name: tiny
version: "1.0"
profile: tiny
model-paths: [models, training]
macro-paths: [macros]
seed-paths: [seeds]
""",
    "profiles.yml": """
tiny:
  target: dev
  outputs:
    dev:
      type: duckdb
      path: tiny.duckdb
      threads: 4
      plugins:
        - module: retailsql.adapters.dbt
    other:
      type: duckdb
      path: tiny.duckdb
      threads: 1
      schema: other
      plugins:
        - module: retailsql.adapters.dbt
""",
    "training/risk.sql": """
{{ config(materialized='model', model_type='LOGISTIC_REG', label='gone',
          options={'data_split_method': 'SEQ', 'data_split_col': 'day', 'deploy': 'always'}) }}
SELECT visits, spend, day, gone FROM raw.history ORDER BY day   -- it's a comment
""",
    "training/twin.sql": """
{{ config(materialized='model', model_type='LINEAR_REG', label='spend',
          options={'data_split_method': 'NO_SPLIT'}) }}
SELECT visits, spend FROM raw.history
""",
    "models/customers.sql": "SELECT * FROM raw.customers",
    "models/fct_risk.sql": """
{{ config(materialized='score', unique_key='id', keep=['spend'],
          scores={'risk': ("CASE WHEN r.id = 3 THEN error('half way') ELSE " if var('fail', false)
                           else "CASE WHEN true THEN ") ~ fn('risk', 'score') ~ '(r) END'}) }}
SELECT * FROM {{ ref('customers') }}
""",
    "models/adder.sql": """
{{ config(materialized='incremental') }}
SELECT count(*) AS n FROM {{ ref('customers') }}
""",
    "seeds/colours.csv": "colour,hex\nred,ff0000\n",
    "models/_models.yml": """
version: 2
models:
  - name: customers
    description: "Who they are: it's \\"all\\" of them."
    columns:
      - {name: id, description: "Whose row; 'id' for short."}
      - {name: spend}
  - name: fct_risk
    config:
      contract: {enforced: true}
    columns:
      - name: id
        data_type: integer
        data_tests: [unique, not_null]
        constraints: [{type: primary_key, warn_unsupported: false}]
      - name: risk
        data_type: double
        data_tests:
          - accepted_range: {arguments: {min_value: 0, max_value: 1}}
      - {name: spend, data_type: double}
      - {name: model_version, data_type: integer}
      - {name: scored_at, data_type: timestamp}
      - {name: row_hash, data_type: ubigint}
  - name: risk
    description: Who goes.
    data_tests:
      - beats_baseline
      - parity
      - metric_at_least: {arguments: {metric: roc_auc, at_least: 0.9}}
""",
}  # fmt: skip

HISTORY = """
CREATE SCHEMA IF NOT EXISTS raw;
CREATE OR REPLACE TABLE raw.history AS
SELECT CAST(i % 20 AS DOUBLE) AS visits, CAST((i * 7) % 31 AS DOUBLE) AS spend,
       DATE '2025-01-01' + CAST(i AS INTEGER) AS day, i % 20 + (i * 7919) % 5 < 9 AS gone
FROM range(400) AS r(i);
CREATE OR REPLACE TABLE raw.customers AS
SELECT CAST(i AS INTEGER) AS id, CAST(i AS DOUBLE) AS visits, CAST(i * 3 AS DOUBLE) AS spend
FROM range(20) AS r(i);
"""


@dataclass(frozen=True)
class Project:
    """A folder with a dbt project.

    Args:
        folder: where.
        file: its DuckDB file.
    """

    folder: Path
    file: Path

    def dbt(self, *arguments: str, fails: bool = False) -> str:
        """Run dbt in the folder and return what it prints, times and colours taken off."""
        done = self.python("-m", "dbt.cli.main", "--no-use-colors", *arguments)
        said = re.sub(r"^\d\d:\d\d:\d\d  ", "", done.stdout, flags=re.M)
        assert (done.returncode != 0) == fails, said + done.stderr
        return said

    def python(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run Python in the folder."""
        env = {**os.environ, "DBT_SEND_ANONYMOUS_USAGE_STATS": "false", "OMP_NUM_THREADS": "1"}
        env |= {"PYTHONPATH": str(SQL.parent), "DBT_PROFILES_DIR": "."}
        return subprocess.run(
            [sys.executable, *arguments], cwd=self.folder, env=env, text=True, capture_output=True,
            check=False,
        )  # fmt: skip

    def sql(self, statement: str) -> list[tuple[object, ...]]:
        """Run SQL on the file and return its rows."""
        with retailsql.connect(self.file) as con:
            return con.execute(statement).fetchall()

    def write(self, files: dict[str, str]) -> None:
        """Write files into the folder."""
        for name, text in files.items():
            path = self.folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, "utf-8")


def tiny_project(folder: Path) -> Project:
    """The project of ``FILES``, with the macros that come with retailsql, and its raw tables."""
    project = Project(folder, folder / "tiny.duckdb")
    project.write(FILES)
    shutil.copytree(SQL / "macros" / "retailsql", folder / "macros" / "retailsql")
    project.sql(HISTORY)
    return project
