"""Splits: nothing straddles, classes are on both sides, the same seed splits alike."""

import numpy as np
import pytest

from retailsql.errors import TrainingError
from retailsql.evaluation.splits import SplitOptions, plan_split


def rows(plan):
    return sorted(np.concatenate(plan.pairs[0]).tolist())


def test_seq_never_cuts_a_week():
    """All rows of a week are on one side, and the later weeks evaluate."""
    week = np.repeat(np.arange(10), 7)
    train, held = plan_split(70, SplitOptions("SEQ", 0.25), column=week, column_name="week").pairs[
        0
    ]
    assert week[train].max() < week[held].min()
    assert len(train) + len(held) == 70
    assert len(held) in (14, 21)


def test_seq_takes_dates():
    day = np.array("2024-01-01", "datetime64[D]") + np.arange(20)
    plan = plan_split(20, SplitOptions("SEQ"), column=day, column_name="day")
    assert plan.words == "rows with day >= 2024-01-17: 16 train, 4 eval"


def test_custom_true_evaluates():
    flag = np.arange(10) >= 7
    plan = plan_split(10, SplitOptions("CUSTOM"), column=flag, column_name="held")
    assert plan.pairs[0][1].tolist() == [7, 8, 9]
    assert not plan.refit


def test_auto_split_cross_validates_small_tables():
    """Below 500 rows each row is held out once, and the model is refit on all."""
    classes = np.arange(100) % 2
    plan = plan_split(100, SplitOptions(), classes)
    held = np.concatenate([pair[1] for pair in plan.pairs])
    assert plan.refit
    assert len(plan.pairs) == 5
    assert sorted(held.tolist()) == list(range(100))


def test_auto_split_holds_out_a_fifth_then_ten_thousand():
    fifth = plan_split(1_000, SplitOptions(), np.arange(1_000) % 4)
    assert len(fifth.pairs[0][1]) == 200
    assert rows(fifth) == list(range(1_000))
    assert len(plan_split(60_000, SplitOptions()).pairs[0][1]) == 10_000


def test_random_is_stratified_and_repeatable():
    classes = (np.arange(1_000) % 10 == 0).astype(np.int64)
    one, two = (plan_split(1_000, SplitOptions("RANDOM"), classes) for _ in range(2))
    assert classes[one.pairs[0][1]].mean() == pytest.approx(0.1)
    assert one.pairs[0][1].tolist() == two.pairs[0][1].tolist()
    other = plan_split(1_000, SplitOptions("RANDOM", seed=1), classes)
    assert one.pairs[0][1].tolist() != other.pairs[0][1].tolist()


def test_repeats_are_5x2_folds_by_default():
    assert len(plan_split(50, SplitOptions("CROSS_VALIDATION")).pairs) == 10


@pytest.mark.parametrize(
    ("n", "options", "classes", "column", "words"),
    [
        (3, SplitOptions(), None, None, "too few rows"),
        (10, SplitOptions("RANDOM", 1.5), None, None, "data_split_eval_fraction"),
        (10, SplitOptions("SEQ"), None, np.ones(10), "one value only"),
        (10, SplitOptions("CUSTOM"), None, np.ones(10), "cannot split rows by CUSTOM"),
        (10, SplitOptions("CUSTOM"), None, np.ones(10, bool), "too few training rows"),
        (10, SplitOptions("CUSTOM"), np.arange(10) // 5, np.arange(10) >= 5, "leaves out a class"),
        (10, SplitOptions("RANDOM"), np.arange(10) // 9, None, "A class has too few rows"),
    ],
)
def test_impossible_splits_are_refused(n, options, classes, column, words):
    with pytest.raises(TrainingError, match=words):
        plan_split(n, options, classes, column, "w")
