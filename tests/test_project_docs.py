"""sql/PROJECT.md is true: its table, its commands and its examples."""

from __future__ import annotations

import re
import shutil

import click
import pytest
import yaml

from retailsql.cli import cli
from retailsql.cli.several import repeated
from retailsql.runner.not_supported import markdown
from retailsql.runner.project import load_project
from tests.conftest import ROOT

TEXT = (ROOT / "sql" / "PROJECT.md").read_text("utf-8")


def blocks(kind):
    return re.findall(rf"^```{kind}\n(.*?)^```$", TEXT, re.DOTALL | re.MULTILINE)


def commands():
    """Every line about retailsql: names of commands, and its words, without comments."""
    for line in "".join(blocks("sh")).splitlines():
        words = line.partition("#")[0].split()
        if words[:1] == ["retailsql"]:
            names = re.match(r"retailsql (\w+(?: \| \w+)*)", line)[1].split(" | ")
            yield pytest.param(names, words, id=" ".join(words[:2]))


def test_the_table_is_what_the_runner_refuses():
    assert TEXT.endswith("\n\n" + markdown())
    assert all(row.replace(r"\|", "").count("|") == 4 for row in markdown().splitlines())


@pytest.mark.parametrize(("names", "words"), list(commands()))
def test_its_commands_and_their_options_exist(names, words):
    for name in names:
        command = cli.commands[name]
        known = {o for p in command.params for o in (*p.opts, *p.secondary_opts)}
        options = {re.match(r"-[\w-]+", w.strip("[]"))[0] for w in words if re.match(r"\[?-", w)}
        assert options <= known, options - known


def test_its_commands_can_be_read():
    """The ones without brackets and choices are parsed as they stand."""
    read = 0
    for line in "".join(blocks("sh")).splitlines():
        words = line.partition("#")[0].partition(";")[0].split()
        if words[:1] != ["retailsql"] or {"|", "..."} & set(line.replace("]", " ").split()):
            continue
        words = [w for w in words if not w.startswith("[")]
        command = cli.commands[words[1]]
        command.make_parser(click.Context(command)).parse_args(repeated(words[2:]))
        read += 1
    assert read >= 4


def test_its_jinja_examples_are_files_of_the_project(tmp_path):
    """Each stands for the file that it is about, and is read as the kind that it says."""
    folder = tmp_path / "sql"
    shutil.copytree(ROOT / "sql", folder)
    training, score = blocks("sql")
    (folder / "training" / "churn.sql").write_text(training, "utf-8")
    (folder / "models" / "scores" / "fct_churn_scores.sql").write_text(score, "utf-8")
    nodes = load_project(folder).nodes
    churn, scores = nodes["churn"], nodes["fct_churn_scores"]
    assert (churn.kind, churn.needs, churn.options["label"]) == (
        "model", ("churn_training",), "churned",
    )  # fmt: skip
    assert scores.kind == "score"
    assert set(scores.needs) == {"customer_features", "churn"}
    assert scores.options["scores"] == {"churn_score": "main.churn_score(r)"}
    assert "{" not in churn.sql + scores.sql


def test_the_lines_for_profiles_yml_are_yaml_and_name_the_plugin():
    profile = yaml.safe_load(blocks("yaml")[0])
    assert profile["plugins"] == [{"module": "retailsql.adapters.dbt"}]
    assert profile["type"] == "duckdb"


def test_its_drift_test_looks_at_the_rows_of_training(tmp_path):
    folder = tmp_path / "sql"
    shutil.copytree(ROOT / "sql", folder)
    yml = folder / "models" / "features" / "_models_customers.yml"
    name = "  - name: customer_features\n"
    text = yml.read_text("utf-8")
    assert text.count(name) == 1
    yml.write_text(text.replace(name, blocks("yaml")[1]), "utf-8")
    (drift,) = (test for test in load_project(folder).tests if test.kind == "no_drift")
    assert (drift.needs, drift.warn) == (("customer_features", "churn"), True)
    assert "recency_days <= 180" in drift.sql


def test_files_tests_and_macros_that_it_names_are_there():
    macros = "".join(f.read_text("utf-8") for f in (ROOT / "sql" / "macros").rglob("*.sql"))
    for table in re.findall(r"^\| `(\w+)`(.*?)\|", TEXT, re.MULTILINE):
        for name in (table[0], *re.findall(r"`(\w+)`", table[1])):
            assert name in markdown() or f"test {name}(" in macros, name
    for path in re.findall(r"`(tests/\w+\.py)`", TEXT):
        assert (ROOT / path).is_file(), path
