"""Churn: who is about to leave. With a contract the data says it; without one, silence does."""

from retailsql.tasks.task import Task

CHURN = Task(
    name="churn",
    question="Which active customers will buy nothing in the next 60 days?",
    model="churn",
    kind="classifier",
    verb="score",
    model_types=("RANDOM_FOREST_CLASSIFIER", "LOGISTIC_REG", "BOOSTED_TREE_CLASSIFIER"),
    query="churn_risk",
)
