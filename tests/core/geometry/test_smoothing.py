"""Smoothing within the part, and the published eight-bit blur."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from inspector_core.geometry.organised import CellGrid
from inspector_core.geometry.smoothing import blur_8bit, smooth, spilled

GOLDEN = Path(__file__).resolve().parents[2] / "goldens" / "btf_score" / "golden.npz"


def test_that_a_constant_stays_constant_up_to_the_outline():
    mask = np.zeros((30, 30), bool)
    mask[5:25, 8:20] = True
    smoothed = smooth(np.full((30, 30), 3.0), mask, 2.0)
    assert smoothed[mask] == pytest.approx(3.0)
    assert np.isnan(smoothed[~mask]).all()


def test_that_nothing_outside_the_part_leaks_in():
    mask = np.zeros((20, 20), bool)
    mask[:, :10] = True
    values = np.where(mask, 1.0, 1000.0)
    assert np.nanmax(smooth(values, mask, 3.0)) == pytest.approx(1.0)


def test_that_unknown_pixels_take_their_neighbours_mean():
    values = np.full((9, 9), 2.0)
    values[4, 4] = np.nan
    assert smooth(values, np.ones((9, 9), bool), 1.0)[4, 4] == pytest.approx(2.0)


def test_that_a_rim_takes_a_share_of_what_lies_next_to_it():
    values = np.full((12, 12), np.nan)
    values[4:8, 4:8] = 2.0
    found = spilled(values, 2, share=0.5)
    assert (found[4:8, 4:8] == 2.0).all()
    rim = np.isfinite(found) & np.isnan(values)
    assert rim[2:10, 2:10].sum() == rim.sum() == 48
    assert found[rim] == pytest.approx(1.0)


def test_that_a_rim_ends_at_the_picture_and_needs_something_known():
    assert (spilled(np.ones((3, 3)), 2, share=0.5) == 1).all()
    assert np.isnan(spilled(np.full((3, 3), np.nan), 2, share=0.5)).all()


def test_that_no_blur_changes_nothing():
    values = np.random.default_rng(0).random((6, 7))
    values[2, 2] = np.nan
    smoothed = smooth(values, np.ones((6, 7), bool), 0.0)
    np.testing.assert_array_equal(smoothed, values.astype(np.float32))


def test_that_both_blurs_equal_the_published_maps():
    with np.load(GOLDEN) as golden:
        coarse = golden["min_dist"].reshape(28, 28)
        big = CellGrid(0, 0, 28, 28, 8).enlarge(coarse, (224, 224))
        everywhere = np.ones((224, 224), bool)
        np.testing.assert_allclose(smooth(big, everywhere, 4.0), golden["map_exact"], atol=1e-5)
        np.testing.assert_array_equal(blur_8bit(big), golden["map_published"])


def test_that_an_empty_map_stays_empty():
    assert not blur_8bit(np.zeros((10, 10))).any()
