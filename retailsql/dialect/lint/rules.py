"""Every rule of lint: one visible table.

=====  ==========================================================================================
RS0xx  the statement itself
RS1xx  models, their functions and the columns they take
RS2xx  features that know the answer
RS3xx  how a score is called, and where it is kept
RS4xx  training rows that differ from run to run, and splits that flatter
RS5xx  scripts in BigQuery's dialect
=====  ==========================================================================================
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from retailsql.dialect.lint.finding import Severity


@dataclass(frozen=True)
class Rule:
    """One rule.

    Args:
        severity: error: the statement fails, breaks others or trains on its own answer.
        what: what it finds, in a few words.
        told: whether CREATE MODEL says it in its result row; the rest is for ``lint`` alone.
    """

    severity: Severity
    what: str
    told: bool = False


RULES: Mapping[str, Rule] = {
    "RS001": Rule("error", "an ML statement cannot be read"),
    "RS002": Rule("error", "DuckDB cannot bind a statement about models"),
    "RS003": Rule("error", "an option of CREATE MODEL that training refuses"),
    "RS101": Rule("error", "there is no such model"),
    "RS102": Rule("error", "no model has such a function"),
    "RS103": Rule("error", "a feature is missing or misspelt"),
    "RS104": Rule("error", "a feature has a type that the model does not take"),
    "RS201": Rule("error", "a feature is the label, or is computed from it", told=True),
    "RS202": Rule("error", "a feature reads rows from after the cutoff of the label", told=True),
    "RS301": Rule("warning", "features given by position: swapped ones score silently"),
    "RS302": Rule("warning", "one model scores the same rows twice"),
    "RS303": Rule("warning", "a score in a view: dead in any process without retailsql"),
    "RS304": Rule("error", "a score in CHECK, DEFAULT, INDEX or a generated column"),
    "RS401": Rule("warning", "training rows drawn at random, without a seed", told=True),
    "RS402": Rule("warning", "LIMIT or row_number() without an order chooses any rows", told=True),
    "RS403": Rule("warning", "a random split of rows that have a time", told=True),
    "RS404": Rule("error", "a split that names no column, or one that is not there"),
    "RS405": Rule("warning", "the order of the training rows is not fixed"),
    "RS501": Rule("warning", "a part of BigQuery's SQL was left out, or taken to mean something"),
}
