"""The names that the catalog answers to, read from its own SQL files."""

from __future__ import annotations

import re
from functools import lru_cache
from importlib.resources import files

SHIM = "__rs_catalog"
"""Name of the shim database."""

PUBLIC = frozenset({"pg", "info", "main"})
"""Schemas of the shim that anyone may read: pg_catalog, information_schema, functions."""

SCHEMAS = {"pg_catalog": "pg", "information_schema": "info"}
"""PostgreSQL's names of the schemas -> the shim's."""

REG_TYPES = frozenset(
    {
        "regclass",
        "regtype",
        "regproc",
        "regprocedure",
        "regoper",
        "regoperator",
        "regnamespace",
        "regrole",
    }
)
"""Types that are numbers and read as names."""

PLAIN_TYPES = {
    "oid": "UINTEGER",
    "xid": "UINTEGER",
    "cid": "UINTEGER",
    "name": "VARCHAR",
    "char": "VARCHAR",
    "bpchar": "VARCHAR",
    "int2vector": "VARCHAR",
    "oidvector": "VARCHAR",
    "pg_node_tree": "VARCHAR",
    "aclitem": "VARCHAR",
    "refcursor": "VARCHAR",
    "sql_identifier": "VARCHAR",
    "character_data": "VARCHAR",
    "yes_or_no": "VARCHAR",
    "cardinal_number": "INTEGER",
}
"""PostgreSQL's types that DuckDB has not -> what stands for them."""

VECTORS = frozenset(
    ["indkey", "indclass", "indoption", "indcollation", "proargtypes", "tgattr", "stxkeys"]
)
"""Columns of the catalog that are texts like ``1 2`` and may be used like arrays."""


def sql_file(name: str) -> str:
    """The text of a SQL file beside this one."""
    return files(__package__).joinpath(name).read_text(encoding="utf-8")


@lru_cache(maxsize=1)
def relations() -> dict[str, frozenset[str]]:
    """PostgreSQL's schema -> the relations in it.

    >>> "pg_class" in relations()["pg_catalog"]
    True
    """
    found = re.findall(
        r"\('(pg_catalog|information_schema)','(\w+)',", sql_file("system_relations.sql")
    )
    return {s: frozenset(name for schema, name in found if schema == s) for s in SCHEMAS}


@lru_cache(maxsize=1)
def functions() -> frozenset[str]:
    """The functions of PostgreSQL that the shim has.

    >>> "format_type" in functions()
    True
    """
    folder = files(__package__)
    texts = [
        f.read_text(encoding="utf-8") for f in folder.iterdir() if f.name.startswith("macros_")
    ]
    return frozenset(re.findall(r"CREATE MACRO \{s\}\.main\.(\w+)", "".join(texts)))


@lru_cache(maxsize=1)
def trigger() -> re.Pattern[str]:
    """Matches every text that may need an edit; quick for the others."""
    words = {f for f in functions() if not f.startswith(("pg_", "rs_", "_pg_", "has_", "to_reg"))}
    words |= REG_TYPES | (set(PLAIN_TYPES) - {"name", "char"})
    words |= {"current_user", "session_user", "current_catalog", "current_role", "user"}
    plain = "|".join(sorted(words))
    return re.compile(
        rf"pg_|information_schema|has_\w+_privilege|to_reg|\b(?:{plain})\b"
        r'|::\s*"?(?:name|char)"?|\bAS\s+(?:name|"char")\b|\b(?:OPERATOR|FORMAT)\s*\(',
        re.IGNORECASE,
    )
