"""Recommendation: what to offer to a customer, from what others who bought the same bought."""

from retailsql.tasks.task import Task

RECOMMENDATION = Task(
    name="recommendation",
    question="What should the best customer be offered?",
    model="basket",
    kind="recommender",
    verb="recommend",
    model_types=("ITEM_KNN",),
    query="basket_offers",
)
