"""The ranking metrics against answers worked out by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from retailsql.evaluation.ranking import (
    buyers,
    coverage,
    ndcg_at_k,
    own_frequency,
    ranking_metrics,
    recall_at_k,
    top_k,
)


def test_recall_divides_by_what_could_be_hit():
    """Two of three bought items in a list of two is the best there can be."""
    truth = np.array([[True, True, True, False], [False, False, False, True]])
    lists = np.array([[0, 1], [0, 3]])
    assert recall_at_k(lists, truth, 2).tolist() == [1.0, 1.0]
    assert recall_at_k(lists, truth, 1).tolist() == [1.0, 0.0]


def test_ndcg_by_hand():
    """Hits at ranks 1 and 3 of three with two bought: (1 + 1/2) / (1 + 1/log2 3)."""
    truth = np.array([[True, False, True]])
    found = ndcg_at_k(np.array([[0, 1, 2]]), truth, 3)
    assert found[0] == pytest.approx(1.5 / (1 + 1 / math.log2(3)))


def test_ties_go_to_the_lower_code():
    assert top_k(np.array([[1.0, 1.0, 2.0, 1.0]]), 3).tolist() == [[2, 0, 1]]


def test_a_short_list_is_not_an_error():
    """A catalogue smaller than k gives a list of the whole catalogue."""
    truth = np.array([[True, True]])
    lists = top_k(np.array([[0.0, 1.0]]), 20)
    assert recall_at_k(lists, truth, 20)[0] == 1.0
    assert ndcg_at_k(lists, truth, 10)[0] == 1.0


def test_buyers_counts_a_customer_once():
    assert buyers(np.array([0, 0, 1, 1]), np.array([0, 0, 0, 2]), 3).tolist() == [2.0, 0.0, 1.0]


def test_own_frequency_orders_by_count_then_popularity():
    scores = own_frequency(np.array([0, 0, 0]), np.array([2, 2, 0]), np.array([1.0, 9, 0, 5]), 1)
    assert top_k(scores, 4).tolist() == [[2, 0, 1, 3]]


def test_both_protocols():
    """Novel: item 0 is hidden and the list starts at 1. All: item 0 is the first and a hit."""
    scores = np.array([[3.0, 2.0, 1.0]])
    seen = np.array([[True, False, False]])
    truth = np.array([[True, False, True]])
    figures = ranking_metrics(scores, truth, seen, 1, 1)
    assert (figures["recall_at_k"], figures["recall_at_k_all"]) == (0.0, 1.0)
    assert figures["coverage"] == pytest.approx(1 / 3)


def test_a_protocol_without_rows_is_left_out():
    """A customer who bought only old items cannot be judged on novel ones."""
    seen = np.array([[True, False]])
    assert set(ranking_metrics(np.ones((1, 2)), seen, seen)) == {
        "recall_at_k_all", "ndcg_at_k_all", "coverage_all",
    }  # fmt: skip


@given(st.integers(1, 6), st.integers(1, 8), st.integers(0, 99))
def test_bounds_and_the_perfect_ranking(rows, k, seed):
    """Metrics stay in [0, 1]; ranking by the truth itself scores 1."""
    rng = np.random.default_rng(seed)
    truth = rng.random((rows, 5)) < 0.5
    truth[:, 0] = True
    noise = top_k(rng.random((rows, 5)), k)
    perfect = top_k(truth.astype(float), k)
    for metric in (recall_at_k, ndcg_at_k):
        assert ((metric(noise, truth, k) >= 0) & (metric(noise, truth, k) <= 1)).all()
        assert np.allclose(metric(perfect, truth, k), 1)
    assert 0 < coverage(noise, 5) <= 1
