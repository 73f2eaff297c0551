"""A session's settings: what SET, SET LOCAL, RESET and SHOW change and tell."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from functools import cache
from importlib.metadata import PackageNotFoundError, version

from retailsql.adapters.server.backend.setting_table import (
    REPORTED,
    SETTINGS,
    VERSION,
    Setting,
)
from retailsql.adapters.server.backend.setting_values import at_most, checked, milliseconds
from retailsql.adapters.server.records import PgError

_NO_SETTING = frozenset({"user", "database", "replication", "options"})
"""Parameters of a client's first message that are no settings."""

_TIMEOUT = "statement_timeout"
_READ_ONLY = ("default_transaction_read_only", "transaction_read_only")
_OF_SERVER = ("port", "ssl")
"""What the wire tells of itself beside a client's parameters."""
Saved = tuple[dict[str, str], dict[str, str]]
"""Values of a session, and those of its transaction."""


class Settings:
    """The values; SET in a transaction block that is rolled back is undone with it.

    Args:
        user: who is logged in.
        zones: names of time zones by their names in lower case.
        parameters: of the client's first message.
        read_only: he may not write at all.

    Raises:
        PgError: 22023 or 42704, a parameter cannot be what the client wants.

    >>> Settings("anna", {}, {"application_name": "psql"}).show("application_name")
    'psql'
    """

    def __init__(
        self,
        user: str,
        zones: Mapping[str, str],
        parameters: Mapping[str, str] | None = None,
        read_only: bool = False,
    ) -> None:
        self._zones = zones
        self._defaults = {name: setting.value for name, setting in SETTINGS.items()}
        self._defaults["session_authorization"] = user
        self._defaults["server_version"] = f"{VERSION} (retailsql {_own_version()})"
        given = parameters or {}
        self._defaults |= {n: given[f"_pq_.{n}"] for n in _OF_SERVER if f"_pq_.{n}" in given}
        if read_only:
            self._defaults |= dict.fromkeys(_READ_ONLY, "on")
        self._values = dict(self._defaults)
        self._local: dict[str, str] = {}
        self._before: dict[str, str] | None = None
        self._reported: dict[str, str] = {}
        self._told = -1
        self._longest: float | None = None
        self.number = 0
        """Counts changes: what was set on a connection for another number is out of date."""
        for name, value in started(parameters or {}).items():
            self.set(name, value)
        self._defaults = dict(self._values)

    def may_write(self, may: bool) -> None:
        """The first right to write was given, or the last one taken: what stood at its default
        goes with it.
        """
        for key in _READ_ONLY:
            if self._values[key] == self._defaults[key]:
                self._put(key, "off" if may else "on", local=False)
            self._defaults[key] = "off" if may else "on"

    def show(self, name: str) -> str:
        """The value of a setting.

        Raises:
            PgError: 42704 there is none of that name.
        """
        key = name.lower()
        found = self._local.get(key, self._values.get(key))
        if found is None:
            raise unknown(name)
        return at_most(found, self._longest) if key == _TIMEOUT else found

    def limit(self, seconds: float | None) -> None:
        """How long a statement may take whatever is set; None: as long as it likes."""
        if seconds != self._longest:
            self._longest = seconds
            self.number += 1

    def all(self) -> dict[str, str]:
        """All values, by PostgreSQL's spelling of their names."""
        now = {**self._values, **self._local, _TIMEOUT: self.show(_TIMEOUT)}
        return {SETTINGS[k].name if k in SETTINGS else k: now[k] for k in sorted(now)}

    def set(self, name: str, value: str, local: bool = False) -> None:
        """Change a value.

        Args:
            name: of the setting, in any case.
            value: as written, quotes off.
            local: until the end of the transaction.

        Raises:
            PgError: 42704 no such setting, 22023 no such value, 55P02 it cannot be changed.
        """
        key = name.lower()
        setting = SETTINGS.get(key)
        if setting is None and "." not in key:
            raise unknown(name)
        setting = setting or Setting(key, "")
        now = self._local.get(key, self._values.get(key, ""))
        self._put(key, checked(setting, value, now, self._zones), local)

    def reset(self, name: str, local: bool = False) -> None:
        """Give a setting the value it had at the start.

        Raises:
            PgError: 42704 there is none of that name.
        """
        key = name.lower()
        if key not in self._values and key not in SETTINGS:
            raise unknown(name)
        if not local:
            self._local.pop(key, None)
        self._put(key, self._defaults.get(key, ""), local)

    def reset_all(self) -> None:
        """Give all settings the values they had at the start."""
        self._values, self._local = dict(self._defaults), {}
        self.number += 1

    def begin(self) -> None:
        """A transaction block begins."""
        if self._before is None:
            self._before = dict(self._values)

    def saved(self) -> Saved:
        """The values at a savepoint."""
        return dict(self._values), dict(self._local)

    def back(self, saved: Saved) -> None:
        """Give all settings the values they had at a savepoint."""
        self._values, self._local = dict(saved[0]), dict(saved[1])
        self.number += 1

    def end(self, committed: bool) -> None:
        """A transaction has ended: SET LOCAL is over, and after a rollback SET is undone."""
        within = {**self._values, **self._local}
        if not committed and self._before is not None:
            self._values = self._before
        self._local, self._before = {}, None
        if self._values != within:  # each block sets some, mostly to what they are anyway
            self.number += 1

    def changes(self) -> dict[str, str]:
        """Reported settings whose value the client has not been told yet."""
        if self._told == self.number:
            return {}
        self._told = self.number
        now = {name: self.show(name) for name in REPORTED}
        told = {name: value for name, value in now.items() if self._reported.get(name) != value}
        self._reported.update(told)
        return told

    def seconds(self, name: str) -> float | None:
        """A time limit by the client's own wish; None: no limit."""
        number = milliseconds(name, self.show(name))
        return number / 1000 if number else None

    def _put(self, key: str, value: str, local: bool) -> None:
        before = self._local.get(key, self._values.get(key))
        if local:
            self._local[key] = value
        else:
            self._local.pop(key, None)
            self._values[key] = value
        if before != value:
            self.number += 1


def unknown(name: str) -> PgError:
    """The error of a setting that there is not."""
    close = get_close_matches(name.lower(), SETTINGS)
    return PgError(
        "42704", f'unrecognized configuration parameter "{name}"',
        hint=f"Near it: {', '.join(close)}." if close else None,
    )  # fmt: skip


def started(parameters: Mapping[str, str]) -> dict[str, str]:
    """The settings in a client's first message, those of ``options`` (``-c name=value``) too.

    >>> started({"user": "a", "options": "-c statement_timeout=5s --search_path=raw"})
    {'statement_timeout': '5s', 'search_path': 'raw'}
    """
    found: dict[str, str] = {}
    words = parameters.get("options", "").replace("\\ ", "\0").split()
    while words:
        word = words.pop(0).replace("\0", " ")
        if word == "-c" and words:
            word = words.pop(0).replace("\0", " ")
        word = word.removeprefix("-c").removeprefix("--")
        name, equals, value = word.partition("=")
        if equals:
            found[name.replace("-", "_")] = value
    found.update(
        (name, value)
        for name, value in parameters.items()
        if name not in _NO_SETTING and not name.startswith("_pq_.")
    )
    return found


@cache
def _own_version() -> str:
    try:
        return version("retailsql")
    except PackageNotFoundError:  # run from a folder that was never installed
        return "0"
