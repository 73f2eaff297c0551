"""Columns combined: ML.FEATURE_CROSS, ML.POLYNOMIAL_EXPAND, ML.NGRAMS."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from retailsql.dialect.scalars.function import Arguments, Plan, Scalar, bound, is_whole
from retailsql.dialect.tokens import Walk
from retailsql.errors import StatementError
from retailsql.registry.names import literal, quote, split_name

LARGEST_STRUCT = 10
"""Documented: at most so many input features."""


def fields(a: Arguments) -> dict[str, str]:
    """Name -> SQL of the fields of the struct argument: ``STRUCT(x AS a, b)``, ``{'a': x}`` or
    ``struct_pack(a := x)``.

    Raises:
        StatementError: it is none of these, a field has no name, or there are too many.
    """
    part = a.parts[0]
    found: dict[str, str] = {}
    for name, sql in _read_fields(a, part):
        if name.lower() in {n.lower() for n in found}:
            raise a.error(0, f"feature {name!r} stands twice", "each feature once")
        found[name] = sql
    if not 1 <= len(found) <= LARGEST_STRUCT:
        raise a.error(0, "too many features", f"1 to {LARGEST_STRUCT} features")
    return found


def _read_fields(a: Arguments, part: Walk) -> Iterator[tuple[str, str]]:
    part.at = 0
    if part.take("STRUCT", "(") or part.take("STRUCT_PACK", "("):
        part.at -= 1
        ranges = part.split(*part.group())
    elif part.peek() == "{":
        ranges = part.split(1, len(part.tokens) - 1)
        part.at = len(part.tokens)
    else:
        raise a.error(0, "the features are no struct", "STRUCT(x AS a, y AS b)")
    if not part.done:
        raise a.error(0, "did not expect more behind the struct", "STRUCT(x AS a, y AS b)")
    for start, stop in ranges:
        yield _read_field(a, part.sub(start, stop))


def _read_field(a: Arguments, field: Walk) -> tuple[str, str]:
    n = len(field.tokens)
    text = field.slice
    if n > 2 and field.tokens[n - 2].text.upper() == "AS":
        return split_name(text(n - 1, n))[0], text(0, n - 2)
    for i in range(1, n - 1):
        if field.tokens[i].text in (":=", ":"):
            return field.tokens[0].text, text(i + 1, n)
        if field.tokens[i].text == ":" and field.tokens[i + 1].text == "=":
            return field.tokens[0].text, text(i + 2, n)
    try:
        name = "" if field.tokens[0].token_type.name == "STRING" else field.name()
    except StatementError:
        name = ""
    if not name or not field.done:
        raise a.error(0, f"a feature has no name: {text(0, n)[:60]}", "STRUCT(x AS a, y AS b)")
    return split_name(name)[-1], text(0, n)


def combinations(names: Sequence[str], most: int, again: bool) -> Iterator[tuple[str, ...]]:
    """All combinations of up to ``most`` names in their order, each name repeated or not.

    >>> list(combinations(["a", "b"], 2, True))
    [('a',), ('a', 'a'), ('a', 'b'), ('b',), ('b', 'b')]
    """
    for i, name in enumerate(names):
        yield (name,)
        if most > 1:
            for rest in combinations(names[i if again else i + 1 :], most - 1, again):
                yield (name, *rest)


def _combined(
    a: Arguments, cast: str, chosen: list[tuple[str, ...]], join: Callable[[list[str]], str]
) -> Plan:
    inputs = fields(a)
    packed = ", ".join(f"{literal(n)}: CAST({sql} AS {cast})" for n, sql in inputs.items())

    def value(v: str) -> str:
        made = ", ".join(
            f"{quote('_'.join(names))} := {join([f'{v}.{quote(n)}' for n in names])}"
            for names in chosen
        )
        return f"struct_pack({made})"

    return Plan(lambda g: bound(f"{{{packed}}}", value))


def _feature_cross(a: Arguments) -> Plan:
    degree = a.whole(1, 2, "degree", 2, 4)
    chosen = [c for c in combinations(list(fields(a)), degree, False) if len(c) > 1]
    if not chosen:
        raise a.error(0, "one feature cannot be crossed", "two features or more")
    return _combined(a, "VARCHAR", chosen, " || '_' || ".join)


def _polynomial(a: Arguments) -> Plan:
    degree = a.whole(1, 2, "degree", 1, 4)
    return _combined(a, "DOUBLE", list(combinations(list(fields(a)), degree, True)), " * ".join)


def _ngrams(a: Arguments) -> Plan:
    wanted = "a size such as 2, or two sizes, the smaller first, such as [2, 3]"
    sizes = a.constant(1, None, lambda v: is_whole(v) or isinstance(v, list), "range", wanted)
    sizes = sizes if isinstance(sizes, list) else [sizes, sizes]
    if len(sizes) != 2 or not all(map(is_whole, sizes)) or not 1 <= sizes[0] <= sizes[1]:
        raise a.error(1, "range has a wrong value", wanted)
    between = a.constant(2, " ", lambda v: isinstance(v, str), "separator", "a text such as '_'")

    def value(v: str) -> str:
        all_sizes = f"range({sizes[0]}, {sizes[1] + 1})"
        fits = f"list_filter({all_sizes}, lambda __rs_n: __rs_i + __rs_n - 1 <= len({v}))"
        gram = f"array_to_string({v}[__rs_i:__rs_i + __rs_n - 1], {literal(between)})"
        at = f"list_transform({fits}, lambda __rs_n: {gram})"
        return f"flatten(list_transform(range(1, len({v}) + 1), lambda __rs_i: {at}))"

    return Plan(lambda g: bound(f"CAST({a[0]} AS VARCHAR[])", value))


SCALARS = (
    Scalar(
        "FEATURE_CROSS", "(struct_categorical_features [, degree])", "STRUCT(f1_f2 VARCHAR, ...)",
        "All combinations of several categories, joined by _.", _feature_cross, 1, 2,
    ),
    Scalar(
        "POLYNOMIAL_EXPAND", "(struct_numerical_features [, degree])",
        "STRUCT(f1 DOUBLE, f1_f1 DOUBLE, ...)", "All products of up to degree numbers.",
        _polynomial, 1, 2,
    ),
    Scalar(
        "NGRAMS", "(array_input, range [, separator])", "VARCHAR[]",
        "Neighbouring words of an array, joined.", _ngrams, 2, 3,
    ),
)  # fmt: skip
