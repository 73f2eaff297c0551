"""The command line: thin over the same functions as Python and SQL.

retailsql demo      a shop, four models, four answers
retailsql init      a project of SQL files for your own shop
retailsql sql       run SQL, ML statements among it
retailsql lint      check SQL files without running them
retailsql build     make a project's files in the order of their ref()s, train, test
retailsql run       the same without tests
retailsql test      its tests alone
retailsql ls        its files
retailsql lineage   the way of a column, back to the raw ones
retailsql train     train some of its models
retailsql query     run one of its queries
retailsql models    list the models of a database
retailsql serve     open a database to BI tools, as a PostgreSQL server
retailsql user      add, list, remove its users
retailsql doctor    check the installation
"""

from __future__ import annotations

import os
import sys
from typing import NoReturn

import click

import retailsql
from retailsql.cli import project, scripts, serve, shop, users
from retailsql.errors import MissingExtraError, RetailSQLError
from retailsql.functions.stopped import stopped


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(retailsql.__version__, prog_name="retailsql")
def cli() -> None:
    """BigQuery ML's verbs on the DuckDB file you already have."""


for _command in (
    shop.demo, scripts.sql, scripts.lint, project.build, project.run, project.test, project.ls,
    project.lineage, project.train, project.query, shop.init, shop.models, serve.serve,
    users.user, shop.doctor,
):  # fmt: skip
    cli.add_command(_command)


_ALLOCATOR = "DUCKDB_JE_MALLOC_CONF"
_GIVES_BACK = (
    "retain:false,background_thread:true,oversize_threshold:1048576,dirty_decay_ms:1000,"
    "muzzy_decay_ms:0"
)
"""Of jemalloc, which DuckDB's Linux packages hold: else one large statement's memory stays with the
process for good."""


def _begin_server() -> None:
    """Begin the process once more where it serves: DuckDB's allocator reads how it is to behave
    when it is loaded, which has happened by now.
    """
    if sys.argv[1:2] == ["serve"] and _ALLOCATOR not in os.environ and os.name == "posix":
        os.environ[_ALLOCATOR] = _GIVES_BACK
        os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])


def main() -> None:
    """The entry point: errors of ours are printed in words, without a traceback."""
    import duckdb

    _begin_server()
    try:
        cli.main(standalone_mode=False)
    except click.ClickException as error:
        error.show()
        raise SystemExit(error.exit_code) from error
    except (click.Abort, KeyboardInterrupt):
        _stopped()
    except (RetailSQLError, duckdb.Error) as error:
        if stopped(error) or isinstance(error, duckdb.InterruptException):
            _stopped()
        _fail(str(error), error)
    except RuntimeError as error:
        if not stopped(error):
            raise
        _stopped()
    except BrokenPipeError:
        # The reader, `head` for instance, has seen enough. What is still buffered has nowhere to
        # go, and the interpreter must not try.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise SystemExit(1) from None
    except OSError as error:
        _fail(f"{error.filename or 'a file'}: {error.strerror or error}", error)
    except UnicodeDecodeError as error:
        words = f"byte 0x{error.object[error.start]:02x} at position {error.start}"
        said = RetailSQLError("A file is not UTF-8 text", seen=words, todo="save it as UTF-8")
        _fail(str(said), error)
    except ModuleNotFoundError as error:
        if (error.name or "retailsql").startswith("retailsql"):
            raise
        _fail(str(MissingExtraError.of("train", str(error.name))), error)


def _stopped() -> NoReturn:
    click.echo("stopped; nothing half-made was kept", err=True)
    raise SystemExit(130) from None


def _fail(words: str, error: BaseException) -> NoReturn:
    click.echo(f"{click.style('error', fg='red')}: {words}", err=True)
    for note in getattr(error, "__notes__", []):
        click.echo(note if len(note) <= 300 else f"{note[:297]}...", err=True)
    raise SystemExit(1) from error
