"""Files of a new project that the shipped one has not: profiles.yml, README.md, .gitignore."""

from __future__ import annotations

PROFILES = """\
# Where the database is, for `retailsql build` and for `dbt build --profiles-dir .`
# (dbt: pip install 'retailsql[train,dbt]'). Paths are relative to this folder.
{name}:
  target: dev
  outputs:
    dev:
      type: duckdb
      path: {path}
      schema: {schema}
      threads: 1
      plugins:
        - module: retailsql.adapters.dbt   # models as functions, and the one that trains
"""

GITIGNORE = """\
# data and models
*.duckdb
*.duckdb.wal
# what dbt writes
target/
logs/
dbt_packages/
.user.yml
"""

README = """\
# {name}

{what}

```bash
retailsql build                  # tables, models, scores and their tests; unchanged ones are kept
retailsql query churn_risk       # a question from queries/
retailsql lineage fct_churn_scores.churn_score
```

`dbt build --profiles-dir .` makes the same tables.

| | |
|---|---|
| `dbt_project.yml` | **the file to edit**: `vars` maps your tables to the vocabulary |
| `profiles.yml` | where the database is |
| `models/staging` | your tables in the retail vocabulary |
| `models/features` | one row per thing to score, as of a day |
| `training` | a SELECT each, with a model as its result |
| `models/scores` | scores, with the model's version and the time |
| `queries` | questions, asked by name |
| `tests`, `macros`, `seeds` | as in every dbt project |
"""

DEMO = "The demo shop of retailsql: made up, in `{path}`, schema `raw`."
DATA = "The shop of {file}, loaded into `{path}`, schema `raw`."
OWN = """\
The shop of {sources}. Nothing was copied: `vars` in `dbt_project.yml` says where the data is and
which of its columns means what.{check}"""
CHECK = " Look first at the lines marked CHECK: there the mapping is a guess."
"""Texts with the places to be filled in."""
