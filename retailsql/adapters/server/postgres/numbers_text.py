"""to_char and to_number of numbers: ``FM999,990.00``."""

from __future__ import annotations

import re
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from functools import lru_cache
from typing import Final, NamedTuple

from retailsql.adapters.server.records import PgError

_KEYS: Final = re.compile(r'"[^"]*"|EEEE|FM|MI|PL|SG|PR|TH|RN|[90.,DGSVLB]|.', re.IGNORECASE | re.S)
_ROMAN: Final = (
    (1000, "M"), (900, "CM"), (500, "D"), (400, "CD"), (100, "C"), (90, "XC"), (50, "L"),
    (40, "XL"), (10, "X"), (9, "IX"), (5, "V"), (4, "IV"), (1, "I"),
)  # fmt: skip


class Shape(NamedTuple):
    """What a template says about a number.

    Args:
        parts: its elements in order.
        before: digits before the point.
        after: digits behind it.
        zero: how many digits before the point are shown at least.
        kept: how many digits behind the point are shown at least under FM.
        shift: digits that V moves the number by.
    """

    parts: tuple[str, ...]
    before: int
    after: int
    zero: int
    kept: int
    shift: int

    def has(self, key: str) -> bool:
        """True if the template has this element."""
        return key in self.parts


@lru_cache(maxsize=256)
def shape(template: str) -> Shape:
    """A template, read."""
    parts = tuple(p.upper() if not p.startswith('"') else p for p in _KEYS.findall(template))
    before = after = zero = kept = shift = 0
    point = moved = False
    for part in parts:
        if part in (".", "D"):
            point = True
        elif part == "V":
            moved = True
        elif part in ("9", "0") and point:
            after += 1
            kept = after if part == "0" else kept
        elif part in ("9", "0"):
            before += 1
            shift += moved
            if part == "0" and not zero:
                zero = before
    return Shape(parts, before, after, before - zero + 1 if zero else 0, kept, shift)


def to_char(text: str, template: str) -> str:
    """A number as text.

    >>> to_char("-1234.5", "999,990.00"), to_char("0.5", "FM990.0"), to_char("12", "9")
    ('  -1,234.50', '0.5', ' #')
    """
    form = shape(template)
    number = Decimal(text)
    if not number.is_finite():
        return _special(form, number)
    if form.has("RN"):
        return _roman(form, number)
    if form.has("EEEE"):
        digits = f"{number:.{form.after}e}"
        mantissa, _, power = digits.partition("e")
        sign = "" if number < 0 or form.has("FM") else " "
        return f"{sign}{mantissa}e{int(power):+03d}"
    number = number.scaleb(form.shift).quantize(
        Decimal(1).scaleb(-form.after), rounding=ROUND_HALF_UP
    )
    whole, _, part = f"{abs(number):f}".partition(".")
    out = _laid_out(form, whole.lstrip("0"), part, negative=number < 0)
    if form.has("TH") and "th" in template:
        return re.sub(r"(ST|ND|RD|TH)$", lambda m: m[0].lower(), out)
    return out


def _special(form: Shape, number: Decimal) -> str:
    word = "NaN" if number.is_nan() else "Infinity"
    if form.before + form.after + 1 < len(word) or not number.is_nan():
        point = "." if form.after else ""
        return f" {'#' * form.before}{point}{'#' * form.after}"
    return word if form.has("FM") else word.rjust(form.before + 1)


def _laid_out(form: Shape, whole: str, part: str, *, negative: bool) -> str:
    """The digits put into the template."""
    fm, over = form.has("FM"), len(whole) > form.before or not form.before
    if over:
        whole, part = "#" * form.before, "#" * form.after
    shown = max(len(whole), form.zero)
    if not shown and form.before and (not form.after or (fm and not part.strip("0"))):
        shown = 1  # a lone nought is shown
    if fm and not over:
        part = part.rstrip("0").ljust(form.kept, "0")
    digits = _Digits(whole.rjust(shown, "0"), part, form.before - shown, fm, _sign(form, negative))
    text = "".join(digits.put(key, form, negative) for key in form.parts)
    if digits.sign is not None:
        text = digits.sign + text
    if form.has("PR"):
        return _in_brackets(text, fm, negative)
    if form.has("S") and not _leads(form):
        return text + ("-" if negative else "+")
    return text


def _leads(form: Shape) -> bool:
    """True if S stands before the digits."""
    return form.parts.index("S") < min(
        (i for i, p in enumerate(form.parts) if p in ("9", "0")), default=0
    )


def _sign(form: Shape, negative: bool) -> str | None:
    """What stands right before the first digit; None: nothing."""
    if form.has("S"):
        return ("-" if negative else "+") if _leads(form) else None
    if any(form.has(key) for key in ("MI", "SG", "PR")):
        return None
    return "-" if negative else "" if form.has("FM") or form.has("PL") else " "


class _Digits:
    """The digits of a number, given out one by one."""

    def __init__(self, whole: str, part: str, first: int, fm: bool, sign: str | None) -> None:
        self.whole, self.part, self.first, self.fm, self.sign = whole, part, first, fm, sign
        self.index, self.behind, self.point = 0, 0, False

    def put(self, key: str, form: Shape, negative: bool) -> str:
        """What stands for one element."""
        if key in ("9", "0"):
            return self._behind() if self.point else self._before()
        if key in (".", "D"):
            self.point = True
            return self._signed() + ("." if form.after else "")
        if key in (",", "G"):
            return "," if self.index > self.first else "" if self.fm else " "
        return _mark(key, self.whole, form, negative)

    def _signed(self) -> str:
        sign, self.sign = self.sign, None
        return sign or ""

    def _before(self) -> str:
        at, self.index = self.index - self.first, self.index + 1
        if at < 0:
            return "" if self.fm else " "
        return self._signed() + self.whole[at]

    def _behind(self) -> str:
        self.behind += 1
        return self.part[self.behind - 1 : self.behind]


def _mark(key: str, whole: str, form: Shape, negative: bool) -> str:
    """What stands for an element that is no digit."""
    fm = form.has("FM")
    if key in ("FM", "V", "B", "S", "PR"):
        return ""
    if key == "TH":
        return "" if negative or form.after else _ordinal(whole)
    if key == "MI":
        return "-" if negative else "" if fm else " "
    if key == "PL":
        return ("" if fm else " ") if negative else "+"
    if key == "SG":
        return "-" if negative else "+"
    if key == "L":
        return "" if fm else " "
    return key.strip('"') if key.startswith('"') else key


def _ordinal(whole: str) -> str:
    """The end of an ordinal."""
    if "#" in whole:
        return ""
    if whole[-2:-1] == "1":
        return "TH"
    return {"1": "ST", "2": "ND", "3": "RD"}.get(whole[-1:], "TH")


def _in_brackets(text: str, fm: bool, negative: bool) -> str:
    """PR: ``<12>`` for what is below nought."""
    digits = text.lstrip(" ")
    pad = " " * (len(text) - len(digits))
    if negative:
        return f"{pad}<{digits}>"
    return digits if fm else f"{pad} {digits} "


def _roman(form: Shape, number: Decimal) -> str:
    whole = int(number.to_integral_value(rounding=ROUND_HALF_UP))
    if not 1 <= whole <= 3999:
        return "#" * 15
    out = ""
    for size, letters in _ROMAN:
        out += letters * (whole // size)
        whole %= size
    return out if form.has("FM") else out.rjust(15)


def to_number(text: str, template: str) -> Decimal:
    """A number read by a template.

    Raises:
        PgError: 22P02.

    >>> to_number("1,234.5-", "9,999.9S")
    Decimal('-1234.5')
    """
    form = shape(template)
    body = text.strip()
    negative = "-" in body or (body.startswith("<") and form.has("PR"))
    digits, rest = "", body
    point = False
    for char in rest:
        if char.isdigit():
            digits += char
        elif char == "." and not point and (form.has(".") or form.has("D")):
            digits += char
            point = True
        elif char == ".":
            break
    whole, _, part = digits.partition(".")
    try:
        number = Decimal(f"{whole[: form.before] or 0}.{part[: form.after] or 0}")
    except InvalidOperation:
        raise PgError("22P02", f'invalid input syntax for type numeric: "{text}"') from None
    if not digits.strip("."):
        raise PgError("22P02", f'invalid input syntax for type numeric: "{text}"')
    number = number.scaleb(-form.shift) if form.shift else number
    if not form.after:
        number = number.quantize(Decimal(1)) if not form.shift else number
    return -number if negative else number
