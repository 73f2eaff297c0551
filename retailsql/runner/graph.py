"""The order in which the files of a project run, and the choice of some of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from graphlib import CycleError, TopologicalSorter

from retailsql.errors import ProjectError
from retailsql.runner.node import Node
from retailsql.runner.project import find


def order(nodes: Mapping[str, Node]) -> list[Node]:
    """All nodes, each after those it refers to; alphabetical where that leaves a choice.

    Raises:
        ProjectError: they refer to each other in a circle; the message names the files.

    >>> a, b = Node("a", "a.sql", "view", "", needs=("b",)), Node("b", "b.sql", "view", "")
    >>> [n.name for n in order({"a": a, "b": b})]
    ['b', 'a']
    """
    sorter = TopologicalSorter({name: sorted(nodes[name].needs) for name in sorted(nodes)})
    try:
        sorter.prepare()
    except CycleError as error:
        circle = " -> ".join(nodes[name].file for name in reversed(error.args[1]))
        raise ProjectError(
            "Files refer to each other in a circle", seen=circle, todo="take out one ref()"
        ) from error
    found: list[Node] = []
    while sorter.is_active():
        ready = sorted(sorter.get_ready())
        found += [nodes[name] for name in ready]
        sorter.done(*ready)
    return found


def select(nodes: Mapping[str, Node], chosen: str | Iterable[str] | None) -> list[Node]:
    """Chosen nodes in the order to run.

    Args:
        nodes: all nodes.
        chosen: ``name``, ``+name`` (and all it needs), ``name+`` (and all that need it),
            ``+name+``; several in a list or with spaces between; None for all.

    Raises:
        ProjectError: a name that does not exist, or a circle.

    >>> a, b = Node("a", "a.sql", "view", "", needs=("b",)), Node("b", "b.sql", "view", "")
    >>> [n.name for n in select({"a": a, "b": b}, "+a")]
    ['b', 'a']
    """
    everything = order(nodes)
    if chosen is None:
        return everything
    keep: set[str] = set()
    for term in chosen.split() if isinstance(chosen, str) else chosen:
        name = term.strip("+")
        find(name, nodes, "model")
        keep.add(name)
        if term.startswith("+"):
            keep |= _reach(name, {n.name: n.needs for n in everything})
        if term.endswith("+"):
            users = {n.name: [u.name for u in everything if n.name in u.needs] for n in everything}
            keep |= _reach(name, users)
    return [n for n in everything if n.name in keep]


def _reach(start: str, edges: Mapping[str, Iterable[str]]) -> set[str]:
    """Every name that can be reached from ``start``."""
    seen: set[str] = set()
    todo = [start]
    while todo:
        fresh = set(edges[todo.pop()]) - seen
        seen |= fresh
        todo += fresh
    return seen
