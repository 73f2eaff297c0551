"""The order of a build: tests of sources, then every node with its unit tests and data tests."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from retailsql.runner.node import DataTest, Node, Project, UnitTest


@dataclass(frozen=True)
class Step:
    """One thing to do: exactly one of node, test and unit_test is given.

    Args:
        name: of it.
        kind: of the node, ``test`` or ``unit test``.
        reads: names of nodes, and (source, table), without which it cannot be done.
        stops: names of nodes, and (source, table), that nobody may read if it fails.
    """

    name: str
    kind: str
    reads: tuple[object, ...]
    stops: tuple[object, ...]
    node: Node | None = None
    test: DataTest | None = None
    unit_test: UnitTest | None = None


def plan(
    project: Project, chosen: Sequence[Node], tests: Sequence[DataTest], units: bool = True
) -> Iterator[Step]:
    """The steps for some nodes and tests, in order.

    A test is run as soon as all it reads is done: those of sources first. A unit test comes before
    its node. What depends on a node waits for the tests that read nothing but it and what comes
    before it, as in dbt.

    Args:
        project: the project.
        chosen: nodes in the order to make them.
        tests: the data tests to run.
        units: with the unit tests of the nodes.
    """
    later = {node.name for node in chosen}
    waiting = list(tests)
    yield from (_test(test) for test in waiting if not later & set(test.needs))
    waiting = [test for test in waiting if later & set(test.needs)]
    for node in chosen:
        for unit in project.unit_tests if units else ():
            if unit.of == node.name:
                kept = (_making(node.name),)  # a failing one keeps the node from being made
                yield Step(unit.name, "unit test", node.needs, kept, unit_test=unit)
        inputs: tuple[object, ...] = (*node.needs, *node.sources)
        reads = (*inputs, *map(_good, inputs), _making(node.name))
        yield Step(node.name, node.kind, reads, (node.name,), node)
        later.discard(node.name)
        yield from (_test(test) for test in waiting if not later & set(test.needs))
        waiting = [test for test in waiting if later & set(test.needs)]


def _making(name: str) -> tuple[str, str]:
    """What stands for the making of a node: a unit test forbids it."""
    return ("make", name)


def _good(read: object) -> tuple[str, object]:
    """What stands for the rows of a node or a source being right: a data test denies it. Other
    tests of it are run all the same.
    """
    return ("good", read)


def _test(test: DataTest) -> Step:
    """A data test. One of a node stops those that read it; another one all that it reads."""
    reads = (*test.needs, *test.sources)
    denied: tuple[object, ...] = (test.of,) if test.of else reads
    stops = () if test.warn else tuple(map(_good, denied))
    return Step(test.name, "test", reads, stops, test=test)
