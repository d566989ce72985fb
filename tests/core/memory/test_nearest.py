"""Exact search: the nearest row and its true distance, whatever the portions."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial import cKDTree

from inspector_core.device import Plan
from inspector_core.memory import nearest as module
from inspector_core.memory.nearest import nearest, other_neighbours, search_cost

PLAN = Plan("cpu", 64)


def features(n, d, seed=0):
    return np.random.default_rng(seed).normal(size=(n, d)).astype(np.float32)


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 60), st.integers(1, 90), st.integers(1, 12), st.integers(1, 70))
def test_that_the_search_is_exact_in_any_portions(n, m, d, chunk):
    queries, bank = features(n, d, 1), features(m, d, 2)
    distance, index = nearest(queries, bank, Plan("cpu", chunk))
    expected, _ = cKDTree(bank.astype(np.float64)).query(queries)
    np.testing.assert_allclose(distance, expected, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(np.linalg.norm(queries - bank[index], axis=1), expected, rtol=1e-5)


def test_that_a_query_almost_in_the_bank_keeps_its_true_distance():
    """The float32 trap: |q|² + |b|² - 2 q·b is off by up to 43 % here, subtraction is not."""
    bank = features(5000, 1536)
    step = features(8, 1536, 9)
    step *= 0.04 / np.linalg.norm(step, axis=1, keepdims=True)
    queries = bank[::700] + step
    distance, index = nearest(queries, bank, PLAN)
    assert index.tolist() == list(range(0, 5000, 700))
    true = np.linalg.norm(queries.astype(np.float64) - bank[::700], axis=1)
    np.testing.assert_allclose(distance, true, rtol=1e-5)


def test_that_a_bank_far_from_the_origin_is_searched_as_well():
    bank = features(300, 8) + np.float32(1000)
    queries = bank[:50] + np.float32(0.01)
    distance, index = nearest(queries, bank, PLAN)
    assert index.tolist() == list(range(50))
    np.testing.assert_allclose(distance, np.linalg.norm(queries - bank[:50], axis=1), rtol=1e-4)


def test_that_banks_larger_than_a_block_are_searched_whole(monkeypatch):
    monkeypatch.setattr(module, "_BANK_BLOCK", 7)
    monkeypatch.setattr(module, "_QUERY_BLOCK", 6)
    queries, bank = features(20, 5, 1), features(50, 5, 2)
    expected = cKDTree(bank).query(queries)[1]
    assert nearest(queries, bank, PLAN)[1].tolist() == expected.tolist()
    square = np.linalg.norm(bank[:, None] - bank[None], axis=2) + np.diag(np.full(50, np.inf))
    np.testing.assert_array_equal(other_neighbours(bank, 9, PLAN), square.argsort(axis=1)[:, :9])


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 1000))
def test_that_one_more_row_never_raises_a_distance(seed):
    queries, bank = features(15, 6, seed), features(20, 6, seed + 1)
    more = np.concatenate([bank, features(1, 6, seed + 2)])
    assert (nearest(queries, more, PLAN)[0] <= nearest(queries, bank, PLAN)[0] + 1e-6).all()


def test_that_of_equal_rows_the_first_is_the_nearest(monkeypatch):
    monkeypatch.setattr(module, "_BANK_BLOCK", 4)
    bank = np.repeat(features(5, 3), 2, axis=0)
    assert nearest(bank[::2], bank, PLAN)[1].tolist() == [0, 2, 4, 6, 8]


def test_that_no_queries_give_no_answers():
    distance, index = nearest(np.zeros((0, 4), np.float32), features(3, 4), PLAN)
    assert distance.shape == index.shape == (0,)


def test_that_twins_are_each_others_neighbours():
    bank = np.repeat(features(6, 3), 2, axis=0)
    assert other_neighbours(bank, 1, PLAN)[:, 0].tolist() == [1, 0, 3, 2, 5, 4, 7, 6, 9, 8, 11, 10]
    with pytest.raises(ValueError, match="more than 2 rows"):
        other_neighbours(bank[:2], 2, PLAN)


def test_that_exhausted_memory_halves_the_portions_and_says_so(monkeypatch):
    real, told = module._closest, []

    def picky(chunk, *rest, **how):
        if len(chunk) > 10:
            raise MemoryError
        return real(chunk, *rest, **how)

    monkeypatch.setattr(module, "_closest", picky)
    queries, bank = features(40, 4), features(30, 4, 5)
    distance, _ = nearest(queries, bank, Plan("cpu", 40), told.append)
    assert told == ["not enough memory: 20 rows at once", "not enough memory: 10 rows at once"]
    np.testing.assert_allclose(distance, cKDTree(bank).query(queries)[0], rtol=1e-5)


def test_that_the_cost_grows_with_bank_and_queries():
    small, large = search_cost(100, 1000, 64), search_cost(100, 9000, 64)
    assert large.fixed_bytes == 9 * small.fixed_bytes
    assert small.rows == 100
