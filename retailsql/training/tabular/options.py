"""Options of the tabular model types: the common ones here, each estimator's in ``estimators``."""

from __future__ import annotations

from retailsql.errors import TrainingError
from retailsql.evaluation.splits import METHODS
from retailsql.training.options import Option
from retailsql.training.tabular.estimators import MODELS, Estimator
from retailsql.training.tuning_options import TEST_FRACTION, TUNING

OPTIONS: tuple[Option, ...] = (
    Option("input_label_cols", "list", ("label",), "The label column, exactly one."),
    Option("data_split_method", "str", "AUTO_SPLIT", "Which rows evaluate.", choices=METHODS),
    Option("data_split_eval_fraction", "float", 0.2, "Share of rows that evaluate."),
    Option("data_split_col", "str", None, "SEQ: its largest values evaluate; CUSTOM: true does."),
    Option("num_folds", "int", 5, "Folds of a cross-validation.", minimum=2),
    Option("num_repeats", "int", 2, "Repeats of CROSS_VALIDATION.", minimum=1),
    Option("seed", "int", 0, "Seed of splits and of training.", minimum=0),
    Option("baseline_col", "list", (), "Columns that are trivial predictions, and no features."),
    Option("baseline_group_cols", "list", (), "Columns whose groups' mean label is a rule."),
    Option("exclude_cols", "list", (), "Columns that are neither label nor feature."),
    TEST_FRACTION,
    *TUNING,
)  # fmt: skip
"""Options of every tabular model type."""

CLASSIFIER_OPTIONS = (
    Option("positive_class", "any", None, "The class whose probability is the score."),
    Option("primary_metric", "str", None, "The metric compared with the trivial rules.",
           choices=("ROC_AUC", "PR_AUC", "LOG_LOSS", "ACCURACY", "F1_SCORE", "BRIER_SCORE")),
)  # fmt: skip
REGRESSOR_OPTIONS = (
    Option("offset_col", "str", None, "A feature to start from: the model learns label - offset."),
    Option("log_label", "bool", False, "Fit log(label); the graph ends in exp."),
    Option("primary_metric", "str", None, "The metric compared with the trivial rules.",
           choices=("MEAN_ABSOLUTE_ERROR", "MEAN_SQUARED_ERROR", "R2_SCORE", "WAPE")),
)  # fmt: skip


def options_for(model_type: str) -> tuple[Option, ...]:
    """Every option of a model type.

    >>> "l2_reg" in {o.name for o in options_for("LOGISTIC_REG")}
    True
    """
    spec = spec_of(model_type)
    own = CLASSIFIER_OPTIONS if spec.kind == "classifier" else REGRESSOR_OPTIONS
    return (*OPTIONS, *own, *spec.options)


def spec_of(model_type: str) -> Estimator:
    """The row of the table of estimators.

    Raises:
        TrainingError: there is none of that name.
    """
    if model_type not in MODELS:
        raise TrainingError(
            f"There is no tabular model_type {model_type!r}", wanted=", ".join(MODELS)
        )
    return MODELS[model_type]
