"""The command retailsql serve: a database opened to BI tools."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING

import click

from retailsql.cli.users import read_password

if TYPE_CHECKING:
    from retailsql.adapters.server.accounts import Accounts
    from retailsql.adapters.server.serve import Open

_file = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command()
@click.argument("database", type=_file)
@click.option("--user", metavar="NAME", help="One user who reads and scores; no file needed.")
@click.option(
    "--users", type=_file, envvar="RETAILSQL_USERS",
    help="The file of users, roles and grants: retailsql user add NAME makes it.",
)  # fmt: skip
@click.option("--host", help="To listen on.  [default: 127.0.0.1, this machine only]")
@click.option("--port", type=click.IntRange(0, 65535), help="To listen on.  [default: 5433]")
@click.option("--tls-cert", "tls_certificate", type=_file, help="A certificate, PEM.")
@click.option("--tls-key", type=_file, help="Its key, PEM.")
@click.option("--self-signed", is_flag=True, help="Make a certificate beside the file of users.")
@click.option("--insecure", is_flag=True, help="Let other machines in without TLS.")
@click.option("--audit", type=click.Path(dir_okay=False, path_type=Path), help="The audit log.")
@click.option("--max-connections", type=click.IntRange(1), help="At once.  [default: 100]")
@click.option("--memory-limit", help="Of DuckDB, such as 4GB.  [default: 60 % of all]")
@click.option("--threads", type=click.IntRange(1), help="Of DuckDB.  [default: all processors]")
def serve(user: str | None, users: Path | None, **given: object) -> None:
    """Open DATABASE, with its model functions, to BI tools by PostgreSQL's protocol.

    The password of --user is read from RETAILSQL_PASSWORD, or asked.
    """
    from retailsql.adapters.server import serve as server

    accounts = _accounts(user, users)
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(message)s")
    logging.getLogger("retailsql.server").setLevel(logging.INFO)  # renewals, mistakes, the end
    options = server.ServeOptions(**given)  # type: ignore[arg-type]
    server.serve(options, accounts, _show)


def _accounts(user: str | None, users: Path | None) -> Accounts:
    from retailsql.adapters.server.accounts import Accounts

    if user is not None:
        source = click.get_current_context().get_parameter_source("users")
        if users is not None and source is click.core.ParameterSource.COMMANDLINE:
            raise click.UsageError("--user and --users exclude each other: give one")
        return Accounts.single(user, read_password())
    if users is None:
        raise click.UsageError("Who may come in? Give --user NAME, or --users FILE")
    return Accounts.open(users)


def _show(opened: Open) -> None:
    """What to type into a tool."""
    from rich.console import Console
    from rich.text import Text

    from retailsql.adapters.server.self_signed import fingerprint

    users = opened.users
    rows = {
        "Type": "PostgreSQL",
        "Host": opened.host,
        "Port": str(opened.port),
        "Database": opened.database,
        "User": ", ".join(users[:10]) + (f" and {len(users) - 10} more" if users[10:] else "")
        or "nobody yet: retailsql user add NAME",
        "TLS": "none",
        "File": "read only",
        "Memory": opened.memory,
        "Threads": str(opened.threads),
    }
    if opened.certificate is not None:
        rows["TLS"] = "required" if opened.require_tls else "offered"
        rows["Certificate"] = str(opened.certificate)
        rows["SHA-256"] = fingerprint(opened.certificate)
    if opened.writable:
        rows["File"] = "held for writing: some role may train or write"
    console = Console(soft_wrap=True, highlight=False)  # nothing is cut off, it is to be copied
    console.print("[bold]retailsql serves[/bold]; Ctrl-C ends it")
    for name, value in rows.items():
        console.print(Text.assemble((f"{name:<13}", "bold"), value))
    where = f"host={opened.host} port={opened.port} dbname={opened.database}"
    mode = " sslmode=require" if opened.require_tls else ""
    console.print(Text(f'psql "{where} user={users[0] if users else "NAME"}{mode}"'))
    console.file.flush()
