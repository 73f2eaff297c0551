"""The order in which the files of a project run, and the choice of some of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from graphlib import CycleError, TopologicalSorter
from itertools import pairwise

from retailsql.errors import ProjectError
from retailsql.runner.node import DataTest, Node, Place, Project, UnitTest
from retailsql.runner.selector import Graph, choose
from retailsql.runner.selector_methods import Key


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
    keep = _keys(project, chosen, exclude)
    return [n for n in everything if ("node", n.name) in keep]


def select_tests(
    project: Project,
    chosen: str | Iterable[str] | None,
    exclude: str | Iterable[str] | None = None,
    buildable: bool = False,
) -> list[DataTest]:
    """Chosen data tests: those that read anything chosen, as in dbt, and those named themselves.

    Args:
        project: the project.
        chosen: as in :func:`select`, and a test's name, ``test_name:unique``,
            ``test_type:singular`` or ``test_type:generic``; None for all.
        exclude: what to leave out of that: a test that reads anything left out goes, too.
        buildable: see :func:`retailsql.runner.selector.choose`.

    Raises:
        ProjectError: a term that chooses nothing.
    """
    keep = _keys(project, chosen, exclude, buildable)
    return [t for t in project.tests if ("test", t.name) in keep]


def select_unit_tests(
    project: Project,
    chosen: str | Iterable[str] | None,
    exclude: str | Iterable[str] | None = None,
) -> list[UnitTest]:
    """Chosen unit tests: those of chosen nodes, and those named themselves.

    Args:
        project: the project.
        chosen: as in :func:`select`, and a unit test's name; None for all.
        exclude: what to leave out of that.

    Raises:
        ProjectError: a term that chooses nothing.
    """
    keep = _keys(project, chosen, exclude)
    return [t for t in project.unit_tests if ("unit_test", t.name) in keep]


def _keys(
    project: Project | Mapping[str, Node],
    chosen: str | Iterable[str] | None,
    exclude: str | Iterable[str] | None,
    buildable: bool = False,
) -> set[Key]:
    graph = Graph.of(project)
    left_out = set() if exclude is None else choose(graph, exclude)
    return choose(graph, chosen, buildable) - left_out
