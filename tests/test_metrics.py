"""Metrics and trivial rules whose value can be worked out by hand."""

import numpy as np
import pytest

from retailsql.evaluation.baselines import Rules, classifier_baselines, regressor_baselines
from retailsql.evaluation.metrics import classifier_metrics, lift, regressor_metrics


def test_calibrated_scores_have_no_calibration_error():
    y = np.array([1, 0, 0, 0] * 25)
    proba = np.tile([0.75, 0.25], (100, 1))
    assert classifier_metrics(y, proba, 1)["expected_calibration_error"] == pytest.approx(0)


def test_precision_and_recall_are_of_the_positive_class():
    """Two of three flagged rows are right, and two of four positives are found."""
    y = np.array([0, 0, 0, 1, 1, 1, 1])
    flagged = np.array([0, 0, 1, 1, 1, 0, 0])
    m = classifier_metrics(y, np.where(flagged[:, None] == [0, 1], 0.8, 0.2), 1)
    assert m["precision"] == pytest.approx(2 / 3)
    assert m["recall"] == pytest.approx(1 / 2)


def test_exactly_half_is_not_the_positive_class():
    """As in ML.PREDICT, whose label is positive above the threshold."""
    y = np.array([1, 1, 0, 0])
    for positive in (0, 1):
        said = np.array([0.5, 0.75, 0.25, 0.5])
        proba = np.column_stack([1 - said, said])[:, :: 1 if positive == 1 else -1]
        m = classifier_metrics(y if positive == 1 else 1 - y, proba, positive)
        assert (m["precision"], m["recall"], m["accuracy"]) == (1.0, 0.5, 0.75)


def test_positive_class_may_be_the_first():
    y = np.array([0, 0, 1, 1])
    proba = np.array([[0.9, 0.1], [0.8, 0.2], [0.3, 0.7], [0.1, 0.9]])
    assert classifier_metrics(y, proba, 0)["roc_auc"] == 1.0


def test_lift_shares_ties_at_the_cut():
    """The best tenth of a score with one value is any tenth."""
    hit = np.array([1] * 5 + [0] * 5)
    assert lift(hit, np.zeros(10), 0.1) == pytest.approx(1.0)


def test_log_error_is_left_out_for_negative_numbers():
    m = regressor_metrics(np.array([-1.0, 2.0]), np.array([0.0, 1.0]))
    assert "mean_squared_log_error" not in m
    assert m["mean_absolute_error"] == 1.0


def test_rules_learn_from_training_rows_only():
    """The group's mean is 10 in training; the held rows' own 99 must not leak in."""
    y = np.array([10.0, 10.0, 20.0, 20.0, 99.0, 99.0])
    group = np.array([0, 0, 1, 1, 0, 2])
    train, held = np.arange(4), np.array([4, 5])
    m = regressor_baselines(y, train, held, Rules(groups={"by group": group}))
    # group 0 says 10; group 2 is new and says the overall mean, 15.
    assert m["by group"]["mean_absolute_error"] == pytest.approx((89 + 84) / 2)
    assert m["mean"]["mean_absolute_error"] == pytest.approx(84)


def test_a_column_as_prediction_is_taken_as_it_is():
    y = np.array([1.0, 2.0, 3.0, 4.0])
    rows = np.arange(4)
    m = regressor_baselines(y, rows, rows, Rules({"last": np.array([1.0, 2.0, 3.0, np.nan])}))
    assert m["last"]["mean_absolute_error"] == pytest.approx(2.0 / 4)  # NULL is filled with 2


def test_group_frequencies_are_never_zero():
    """A class unseen in a group keeps some probability, so log loss is finite."""
    y = np.array([0, 0, 1, 1, 0, 1])
    rows = np.arange(6)
    group = np.array([0, 0, 1, 1, 0, 0])
    m = classifier_baselines(y, rows[:4], rows[4:], 1, Rules(groups={"g": group}))
    assert np.isfinite(m["g"]["log_loss"])
    assert m["base rate"]["roc_auc"] == 0.5
