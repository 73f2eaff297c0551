"""A Login and a Backend without a database, to test the wire alone."""

from __future__ import annotations

import os
import struct
import threading
from functools import cache

from retailsql.adapters.server import records
from retailsql.adapters.server.records import Field, Notice, PgError

USERS = {"anna": "secret", "ben": "other, pässword="}


@cache
def verifier(password: str) -> str:
    from base64 import b64encode

    from scramp import ScramMechanism

    salt, stored, server, count = ScramMechanism().make_auth_info(password, salt=os.urandom(16))
    salt, stored, server = (b64encode(part).decode() for part in (salt, stored, server))
    return f"SCRAM-SHA-256${count}:{salt}${stored}:{server}"


def data_row(*values: bytes | None) -> bytes:
    parts = [struct.pack("!H", len(values))]
    for value in values:
        parts.append(
            struct.pack("!i", -1) if value is None else struct.pack("!i", len(value)) + value
        )
    body = b"".join(parts)
    return b"D" + struct.pack("!I", len(body) + 4) + body


def number(text: str, most: int = 10**6) -> int:
    if not (text.isascii() and text.isdigit() and int(text[:9]) <= most):
        raise PgError("22P02", f"invalid input syntax for type integer: {text!r}")
    return int(text[:9])


class FakeLogin:
    """Remembers its sessions and what it was told."""

    def __init__(self) -> None:
        self.sessions: list[FakeBackend] = []
        self.events: list[tuple[str, str, str]] = []

    def verifier(self, user):
        return verifier(USERS[user]) if user in USERS else None

    def session(self, user, parameters, peer):
        if parameters.get("database") == "nowhere":
            raise PgError("3D000", 'database "nowhere" does not exist')
        session = FakeBackend(user, parameters)
        self.sessions.append(session)
        return session

    def told(self, event, user, peer, detail=""):
        self.events.append((event, user, detail))


class FakeBackend:
    """Knows a few statements: ``rows 5``, ``echo``, ``sleep``, ``boom``, ``copy 3`` ..."""

    def __init__(self, user, parameters) -> None:
        self.user, self.given = user, parameters
        self.status, self.cancelled, self.idle_seconds = "I", False, None
        self.statements, self.portals = {}, {}
        self.stop = threading.Event()
        self.running = threading.Event()
        self.cancels = self.syncs = self.closed = 0
        self.ended: list[str] = []
        self._notices: list[Notice] = []
        self._changed = {
            "client_encoding": "UTF8",
            "server_version": "15.0",
            "standard_conforming_strings": "on",
            "DateStyle": "ISO, MDY",
            "integer_datetimes": "on",
        }

    # -- simple ---------------------------------------------------------------------------------

    def simple(self, text):
        self.cancelled = False
        statements = [part.strip() for part in text.split(";") if part.strip()]
        if not statements:
            yield records.Empty()
        for statement in statements:
            fields = self.fields(statement)
            if fields and self.status != "E":
                yield records.RowsBegin(fields, [0] * len(fields))
            yield from self.run(statement, [], [0])

    def run(self, text, values, formats):
        verb, _, rest = text.partition(" ")
        verb = verb.lower()
        if self.status == "E" and verb not in ("rollback", "commit"):
            raise PgError("25P02", "current transaction is aborted")
        try:
            yield from getattr(self, "do_" + verb, self.do_unknown)(rest, values, formats)
        finally:
            self.ended.append(text)

    def do_unknown(self, rest, values, formats):
        raise PgError("42601", "syntax error", hint="Know better.", detail="Really.", position=1)

    def do_rows(self, rest, values, formats):
        count = number(values[0].decode() if values and values[0] else rest)
        binary = bool(formats and formats[0])
        for n in range(count):
            value = struct.pack("!i", n) if binary else str(n).encode()
            yield records.RowData(data_row(value), 1)
        yield records.Complete(f"SELECT {count}")

    def do_big(self, rest, values, formats):
        size, count = (number(part, 10**7) for part in f"{rest} 1".split()[:2])
        row = data_row(b"x" * size)
        for _ in range(count):
            if self.stop.is_set():
                raise PgError("57014", "canceling statement due to user request")
            yield records.RowData(row, 1)
        yield records.Complete(f"SELECT {count}")

    def do_select(self, rest, values, formats):
        if rest.startswith("1/"):
            raise PgError("22012", "division by zero")
        yield from self.do_echo(rest, values, formats)

    def do_echo(self, rest, values, formats):
        yield records.RowData(data_row(*(values or [rest.encode()])), 1)
        yield records.Complete("SELECT 1")

    def do_sleep(self, rest, values, formats):
        self.stop.clear()
        self.running.set()
        try:
            if self.stop.wait(20):
                raise PgError("57014", "canceling statement due to user request")
        finally:
            self.running.clear()
        yield records.Complete("SLEEP")

    def do_boom(self, rest, values, formats):
        raise ZeroDivisionError("secret of the house")
        yield

    def do_fatal(self, rest, values, formats):
        raise PgError("XX001", "broken", severity="FATAL")
        yield

    def do_notice(self, rest, values, formats):
        self._notices.append(Notice(rest, hint="a hint", severity="WARNING", sqlstate="01000"))
        yield records.Complete("NOTICE")

    def do_set(self, rest, values, formats):
        name, _, value = rest.partition("=")
        self._changed[name] = value
        yield records.Complete("SET")

    def do_begin(self, rest, values, formats):
        self.status = "T"
        yield records.Complete("BEGIN")

    def do_rollback(self, rest, values, formats):
        self.status = "I"
        yield records.Complete("ROLLBACK")

    do_commit = do_rollback

    def do_copy(self, rest, values, formats):
        yield records.CopyBegin(1, binary=False)
        count = number(rest, 10**7)
        for n in range(count):
            body = f"{n}\n".encode()
            yield records.CopyData(b"d" + struct.pack("!I", len(body) + 4) + body)
        yield records.CopyEnd()
        yield records.Complete(f"COPY {count}")

    def fields(self, text):
        verb = text.partition(" ")[0]
        if verb == "rows":
            return [Field("n", 23, 4)]
        if verb in ("echo", "select"):
            count = max(text.count("$"), 1)
            return [Field(f"c{i}", 25, -1) for i in range(count)]
        return [Field("big", 25, -1)] if verb == "big" else None

    # -- extended -------------------------------------------------------------------------------

    def prepare(self, name, text, oids):
        if text == "boom":
            raise ZeroDivisionError("in prepare")
        if text == "selekt":
            raise PgError("42601", "syntax error", position=1)
        if name and name in self.statements:
            raise PgError("42P05", f'prepared statement "{name}" already exists')
        self.statements[name] = text

    def statement(self, name):
        if name not in self.statements:
            raise PgError("26000", f'prepared statement "{name}" does not exist')
        return self.statements[name]

    def describe_statement(self, name):
        text = self.statement(name)
        return records.Described([25] * text.count("$"), self.fields(text))

    def bind(self, portal, statement, formats, values, result_formats):
        text = self.statement(statement)
        if len(values) != text.count("$"):
            raise PgError("08P01", "wrong number of values")
        if portal and portal in self.portals:
            raise PgError("42P03", f'cursor "{portal}" already exists')
        if len(result_formats) > max(1, len(self.fields(text) or [])):
            raise PgError("08P01", "wrong number of result formats")
        self.portals[portal] = [text, list(values), list(result_formats), None]

    def portal(self, name):
        if name not in self.portals:
            raise PgError("34000", f'portal "{name}" does not exist')
        return self.portals[name]

    def describe_portal(self, name):
        text, _, formats, _ = self.portal(name)
        fields = self.fields(text)
        every = formats if len(formats) > 1 else (formats or [0]) * len(fields or [])
        return records.RowsBegin(fields, every) if fields else None

    def execute(self, portal, max_rows):
        self.cancelled = False
        held = self.portal(portal)
        if held[0] == "":
            yield records.Empty()
            return
        if held[3] is None:
            held[3] = self.run(held[0], held[1], held[2])
        sent = 0
        for answer in held[3]:
            yield answer
            sent += isinstance(answer, records.RowData)
            if max_rows and sent == max_rows:
                yield records.Suspended()
                return

    def close_statement(self, name):
        self.statements.pop(name, None)

    def close_portal(self, name):
        self.portals.pop(name, None)

    # -- the rest -------------------------------------------------------------------------------

    def sync(self):
        self.syncs += 1
        if self.status == "I":
            self.portals.clear()

    def fail(self):
        if self.status == "T":
            self.status = "E"

    def notices(self):
        out, self._notices = self._notices, []
        return out

    def parameters(self):
        out, self._changed = self._changed, {}
        return out

    def cancel(self):
        self.cancels += 1
        self.cancelled = True
        self.stop.set()

    def close(self):
        self.closed += 1
