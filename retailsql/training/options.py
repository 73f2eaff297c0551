"""OPTIONS(...): each option declared once, read once, and refused by name when unknown.

A family lists its options as :class:`Option` rows; :func:`read_options` checks a statement's
values against them, so that a family's ``fit`` gets every option, typed, with its default.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from retailsql.dialect.values import HParamCandidates, HParamRange
from retailsql.errors import TrainingError, nearest

OptionType = Literal["int", "float", "bool", "str", "list", "any"]
LARGEST = 2**31 - 1
"""Of whole numbers: what every library takes, also as a seed."""


@dataclass(frozen=True)
class Option:
    """One option of CREATE MODEL.

    Args:
        name: lower case, as BigQuery ML calls it where it has it.
        type: int, float, bool, str, list (of str or numbers) or any.
        default: the value when it is left out.
        doc: one sentence for people.
        choices: allowed values (upper case strings); empty for any.
        minimum: smallest allowed number.
        maximum: largest allowed number.
    """

    name: str
    type: OptionType
    default: Any
    doc: str
    choices: tuple[str, ...] = ()
    minimum: float | None = None
    maximum: float | None = None


def read_options(given: Mapping[str, Any], known: Iterable[Option]) -> dict[str, Any]:
    """Every known option with its given or default value.

    Args:
        given: option names in any case -> values.
        known: the options this kind of model has.

    Raises:
        TrainingError: an unknown option, or a value of the wrong type or out of range.

    >>> known = [Option("horizon", "int", 28, "steps ahead", minimum=1)]
    >>> read_options({"HORIZON": 7}, known), read_options({}, known)
    ({'horizon': 7}, {'horizon': 28})
    """
    table = {o.name: o for o in known}
    values = {o.name: o.default for o in table.values()}
    for name, value in given.items():
        option = table.get(name.lower())
        if option is None:
            raise TrainingError(
                f"OPTIONS has no option {name!r} for this model_type",
                wanted=nearest(name, table),
                todo="correct the name or leave the option out",
            )
        if value is not None:  # NULL is as if it were left out
            values[option.name] = _read(option, value)
    return values


def _read(option: Option, value: Any) -> Any:
    """One value, checked and turned into the option's type."""
    if isinstance(value, HParamRange | HParamCandidates):
        raise TrainingError(
            f"Option {option.name} has values to search, and nothing searches them", seen=value,
            wanted=option.type, todo="give it one value, or add num_trials where the model has it",
        )  # fmt: skip
    good: Any
    match option.type:
        case "int":
            good = isinstance(value, int) and not isinstance(value, bool)
            if good and abs(value) > LARGEST:
                raise TrainingError(
                    f"Option {option.name} is too large", seen=value,
                    wanted=f"at most {LARGEST}", todo=_advice(option),
                )  # fmt: skip
        case "float":
            good = isinstance(value, int | float) and not isinstance(value, bool)
            value = float(value) if good else value
        case "bool":
            good = isinstance(value, bool)
        case "str":
            good = isinstance(value, str)
            value = value.upper() if good and option.choices else value
        case "list":
            value = value if isinstance(value, list | tuple) else [value]
            good = True
        case _:
            good = True
    if not good:
        raise TrainingError(
            f"Option {option.name} has a value of the wrong type", seen=repr(value),
            wanted=option.type, todo=_advice(option),
        )  # fmt: skip
    if option.choices and value not in option.choices:
        raise TrainingError(
            f"Option {option.name} has a value that does not exist", seen=repr(value),
            wanted=", ".join(option.choices), todo=_advice(option),
        )  # fmt: skip
    if option.minimum is not None and value < option.minimum:
        raise TrainingError(
            f"Option {option.name} is too small", seen=value,
            wanted=f"at least {option.minimum:g}", todo=_advice(option),
        )  # fmt: skip
    if option.maximum is not None and value > option.maximum:
        raise TrainingError(
            f"Option {option.name} is too large", seen=value,
            wanted=f"at most {option.maximum:g}", todo=_advice(option),
        )  # fmt: skip
    return value


def _advice(option: Option) -> str:
    return f"correct the value; {option.name} says: {option.doc}"
