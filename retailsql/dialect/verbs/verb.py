"""What an ML function is: one entry of the table that the reference is printed from."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from retailsql.dialect.settings import Setting
from retailsql.registry.store import StoredVersion

KIND_WORDS: Mapping[str, str] = {
    "classifier": "a classifier",
    "regressor": "a regressor",
    "forecaster": "LSTM",
    "forecast_table": "ARIMA_PLUS",
    "recommender": "ITEM_KNN",
    "clusterer": "KMEANS",
    "reducer": "PCA or AUTOENCODER",
    "factorizer": "MATRIX_FACTORIZATION",
    "transformer": "TRANSFORM_ONLY",
}
"""The kinds of model as a person knows them."""

Rows = Literal["none", "may", "must", "two"]


@dataclass(frozen=True)
class Verb:
    """One ``ML.NAME`` for one or several kinds of model.

    Args:
        name: upper case, without ``ML.``.
        kinds: kinds of model (see ``signature.ModelKind``) it is for; empty for a function of rows
            alone, which takes no model.
        doc: one sentence for people.
        columns: output columns as documented, name -> DuckDB type. ``<label>`` and the like stand
            for names that depend on the model, ``...`` for the columns of the rows.
        expand: writes the SELECT the call stands for: ``expand(call, stored)``, or
            ``expand(call)`` where there is no model. The text of the rows must stand in it once.
        rows: whether rows are an argument: TABLE name or (SELECT ...).
        settings: what STRUCT(...) may hold.
        values: True if a plain array may be an argument.
        model_types: only models of these types; empty for all of the kinds.
    """

    name: str
    kinds: tuple[str, ...]
    doc: str
    columns: Mapping[str, str]
    expand: Callable[..., str]
    rows: Rows = "none"
    settings: tuple[Setting, ...] = ()
    values: bool = False
    model_types: tuple[str, ...] = field(default=())

    def fits(self, stored: StoredVersion) -> bool:
        """True if it is for this model."""
        return stored.signature.kind in self.kinds and (
            not self.model_types or _trained_as(stored) in self.model_types
        )


def _trained_as(stored: StoredVersion) -> str:
    """The model type; of an imported reducer, told by its outputs, that of the exported one."""
    prefix = stored.signature.options.get("prefix", "") if stored.model_type == "ONNX" else ""
    imported = {"principal_component_": "PCA", "latent_col_": "AUTOENCODER"}
    return imported.get(prefix, stored.model_type)
