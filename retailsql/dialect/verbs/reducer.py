"""ML functions of models that rebuild a row from fewer dimensions: PCA and autoencoders."""

from __future__ import annotations

from retailsql.dialect.settings import Setting
from retailsql.dialect.verbs.call import MLCall
from retailsql.dialect.verbs.predict import call_of
from retailsql.dialect.verbs.reports import report_query
from retailsql.dialect.verbs.stored_metrics import stored_metrics
from retailsql.dialect.verbs.training_info import TRAINING
from retailsql.dialect.verbs.trials import TRIAL_ID, trial_column, with_trial
from retailsql.dialect.verbs.verb import Verb
from retailsql.functions.lists import SCORE, latent, list_outputs, list_query, loss, scored
from retailsql.registry.store import StoredVersion

KEEP = Setting("keep_original_columns", "bool", "true or false")
LOSSES = ("mean_absolute_error", "mean_squared_error", "mean_squared_log_error")
COMPONENT = {
    "principal_component_id": "BIGINT",
    "feature": "VARCHAR",
    "numerical_value": "DOUBLE",
    "categorical_value": "STRUCT(category VARCHAR, value DOUBLE)[]",
}
EIGENVALUE = {
    "principal_component_id": "BIGINT",
    "eigenvalue": "DOUBLE",
    "explained_variance_ratio": "DOUBLE",
    "cumulative_explained_variance_ratio": "DOUBLE",
}


def _project(call: MLCall, stored: StoredVersion) -> str:
    """Without keep_original_columns what the model read is left out, and the rest passed on."""
    assert call.relation is not None
    keep = bool(call.settings.get("keep_original_columns", False))
    outputs = list_outputs(stored.signature)
    return list_query(call_of(stored), call.relation, outputs, features=keep)


def _encode(call: MLCall, stored: StoredVersion) -> str:
    assert call.relation is not None
    rows = list_query(call_of(stored), call.relation, list_outputs(stored.signature))
    return with_trial(call, stored, rows)


def _embed(call: MLCall, stored: StoredVersion) -> str:
    assert call.relation is not None
    trial_column(call, stored)  # refuses another; documented: the columns are the same
    outputs = {"ml_generate_embedding_result": latent(stored.signature, SCORE)}
    return list_query(call_of(stored), call.relation, outputs)


def _explained(call: MLCall, stored: StoredVersion) -> str:
    """Of the squared distance to the training mean, the share that lies along the components:
    they are at right angles, so what they leave is the squared error.
    """
    if call.relation is None:
        return stored_metrics(stored, ("total_explained_variance_ratio",))
    signature = stored.signature
    width = signature.options["width"]
    along = latent(signature, SCORE)
    return (
        "SELECT sum(along) / nullif(sum(along) + sum(beside), 0) AS total_explained_variance_ratio "
        f"FROM (SELECT list_dot_product({along}, {along}) AS along, "
        f"{width} * {loss(signature, 'mean_squared_error')} AS beside "
        f"FROM {scored(call_of(stored), call.relation)})"
    )


def _errors(call: MLCall, stored: StoredVersion) -> str:
    if call.relation is None:
        return with_trial(call, stored, stored_metrics(stored, LOSSES))
    means = ", ".join(f"avg({loss(stored.signature, name)}) AS {name}" for name in LOSSES)
    trial = trial_column(call, stored)
    return f"SELECT {trial}{means} FROM {scored(call_of(stored), call.relation)}"


def _losses(call: MLCall, stored: StoredVersion) -> str:
    assert call.relation is not None
    outputs = {name: loss(stored.signature, name) for name in LOSSES}
    return list_query(call_of(stored), call.relation, outputs)


def _training(call: MLCall, stored: StoredVersion) -> str:
    return report_query(call, stored, "training_info", TRAINING)


def _components(call: MLCall, stored: StoredVersion) -> str:
    return report_query(call, stored, "principal_components", COMPONENT)


def _component_info(call: MLCall, stored: StoredVersion) -> str:
    return report_query(call, stored, "principal_component_info", EIGENVALUE)


VERBS = (
    Verb(
        "PREDICT", ("reducer",), "The row along each principal component.",
        {"principal_component_<i>": "DOUBLE", "...": ""},
        _project, rows="must", settings=(KEEP,), model_types=("PCA",),
    ),
    Verb(
        "PREDICT", ("reducer",),
        "The row in the network's few dimensions. A tuned model has trial_id before them.",
        {"latent_col_<i>": "DOUBLE", "...": ""},
        _encode, rows="must", settings=(TRIAL_ID,), model_types=("AUTOENCODER",),
    ),
    Verb(
        "GENERATE_EMBEDDING", ("reducer",), "The row in few dimensions, as one list.",
        {"ml_generate_embedding_result": "DOUBLE[]", "...": ""}, _embed, rows="must",
        settings=(TRIAL_ID,),
    ),
    Verb(
        "EVALUATE", ("reducer",),
        "The share of the variance that the components hold: of rows held out in training, or of "
        "those given.",
        {"total_explained_variance_ratio": "DOUBLE"},
        _explained, rows="may", model_types=("PCA",),
    ),
    Verb(
        "EVALUATE", ("reducer",),
        "How far rebuilt rows are off, in standardized features: rows held out in training, or "
        "those given. A tuned model has trial_id before them.",
        dict.fromkeys(LOSSES, "DOUBLE"), _errors, rows="may", settings=(TRIAL_ID,),
        model_types=("AUTOENCODER",),
    ),
    Verb(
        "RECONSTRUCTION_LOSS", ("reducer",), "How far each rebuilt row is off.",
        {**dict.fromkeys(LOSSES, "DOUBLE"), "...": ""},
        _losses, rows="must", model_types=("AUTOENCODER",),
    ),
    Verb(
        "TRAINING_INFO", ("reducer",),
        "The mean squared error after each pass, on the rows that train and on those that stop.",
        TRAINING, _training, model_types=("AUTOENCODER",),
    ),
    Verb(
        "PRINCIPAL_COMPONENTS", ("reducer",),
        "Each principal component, one row per feature; the first has number 0.",
        COMPONENT, _components, model_types=("PCA",),
    ),
    Verb(
        "PRINCIPAL_COMPONENT_INFO", ("reducer",),
        "The variance along each principal component, and its share of all variance.",
        EIGENVALUE, _component_info, model_types=("PCA",),
    ),
)  # fmt: skip
