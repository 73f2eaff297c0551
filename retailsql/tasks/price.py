"""Price: what a product will cost, and how much of it sells at a price."""

from retailsql.tasks.task import Task

_REGRESSORS = (
    "BOOSTED_TREE_REGRESSOR", "LINEAR_REG", "SVM_REGRESSOR", "DECISION_TREE_REGRESSOR",
    "RANDOM_FOREST_REGRESSOR",
)  # fmt: skip

PRICE = Task(
    name="price",
    question="Which prices are off what history and market suggest?",
    model="price",
    kind="regressor",
    verb="predict",
    model_types=_REGRESSORS,
    query="price_check",
)
