"""One declaration per task; this table is the list of them."""

from retailsql.tasks.churn import CHURN
from retailsql.tasks.forecast import FORECAST
from retailsql.tasks.price import PRICE
from retailsql.tasks.recommendation import RECOMMENDATION
from retailsql.tasks.task import Task

TASKS: tuple[Task, ...] = (CHURN, FORECAST, RECOMMENDATION, PRICE)

__all__ = ["TASKS", "Task"]
