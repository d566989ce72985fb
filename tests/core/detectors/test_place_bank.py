"""Nearest good parts at the same place, against plain loops."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inspector_core.detectors.place_bank import WINDOW, PlaceBank, usual_distances


def plainly(good, asked, row, column, leave_out=None):
    """Distance to the nearest feature of any good part within the window."""
    height, width = asked.shape[:2]
    return min(
        float(np.linalg.norm(good[number, r, c] - asked[row, column]))
        for number in range(len(good))
        if number != leave_out
        for r in range(max(0, row - WINDOW), min(height, row + WINDOW + 1))
        for c in range(max(0, column - WINDOW), min(width, column + WINDOW + 1))
    )


@settings(max_examples=20, deadline=None)
@given(
    st.integers(1, 15), st.integers(1, 15), st.integers(1, 4), st.integers(1, 5), st.integers(0, 99)
)
def test_that_distances_are_those_of_plain_loops_on_grids_of_any_size(h, w, n, width, seed):
    rng = np.random.default_rng(seed)
    good = rng.normal(size=(n, h, w, width)).astype(np.float32)
    asked = rng.normal(size=(h, w, width)).astype(np.float32)
    found = PlaceBank.of(good, np.ones((h, w), bool)).distances(asked)
    expected = [[plainly(good, asked, r, c) for c in range(w)] for r in range(h)]
    assert found == pytest.approx(np.array(expected), rel=1e-4, abs=2e-3)


def test_that_a_good_part_is_found_again_unless_it_is_left_out():
    rng = np.random.default_rng(3)
    good = rng.normal(size=(3, 9, 8, 6)).astype(np.float32)
    bank = PlaceBank.of(good, np.ones((9, 8), bool))
    assert bank.distances(good[1]).max() < 5e-3
    without = bank.distances(good[1], leave_out=1)
    assert without[4, 4] == pytest.approx(plainly(good, good[1], 4, 4, leave_out=1), rel=1e-4)


def test_that_a_feature_is_forgiven_within_the_window_and_not_beyond():
    good = np.zeros((1, 12, 12, 2), np.float32)
    good[0, 6, 2] = (3, 4)
    bank = PlaceBank.of(good, np.ones((12, 12), bool))
    asked = np.zeros((12, 12, 2), np.float32)
    asked[6, 2 + WINDOW] = asked[6, 3 + WINDOW] = (3, 4)
    distances = bank.distances(asked)
    assert distances[6, 2 + WINDOW] == pytest.approx(0, abs=1e-3)
    assert distances[6, 3 + WINDOW] == pytest.approx(5, rel=1e-5)


def test_that_nothing_is_said_of_cells_that_are_not_judged():
    within = np.zeros((9, 9), bool)
    within[4, 4] = True
    bank = PlaceBank.of(np.zeros((2, 9, 9, 3), np.float32), within)
    distances = bank.distances(np.ones((9, 9, 3), np.float32))
    assert distances[4, 4] == pytest.approx(np.sqrt(3))
    assert np.count_nonzero(distances) == 1


def test_that_a_place_where_good_parts_differ_usually_has_larger_distances():
    distances = np.ones((5, 20, 20), np.float32)
    distances[:, 8:12, 8:12] = 6
    usual = usual_distances(distances, np.ones((20, 20), bool))
    assert usual[10, 10] > 4 * usual[2, 2]
    assert usual[2, 2] == pytest.approx(np.sqrt(1.25), rel=0.01)


def test_that_parts_without_any_difference_give_a_usable_ruler():
    usual = usual_distances(np.zeros((3, 5, 5), np.float32), np.ones((5, 5), bool))
    assert (usual > 0).all()
