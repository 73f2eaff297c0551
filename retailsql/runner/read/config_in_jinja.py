"""``config`` and ``model`` as a file sees them while it is rendered."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from retailsql.errors import nearest
from retailsql.runner.read.offered import RefusedError

DEFAULTS: Mapping[str, Any] = {
    "enabled": True, "materialized": "view", "tags": [], "meta": {}, "on_schema_change": "ignore",
    "column_types": {},
}  # fmt: skip
"""What dbt says of a model that nobody has configured."""


class Config:
    """``config(...)``, ``config.get(...)``, ``config.require(...)``; also ``model.config.x``.

    Args:
        said: takes what ``config(...)`` was called with.
        known: what is configured.

    >>> config = Config(lambda options: "", lambda: {"tags": ["daily"]})
    >>> config(materialized="table"), config.get("tags"), config["tags"], config.get("x", 1)
    ('', ['daily'], ['daily'], 1)
    """

    def __init__(
        self, said: Callable[[Mapping[str, Any]], str], known: Callable[[], Mapping[str, Any]]
    ) -> None:
        self._said, self._known = said, known

    def __call__(self, *args: Mapping[str, Any], **kwargs: Any) -> str:
        """Configure the file."""
        first = args[0] if args else {}
        return self._said({**first, **kwargs})

    def __getitem__(self, name: str) -> Any:
        return self._known()[name]

    def get(self, name: str, default: Any = None, validator: Any = None) -> Any:
        """What is configured under a name, or else ``default``."""
        return self._known().get(name, default)

    def require(self, name: str, validator: Any = None) -> Any:
        """What is configured under a name; an error if nothing is."""
        known = self._known()
        if name not in known:
            raise RefusedError(
                f"config.require({name!r}): it is not configured", wanted=nearest(name, known)
            )
        return known[name]


class Known(dict[str, Any]):
    """Names of dbt's, such as ``target``: to ask for one that is not among them is an error."""

    def __missing__(self, name: str) -> Any:
        raise RefusedError(
            f"The light runner does not know {name!r} here", wanted=nearest(str(name), self)
        )


class Model(Known):
    """``model``: name, schema, tags and so on of the file; ``model.config`` is its ``config``."""

    def __getitem__(self, name: str) -> Any:
        if name == "tags":
            return list(dict.fromkeys(self["config"].get("tags")))
        return super().__getitem__(name)
