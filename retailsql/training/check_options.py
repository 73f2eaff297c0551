"""What training would refuse of OPTIONS(...), told without training: for ``lint``."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from importlib import import_module
from typing import Any

from retailsql.dialect.values import HParamCandidates, HParamRange
from retailsql.errors import MissingExtraError, RetailSQLError, TrainingError
from retailsql.registry import notes
from retailsql.training.columns import find_column
from retailsql.training.deployment import DEPLOY, read_deploy
from retailsql.training.families import Family, family_of
from retailsql.training.known_options import without_effect
from retailsql.training.options import Option, read_options

_WITHOUT_LOOKING = {"input_label_cols": (str, list), "seed": (int,)}
"""Options that are good for every model type in question: no family is imported for them."""
_LABELLED = ("_REG", "_REGRESSOR", "_CLASSIFIER")


def check_options(
    options: Mapping[str, Any], columns: Collection[str] | None
) -> Iterator[tuple[str, RetailSQLError]]:
    """What training would say of each option.

    Args:
        options: of CREATE MODEL, ``model_type`` among them.
        columns: of the training SELECT; None if they are not known.

    Yields:
        Name of the option, and the error; nothing that needs a package which is not installed.

    >>> [name for name, _ in check_options({"model_type": "KMEENS"}, None)]
    ['model_type']
    """
    try:
        given, _ = notes.split(options)
    except RetailSQLError as error:
        yield next((n for n in options if n.lower() in notes.NOTES), "OPTIONS"), error
        return
    given = {name.lower(): value for name, value in given.items()}
    if str(given.get("model_type", "")).upper() == "ONNX":
        return
    try:
        model_type, family = family_of(given.pop("model_type", None))
    except TrainingError as error:
        yield "model_type", error
        return
    yield from _check_values(model_type, family, given)
    if columns is not None:
        yield from _check_columns(model_type, given, columns)


def _check_values(
    model_type: str, family: Family, given: Mapping[str, Any]
) -> Iterator[tuple[str, TrainingError]]:
    try:
        read_deploy(given)
    except TrainingError as error:
        yield DEPLOY.name, error
    looked = {
        n: v for n, v in given.items()
        if n != DEPLOY.name
        and not (model_type.endswith(_LABELLED) and isinstance(v, _WITHOUT_LOOKING.get(n, ())))
    }  # fmt: skip
    known = _options_of(model_type, family) if looked else ()
    if not known:
        return
    kept, _ = without_effect(model_type, looked, [option.name for option in known])
    for name, value in kept.items():
        search = isinstance(value, HParamRange | HParamCandidates)  # values of a search: its own
        try:
            read_options({name: None if search else value}, known)
        except TrainingError as error:
            yield name, error


def _options_of(model_type: str, family: Family) -> tuple[Option, ...]:
    """The options of a model type; none where a package is missing."""
    try:
        module = import_module(family.module)
    except (ModuleNotFoundError, MissingExtraError):
        return ()
    options_for = getattr(module, "options_for", None)
    found = getattr(module, "OPTIONS", ()) if options_for is None else options_for(model_type)
    return tuple(found)


def _check_columns(
    model_type: str, given: Mapping[str, Any], columns: Collection[str]
) -> Iterator[tuple[str, TrainingError]]:
    """Options named ``..._col`` and ``..._cols`` name columns of the training SELECT."""
    named = dict(given)
    if model_type.endswith(_LABELLED):
        named.setdefault("input_label_cols", "label")
    for option, value in named.items():
        # data_split_col: RS404 tells it
        if not option.endswith(("_col", "_cols")) or option == "data_split_col":
            continue
        for name in value if isinstance(value, list | tuple) else [value]:
            try:
                if isinstance(name, str):
                    find_column(name, columns, option)
            except TrainingError as error:
                yield option, error
