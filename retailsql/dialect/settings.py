"""Settings of the ML functions, ``STRUCT(value AS name, ...)``: each declared once, read typed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from retailsql.dialect.values import Field
from retailsql.errors import StatementError

LARGEST = 2**31 - 1


@dataclass(frozen=True)
class Setting:
    """One setting of an ML function.

    Args:
        name: lower case, as BigQuery ML calls it where it has it.
        type: int, float (a whole number will do), bool, str, list or any.
        wanted: the allowed values in words.
        low: smallest allowed number.
        high: largest allowed number.
        below: the number must be smaller than ``high``.
        choices: allowed texts in upper case; empty for any.
    """

    name: str
    type: Literal["int", "float", "bool", "str", "list", "any"]
    wanted: str
    low: float = 0
    high: float = LARGEST
    below: bool = False
    choices: tuple[str, ...] = ()

    def takes(self, value: Any) -> bool:
        """True if a literal is of the type, and in the range.

        >>> k = Setting("top_k", "int", "a whole number from 1", low=1)
        >>> k.takes(3), k.takes(2.7), k.takes("3"), k.takes(True), k.takes(None), k.takes(0)
        (True, False, False, False, False, False)
        """
        if self.type in ("str", "list", "any"):
            good = self.type == "any" or isinstance(value, str if self.type == "str" else list)
            return bool(good and (not self.choices or str(value).upper() in self.choices))
        if self.type == "bool" or isinstance(value, bool):
            return self.type == "bool" and isinstance(value, bool)
        if not isinstance(value, int if self.type == "int" else int | float):
            return False
        return bool(self.low <= value < self.high if self.below else self.low <= value <= self.high)


def read_settings(
    verb: str, settings: Iterable[Setting], fields: Mapping[str, Field]
) -> dict[str, Any]:
    """The values of a verb's settings, checked; those left out are not in it.

    Args:
        verb: its name, for errors.
        settings: those it has.
        fields: what stood in STRUCT(...).

    Raises:
        StatementError: an unknown setting, or a value of the wrong type or out of range; names
            line and column.
    """
    known = {s.name: s for s in settings}
    values: dict[str, Any] = {}
    for name, field in fields.items():
        setting = known.get(name)
        if setting is None:
            wanted = ", ".join(sorted(known)) or "no STRUCT(...): there is nothing to set"
            raise refuse(field, f"ML.{verb} has no setting {name!r}", wanted)
        if not setting.takes(field.value):
            raise refuse(field, f"Setting {name} of ML.{verb} has a wrong value", setting.wanted)
        values[name] = float(field.value) if setting.type == "float" else field.value
    return values


def refuse(field: Field, fact: str, wanted: str, todo: str | None = None) -> StatementError:
    """The error about one field, at its place."""
    return field.place.error(fact, wanted=wanted, todo=todo, seen=field.text)
