"""What rendering starts from, and what comes out of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from retailsql.runner.node import Place
from retailsql.runner.read.environment import Files
from retailsql.runner.read.relation import Relation


@dataclass
class Rendered:
    """What one file came to.

    Args:
        sql: the text; :func:`retailsql.runner.read.line_map.lines` knows its lines.
        needs: names that ref() named, and where.
        sources: what source() named, and where.
        config: what config() said.
        config_place: where config() stands.
        incremental: is_incremental() was asked.
        config_read: config.get() was asked.
    """

    sql: str = ""
    needs: dict[str, Place] = field(default_factory=dict)
    sources: dict[tuple[str, str], Place] = field(default_factory=dict)
    config: dict[str, Any] = field(default_factory=dict)
    config_place: Place = field(default_factory=lambda: Place(""))
    incremental: bool = False
    config_read: bool = False


@dataclass(frozen=True)
class World:
    """What is the same for every file of a project.

    Args:
        name: the project's name.
        schema: schema of what ``ref()`` and ``this`` name.
        database: name of the database, as Jinja sees it.
        known: names that ``ref()`` may name -> the relation.
        sources: ``(source, table)`` -> the relation.
        variables: what ``var()`` returns.
        target: what ``target`` is.
        files: name of every SQL file -> what reads it.
        macros: the files that hold macros.
        lent: macro files that count only for macros the project has not got.
    """

    name: str
    schema: str
    database: str
    known: Mapping[str, Relation]
    sources: Mapping[tuple[str, str], Relation]
    variables: Mapping[str, Any]
    target: Mapping[str, Any]
    files: Files
    macros: tuple[str, ...] = ()
    lent: tuple[str, ...] = ()
