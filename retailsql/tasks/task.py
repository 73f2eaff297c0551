"""What a task declares about itself."""

from __future__ import annotations

from dataclasses import dataclass

from retailsql.signature import ModelKind


@dataclass(frozen=True)
class Task:
    """One thing a retailer wants to know, and the model that answers it.

    Args:
        name: of the task.
        question: what it answers, in one sentence.
        model: the model's name in the demo and in ``sql/training``.
        kind: kind of model.
        verb: of the function that answers, ``<model>_<verb>``.
        model_types: what OPTIONS(model_type) may be, the default first.
        query: the file in ``sql/queries`` that shows it.

    >>> Task("churn", "Who?", "churn", "classifier", "score", ("LOGISTIC_REG",), "q").function
    'churn_score'
    """

    name: str
    question: str
    model: str
    kind: ModelKind
    verb: str
    model_types: tuple[str, ...]
    query: str

    @property
    def function(self) -> str:
        """The public function that answers."""
        return f"{self.model}_{self.verb}"
