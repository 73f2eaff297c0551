"""SHOW MODELS, for those who have any right to them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from retailsql.adapters.server import encoding, policy
from retailsql.adapters.server.backend.bind import bind
from retailsql.adapters.server.backend.result import Plan, Result
from retailsql.adapters.server.backend.said import told
from retailsql.adapters.server.backend.script import Part
from retailsql.adapters.server.records import Field
from retailsql.dialect.statements import ShowModels

if TYPE_CHECKING:
    from collections.abc import Sequence

    from retailsql.adapters.server.backend.context import Context


@dataclass
class Listed:
    """The list of models; it is short, and read at once."""

    ctx: Context
    part: Part
    text: str
    fields: list[Field] | None
    parameters: list[int] = field(default_factory=list)

    def run(self, values: Sequence[Any]) -> Result:
        """Read it, and leave out what he has no right to."""
        with told(self.ctx, self.part, placed=False):
            relation = self.ctx.connection().sql(self.text)
            table: pa.Table = encoding.project(relation).to_arrow_table()
        names = [name.lower() for name in relation.columns]  # the projection may rename them
        models = table.column(names.index("model")).to_pylist()
        keep = pa.array([self._may_see(str(model)) for model in models], pa.bool_())
        seen = table.filter(keep)
        batches: Iterator[pa.RecordBatch] = iter(seen.to_batches())
        return Result(
            "SHOW", self.fields, batches, rows=seen.num_rows, counted=False, limited=False
        )

    def _may_see(self, model: str) -> bool:
        schema, _, name = model.rpartition(".")
        return policy.may_see_model(self.ctx.rights, schema or "main", name)


def list_models(ctx: Context, part: Part) -> Plan:
    """The plan of SHOW MODELS.

    Raises:
        PgError: the registry cannot be read.
    """
    from retailsql.statements import carry_out

    with told(ctx, part, placed=False):
        con = ctx.connection()
        text = carry_out(con, ShowModels(), None, None)
        bound = bind(con, text)
        fields = encoding.describe(list(bound.names), bound.types)
    return Listed(ctx, part, text, fields)
