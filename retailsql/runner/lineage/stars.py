"""``*`` with EXCLUDE, REPLACE and RENAME, ``t.*``, and COLUMNS(...)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

from sqlglot import exp

from retailsql.registry.names import quote
from retailsql.runner.lineage.names import Scope, Source
from retailsql.runner.lineage.origin import Found, Out, Step, together

if TYPE_CHECKING:
    from retailsql.runner.lineage.query import Work

_PATTERNS = (exp.Like, exp.ILike, exp.SimilarTo, exp.Glob, exp.Not, exp.RegexpLike)


def is_star(item: exp.Expr) -> bool:
    """True for ``*``, ``t.*``, ``s.*`` of a struct and ``* LIKE 'a%'``."""
    return _star(item) is not None


def _star(item: exp.Expr) -> exp.Expr | None:
    """The star of an item: a Star, or the Column around it."""
    if isinstance(item, exp.Star) or (
        isinstance(item, exp.Column | exp.Dot) and isinstance(_last(item), exp.Star)
    ):
        return item
    return _star(item.this) if isinstance(item, _PATTERNS) and item.this is not None else None


def _last(item: exp.Expr) -> object:
    return item.expression if isinstance(item, exp.Dot) else item.this


def expand_star(item: exp.Expr, scope: Scope, work: Work) -> list[Out]:
    """The columns of a star, as far as they are known."""
    star = _star(item)
    assert star is not None
    columns = list(_expanded(star, scope, work))
    if item is star:
        return columns
    names = _chosen_names(work.text.of(item), [c.name for c in columns], work)
    return _kept(columns, names, item, work)


def star_rest(item: exp.Expr, scope: Scope, work: Work) -> Callable[[str], Found] | None:
    """What a column is made of that a star may bring besides those that are known."""
    star = _star(item)
    if star is None:  # COLUMNS(...)
        star = item.this if isinstance(item.this, exp.Star) else exp.Star()
    options = star.this if isinstance(star, exp.Column) else star
    excluded = {c.name.lower() for c in options.args.get("except_") or []}
    sources = _sources(star, scope)
    if sources is None:
        whole = work.origins(_struct(star), scope)
        return None if whole.fields is not None and whole.fields.rest is None else lambda n: whole
    rests = [s.relation.rest for s in sources if s.relation.rest is not None]
    if not rests:
        return None

    def rest(name: str) -> Found:
        if name.lower() in excluded:
            why = f"no table in sight is known to have {name!r} besides those left out of the star"
            return Found(work.lost(why, item))
        if len(rests) == 1:
            return rests[0](name)
        why = f"{name!r} may be of {len(rests)} tables whose columns are not all known"
        return together([*(r(name) for r in rests), Found(work.lost(why, item))])

    return rest


def _sources(star: exp.Expr, scope: Scope) -> Sequence[Source] | None:
    """The relations of a star; None for the star of a struct."""
    if isinstance(star, exp.Star):
        return scope.sources
    if isinstance(star, exp.Column):
        source = scope.source([p.name for p in star.parts[:-1]])
        return None if source is None else [source]
    return None


def _struct(star: exp.Expr) -> exp.Expr:
    """What stands before ``.*``."""
    if isinstance(star, exp.Column):
        return (
            exp.Dot.build([n.copy() for n in star.parts[:-1]])
            if len(star.parts) > 2
            else (exp.Column(this=star.parts[0].copy()))
        )
    assert isinstance(star.this, exp.Expr)
    return star.this


def _expanded(star: exp.Expr, scope: Scope, work: Work) -> Iterator[Out]:
    options = star if isinstance(star, exp.Star) else _last(star)
    assert isinstance(options, exp.Star)
    excluded = options.args.get("except_") or []
    replaced = {i.alias.lower(): i.this for i in options.args.get("replace") or []}
    names = {i.this.name.lower(): i.alias for i in options.args.get("rename") or []}
    for source, out in _columns(star, scope, work):
        name = out.name.lower()
        if any(_excludes(e, name, source) for e in excluded):
            continue
        if name in replaced:
            item = replaced[name]
            step = Step(out.name, work.text.words(item), work.text.place(item))
            found = work.origins(item, scope)
            out = Out(out.name, Found(found.value, found.filters, (step, *found.steps)))
        elif not out.found.steps:
            step = Step(out.name, work.text.of(star), work.text.place(star))
            out = Out(
                out.name, Found(out.found.value, out.found.filters, (step,), out.found.fields)
            )
        yield Out(names.get(name, out.name), out.found)


def _columns(star: exp.Expr, scope: Scope, work: Work) -> Iterator[tuple[Source | None, Out]]:
    if isinstance(star, exp.Star):
        yield from scope.star()
        return
    sources = _sources(star, scope)
    if sources is not None:
        for source in sources:
            yield from ((source, out) for out in source.relation.columns)
        return
    whole = work.origins(_struct(star), scope)
    for name, found in (whole.fields.known if whole.fields is not None else {}).items():
        yield None, Out(name, found)


def _excludes(entry: exp.Expr, name: str, source: Source | None) -> bool:
    """Whether EXCLUDE (a), or EXCLUDE (t.a), leaves a column out."""
    if entry.name.lower() != name:
        return False
    table = entry.text("table").lower()
    return not table or source is None or source.parts[-1:] == (table,)


def choose(node: exp.Expr, scope: Scope, work: Work) -> list[Out]:
    """The columns that COLUMNS(...) stands for."""
    given = node.this
    if isinstance(given, exp.Star | exp.Column):
        return list(_expanded(given, scope, work)) if is_star(given) else []
    columns = list(_expanded(exp.Star(), scope, work))
    if isinstance(given, exp.Literal) and given.is_string:
        pattern = re.compile(given.name)
        return [c for c in columns if pattern.search(c.name)]
    if isinstance(given, exp.Array):
        wanted = [e.name.lower() for e in given.expressions]
        return [c for w in wanted for c in columns if c.name.lower() == w]
    words = work.text.call(node)
    names = _chosen_names(words, [c.name for c in columns], work) if words else None
    return _kept(columns, names, node, work)


def _chosen_names(words: str, names: list[str], work: Work) -> tuple[str, ...] | None:
    """Which columns a star's pattern or a COLUMNS(lambda) takes: DuckDB is asked to bind the
    person's own words over columns of these names; no row is read.
    """
    listed = ", ".join(f"NULL AS {quote(name)}" for name in dict.fromkeys(names))
    return work.catalog.describe(f"SELECT {words} FROM (SELECT {listed})") if names else ()


def _kept(columns: list[Out], names: Sequence[str] | None, node: exp.Expr, work: Work) -> list[Out]:
    """The columns of those names; all of them, marked, where DuckDB could not be asked."""
    if names is not None:
        kept = {name.lower() for name in names}
        return [c for c in columns if c.name.lower() in kept]
    why = f"which columns {work.text.of(node)} takes cannot be told without a database"
    mark = Found(work.lost(why, node))
    return [Out(c.name, together([c.found, mark])) for c in columns]
