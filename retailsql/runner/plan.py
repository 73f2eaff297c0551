"""The order of a build: sources, their tests, then every node with its unit and data tests."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from retailsql.runner.graph import order
from retailsql.runner.node import DataTest, Node, Project, Source, UnitTest


@dataclass(frozen=True)
class Step:
    """One thing to do: exactly one of node, test, unit_test and source is given.

    Args:
        name: of it.
        kind: of the node, ``test``, ``unit test`` or ``source``.
        reads: names of nodes, and (source, table), without which it cannot be done.
        stops: what nobody may read if it fails: names of nodes, (source, table), and
            ("make", name) for a node that may not be made.
    """

    name: str
    kind: str
    reads: tuple[object, ...]
    stops: tuple[object, ...]
    node: Node | None = None
    test: DataTest | None = None
    unit_test: UnitTest | None = None
    source: Source | None = None


def plan(
    project: Project,
    chosen: Sequence[Node],
    tests: Sequence[DataTest],
    units: bool = True,
    unit_tests: Sequence[UnitTest] | None = None,
) -> Iterator[Step]:
    """The steps for some nodes and tests, in order.

    Sources that any of them reads are looked at first. A test is run as soon as all it reads is
    done: those of sources first. A unit test comes before its node. As in dbt, a test guards the
    nodes that depend on everything it reads: they wait for it, and no other does.

    Args:
        project: the project.
        chosen: nodes in the order to make them.
        tests: the data tests to run.
        units: with the unit tests, and a look at the sources.
        unit_tests: the unit tests to run; None for those of the nodes.
    """
    names = {node.name for node in chosen}
    if unit_tests is None:
        unit_tests = [unit for unit in project.unit_tests if unit.of in names]
    if units:
        read = [key for node in chosen for key in node.sources]
        read += [key for test in tests for key in test.sources]
        yield from (_source(project.sources[key]) for key in dict.fromkeys(read))
        yield from (_unit(unit, project) for unit in unit_tests if unit.of not in names)
    later, behind = set(names), _behind(project.nodes)
    waiting = list(tests)
    yield from (_test(test, behind) for test in waiting if not later & set(test.needs))
    waiting = [test for test in waiting if later & set(test.needs)]
    for node in chosen:
        for unit in unit_tests if units else ():
            if unit.of == node.name:
                yield _unit(unit, project)
        reads = (*node.needs, *node.sources, _making(node.name))
        yield Step(node.name, node.kind, reads, (node.name,), node)
        later.discard(node.name)
        yield from (_test(test, behind) for test in waiting if not later & set(test.needs))
        waiting = [test for test in waiting if later & set(test.needs)]


def _making(name: str) -> tuple[str, str]:
    """What stands for the making of a node: a test forbids it. Other tests of what the node reads
    are run all the same.
    """
    return ("make", name)


def _behind(nodes: Mapping[str, Node]) -> dict[str, frozenset[object]]:
    """All nodes and sources that each node comes from."""
    found: dict[str, frozenset[object]] = {}
    for node in order(nodes):
        direct: tuple[object, ...] = (*node.needs, *node.sources)
        found[node.name] = frozenset(direct).union(*(found[name] for name in node.needs))
    return found


def _source(source: Source) -> Step:
    """A look at a source: what is stale, empty or missing is read by nobody, not even by tests."""
    key = (source.source, source.table)
    return Step(".".join(key), "source", (), (key,), source=source)


def _unit(unit: UnitTest, project: Project) -> Step:
    """A unit test. A failing one keeps its node from being made."""
    needs = project.nodes[unit.of].needs
    return Step(unit.name, "unit test", needs, (_making(unit.of),), unit_test=unit)


def _test(test: DataTest, behind: Mapping[str, frozenset[object]]) -> Step:
    """A data test."""
    reads = (*test.needs, *test.sources)
    guarded = (name for name, those in behind.items() if those.issuperset(reads))
    stops = tuple(map(_making, guarded)) if reads and not test.warn else ()
    return Step(test.name, "test", reads, stops, test=test)
