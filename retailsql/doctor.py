"""Checks an installation: what is there, in which version, and does the smallest query work."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, requires, version

from packaging.requirements import Requirement

from retailsql.errors import MissingExtraError


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at.

    Args:
        what: in words.
        ok: whether it is as it should be.
        needed: whether scoring needs it.
        todo: what to do if it is not.
    """

    what: str
    ok: bool
    needed: bool
    todo: str = ""


def examine() -> list[Finding]:
    """Every package retailsql names, and a query.

    >>> all(f.ok for f in examine() if f.needed)
    True
    """
    findings = [_package(Requirement(line)) for line in requires("retailsql") or []]
    return [f for f in findings if f is not None] + [*_plugin(), _query()]


def _package(requirement: Requirement) -> Finding | None:
    extra = _extra(requirement)
    if extra == "dev":
        return None
    needed = not extra
    command = f"pip install 'retailsql[{extra}]'" if extra else "pip install --upgrade retailsql"
    try:
        found = version(requirement.name)
    except PackageNotFoundError:
        return Finding(f"{requirement.name} is not installed", False, needed, command)
    ok = requirement.specifier.contains(found, prereleases=True)
    words = f"{requirement.name} {found}" + (f" (extra {extra})" if extra else "")
    wanted = f"wanted {requirement.specifier}; {command}"
    return Finding(words, ok, needed, "" if ok else wanted)


def _plugin() -> list[Finding]:
    """Whether the plugin for dbt loads, where dbt is installed."""
    try:
        version("dbt-core")
    except PackageNotFoundError:
        return []
    try:
        import retailsql.adapters.dbt  # noqa: F401 - loading it is what is tried
    except (ImportError, MissingExtraError) as error:
        return [Finding("the plugin for dbt (extra dbt)", False, False, str(error))]
    return [Finding("the plugin for dbt (extra dbt)", True, False)]


def _extra(requirement: Requirement) -> str:
    marker = str(requirement.marker or "")
    return marker.split("extra == ")[1].strip("\"' ") if "extra == " in marker else ""


def _query() -> Finding:
    import duckdb

    import retailsql

    try:
        with retailsql.connect() as con:
            ok = con.execute("SELECT 42").fetchall() == [(42,)]
    except duckdb.Error as error:
        return Finding("a query on an empty database", False, True, str(error))
    return Finding("a query on an empty database", ok, True)
