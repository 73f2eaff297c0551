"""``--select``: terms of dbt's selection language, and what each of them chooses."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import PurePosixPath

from retailsql.errors import ProjectError, nearest
from retailsql.runner.node import Exposure, Node, Project
from retailsql.runner.not_supported import known

Key = tuple[str, ...]
"""``("node", name)``, ``("source", source, table)`` or ``("exposure", name)``."""

_TERM = re.compile(r"(?P<up>\d*\+)?(?P<what>[^+]+)(?P<down>\+\d*)?")
_METHODS = (
    "tag", "path", "file", "source", "exposure", "resource_type", "config.materialized", "fqn",
    "test_name", "test_type",
)  # fmt: skip
OF_TESTS = ("test_name", "test_type")
"""Methods that choose tests and no nodes."""


@dataclass(frozen=True)
class Graph:
    """Everything that can be chosen, and what each needs.

    Args:
        nodes: by name.
        needs: key -> keys that it reads.
        exposures: by name.
        tags: key -> tags.
    """

    nodes: Mapping[str, Node]
    needs: Mapping[Key, frozenset[Key]]
    exposures: Mapping[str, Exposure] = field(default_factory=dict)
    tags: Mapping[Key, tuple[str, ...]] = field(default_factory=dict)

    @classmethod
    def of(cls, project: Project | Mapping[str, Node]) -> Graph:
        """The graph of a project, or of nodes alone."""
        nodes = project.nodes if isinstance(project, Project) else project
        needs: dict[Key, frozenset[Key]] = {}
        tags: dict[Key, tuple[str, ...]] = {}
        exposures: dict[str, Exposure] = {}
        if isinstance(project, Project):
            for key, source in project.sources.items():
                needs["source", *key] = frozenset()
                tags["source", *key] = source.tags
            for exposure in project.exposures:
                exposures[exposure.name] = exposure
                needs["exposure", exposure.name] = frozenset(("node", n) for n in exposure.needs)
        for name, node in nodes.items():
            read = [("node", n) for n in node.needs] + [("source", *s) for s in node.sources]
            needs["node", name] = frozenset(read)
            tags["node", name] = node.tags
        return cls(nodes, needs, exposures, tags)


def choose(graph: Graph, chosen: str | Iterable[str]) -> set[Key]:
    """What a selection chooses: terms with spaces between add up, with commas must all hold.

    Args:
        graph: of the project.
        chosen: ``name``, ``fct_*``, ``+name`` (and all it needs), ``2+name`` (two steps of it),
            ``name+`` (and all that need it), ``tag:x``, ``path:models/staging``, ``file:x.sql``,
            ``source:raw.orders``, ``exposure:x``, ``resource_type:seed``,
            ``config.materialized:table``.

    Raises:
        ProjectError: a term that chooses nothing, with the nearest name.
    """
    found: set[Key] = set()
    for word in terms(chosen):
        parts = [_term(graph, term) for term in word.split(",")]
        found |= set.intersection(*parts)
    return found


def terms(chosen: str | Iterable[str]) -> list[str]:
    """A selection as its terms.

    >>> terms(["a b", "tag:x,c+"])
    ['a', 'b', 'tag:x,c+']
    """
    several = [chosen] if isinstance(chosen, str) else chosen
    return [word for text in several for word in text.split()]


def bare(term: str) -> str:
    """A term without its plus signs.

    >>> bare("2+fct_1+")
    'fct_1'
    """
    match = _TERM.fullmatch(term)
    return term if match is None else match["what"]


def split(term: str) -> tuple[str, str]:
    """Method and value of a term without plus signs: ``name`` is an ``fqn``.

    Raises:
        ProjectError: dbt's method, which this runner has not, or no method at all.

    >>> split("tag:daily"), split("fct_*"), split("models/staging")
    (('tag', 'daily'), ('fqn', 'fct_*'), ('path', 'models/staging'))
    """
    method, colon, value = term.partition(":")
    if not colon:
        return ("path", term) if "/" in term or term.endswith((".sql", ".csv")) else ("fqn", term)
    if method in _METHODS:
        return method, value
    if not_done := known(method.partition(".")[0]):
        raise ProjectError(not_done.what, seen=term, todo=not_done.todo)
    raise ProjectError(
        f"Nothing is chosen by {method!r}", seen=term, wanted=nearest(method, _METHODS)
    )


def _term(graph: Graph, term: str) -> set[Key]:
    match = _TERM.fullmatch(term)
    if match is None or "@" in term:
        raise ProjectError(
            f"The selection {term!r} cannot be read",
            wanted="name, +name, name+, 2+name+1, tag:x, path:models/staging, source:raw.orders",
        )
    found = _matching(graph, *split(match["what"]))
    start = set(found)
    if match["up"] is not None:
        found |= _reach(start, graph.needs, _steps(match["up"]))
    if match["down"] is not None:
        users: dict[Key, set[Key]] = {key: set() for key in graph.needs}
        for key, needs in graph.needs.items():
            for need in needs:
                users.setdefault(need, set()).add(key)
        found |= _reach(start, users, _steps(match["down"]))
    return found


def _steps(text: str) -> int | None:
    number = text.strip("+")
    return int(number) if number else None


def _matching(graph: Graph, method: str, value: str) -> set[Key]:
    if method in OF_TESTS:
        return set()
    tests: dict[str, Callable[[Key], bool]] = {
        "fqn": lambda k: k[0] == "node" and _named(graph.nodes[k[1]], value),
        "tag": lambda k: any(fnmatchcase(t, value) for t in graph.tags.get(k, ())),
        "path": lambda k: k[0] == "node" and _under(graph.nodes[k[1]].file, value),
        "file": lambda k: k[0] == "node" and _is_file(graph.nodes[k[1]].file, value),
        "source": lambda k: (
            k[0] == "source" and (fnmatchcase(k[1], value) or fnmatchcase(".".join(k[1:]), value))
        ),
        "exposure": lambda k: k[0] == "exposure" and fnmatchcase(k[1], value),
        "resource_type": lambda k: _type(graph, k) == value,
        "config.materialized": lambda k: k[0] == "node" and graph.nodes[k[1]].kind == value,
    }
    found = {key for key in graph.needs if tests[method](key)}
    if not found:
        _nothing(graph, method, value)
    return found


def _nothing(graph: Graph, method: str, value: str) -> None:
    """Say what could have been chosen."""
    if method == "fqn":
        raise ProjectError(
            f"The project has no model {value!r}", wanted=nearest(value, graph.nodes)
        )
    names: Iterable[str]
    if method == "tag":
        names = {t for tags in graph.tags.values() for t in tags}
    elif method == "source":
        names = {".".join(k[1:]) for k in graph.needs if k[0] == "source"}
    elif method == "exposure":
        names = graph.exposures
    elif method in ("path", "file"):
        files = [PurePosixPath(n.file) for n in graph.nodes.values()]
        names = {str(p) for f in files for p in (f, *f.parents)} - {"."}
    else:
        names = {n.kind for n in graph.nodes.values()}
    raise ProjectError(
        f"Nothing is chosen by {method}:{value}", wanted=nearest(value, sorted(names))
    )


def _named(node: Node, value: str) -> bool:
    """By name, or by folders and name with dots, as dbt's fqn without the project."""
    path = PurePosixPath(node.file).with_suffix("")
    folders = path.parts[1:-1]
    if "." not in value:
        return fnmatchcase(node.name, value) or value in folders
    dotted = [".".join((*folders, node.name)[i:]) for i in range(len(folders) + 1)]
    return any(fnmatchcase(d, value) for d in dotted)


def _under(file: str, value: str) -> bool:
    value = value.removeprefix("./").rstrip("/")
    return fnmatchcase(file, value) or file.startswith(value + "/")


def _is_file(file: str, value: str) -> bool:
    path = PurePosixPath(file)
    return fnmatchcase(path.name, value) or fnmatchcase(path.stem, value)


def _type(graph: Graph, key: Key) -> str:
    if key[0] != "node":
        return key[0]
    return "seed" if graph.nodes[key[1]].kind == "seed" else "model"


def _reach(start: set[Key], edges: Mapping[Key, Iterable[Key]], steps: int | None) -> set[Key]:
    """Every key that can be reached in so many steps."""
    seen: set[Key] = set()
    now = start
    while now and (steps is None or steps > 0):
        now = {k for key in now for k in edges.get(key, ())} - seen
        seen |= now
        steps = None if steps is None else steps - 1
    return seen
