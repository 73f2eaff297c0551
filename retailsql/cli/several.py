"""Options that take several words, ``--select stg_customers churn``, as dbt's do."""

from __future__ import annotations

from collections.abc import Iterable

import click

SEVERAL = frozenset({"-s", "--select", "--exclude"})


class Several(click.Command):
    """A command without arguments of its own, so words behind an option belong to the option."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse, the options repeated before every word."""
        return super().parse_args(ctx, repeated(args))


def repeated(args: Iterable[str]) -> list[str]:
    """Arguments with the option before each of its words.

    >>> repeated(["-s", "a", "b", "--full-refresh", "--select", "c"])
    ['-s', 'a', '-s', 'b', '--full-refresh', '--select', 'c']
    """
    found: list[str] = []
    option, words = "", 0
    for arg in args:
        if arg.startswith("-"):
            option, words = (arg if arg in SEVERAL else ""), 0
        else:
            if option and words:
                found.append(option)
            words += 1
        found.append(arg)
    return found
