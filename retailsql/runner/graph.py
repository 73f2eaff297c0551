"""The order in which the files of a project run, and the choice of some of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase
from graphlib import CycleError, TopologicalSorter
from itertools import pairwise

from retailsql.errors import ProjectError, nearest
from retailsql.runner.node import DataTest, Node, Place, Project
from retailsql.runner.selector import OF_TESTS, Graph, Key, bare, choose, split, terms


def order(nodes: Mapping[str, Node]) -> list[Node]:
    """All nodes, each after those it refers to; alphabetical where that leaves a choice.

    Raises:
        ProjectError: they refer to each other in a circle; the message names the lines.

    >>> a, b = Node("a", "a.sql", "view", "", needs=("b",)), Node("b", "b.sql", "view", "")
    >>> [n.name for n in order({"a": a, "b": b})]
    ['b', 'a']
    """
    sorter = TopologicalSorter({name: sorted(nodes[name].needs) for name in sorted(nodes)})
    try:
        sorter.prepare()
    except CycleError as error:
        circle = list(reversed(error.args[1]))  # each refers to the next, the last is the first
        said = [
            f"{nodes[a].refs.get(b, Place(nodes[a].file))} refers to {b}"
            for a, b in pairwise(circle)
        ]
        files = " -> ".join(nodes[name].file for name in circle)
        raise ProjectError(
            "Files refer to each other in a circle", seen=f"{files} ({', '.join(said)})",
            todo="take out one ref()",
        ) from error  # fmt: skip
    found: list[Node] = []
    while sorter.is_active():
        ready = sorted(sorter.get_ready())
        found += [nodes[name] for name in ready]
        sorter.done(*ready)
    return found


def select(
    project: Project | Mapping[str, Node],
    chosen: str | Iterable[str] | None,
    exclude: str | Iterable[str] | None = None,
) -> list[Node]:
    """Chosen nodes in the order to run.

    Args:
        project: the project, or its nodes (then ``source:`` and ``exposure:`` choose nothing).
        chosen: see :func:`retailsql.runner.selector.choose`; None for all.
        exclude: what to leave out of that, in the same words.

    Raises:
        ProjectError: a term that chooses nothing, or a circle.

    >>> a, b = Node("a", "a.sql", "view", "", needs=("b",)), Node("b", "b.sql", "view", "")
    >>> [n.name for n in select({"a": a, "b": b}, "+a")]
    ['b', 'a']
    """
    nodes = project.nodes if isinstance(project, Project) else project
    everything = order(nodes)
    if chosen is None and exclude is None:
        return everything
    graph = Graph.of(project)
    keep = _keys(graph, chosen) - (set() if exclude is None else choose(graph, exclude))
    return [n for n in everything if ("node", n.name) in keep]


def select_tests(
    project: Project,
    chosen: str | Iterable[str] | None,
    exclude: str | Iterable[str] | None = None,
) -> list[DataTest]:
    """Chosen data tests: those that read anything chosen, as in dbt, and those named themselves.

    Args:
        project: the project.
        chosen: as in :func:`select`, and a test's name, ``test_name:unique``,
            ``test_type:singular`` or ``test_type:generic``; None for all.
        exclude: what to leave out of that: a test that reads anything left out goes, too.

    Raises:
        ProjectError: a term that chooses nothing.
    """
    kept = _tests(project, chosen)
    if exclude is not None:
        out = {t.name for t in _tests(project, exclude)}
        kept = [t for t in kept if t.name not in out]
    return kept


def _tests(project: Project, chosen: str | Iterable[str] | None) -> list[DataTest]:
    if chosen is None:
        return list(project.tests)
    graph = Graph.of(project)
    names: set[str] = set()
    for word in terms(chosen):
        parts = [_of_term(project, graph, term) for term in word.split(",")]
        names |= set.intersection(*parts)
    return [t for t in project.tests if t.name in names]


def _of_term(project: Project, graph: Graph, term: str) -> set[str]:
    """Names of the tests that one term chooses."""
    method, value = split(bare(term))
    if method in OF_TESTS:
        found = {t.name for t in project.tests if _is(t, method, value)}
        if not found:
            kinds = {t.kind for t in project.tests}
            raise ProjectError(f"Nothing is chosen by {term}", wanted=nearest(value, sorted(kinds)))
        return found
    direct = {
        t.name
        for t in project.tests
        if (method == "fqn" and fnmatchcase(t.name, value))
        or (method == "tag" and any(fnmatchcase(tag, value) for tag in t.tags))
    }
    try:
        keys = choose(graph, [term])
    except ProjectError:
        if direct:
            return direct
        raise
    return direct | {t.name for t in project.tests if _reads(t) & keys}


def _is(test: DataTest, method: str, value: str) -> bool:
    if method == "test_name":
        return fnmatchcase(test.kind, value)
    return value == ("singular" if test.kind == "singular" else "generic")


def _reads(test: DataTest) -> set[Key]:
    return {("node", n) for n in test.needs} | {("source", *s) for s in test.sources}


def _keys(graph: Graph, chosen: str | Iterable[str] | None) -> set[Key]:
    return set(graph.needs) if chosen is None else choose(graph, chosen)
