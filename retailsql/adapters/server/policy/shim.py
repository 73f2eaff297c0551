"""Which database holds the catalog that the door shows, as the parts above tell this one."""

from __future__ import annotations

from typing import NamedTuple

from retailsql.adapters.server.policy.names import fold


class Shim(NamedTuple):
    """The in-memory database of pg_catalog, information_schema and PostgreSQL's functions.

    Args:
        name: of the database; empty: there is none.
        public: its schemas whose relations anybody may read.

    >>> Shim("pg", frozenset({"pg_catalog"})).readable("PG", "pg_catalog")
    True
    """

    name: str = ""
    public: frozenset[str] = frozenset()

    def holds(self, database: str) -> bool:
        """True for the shim's own name."""
        return bool(self.name) and fold(database) == fold(self.name)

    def readable(self, database: str, schema: str) -> bool:
        """True if anybody may read the relations there."""
        return self.holds(database) and fold(schema) in {fold(s) for s in self.public}


DOOR = Shim("__rs_catalog", frozenset({"pg", "info", "main"}))
"""The one that the door's catalog makes; a test holds the two together."""
