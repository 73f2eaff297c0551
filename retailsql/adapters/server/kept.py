"""Answers kept for when the same is asked again."""

from __future__ import annotations

from collections.abc import Hashable
from typing import TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Kept(dict[K, V]):
    """A dict that is emptied when it is full, so that nobody fills the memory with questions.

    Another thread may do that at any time: what was there a moment ago need not be there now.

    Args:
        most: so many answers.

    >>> kept = Kept(2)
    >>> for number in range(3):
    ...     kept[number] = "answer"
    >>> list(kept)
    [2]
    """

    def __init__(self, most: int) -> None:
        super().__init__()
        self._most = most

    def __setitem__(self, key: K, value: V) -> None:
        """Keep an answer."""
        if len(self) >= self._most and key not in self:
            self.clear()
        super().__setitem__(key, value)
