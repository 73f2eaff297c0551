"""Draws the users of a file: who has which roles, what he may do, and how much of it."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table
from rich.text import Text

from retailsql.adapters.server.accounts import Accounts
from retailsql.adapters.server.accounts.grants import write_grant
from retailsql.adapters.server.records import Limits

COLUMNS = ("user", "admin", "roles", "may", "limits")


def draw_users(accounts: Accounts) -> None:
    """Print a table; where no person looks, a line of fields with tabs between for each user."""
    out = Console(highlight=False)
    rows = [_row(accounts, name) for name in accounts.users]
    if not out.is_terminal:
        for row in (COLUMNS, *rows):
            # Not by the console: it would make blanks of tabs.
            out.file.write("\t".join(cell.replace("\n", ", ") for cell in row) + "\n")
        return
    table = Table()
    for name in COLUMNS:
        table.add_column(name, overflow="fold")
    for row in rows:
        table.add_row(*map(Text, row))
    out.print(table)


def _row(accounts: Accounts, name: str) -> tuple[str, ...]:
    """What is known of a user, that of his roles included."""
    rights = accounts.rights(name)
    may = "\n".join(sorted(map(write_grant, rights.grants)))
    admin = "admin" if rights.admin else ""
    return name, admin, "\n".join(rights.roles), may, "\n".join(_limits(rights.limits))


def _limits(limits: Limits) -> list[str]:
    """The limits in words.

    >>> _limits(Limits(1000, 0.5, None, 1))
    ['1,000 rows', '0.5 s', 'sessions: 1']
    """
    told = [
        f"{limits.rows:,} rows" if limits.rows else "",
        f"{limits.seconds:g} s" if limits.seconds else "",
        limits.memory or "",
        f"sessions: {limits.sessions}" if limits.sessions else "",
    ]
    return [words for words in told if words]
