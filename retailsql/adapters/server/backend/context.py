"""What the statements of a session share."""

from __future__ import annotations

import itertools
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from typing import TYPE_CHECKING

import duckdb
from duckdb import DuckDBPyConnection

from retailsql.adapters.server import catalog
from retailsql.adapters.server.backend.running import Deadlines, Running
from retailsql.adapters.server.backend.settings import Settings
from retailsql.adapters.server.backend.transactions import Block
from retailsql.adapters.server.backend.work import Work
from retailsql.adapters.server.generation import Generation
from retailsql.adapters.server.kept import Kept
from retailsql.adapters.server.records import Notice, Rights
from retailsql.registry.names import literal, quote

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterator, Mapping

    from retailsql.adapters.server.accounts import Accounts, Audit
    from retailsql.adapters.server.backend.portals import Portal
    from retailsql.adapters.server.backend.prepared import Prepared
    from retailsql.adapters.server.backend.query import Query
    from retailsql.adapters.server.backend.streams import Stream
    from retailsql.adapters.server.warehouse import Warehouse

_NUMBERS = itertools.count(1)
_ZONES: dict[str, str] = {}
_WRITERS = ("write", "train")


class Context:
    """One session: who, his settings, his connection, his statements and portals.

    Args:
        warehouse: the file.
        accounts: who may do what.
        audit: where it is noted.
        user: who has logged in.
        parameters: of the client's first message.
        peer: address he comes from.
        deadlines: the clock of the process.

    Raises:
        PgError: 22023 or 42704, a parameter is none; 28000 there is no such user any more.
        DatabaseOpenError: the file cannot be opened.
    """

    def __init__(
        self,
        warehouse: Warehouse,
        accounts: Accounts,
        audit: Audit,
        user: str,
        parameters: Mapping[str, str],
        peer: str,
        deadlines: Deadlines,
    ) -> None:
        self.warehouse, self.accounts, self.audit = warehouse, accounts, audit
        self.user, self.peer = user, peer
        # What the wire has told the client, so that pg_backend_pid() is the same.
        self.pid = _pid(parameters.get("_pq_.pid")) or next(_NUMBERS)
        self.rights: Rights = accounts.rights(user)
        self.running = Running(deadlines)
        self._set_for: dict[int, int] = {}
        self._paths: dict[int, str] = {}
        self.work = Work(warehouse, self._configure)
        self.settings = Settings(user, self._zones(), parameters, not self.may_write)
        self.settings.limit(self.rights.limits.seconds)
        self.block = Block(self)
        self.statements: dict[str, Prepared] = {}
        self.portals: dict[str, Portal] = {}
        self.plans: Kept[Hashable, Query] = Kept(64)
        self.stream: Stream | None = None
        self.told: list[Notice] = []
        self.several = False
        self._trouble: str | None = None

    @property
    def may_write(self) -> bool:
        """True if he may change anything at all; else everything runs READ ONLY."""
        return self.warehouse.writable and self._has_right_to_write

    @property
    def _has_right_to_write(self) -> bool:
        return any(grant.privilege in _WRITERS for grant in self.rights.grants)

    @property
    def why_read_only(self) -> str | None:
        """A hint for one who has the right to write and yet may not."""
        if self.warehouse.writable or not self._has_right_to_write:
            return None
        return "the right was given after the server's start: restart retailsql serve"

    @property
    def memory(self) -> str | None:
        """The memory limit of his role."""
        return self.rights.limits.memory

    @property
    def seconds(self) -> float | None:
        """How long a statement may take: his own wish or his role's limit."""
        wish = self.settings.seconds("statement_timeout")
        return min((s for s in (wish, self.rights.limits.seconds) if s is not None), default=None)

    def timed(self) -> AbstractContextManager[None]:
        """While it lasts, a statement runs that may take so long."""
        return self.running.statement(self.seconds, self.time_over)

    @property
    def time_over(self) -> str | None:
        """A DETAIL for a statement over its time; None: it was his own wish."""
        limit = self.rights.limits.seconds
        if limit is None or self.seconds != limit:
            return None
        return f"The limit of your role is {self.settings.show('statement_timeout')} a statement."

    def tell(self, notice: Notice) -> None:
        """Tell the client something beside the result."""
        self.told.append(notice)

    def refresh(self) -> None:
        """Before a statement: the rights as they are now."""
        before, self.rights = self.may_write, self.accounts.rights(self.user)
        if self.may_write != before:
            self.settings.may_write(self.may_write)
        self.settings.limit(self.rights.limits.seconds)

    def notices(self) -> list[Notice]:
        """What was told since the last call. A new file that cannot be used is told here and not
        before the statement, which may be the one that finds a good one.
        """
        if self.warehouse.trouble not in (None, self._trouble):
            self._trouble = self.warehouse.trouble
            self.tell(Notice(str(self._trouble), "58P01", "WARNING"))
        told, self.told = self.told, []
        return told

    def connection(self, writes: bool = False) -> DuckDBPyConnection:
        """A connection in a transaction that may do what is asked for, nothing open on it.

        Raises:
            PgError: 25006 he may not write now.
        """
        self.free()
        con = self.running.on(self.block.begin(writes))
        self._follow(con)
        return con

    def revive(self, con: DuckDBPyConnection) -> None:
        """Give a transaction that was aborted another, where nothing was done in it."""
        try:
            con.execute("SELECT 1").fetchall()
        except duckdb.TransactionException:
            if not self.work.wrote:
                self.work.rollback()
                self.block.begin(writes=False)

    def free_connection(self) -> DuckDBPyConnection:
        """The connection outside of any transaction of ours, for what opens its own."""
        self.free()
        self.work.check_current()
        if not self.block.inside:
            self.work.commit()
            con = self.work.connection(self.memory)
        else:
            con = self.block.begin(writes=True)
        self.running.on(con)
        self._follow(con)
        return con

    @contextmanager
    def own_division(self, con: DuckDBPyConnection) -> Iterator[None]:
        """DuckDB's ``7 / 2``, which is 3.5, for what is stored with a model: other programs train
        on it again and score with it.
        """
        con.execute("SET integer_division = false")
        try:
            yield
        finally:
            self._set_for[id(con)] = -1  # now the transaction may be past help: at the next one

    def end_portals(self, keep_hold: bool) -> None:
        """At the end of a transaction: forget its portals, those WITH HOLD only at the very end."""
        for name, portal in list(self.portals.items()):
            if not (keep_hold and portal.hold):
                portal.close()
                self.portals.pop(name, None)
        if keep_hold:
            self.free()

    def free(self) -> None:
        """Let what is still being read go on, on a connection of its own."""
        if self.stream is not None:
            stream, self.stream = self.stream, None
            stream.step_aside()

    def stamp(self) -> tuple[object, ...]:
        """What a plan depends on beside its text; the names are those of the open transaction."""
        self.work.connection(self.memory)  # in no other instance than that of his role
        generation = self.work.generation
        settled = generation.settled()
        writes = self.work.seen if self.work.open else settled and settled.writes
        return (generation, writes, self.settings.number, self.rights)

    def look(self, con: DuckDBPyConnection) -> Callable[[str, str], catalog.Columns | None]:
        """Finds the columns of a table by schema and name, as a statement of the session means
        them.
        """
        generation, names = self.work.generation, (self.path(con), self.stamp()[1])
        return partial(catalog.look_up, con, generation.database, names, generation.columns)

    def _zones(self) -> dict[str, str]:
        """Names of time zones by their names in lower case, the same for all."""
        if not _ZONES:
            con = self.work.connection(self.memory)
            rows = con.execute("SELECT DISTINCT name FROM pg_timezone_names()").fetchall()
            _ZONES.update({name.lower(): name for (name,) in rows})
            self.work.leave()
        return _ZONES

    def _configure(self, con: DuckDBPyConnection, generation: Generation) -> None:
        """Set a new connection up; ``cursor()`` inherits none of it."""
        con.execute("SET python_enable_replacements = false")
        con.execute(f"SET VARIABLE rs_user = {literal(self.user)}")
        con.execute(f"SET VARIABLE rs_pid = {self.pid}")
        con.execute(f"SET search_path = {literal(catalog.search_path(generation.database))}")
        self._set_for[id(con)] = -1
        self._paths.pop(id(con), None)

    def _follow(self, con: DuckDBPyConnection) -> None:
        """Bring settings and rights on a connection up to date."""
        generation = self.work.generation
        if generation.rights_told.get(self.user) is not self.rights:
            with generation.telling:
                every = list(self.accounts.all_rights())
                with generation.root.cursor() as cursor:
                    catalog.set_rights(cursor, every)
                generation.rights_told[self.user] = self.rights
        if self._set_for.get(id(con)) == self.settings.number or not hasattr(self, "settings"):
            return
        con.execute("SET integer_division = true")
        con.execute(f"SET TimeZone = {literal(self.settings.show('TimeZone'))}")
        schemas = self._schemas(con, generation.database)
        path = _written_path(generation.database, schemas)
        con.execute(f"SET search_path = {literal(path)}")
        con.execute(f"SET VARIABLE rs_path = [{', '.join(map(literal, schemas))}]::VARCHAR[]")
        self._paths[id(con)] = path
        con.execute(f"SET VARIABLE rs_settings = {literal(_map_text(self.settings.all()))}")
        self._set_for[id(con)] = self.settings.number

    def path(self, con: DuckDBPyConnection) -> str | None:
        """The search path that was set on a connection; None: none yet."""
        return self._paths.get(id(con))

    def _schemas(self, con: DuckDBPyConnection, database: str) -> list[str]:
        """The schemas of PostgreSQL's search path; those that are not there are passed over."""
        written = self.settings.show("search_path")
        rows = con.execute(
            "SELECT schema_name FROM duckdb_schemas() WHERE database_name = ?", [database]
        ).fetchall()
        known = {name.lower(): name for (name,) in rows}
        found = [
            known.get(name.lower()) or (known.get("main") if name.lower() == "public" else None)
            for name in schema_names(written)
        ]
        return list(dict.fromkeys(schema for schema in found if schema is not None))


def _written_path(database: str, schemas: list[str]) -> str:
    """DuckDB's search path: these schemas, or else the usual one, then the catalog's functions."""
    first, _, rest = catalog.search_path(database).partition(",")
    found = [f"{quote(database)}.{quote(schema)}" for schema in schemas]
    return ",".join([*(found or [first]), rest] if rest else found or [first])


def _map_text(values: Mapping[str, str]) -> str:
    """What DuckDB casts to a MAP: to read a hundred literals takes it longer than a session's first
    statement.
    """
    pairs = (f"{_quoted(name.lower())}={_quoted(value)}" for name, value in values.items())
    return f"{{{', '.join(pairs)}}}"


def _quoted(text: str) -> str:
    escaped = text.replace("\\", r"\\").replace('"', r"\"")
    return f'"{escaped}"'


def _pid(text: str | None) -> int | None:
    return int(text) if text is not None and text.isdecimal() else None


def schema_names(path: str) -> list[str]:
    """The names in a search path, quotes off.

    >>> schema_names('"$user", public')
    ['$user', 'public']
    """
    return [part.strip().strip('"').replace('""', '"') for part in path.split(",") if part.strip()]
