"""``--select``: terms of dbt's selection language, and what each of them chooses."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

from retailsql.errors import ProjectError, nearest
from retailsql.runner.node import DataTest, Node, Project, UnitTest
from retailsql.runner.not_supported import known
from retailsql.runner.selector_methods import METHODS, Item, Key, could_be

_TERM = re.compile(r"(?P<up>\d*\+)?(?P<what>[^+]+)(?P<down>\+\d*)?")
_TESTS = ("test", "unit_test")


@dataclass(frozen=True)
class Graph:
    """Everything that can be chosen, and what each needs.

    Args:
        items: by key.
        needs: key -> keys that it reads.
    """

    items: Mapping[Key, Item]
    needs: Mapping[Key, frozenset[Key]]

    @classmethod
    def of(cls, project: Project | Mapping[str, Node]) -> Graph:
        """The graph of a project, or of nodes alone."""
        items: dict[Key, Item] = {}
        needs: dict[Key, frozenset[Key]] = {}
        top = project.name if isinstance(project, Project) else ""
        for node in (project.nodes if isinstance(project, Project) else project).values():
            key = ("node", node.name)
            items[key] = _of_node(node, top)
            needs[key] = _read(node)
        if isinstance(project, Project):
            _rest(project, items, needs)
        return cls(items, needs)


def choose(graph: Graph, chosen: str | Iterable[str] | None, buildable: bool = False) -> set[Key]:
    """What a selection chooses: terms with spaces between add up, with commas must all hold.

    With a node or a source come the tests that read it, as in dbt.

    Args:
        graph: of the project.
        chosen: ``name``, ``fct_*``, ``+name`` (and all it needs), ``2+name`` (two steps of it),
            ``name+`` (and all that need it), ``tag:x``, ``path:models/staging``, ``file:x.sql``,
            ``source:raw.orders``, ``exposure:x``, ``resource_type:seed``,
            ``config.materialized:table``, ``test_name:unique``, ``test_type:singular``; None for
            everything.
        buildable: dbt's ``--indirect-selection buildable``: with what is chosen come only tests
            all of whose nodes are chosen, or come before something that is. Otherwise, eager, a
            test comes with any of its nodes.

    Raises:
        ProjectError: a term that chooses nothing, with the nearest name.
    """
    if chosen is None:
        return set(graph.items)
    words = [word.split(",") for word in terms(chosen)]
    eager = {key for word in words for key in set.intersection(*(_term(graph, t) for t in word))}
    if not buildable:
        return eager
    sure = {k for word in words for k in set.intersection(*(_term(graph, t, True) for t in word))}
    return sure | _buildable(graph, sure, eager)


def terms(chosen: str | Iterable[str]) -> list[str]:
    """A selection as its terms.

    >>> terms(["a b", "tag:x,c+"])
    ['a', 'b', 'tag:x,c+']
    """
    several = [chosen] if isinstance(chosen, str) else chosen
    return [word for text in several for word in text.split()]


def split(term: str) -> tuple[str, str]:
    """Method and value of a term without plus signs: ``name`` is an ``fqn``.

    Raises:
        ProjectError: dbt's method, which this runner has not, or no method at all.

    >>> split("tag:daily"), split("fct_*"), split("models/staging"), split("fct_1.sql")
    (('tag', 'daily'), ('fqn', 'fct_*'), ('path', 'models/staging'), ('file', 'fct_1.sql'))
    """
    method, colon, value = term.partition(":")
    if not colon:
        file = term.lower().endswith((".sql", ".csv"))
        return ("path" if "/" in term else "file" if file else "fqn"), term
    if method in METHODS:
        return method, value
    if not_done := known(method.partition(".")[0]):
        raise ProjectError(not_done.what, seen=term, todo=not_done.todo)
    raise ProjectError(
        f"Nothing is chosen by {method!r}", seen=term, wanted=nearest(method, METHODS)
    )


def _term(graph: Graph, term: str, buildable: bool = False) -> set[Key]:
    match = _TERM.fullmatch(term)
    if match is None or "@" in term:
        raise ProjectError(
            f"The selection {term!r} cannot be read",
            wanted="name, +name, name+, 2+name+1, tag:x, path:models/staging, source:raw.orders",
        )
    method, value = split(match["what"])
    found = {key for key, item in graph.items.items() if METHODS[method](item, value)}
    if not found:
        what = f"The project has no model {value!r}"
        raise ProjectError(
            what if method == "fqn" else f"Nothing is chosen by {method}:{value}",
            wanted=nearest(value, could_be(graph.items.values(), method)),
        )
    start, users = set(found), _users(graph)
    if match["up"] is not None:
        found |= _reach(start, graph.needs, _steps(match["up"]))
    if match["down"] is not None:
        found |= _reach(start, users, _steps(match["down"]))
    of_any = {k for key in found for k in users.get(key, ()) if k[0] in _TESTS}
    return found | (_buildable(graph, found, of_any) if buildable else of_any)


def _buildable(graph: Graph, found: set[Key], keys: Iterable[Key]) -> set[Key]:
    """The tests among some keys that read only what is found or comes before it, and sources."""
    there = found | _reach(found, graph.needs, None)
    return {
        key for key in keys
        if key[0] in _TESTS and all(k in there or k[0] == "source" for k in graph.needs[key])
    }  # fmt: skip


def _users(graph: Graph) -> dict[Key, set[Key]]:
    users: dict[Key, set[Key]] = {}
    for key, needs in graph.needs.items():
        for need in needs:
            users.setdefault(need, set()).add(key)
    return users


def _steps(text: str) -> int | None:
    number = text.strip("+")
    return int(number) if number else None


def _reach(start: set[Key], edges: Mapping[Key, Iterable[Key]], steps: int | None) -> set[Key]:
    """Every key that can be reached in so many steps."""
    seen: set[Key] = set()
    now = start
    while now and (steps is None or steps > 0):
        now = {k for key in now for k in edges.get(key, ())} - seen
        seen |= now
        steps = None if steps is None else steps - 1
    return seen


def _read(reader: Node | DataTest) -> frozenset[Key]:
    keys: list[Key] = [("node", n) for n in reader.needs]
    return frozenset([*keys, *(("source", *s) for s in reader.sources)])


def _of_node(node: Node, top: str) -> Item:
    kind = "seed" if node.kind == "seed" else "model"
    fqn = (top, *_folders(node.file), node.name)
    return Item(kind, node.name, fqn, (node.file, node.place.file), node.tags, node.kind)


def _rest(project: Project, items: dict[Key, Item], needs: dict[Key, frozenset[Key]]) -> None:
    """All that is no node."""
    top = project.name
    for key, source in project.sources.items():
        fqn = (top, *_folders(source.place.file), *key)
        name = ".".join(key)
        items["source", *key] = Item("source", name, fqn, (source.place.file,), source.tags)
        needs["source", *key] = frozenset()
    for one in project.exposures:
        fqn = (top, *_folders(one.place.file), one.name)
        items["exposure", one.name] = Item("exposure", one.name, fqn, (one.place.file,), one.tags)
        needs["exposure", one.name] = frozenset(("node", n) for n in one.needs)
    for test in project.tests:
        items["test", test.name] = _of_test("test", test, test.tags, test.kind, top)
        needs["test", test.name] = _read(test)
    for unit in project.unit_tests:
        items["unit_test", unit.name] = _of_test("unit_test", unit, unit.tags, "unit", top)
        needs["unit_test", unit.name] = frozenset([("node", unit.of)])


def _of_test(
    kind: str, test: DataTest | UnitTest, tags: tuple[str, ...], made: str, top: str
) -> Item:
    file = test.place.file
    return Item(kind, test.name, (top, *_folders(file), test.name), (file,), tags, made)


def _folders(file: str) -> tuple[str, ...]:
    """The folders of a file below the first, as they count in dbt's fqn."""
    return PurePosixPath(file).parts[1:-1]
