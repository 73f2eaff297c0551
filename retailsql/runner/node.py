"""What a project is made of: plain records that the reader fills and the engine runs.

Project ─┬─ nodes       table, view, incremental, seed, model (trained), score
├─ queries     asked by name, never stored
├─ sources     tables, or files, that are not the project's
├─ tests       data tests: SELECTs that find what is wrong
├─ unit_tests  rows given, rows expected
└─ exposures   who uses it
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

Kind = Literal["table", "view", "incremental", "seed", "model", "score", "query"]
KINDS: tuple[Kind, ...] = ("table", "view", "incremental", "seed", "model", "score")


@dataclass(frozen=True)
class Place:
    """A line of a file of the project.

    Args:
        file: path inside the project.
        line: counted from 1.

    >>> str(Place("models/a.sql", 3))
    'models/a.sql:3'
    """

    file: str
    line: int = 1

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


@dataclass(frozen=True)
class Column:
    """A column as a yml file describes it.

    Args:
        name: its name.
        type: its ``data_type``; empty if none is given.
        description: empty if none is given.
        place: where it is described.
        not_null: the contract has a not_null constraint on it.
    """

    name: str
    type: str = ""
    description: str = ""
    place: Place = Place("")
    not_null: bool = False


@dataclass(frozen=True)
class Node:
    """One file, rendered: what becomes a table, a view, a trained model, scores, or a query.

    Args:
        name: the file's name without its ending; what ``ref()`` calls it.
        file: its path inside the project.
        kind: table, view, incremental, seed, model (a training file), score or query.
        sql: the SQL, Jinja done, as for a first run; empty for a seed.
        options: what config() and the yml files say, without ``materialized`` and ``tags``.
        needs: names of the nodes it refers to.
        sources: ``(source, table)`` that it reads.
        again: the SQL for a run on top of what is there (``is_incremental()`` true); None if it
            is the same as ``sql``.
        lines: place of every line of ``sql``, in order; empty if it is not known.
        lines_again: the same for ``again``.
        refs: for each name in ``needs``, where the file first says ref().
        tags: of config() and the yml files.
        description: of the yml files, docs blocks filled in.
        columns: as the yml files describe them.
        contract: whether columns and their types must be exactly as described.
        place: where the yml files describe it; the file's first line if they do not.
    """

    name: str
    file: str
    kind: Kind
    sql: str
    options: Mapping[str, Any] = field(default_factory=dict)
    needs: tuple[str, ...] = ()
    sources: tuple[tuple[str, str], ...] = ()
    again: str | None = None
    lines: tuple[Place, ...] = ()
    lines_again: tuple[Place, ...] = ()
    refs: Mapping[str, Place] = field(default_factory=dict)
    tags: tuple[str, ...] = ()
    description: str = ""
    columns: tuple[Column, ...] = ()
    contract: bool = False
    place: Place = Place("")


@dataclass(frozen=True)
class Freshness:
    """How old the newest row of a source may be.

    Args:
        loaded_at: SQL expression over the source, a timestamp.
        warn_after: seconds; None for never.
        error_after: seconds; None for never.
        where: SQL condition on the rows looked at; empty for all.
    """

    loaded_at: str
    warn_after: float | None = None
    error_after: float | None = None
    where: str = ""


@dataclass(frozen=True)
class Source:
    """A table, or files, that the project reads and does not make.

    Args:
        source: name of the source.
        table: name of the table in it.
        relation: what stands after FROM: ``raw.orders``, ``(FROM 'orders/*.parquet')``.
        place: where the yml file names it.
        freshness: None if it may be as old as it likes.
        description: empty if none is given.
        columns: as described.
        tags: of the yml file.
    """

    source: str
    table: str
    relation: str
    place: Place
    freshness: Freshness | None = None
    description: str = ""
    columns: tuple[Column, ...] = ()
    tags: tuple[str, ...] = ()


@dataclass(frozen=True)
class DataTest:
    """A SELECT that finds what is wrong; no rows are good.

    Args:
        name: as dbt would call it: ``unique_stg_customers_customer_id``; of a singular test the
            file's name.
        kind: unique, not_null, ..., or singular.
        of: the node it is attached to; empty for a singular test and a test of a source.
        sql: the SELECT, ``where`` of its config applied.
        place: where the yml file asks for it, or the file of a singular test.
        needs: nodes it reads.
        sources: ``(source, table)`` it reads.
        warn: severity is warn: it is told but stops nothing.
        lines: place of every line of ``sql``, if known.
        tags: of its config.
    """

    name: str
    kind: str
    of: str
    sql: str
    place: Place
    needs: tuple[str, ...] = ()
    sources: tuple[tuple[str, str], ...] = ()
    warn: bool = False
    lines: tuple[Place, ...] = ()
    tags: tuple[str, ...] = ()


@dataclass(frozen=True)
class UnitTest:
    """Rows given to a node in place of what it reads, and the rows it must then make.

    Args:
        name: its name.
        of: the node.
        given: name of a relation, as it stands in ``sql``, ``__dbt__cte__orders`` for a node and
            ``__dbt__cte__raw__orders`` for a source -> SELECT of the rows given for it, of bare
            literals; empty if none are.
        sql: the node's SQL rendered so that each ref() and source() is a name in ``given``.
        expect: SELECT of the rows expected; its columns are those compared; empty for no rows.
        place: where it is asked for.
        description: empty if none.
        lines: place of every line of ``sql``, if known.
        written: those names in ``given`` whose rows are SQL of the user's (``format: sql``), taken
            as it is; all others get the types of the real relation.
        tags: of its config.
    """

    name: str
    of: str
    given: Mapping[str, str]
    sql: str
    expect: str
    place: Place
    description: str = ""
    lines: tuple[Place, ...] = ()
    written: frozenset[str] = frozenset()
    tags: tuple[str, ...] = ()


@dataclass(frozen=True)
class Exposure:
    """Who uses what the project makes: a dashboard, a mail campaign.

    Args:
        name: its name.
        type: dashboard, notebook, analysis, ml or application.
        needs: nodes it reads.
        place: where it is described.
        description: empty if none.
        tags: of the yml file.
    """

    name: str
    type: str
    needs: tuple[str, ...]
    place: Place
    description: str = ""
    tags: tuple[str, ...] = ()


@dataclass(frozen=True)
class Project:
    """A project, rendered and ready to run.

    Args:
        name: from ``dbt_project.yml``.
        path: the folder.
        schema: where tables and views are made.
        nodes: everything that is made, by name.
        queries: queries by name.
        vars: the variables it was rendered with.
        sources: by ``(source, table)``.
        tests: data tests, generic and singular, those of sources among them.
        unit_tests: unit tests.
        exposures: exposures.
        database: the DuckDB file that profiles.yml names, resolved; None if it names none.
    """

    name: str
    path: Path
    schema: str
    nodes: Mapping[str, Node]
    queries: Mapping[str, Node]
    vars: Mapping[str, Any]
    sources: Mapping[tuple[str, str], Source] = field(default_factory=dict)
    tests: tuple[DataTest, ...] = ()
    unit_tests: tuple[UnitTest, ...] = ()
    exposures: tuple[Exposure, ...] = ()
    database: Path | None = None
