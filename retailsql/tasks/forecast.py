"""Forecast: how much will sell, by day or week, with a range."""

from retailsql.tasks.task import Task

FORECAST = Task(
    name="forecast",
    question="How much of the best sellers will sell in the next 28 days?",
    model="demand",
    kind="forecaster",
    verb="forecast",
    model_types=("LSTM",),
    query="demand_next",
)
