"""dbt with the plugin: training files train, scores are kept, errors can be read."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys

import pytest

import retailsql
from retailsql.demo.shop import make_shop
from tests.dbt_project import FILES, HISTORY, SQL, Project, tiny_project

pytest.importorskip("dbt.adapters.duckdb", reason="the extra dbt is not installed")


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """The tiny project after its first build, and what dbt said; not to be changed."""
    project = tiny_project(tmp_path_factory.mktemp("tiny"))
    return project, project.dbt("build")


@pytest.fixture
def project(built, tmp_path):
    """A copy of the built project to be changed."""
    folder = tmp_path / "tiny"
    shutil.copytree(built[0].folder, folder, ignore=shutil.ignore_patterns("logs"))
    return Project(folder, folder / "tiny.duckdb")


def stamps(project):
    return dict(project.sql("SELECT id, scored_at FROM fct_risk"))


def test_the_first_build_trains_scores_and_says_so(built):
    project, said = built
    assert re.search(
        r"OK created sql model model main.risk \.+ \[trained v1, roc_auc [\d.]+, ", said
    )
    assert re.search(r"score model main.fct_risk \.+ \[scored 20 of 20 rows, risk v1 in", said)
    assert re.search(r"Done. PASS=\d+ WARN=0 ERROR=0 SKIP=0", said)
    direct = "SELECT count(*) FROM fct_risk AS s JOIN customers AS c USING (id) WHERE risk = "
    assert project.sql(direct + "risk_score(c)") == [(20,)]
    assert project.sql("SELECT model, version, model_type FROM risk") == [
        ("risk", 1, "LOGISTIC_REG")
    ]


def test_a_contract_of_a_score_file_becomes_the_tables_constraints(built):
    sql = "SELECT constraint_type FROM duckdb_constraints() WHERE table_name = 'fct_risk'"
    assert ("PRIMARY KEY",) in built[0].sql(sql)


def test_everything_dbt_makes_is_commented(built):
    rows = built[0].sql(
        "SELECT table_name, comment FROM duckdb_tables() WHERE schema_name = 'main' UNION ALL "
        "SELECT view_name, comment FROM duckdb_views() WHERE schema_name = 'main' AND NOT internal"
    )
    mark = "made by retailsql run: "
    assert dict(rows) == {
        "adder": f"{mark}models/adder.sql",
        "colours": f"{mark}seeds/colours.csv",
        "customers": f'Who they are: it\'s "all" of them.\n{mark}models/customers.sql',
        "fct_risk": f"{mark}models/fct_risk.sql",
        "risk": f"Who goes.\n{mark}training/risk.sql",
        "twin": f"{mark}training/twin.sql",
    }
    columns = built[0].sql(
        "SELECT column_name, comment FROM duckdb_columns() WHERE table_name = 'customers' "
        "AND schema_name = 'main'"
    )
    assert dict(columns) == {"id": "Whose row; 'id' for short.", "spend": None, "visits": None}


def test_the_description_of_a_training_file_is_the_models(built):
    sql = "SELECT description FROM retailsql.model_versions WHERE model = 'risk'"
    assert built[0].sql(sql) == [("Who goes.",)]


def test_a_second_build_trains_nothing_and_scores_nothing(project):
    before = project.sql("FROM fct_risk ORDER BY id")
    said = project.dbt("build")
    assert "[unchanged v1, roc_auc" in said
    assert "[scored 0 of 20 rows, risk v1" in said
    assert project.sql("FROM fct_risk ORDER BY id") == before
    assert project.sql("SELECT count(*) FROM retailsql.versions") == [(2,)]


def test_changed_and_new_rows_are_scored_alone_and_vanished_ones_deleted(project):
    before = stamps(project)
    project.sql(
        "UPDATE raw.customers SET visits = 100 WHERE id = 4; DELETE FROM raw.customers "
        "WHERE id = 5; INSERT INTO raw.customers VALUES (99, 1, 1)"
    )
    assert "[scored 2 of 20 rows, risk v1" in project.dbt("run", "--select", "+fct_risk")
    after = stamps(project)
    assert {k for k in after if after[k] == before.get(k)} == set(before) - {4, 5}
    assert set(after) == set(before) - {5} | {99}


def test_a_new_version_scores_all_again_and_a_failing_score_leaves_the_old_table(project):
    before = project.sql("FROM fct_risk ORDER BY id")
    said = project.dbt("build", "--full-refresh", "--vars", "{fail: true}", fails=True)
    assert "[trained v2" in said
    assert re.search(r"Runtime Error in model fct_risk .*\n.*half way", said)
    assert project.sql("FROM fct_risk ORDER BY id") == before
    said = project.dbt("build")
    assert "[unchanged v2" in said
    assert "[scored 20 of 20 rows, risk v2" in said
    assert project.sql("SELECT DISTINCT model_version FROM fct_risk") == [(2,)]


def test_another_schema_has_models_and_functions_of_its_own(project):
    before = project.sql("FROM fct_risk ORDER BY id")
    said = project.dbt("build", "--target", "other", "--exclude", "twin")
    assert "sql model model other.risk" in said
    assert "[scored 20 of 20 rows, risk v1" in said
    sql = "SELECT count(*) FROM other.fct_risk AS s JOIN customers AS c USING (id) WHERE risk = "
    assert project.sql(sql + "other.risk_score(c)") == [(20,)]
    assert project.sql("FROM fct_risk ORDER BY id") == before
    assert project.sql("SELECT model, version FROM other.risk") == [("other.risk", 1)]


def test_the_other_commands_of_dbt_work_one_after_the_other_in_one_process(built):
    """dbt closes and opens the database between them: the functions come back each time."""
    commands = (
        "parse", "ls", "compile", "show --select fct_risk", "docs generate", "test",
        "show --inline SELECT/**/risk_score(c)/**/FROM/**/{{ref('customers')}}/**/AS/**/c",
    )  # fmt: skip
    script = (
        "import sys; from dbt.cli.main import dbtRunner\n"
        "for command in sys.argv[1:]:\n"
        "    print(command, dbtRunner().invoke(['--quiet', *command.split()]).success)\n"
    )
    done = built[0].python("-c", script, *commands)
    for command in commands:
        assert f"{command} True" in done.stdout, done.stdout + done.stderr
    assert "Segmentation" not in done.stderr


BAD = {
    "training/no_option.sql": "{{ config(materialized='model', model_type='LINEAR_REG', label='y', "
    "options={'l2_rag': 1}) }} SELECT visits AS x, spend AS y FROM raw.history",
    "training/no_table.sql": "{{ config(materialized='model', model_type='LINEAR_REG', label='y') "
    "}} SELECT * FROM raw.histry",
    "training/no_type.sql": "{{ config(materialized='model', label='y') }} SELECT 1 AS x, 2 AS y",
    "models/bad/no_column.sql": "{{ config(materialized='score', unique_key='id', "
    "scores={'risk': fn('risk', 'score') ~ '(r)'}) }} SELECT id, spend FROM {{ ref('customers') }}",
    "models/bad/no_key.sql": "{{ config(materialized='score', "
    "scores={'risk': fn('risk', 'score') ~ '(r)'}) }} SELECT * FROM {{ ref('customers') }}",
    "models/bad/no_model.sql": "{{ config(materialized='score', unique_key='id', "
    "scores={'risk': '1'}) }} SELECT * FROM {{ ref('customers') }}",
    "models/bad/two_models.sql": "{{ config(materialized='score', unique_key='id', "
    "scores={'risk': fn('risk', 'score') ~ '(r)', 'more': fn('twin', 'predict') ~ '(r)'}) }} "
    "SELECT * FROM {{ ref('customers') }}",
    "models/bad/same_key.sql": "{{ config(materialized='score', unique_key='one', "
    "scores={'risk': fn('risk', 'score') ~ '(r)'}) }} "
    "SELECT *, 7 AS one FROM {{ ref('customers') }}",
    "models/bad/contract.sql": "{{ config(materialized='score', unique_key='id', "
    "scores={'risk': fn('risk', 'score') ~ '(r)'}) }} SELECT * FROM {{ ref('customers') }}",
    "models/bad/_bad.yml": """
version: 2
models:
  - name: contract
    config: {contract: {enforced: true}}
    columns: [{name: id, data_type: varchar}, {name: risk, data_type: double},
      {name: model_version, data_type: integer}, {name: scored_at, data_type: timestamp},
      {name: row_hash, data_type: ubigint}]
""",
}
WORDS = {
    "no_option": r"OPTIONS has no option 'l2_rag' .*Wanted: l2_reg",
    "no_table": r"The training SELECT cannot be run\. Seen: .*histry does not exist",
    "no_type": r"OPTIONS needs a model_type",
    "no_column": r"visits",
    "no_key": r"config\(\) of a score file needs unique_key",
    "no_model": r"One trained model stands behind a score file\. Seen: none",
    "two_models": r"One trained model stands behind a score file\. Seen: (risk, twin|twin, risk)",
    "same_key": r"models/bad/same_key.sql: the unique_key one is not unique: 20 rows, 1 keys",
    "contract": r"id +\| INTEGER +\| VARCHAR +\| data type mismatch",
}


def test_errors_name_the_file_and_what_to_do(project):
    project.write(BAD)
    said = project.dbt("build", "--select", *WORDS, fails=True)
    for name, words in WORDS.items():
        part = said.partition(f"Failure in model {name} (")[2].partition("Failure in model")[0]
        assert re.search(words, part, re.S), f"{name}: {part or said}"
        assert "Python exception" not in part
    left = project.sql("SELECT table_name FROM duckdb_tables() WHERE schema_name = 'main'")
    assert not set(WORDS) & {name for (name,) in left}


@pytest.mark.slow
def test_the_project_that_comes_with_retailsql_is_green(tmp_path):
    """Two models of five: the others take longer, and tests/test_two_engines.py builds them all."""
    shutil.copytree(SQL, tmp_path / "shop")
    project = Project(tmp_path / "shop", tmp_path / "shop" / "shop.duckdb")
    profile = FILES["profiles.yml"].replace("tiny:", "retail_shop:").replace("tiny.", "shop.")
    project.write({"profiles.yml": profile})
    with retailsql.connect(project.file) as con:
        make_shop("small", 0).load(con)
    said = project.dbt("build", "--exclude", "demand+", "units+", "price+")
    assert re.search(r"Done. PASS=\d+ WARN=\d+ ERROR=0 SKIP=0", said)
    assert "[scored 242 of 242 rows, churn v1" in said
    most = "SELECT max(offer_rank), count(DISTINCT customer_id) FROM fct_customer_offers"
    assert project.sql(most) == [(10, 242)]


def test_models_in_an_attached_database_and_in_one_called_like_the_registry(project):
    """The first works, contract included; the second could hold no view, and is refused."""
    profiles = FILES["profiles.yml"]
    attached = "      threads: 1\n      attach:\n        - {path: side.duckdb, alias: side}\n"
    training = FILES["training/risk.sql"].replace("(materialized", "(database='side', materialized")
    typed = "columns:\n" + "".join(
        f"      - {{name: {name}, data_type: '{kind}'}}\n"
        for name, kind, *_ in project.sql("DESCRIBE risk")
    )
    yml = FILES["models/_models.yml"].replace(
        "Who goes.", f"Who goes.\n    config: {{contract: {{enforced: true}}}}\n    {typed}"
    )
    project.write({
        "profiles.yml": profiles.replace("      threads: 4\n", attached, 1),
        "training/risk.sql": training, "models/_models.yml": yml,
    })  # fmt: skip
    project.sql("UPDATE retailsql.versions SET version = 7; UPDATE retailsql.models "
                "SET deployed_version = 7")  # fmt: skip
    assert "[trained v1, roc_auc" in project.dbt("run", "--select", "risk")
    with retailsql.connect(project.folder / "side.duckdb") as con:
        assert con.execute("SELECT model, version FROM risk").fetchall() == [("risk", 1)]

    project.write(FILES | {"profiles.yml": profiles.replace("tiny.duckdb", "retailsql.duckdb")})
    with retailsql.connect(project.folder / "retailsql.duckdb") as con:
        con.execute(HISTORY)
    said = project.dbt("run", "--select", "risk", fails=True)
    assert "A database is called retailsql, like the schema that holds the models" in said
    assert "rename the file" in said


def test_without_dbt_the_plugin_says_what_to_install():
    script = (
        "import sys; sys.modules['dbt'] = None\n"
        "from retailsql.errors import MissingExtraError\n"
        "try:\n    import retailsql.adapters.dbt\n"
        "except MissingExtraError as error:\n    print(error)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=SQL.parent, text=True, capture_output=True
    )
    assert "pip install 'retailsql[dbt]'" in done.stdout, done.stderr
