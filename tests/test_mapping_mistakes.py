"""What may be wrong in the mapping of dbt_project.yml: said in the words of that file."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from retailsql.cli import cli
from retailsql.errors import ProjectError
from retailsql.runner.build import build
from retailsql.runner.project import load_project
from retailsql.session import connect
from retailsql.starter.write_project import init_project


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    """The demo shop's project."""
    folder = tmp_path_factory.mktemp("mapped") / "shop"
    init_project(folder, size="small")
    return folder


@pytest.fixture
def edited(shop, tmp_path):
    """A copy of the project with a text of one file replaced."""

    def edit(old, new, file="dbt_project.yml"):
        folder = tmp_path / "shop"
        shutil.copytree(shop, folder)
        text = (folder / file).read_text(encoding="utf-8")
        assert old in text
        (folder / file).write_text(text.replace(old, new, 1), encoding="utf-8")
        return folder

    return edit


STAGED = r"models/staging/stg_order_lines\.sql:\d+: dbt_project\.yml, vars: order_lines"


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("store_id: store_id", "shop_id: store_id", ": columns has shop_id:, wanted: .*store_id"),
        (
            "ordered_at: ordered_at",
            "orderd_at: x",
            ": columns has orderd_at:, wanted: .*ordered_at",
        ),
        ("from: raw.order_lines", "form: raw.order_lines", " needs from: and columns:"),
        ("    columns:\n", "    column:\n", " needs from: and columns:"),
        ("    columns:\n", "    wher: x\n    columns:\n", " has wher:, wanted: from, where"),
    ],
)
def test_a_key_that_is_nobodys_is_an_error(edited, old, new, words):
    with pytest.raises(ProjectError, match=STAGED + words):
        load_project(edited(old, new))


@pytest.mark.slow
def test_dbt_says_the_same(edited):
    dbt = shutil.which("dbt", path=str(Path(sys.executable).parent))
    if dbt is None:
        pytest.skip("dbt is not installed")
    folder = edited("store_id: store_id", "shop_id: store_id")
    done = subprocess.run(
        [dbt, "parse", "--profiles-dir", "."], cwd=folder, capture_output=True, text=True,
        timeout=300, check=False, env={**os.environ, "DBT_SEND_ANONYMOUS_USAGE_STATS": "false"},
    )  # fmt: skip
    assert done.returncode != 0
    assert "vars: order_lines: columns has shop_id:, wanted: order_id" in done.stdout


def test_a_column_they_do_not_have_is_looked_for_in_the_mapping(edited):
    """Not in the macro that puts it into SQL, and not in _sources.yml."""
    folder = edited("store_id: store_id", "store_id: storr_id")
    project = load_project(folder)
    with connect(project.database) as con:
        report = build(con, project, "+stg_order_lines", tests=False)
    [said] = [str(r.error) for r in report if r.status == "failed"]
    assert "in models/staging/stg_order_lines.sql" in said
    assert "vars: order_lines in dbt_project.yml" in said
    assert "correct the file" not in said


@pytest.mark.parametrize("day", ["2025-13-01", "2025-02-29", "1900-02-29", "2025-1-1", "monday"])
def test_a_cutoff_that_is_no_day_is_told_in_words(shop, day):
    with pytest.raises(ProjectError, match=f"the variable cutoff is {day}, wanted: a day as"):
        load_project(shop, {"cutoff": day})


@pytest.mark.parametrize("day", ["2024-02-29", "2000-02-29", "2025-12-31"])
def test_a_cutoff_that_is_a_day_is_taken(shop, day):
    project = load_project(shop, {"cutoff": day})
    assert f"DATE '{day}'" in project.nodes["customer_features"].sql


def test_a_day_that_yaml_itself_refuses_is_no_traceback(shop):
    given = ["ls", "--project", str(shop), "--vars", "{cutoff: 2025-13-01}"]
    done = CliRunner().invoke(cli, given)
    assert done.exit_code == 2
    assert "month must be in 1..12" in done.output


def test_a_model_that_is_not_there_names_the_file_that_asks_for_it(edited):
    file = "models/scores/fct_churn_scores.sql"
    folder = edited("fn('churn'", "fn('churm'", file)
    with pytest.raises(ProjectError, match=rf"called from {file}:\d+.*Wanted: churn"):
        load_project(folder)
