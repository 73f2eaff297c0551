"""The options of each tabular estimator, with defaults chosen on validation rows."""

from __future__ import annotations

from retailsql.training.options import Option

LEAF = Option(
    "min_tree_child_weight", "int", 0, "Rows a leaf holds at least; 0: 20, or 1 in 2,000 of all.",
    minimum=0,
)  # fmt: skip
LEAF_BOOSTED = Option("min_tree_child_weight", "int", 20, "Rows a leaf holds at least.", minimum=0)
DEPTH = Option("max_tree_depth", "int", 0, "Deepest tree; 0 for no limit.", minimum=0)
TREES = Option("num_parallel_tree", "int", 100, "Number of trees.", minimum=1)
SUBSAMPLE = Option(
    "subsample", "float", 1.0, "Share of rows drawn for each tree.", minimum=0.01, maximum=1
)
SPLIT_LOSS = Option(
    "min_split_loss", "float", 0.0, "Gain that a split must have, on XGBoost's scale.", minimum=0
)
BYNODE = Option(
    "colsample_bynode", "float", None,
    "Share of columns tried at each split; default the square root (classes) or a third.",
    minimum=1e-6, maximum=1,
)  # fmt: skip
BYNODE_BOOSTED = Option(
    "colsample_bynode", "float", 1.0, "Share of columns tried at each split.",
    minimum=1e-6, maximum=1,
)  # fmt: skip
INSTANCE = Option("instance_weight_col", "str", None, "A column that weighs rows; no feature.")
WEIGHTS = (
    Option("auto_class_weights", "bool", False, "Weigh classes equally (no probabilities)."),
    Option("class_weights", "list", None, "Pairs of class and weight, for every class."),
)
L1 = Option("l1_reg", "float", 0.0, "Weight of the sum of absolute coefficients.", minimum=0)
L2 = Option("l2_reg", "float", 1.0, "Weight of the sum of squared coefficients.", minimum=0)
STEPS = Option("max_iterations", "int", 1000, "Steps of the solver at most.", minimum=1)
INTERCEPT = Option("fit_intercept", "bool", True, "Whether there is a constant.")
ENCODING = Option(
    "category_encoding_method", "str", "ONE_HOT_ENCODING",
    "Whether the most frequent category has a column (one-hot) or not (dummy).",
    ("ONE_HOT_ENCODING", "DUMMY_ENCODING"),
)  # fmt: skip
PROGRESS = Option(
    "min_rel_progress", "float", None,
    "With early_stop, the share of the loss that ten rounds together must gain; default 0.01.",
    minimum=0,
)  # fmt: skip
LOSS = Option(
    "loss", "str", "SQUARED_ERROR", "What training minimises.", ("SQUARED_ERROR", "ABSOLUTE_ERROR")
)

P_VALUES = Option(
    "calculate_p_values", "bool", False,
    "Standard errors and p-values for ML.ADVANCED_WEIGHTS; l1_reg and l2_reg are then 0.",
)  # fmt: skip

LINEAR = (L1, L2, STEPS, INTERCEPT, ENCODING, P_VALUES)
LOGISTIC = (*LINEAR, *WEIGHTS)
TREE = (DEPTH, LEAF, SPLIT_LOSS, INSTANCE, LOSS)
FOREST = (TREES, DEPTH, LEAF, SUBSAMPLE, SPLIT_LOSS, BYNODE, INSTANCE)


def _boosted(depth: int, iterations: int, rate: float) -> tuple[Option, ...]:
    return (
        Option("max_iterations", "int", iterations, "Number of boosting rounds.", minimum=1),
        Option("learn_rate", "float", rate, "Share of each tree that is added.", minimum=1e-4),
        Option("max_tree_depth", "int", depth, "Deepest tree; 0 for no limit.", minimum=0),
        Option("early_stop", "bool", False, "Stop when a tenth of the training rows gains little."),
        PROGRESS,
        LEAF_BOOSTED,
        L2,
        BYNODE_BOOSTED,
        INSTANCE,
    )


BOOSTED_CLASSIFIER = (*_boosted(2, 300, 0.05), *WEIGHTS)
BOOSTED_REGRESSOR = (*_boosted(6, 300, 0.05), LOSS)

NETWORK = (
    Option("hidden_units", "list", (64, 32), "Units of each hidden layer."),
    Option("learn_rate", "float", 0.001, "Step size.", minimum=1e-6),
    Option("l2_reg", "float", 1e-3, "Weight of the sum of squared weights.", minimum=0),
    Option("max_iterations", "int", 200, "Passes over the rows at most; stops early.", minimum=1),
    Option("early_stop", "bool", True, "Stop when a tenth of the training rows gains no more."),
    Option("min_rel_progress", "float", None,
           "Gain of accuracy or R2 that counts as progress; default 0.0001.", minimum=0),
    Option("activation_fn", "str", "RELU", "What follows each hidden layer.",
           ("RELU", "TANH", "SIGMOID", "IDENTITY")),
    Option("optimizer", "str", "ADAM", "How steps are taken.",
           ("ADAM", "SGD", "ADAGRAD", "FTRL", "RMSPROP")),
    Option("dropout", "float", 0.0, "Share of hidden units that rest in each step.",
           minimum=0, maximum=0.95),
    Option("l1_reg", "float", 0.0, "Weight of the sum of absolute weights.", minimum=0),
    Option("batch_size", "int", None, "Rows of each step; default 200.", minimum=1),
)  # fmt: skip
SVM = (
    Option("cost", "float", 1.0, "Price of an error beyond epsilon.", minimum=1e-6),
    Option("epsilon", "float", 0.1, "Free error, in standard deviations of the label.", minimum=0),
    Option("gamma", "float", 0.02, "Width of the kernel, exp(-gamma * distance^2).", minimum=1e-9),
    STEPS,
)
