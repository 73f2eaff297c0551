"""How much a column's name says that it is a certain word of the vocabulary."""

from __future__ import annotations

import re
import unicodedata
from functools import cache

from retailsql.starter.synonyms import SYNONYMS, Names

STRONG, WEAK = 1.0, 0.5
"""Scores of a name that means the word, and of one that may mean it."""

_NEUTRAL = frozenset(
    (
        "fk", "pk", "the", "of", "raw", "col", "field", "tbl", "src", "dim", "fact", "f", "d", "k",
        "sk", "nk", "lineitem", "line", "item", "order", "sales", "header", "detail", "local",
        "gross", "net", "brutto", "netto", "eur", "usd", "cent", "cents", "c", "transaction",
        "olist", "sap", "shop",
    )
)  # fmt: skip
"""Tokens that may stand beside a known name and change nothing of its meaning."""

_UMLAUTS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "ł": "l", "ø": "o"})


@cache
def tokens(name: str) -> tuple[str, ...]:
    """A name as its words: lower case, without accents, camelCase and signs taken apart.

    >>> tokens("InvoiceNo"), tokens("KUNDEN-Nr."), tokens("Ländercode"), tokens("customerID")
    (('invoice', 'no'), ('kunden', 'nr'), ('laendercode',), ('customer', 'id'))
    """
    spaced = re.sub(r"(?<=[a-zäöü0-9])(?=[A-ZÄÖÜ])|(?<=[A-Z])(?=[A-Z][a-z])", " ", name)
    plain = unicodedata.normalize("NFC", spaced).lower().translate(_UMLAUTS)
    ascii_only = unicodedata.normalize("NFKD", plain).encode("ascii", "ignore").decode()
    return tuple(re.findall(r"[a-z]+[0-9]*|[0-9]+", ascii_only))


@cache
def name_score(name: str, word: str) -> float:
    """From 0, says nothing, to 1, means ``word``.

    A whole name counts most, then a known name beside neutral words (``Lineitem price``), then one
    beside words that may change its meaning.

    >>> name_score("InvoiceNo", "order_id"), name_score("artikelnr", "product_id")
    (1.0, 1.0)
    >>> name_score("order_status", "order_id"), name_score("colour", "order_id")
    (0.0, 0.0)
    """
    known: Names = SYNONYMS[word]
    parts = tokens(name)
    joined = "".join(parts)
    for phrases, base in ((known.strong, STRONG), (known.weak, WEAK)):
        if joined in _joined(phrases):
            return base
    if not parts or known.never & set(parts):
        return 0.0
    best = 0.0
    for phrases, base in ((known.strong, STRONG), (known.weak, WEAK)):
        best = max(best, *(base * _beside(parts, tokens(phrase)) for phrase in phrases), 0.0)
    return round(best, 3)


@cache
def _joined(phrases: tuple[str, ...]) -> frozenset[str]:
    return frozenset("".join(tokens(phrase)) for phrase in phrases)


def _beside(parts: tuple[str, ...], phrase: tuple[str, ...]) -> float:
    """How well a phrase is found as neighbouring words inside a name."""
    size = len(phrase)
    if not 0 < size < len(parts):
        return 0.0
    for start in range(len(parts) - size + 1):
        if parts[start : start + size] == phrase:
            rest = set(parts[:start] + parts[start + size :])
            if rest <= _NEUTRAL:
                return 0.85
            # A short, general word among others says little: "date" in "best before date".
            return 0.6 if size > 1 else 0.4
    return 0.0
