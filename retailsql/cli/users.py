"""Commands on the file of users: retailsql user add|list|remove|password."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from retailsql.errors import ProjectError

Command = TypeVar("Command", bound=Callable[..., None])


def users_option(command: Command) -> Command:
    """The option ``--users``."""
    return click.option(
        "--users", type=click.Path(dir_okay=False, path_type=Path), default=Path("users.toml"),
        show_default=True, envvar="RETAILSQL_USERS", help="The file of users.",
    )(command)  # fmt: skip


def read_password(confirm: bool = False) -> str:
    """The password from RETAILSQL_PASSWORD, else from the keyboard; never from the command line,
    where every process of the machine could read it.

    Args:
        confirm: ask twice.

    Raises:
        ProjectError: there is neither.
    """
    # Taken out of the environment: programs started from here have no use for it.
    found = os.environ.pop("RETAILSQL_PASSWORD", None)
    if found:
        return found
    if found is None and sys.stdin.isatty():
        return str(click.prompt("Password", hide_input=True, confirmation_prompt=confirm, err=True))
    raise ProjectError(
        "There is no password",
        todo="set the environment variable RETAILSQL_PASSWORD, or run this in a terminal",
    )


def _change(users: Path, change: Callable[[Any], None], *, make: bool = False) -> None:
    from retailsql.adapters.server.accounts import edit

    try:
        edit.change_file(users, change, make=make)
    except OSError as error:
        raise ProjectError(
            "The file of users cannot be written", seen=f"{error.filename}: {error.strerror}",
            todo="its folder must be there, and be writable",
        ) from error  # fmt: skip


@click.group()
def user() -> None:
    """Users of `retailsql serve`, in a file that holds no passwords."""


@user.command()
@click.argument("name")
@users_option
@click.option("--role", "roles", multiple=True, help="A role of the file; more than once for more.")
@click.option(
    "--grant", "grants", multiple=True, metavar="GRANT",
    help='A right of his own: --grant "read on schema main".',
)  # fmt: skip
@click.option("--admin", is_flag=True, help="May GRANT and REVOKE.")
def add(
    name: str, users: Path, roles: tuple[str, ...], grants: tuple[str, ...], admin: bool
) -> None:
    """Add user NAME; the file is made if there is none. Password: RETAILSQL_PASSWORD or asked."""
    from retailsql.adapters.server.accounts import edit, verifiers

    verifier = verifiers.make_verifier(read_password(confirm=True))
    _change(
        users, lambda tree: edit.add_user(tree, name, verifier, roles, grants, admin), make=True
    )
    click.echo(f"{name} is in {users}")
    if not (roles or grants):
        click.echo(f"He sees nothing yet: give him a role, or grants, in {users}", err=True)


@user.command("list")
@users_option
def list_users(users: Path) -> None:
    """List the users: their roles, all they may do, and their limits."""
    from retailsql.adapters.server.accounts import Accounts
    from retailsql.cli.draw_users import draw_users

    draw_users(Accounts.open(users))


@user.command()
@click.argument("name")
@users_option
def remove(name: str, users: Path) -> None:
    """Take user NAME out of the file; what he has open ends with his next statement."""
    from retailsql.adapters.server.accounts import edit

    _change(users, lambda tree: edit.remove_user(tree, name))
    click.echo(f"{name} is no longer in {users}")


@user.command()
@click.argument("name")
@users_option
def password(name: str, users: Path) -> None:
    """Give user NAME another password: RETAILSQL_PASSWORD, or asked."""
    from retailsql.adapters.server.accounts import Accounts, edit, verifiers

    edit.require_user(Accounts.open(users).users, name)  # before anybody types one
    verifier = verifiers.make_verifier(read_password(confirm=True))
    _change(users, lambda tree: edit.set_verifier(tree, name, verifier))
    click.echo(f"the password of {name} is changed")
