"""The one table of what dbt does and the light runner does not: for errors and for the docs."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NoReturn

from retailsql.errors import ProjectError
from retailsql.runner.node import Place


@dataclass(frozen=True)
class NotDone:
    """Something of dbt that the light runner does not do.

    Args:
        what: a sentence for a person.
        todo: what to do instead.
        names: how it is met in files: Jinja names, keys of yml files, blocks.
    """

    what: str
    todo: str
    names: tuple[str, ...]


_DBT = "run the project with dbt, or take it out"

NOT_DONE: tuple[NotDone, ...] = (
    NotDone(
        "The light runner runs no SQL while it reads files",
        "work the value out in SQL, or give it as a variable: --vars",
        (
            "run_query", "statement", "load_result", "store_result", "store_raw_result",
            "load_relation", "get_columns_in_query", "query_to_list", "noop_statement",
        ),
    ),
    NotDone(
        "The light runner has no adapter, and no macro that depends on the database's kind",
        "write DuckDB's SQL itself",
        ("adapter", "api", "dbt", "type_string", "type_timestamp", "type_int", "type_float",
         "type_numeric", "type_bigint", "type_boolean", "safe_cast", "current_timestamp",
         "date_trunc", "datediff", "dateadd", "date_spine", "generate_series", "get_where_subquery",
         "generate_schema_name", "create_table_as", "get_merge_sql"),
    ),
    NotDone(
        "The light runner does not know the whole graph while it reads a file",
        "name what is needed with ref()",
        ("graph", "selected_resources", "database_schemas", "schemas", "load_agate_table"),
    ),
    NotDone(
        "The light runner gives a run no number", "take it out: every run would differ",
        ("invocation_id", "thread_id", "invocation_args_dict", "dbt_metadata_envs"),
    ),
    NotDone(
        "The light runner runs no hooks", "put the statement into a model, or run it by hand",
        ("pre_hook", "post_hook", "pre-hook", "post-hook", "on-run-start", "on-run-end", "hooks",
         "pre_hooks", "post_hooks", "sql_header", "operations"),
    ),
    NotDone(
        "The light runner makes no snapshots", _DBT, ("snapshot", "snapshots", "snapshot-paths"),
    ),
    NotDone("The light runner runs no python models", "write it in SQL, " + _DBT, ("python",)),
    NotDone(
        "The light runner uses no packages", "copy the macros that are needed into macros/",
        ("packages", "packages.yml", "dependencies.yml", "dbt_utils", "dbt_expectations",
         "codegen", "projects"),
    ),
    NotDone(
        "The light runner makes everything in one schema, under the file's name",
        "rename the file, or run with --schema",
        ("alias", "schema", "database", "generate_alias_name"),
    ),
    NotDone(
        "The light runner knows no versions of models", "name the files fct_x_v1, fct_x_v2",
        ("versions", "latest_version", "version"),
    ),
    NotDone(
        "The light runner makes no metrics or semantic models", _DBT,
        ("metrics", "metric", "semantic_models", "saved_queries", "semantic-models",
         "saved-queries", "semantic_model", "time_spine"),
    ),
    NotDone(
        "The light runner has no groups and grants nothing", _DBT, ("groups", "grants"),
    ),
    NotDone(
        "The light runner makes no functions from SQL files", "use a macro",
        ("functions", "function", "function-paths"),
    ),
    NotDone(
        "The light runner counts no failures: a test fails with its first row",
        "use severity and where",
        ("warn_if", "error_if", "fail_calc"),
    ),
    NotDone(
        "The light runner stores no failing rows", "run the test's SQL by hand",
        ("store_failures", "store_failures_as"),
    ),
    NotDone(
        "The light runner checks not_null alone of the constraints", "write a data test",
        ("constraints", "check", "unique_constraint", "primary_key", "foreign_key", "custom"),
    ),
    NotDone(
        "The light runner loads sources through no plugin",
        "give an external_location: '(FROM read_csv(...))'", ("plugin",),
    ),
    NotDone(
        "The light runner asks for a column's age only", "give loaded_at_field",
        ("loaded_at_query",),
    ),
    NotDone(
        "The light runner has this materialization not", "use table, view or incremental",
        ("ephemeral", "materialized_view", "external", "table_function", "microbatch"),
    ),
    NotDone(
        "The light runner configures models, seeds, analyses and data tests by folder, no others",
        "write it beside what it is about, in its yml file",
        ("sources", "unit_tests", "exposures"),
    ),
    NotDone(
        "The light runner reads type, path, schema and threads of profiles.yml",
        "attach it before the run, retailsql.connect() and ATTACH, or give the path of the table's "
        "file as external_location", ("attach", "secrets", "remote"),
    ),
    NotDone(
        "The light runner has no dispatch between macros", "call the macro by its name",
        ("dispatch",),
    ),
    NotDone(
        "The light runner gives no views of a command line's flags", "use a variable",
        ("flags", "should_full_refresh", "should_store_failures"),
    ),
    NotDone(
        "The light runner gives relations name, schema and database, no other parts",
        "write the name with this.schema and this.identifier",
        ("include", "quote", "type", "is_table", "is_view", "is_cte", "without_identifier",
         "incorporate", "is_relation", "path", "quote_policy", "include_policy"),
    ),
    NotDone(
        "The light runner adds to a table by append and delete+insert alone",
        "choose one of them; new columns: on_schema_change='append_new_columns'",
        ("merge", "sync_all_columns", "insert_overwrite", "incremental_predicates", "predicates"),
    ),
    NotDone(
        "The light runner writes nothing that is not known, where dbt writes an empty text",
        "correct the name, or say what else: {{ name | default('') }}", ("undefined",),
    ),
    NotDone(
        "The light runner does not choose by state or results",
        "choose by name, tag:, path:, source:, exposure:",
        ("state", "result", "source_status", "group", "access", "package", "selector",
         "saved_query"),
    ),
)  # fmt: skip
"""What is not done. The list is complete: what is not here and not done is a bug."""

JINJA = frozenset((
    "run_query", "statement", "load_result", "store_result", "store_raw_result", "load_relation",
    "get_columns_in_query", "query_to_list", "adapter", "api", "dbt", "type_string",
    "type_timestamp", "type_int", "type_float", "type_numeric", "type_bigint", "type_boolean",
    "safe_cast", "current_timestamp", "date_trunc", "datediff", "dateadd", "date_spine",
    "generate_series", "get_where_subquery", "create_table_as", "get_merge_sql", "graph",
    "selected_resources", "database_schemas", "schemas", "load_agate_table", "invocation_id",
    "thread_id", "invocation_args_dict", "dbt_metadata_envs", "pre_hooks", "post_hooks",
    "dbt_utils", "dbt_expectations", "codegen", "metric", "function", "flags",
    "should_full_refresh", "should_store_failures",
))  # fmt: skip
"""Names of Jinja among them."""

CONFIG = frozenset((
    "pre_hook", "post_hook", "pre-hook", "post-hook", "sql_header", "alias", "schema", "database",
    "grants",
))  # fmt: skip
"""Keys of config() among them."""


def markdown() -> str:
    """The table for the documentation.

    >>> markdown().splitlines()[2][:52]
    '| The light runner runs no SQL while it reads files '
    """
    rows = ["| what | met as | what to do |", "|---|---|---|"]
    for entry in NOT_DONE:
        names = ", ".join(f"`{n}`" for n in entry.names[:2])
        names += ", ..." if len(entry.names) > 2 else ""
        todo = entry.todo.replace("|", r"\|")  # else it would end the cell
        rows.append(f"| {entry.what} | {names} | {todo} |")
    return "\n".join(rows) + "\n"


def by_name(name: str) -> NotDone:
    """The entry of the table for a name.

    >>> by_name("run_query").todo
    'work the value out in SQL, or give it as a variable: --vars'
    """
    return known(name) or NotDone("The light runner does not do this", _DBT, (name,))


def known(name: str) -> NotDone | None:
    """The entry of the table for a name; None if dbt has no such word, or it is done."""
    return next((entry for entry in NOT_DONE if name in entry.names), None)


def refuse(name: str, place: Place, seen: object = None) -> NoReturn:
    """The error for something that is not done.

    Raises:
        ProjectError: always; it names file, line and what to do instead.
    """
    entry = by_name(name)
    raise ProjectError(
        f"{place}: {entry.what}", seen=name if seen is None else seen, todo=entry.todo
    )


def refuse_keys(entry: Iterable[str], names: Iterable[str], place: Place) -> None:
    """Refuse the first key that is not done."""
    wanted = set(names)
    for key in entry:
        if key in wanted:
            refuse(key, place)
