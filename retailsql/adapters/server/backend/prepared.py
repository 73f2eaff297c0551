"""Prepared statements: kept as text, planned anew whenever what they rest on has changed."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from retailsql.adapters.server import postgres
from retailsql.adapters.server.backend.query import Query
from retailsql.adapters.server.backend.result import Plan
from retailsql.adapters.server.backend.script import Part
from retailsql.adapters.server.records import Described, Field, PgError

if TYPE_CHECKING:
    from retailsql.adapters.server.backend.context import Context


class Prepared:
    """A statement with a name.

    Args:
        ctx: of the session.
        part: the statement; None: an empty one.
        oids: types of parameters that the client has declared.
        told: the whole PREPARE; '': the protocol made it.

    Attributes:
        text: as the client sent it.
        runs: how often it was bound.
        made: when, in seconds since 1970.
    """

    def __init__(
        self, ctx: Context, part: Part | None, oids: Sequence[int], told: str = ""
    ) -> None:
        self._ctx, self.part, self.oids = ctx, part, list(oids)
        self.from_sql, self.runs, self.made = bool(told), 0, time.time()
        self.text = told or ("" if part is None else part.text)
        self.types: list[str] = []
        self._plan: Plan | None = None
        self._told: list[tuple[object, ...]] | None = None
        self._described = False

    def plan(self) -> Plan | None:
        """How it is run now; None: it is empty.

        Raises:
            PgError: it cannot be planned, or 0A000 its columns are not those it was described with.
        """
        if self.part is None:
            return None
        if self._plan is None or not self._fresh(self._plan):
            from retailsql.adapters.server.backend.commands import plan

            self._plan = plan(self._ctx, self.part, self.oids)
            if self._described and _shape(self._plan.fields) != self._told:
                raise PgError("0A000", "cached plan must not change result type")
        return self._plan

    def describe(self) -> Described:
        """What it takes and returns.

        Raises:
            PgError: it cannot be planned.
        """
        plan = self.plan()
        if plan is None:
            return Described([], None)
        self._described, self._told = True, _shape(plan.fields)
        return Described(list(plan.parameters), plan.fields)

    def kinds(self) -> list[int]:
        """The types of its parameters, as they were last planned."""
        return [] if self._plan is None else list(self._plan.parameters)

    def values(
        self, plan: Plan | None, formats: Sequence[int], data: Sequence[bytes | None]
    ) -> list[Any]:
        """The values of a Bind as Python's.

        Raises:
            PgError: 08P01 there are not as many as the statement has parameters, or one is none.
        """
        oids = [] if plan is None else plan.parameters
        self.runs += 1
        if len(data) != len(oids):
            raise PgError(
                "08P01", f"bind message supplies {len(data)} parameters, but prepared statement "
                f'"" requires {len(oids)}',
            )  # fmt: skip
        if len(formats) not in (0, 1, len(data)):
            raise PgError(
                "08P01",
                f"bind message has {len(formats)} parameter formats but {len(data)} parameters",
            )
        each = list(formats) if len(formats) == len(data) else [*formats, 0][:1] * len(data)
        targets = getattr(plan, "targets", None) or [None] * len(data)
        zone = self._ctx.settings.show("TimeZone")
        return [
            postgres.value(d, oid, f, target, zone)
            for d, oid, f, target in zip(data, oids, each, targets, strict=True)
        ]

    def _fresh(self, plan: Plan) -> bool:
        if not isinstance(plan, Query):
            return False
        return plan.stamp == self._ctx.stamp() and not self._ctx.work.wrote


def _shape(fields: list[Field] | None) -> list[tuple[object, ...]] | None:
    return None if fields is None else [(f.name, f.oid, f.typmod) for f in fields]
