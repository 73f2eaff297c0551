"""What tests of the door's backend share: a door on a small file, and one way to ask it."""

from __future__ import annotations

import struct
import time

import duckdb

from retailsql.adapters.server.accounts import Accounts, Audit
from retailsql.adapters.server.door import Door
from retailsql.adapters.server.records import Complete, PgError, RowData, RowsBegin, Suspended
from retailsql.errors import MissingExtraError

_VERIFIER: list[str] = []


def make_file(path, rows=3, table="items"):
    """A file with one table of numbered rows."""
    with duckdb.connect(str(path)) as con:
        con.execute("CREATE SCHEMA raw")
        con.execute(
            f"CREATE TABLE {table} AS SELECT i AS id, 'n' || i AS name FROM range({rows}) t(i)"
        )
    return path


def accounts(folder, **users):
    """Accounts with users by name: a list of grants, or a dict of what stands in their role."""
    import pytest

    try:
        from retailsql.adapters.server.accounts.verifiers import make_verifier

        if not _VERIFIER:
            _VERIFIER.append(make_verifier("a long password"))
    except MissingExtraError as error:
        pytest.skip(str(error))
    lines = []
    for name, told in users.items():
        told = told if isinstance(told, dict) else {"grants": told}
        lines.append(f"[roles.{name}_role]")
        lines += [f"{key} = {_toml(value)}" for key, value in told.items() if key != "admin"]
        lines += [f"[users.{name}]", f'verifier = "{_VERIFIER[0]}"', f'roles = ["{name}_role"]']
        lines += ["admin = true"] if told.get("admin") else []
    path = folder / "users.toml"
    path.write_text("\n".join(lines) + "\n")
    path.chmod(0o600)
    return Accounts.open(path)


def _toml(value):
    if isinstance(value, list):
        return "[" + ", ".join(f'"{v}"' for v in value) + "]"
    return f'"{value}"' if isinstance(value, str) else str(value)


READER = ["read on database", "score on database"]
WRITER = [*READER, "write on database", "train on database"]


def make_door(path, folder, audit=None, **users):
    """A door whose users are told as for :func:`accounts`; anna reads, unless told."""
    return Door(path, accounts(folder, **(users or {"anna": READER})), Audit(audit))


def door_on(sql, **users):
    """Fixtures: a door on a file that a statement made, and a session of each user.

    Users as for :func:`make_door`; anna reads and will writes, unless told.
    """
    import pytest

    users = users or {"anna": READER, "will": WRITER}

    @pytest.fixture(scope="module", name="door")
    def door(tmp_path_factory):
        folder = tmp_path_factory.mktemp("door")
        with duckdb.connect(str(folder / "shop.duckdb")) as con:
            con.execute(sql)
        made = make_door(folder / "shop.duckdb", folder, **users)
        yield made
        made.close()

    return door, *map(session_of, users)


def session_of(user, before=""):
    """A fixture: a session of a user at the fixture ``door``, begun with a statement."""
    import pytest

    @pytest.fixture(name=user)
    def session(door):
        made = enter(door, user)
        if before:
            ask(made, before)
        yield made
        made.close()

    return session


def within(seconds, do, tries=3):
    """What it gives, done within so many seconds at least once.

    Other tests beside it can only make it slower: the quickest of a few tries tells.
    """
    for _ in range(tries):
        begun = time.monotonic()
        found = do()
        spent = time.monotonic() - begun
        if spent < seconds:
            return found
    raise AssertionError(f"took {spent:.2f} s {tries} times, {seconds} s are allowed")


def enter(door, user="anna", **parameters):
    return door.session(user, {"user": user, "database": "shop", **parameters}, "127.0.0.1:1")


class Asked:
    """What came of a text: rows as text, tags, the error, notices, the status behind it."""

    def __init__(self, session, text):
        self.rows, self.tags, self.names, self.other, self.error = [], [], [], [], None
        try:
            for answer in session.simple(text):
                self._take(answer)
        except PgError as error:
            self.error = error
            session.fail()
        session.sync()
        self.notices, self.status = session.notices(), session.status

    @property
    def state(self):
        return self.error.sqlstate if self.error else "00000"

    def _take(self, answer):
        if isinstance(answer, RowsBegin):
            self.names.append([f.name for f in answer.fields])
        elif isinstance(answer, RowData):
            self.rows += decoded(answer.data)
        elif isinstance(answer, Complete):
            self.tags.append(answer.tag)
        else:
            self.other.append(answer)


def ask(session, text):
    return Asked(session, text)


def decoded(data):
    """DataRow messages as tuples of text."""
    rows, at = [], 0
    while at < len(data):
        length, columns = struct.unpack_from("!xih", data, at)
        place, row = at + 7, []
        for _ in range(columns):
            (size,) = struct.unpack_from("!i", data, place)
            place += 4
            row.append(None if size < 0 else bytes(data[place : place + size]).decode())
            place += max(size, 0)
        rows.append(tuple(row))
        at += 1 + length
    return rows


class Extended:
    """The extended protocol, as far as a test needs it."""

    def __init__(self, session):
        self.session = session

    def run(self, text, values=(), oids=(), portal="", max_rows=0):
        s = self.session
        s.prepare("", text, list(oids))
        s.bind(portal, "", [], [None if v is None else str(v).encode() for v in values], [])
        return self.go(portal, max_rows)

    def go(self, portal="", max_rows=0):
        rows, last = [], None
        for answer in self.session.execute(portal, max_rows):
            if isinstance(answer, RowData):
                rows += decoded(answer.data)
            last = answer
        return rows, "suspended" if isinstance(last, Suspended) else last.tag
