"""What `retailsql init` made, and what to say of it. Nothing is printed here."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from retailsql.starter.proposal import Proposal
from retailsql.starter.vocabulary import NEED_CUSTOMERS
from retailsql.starter.write_mapping import CHECK


@dataclass(frozen=True)
class Started:
    """A new project.

    Args:
        folder: where it is.
        name: of the project, from the folder's name.
        files: written, relative to the folder, sorted.
        database: path of the DuckDB file as profiles.yml has it.
        schema: where tables and models are made.
        loaded: (what, rows) of what was loaded; empty if nothing was.
        proposal: the mapping of the user's own data; None for the demo shop and Online Retail.
        notes: what else to say.
    """

    folder: Path
    name: str
    files: tuple[str, ...]
    database: str
    schema: str = "main"
    loaded: tuple[tuple[str, int], ...] = ()
    proposal: Proposal | None = None
    notes: tuple[str, ...] = field(default=())

    @property
    def counted(self) -> Mapping[str, int]:
        """Folder, or file beside ``dbt_project.yml``, -> how many files."""
        counts: dict[str, int] = {}
        for file in self.files:
            top = file.partition("/")[0]
            counts[top] = counts.get(top, 0) + 1
        return counts

    @property
    def mapping_rows(self) -> list[tuple[str, str, str, str]]:
        """(vocabulary, theirs, sure?, why) of every column: the table to print.

        ``sure?`` is yes, CHECK, or none where they have no such column.
        """
        rows = []
        for table in self.proposal.tables if self.proposal else ():
            for choice in table.choices:
                sure = "none" if choice.missing else "yes" if choice.sure else CHECK
                word = f"{table.table}.{choice.word}"
                other = f" (or {choice.other})" if choice.other and not choice.sure else ""
                rows.append((word, choice.sql + other, sure, choice.why))
            if table.where:
                sure = "yes" if table.sure_where else CHECK
                rows.append((f"{table.table} where", table.where, sure, table.why_where))
        return rows

    @property
    def next_commands(self) -> list[tuple[str, str]]:
        """(command, what it does), in the order to type them."""
        steps = [(f"cd {shlex.quote(str(self.folder))}", "")]
        if str(self.folder) == ".":
            steps = []
        if any(sure == CHECK for _, _, sure, _ in self.mapping_rows):
            n = sum(sure == CHECK for _, _, sure, _ in self.mapping_rows)
            found = f"the {n} lines marked {CHECK}" if n > 1 else f"the line marked {CHECK}"
            steps.append(("${EDITOR:-vi} dbt_project.yml", f"look at {found}"))
        made, query, less = "make tables, train, score, test", "churn_risk", ""
        if self.proposal is not None and self.proposal["order_lines"]["customer_id"].missing:
            made += "; what needs customers is left out"
            query, less = "demand_next", f" --exclude {NEED_CUSTOMERS}"
        return [
            *steps,
            (f"retailsql build{less}", made),
            (f"retailsql query {query}", "ask a question from queries/"),
            (f"dbt build --profiles-dir .{less}", "the same tables, by dbt"),
        ]
