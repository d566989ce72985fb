"""Bilinear look-up against scipy's, broad blurs, and medians of stacks with gaps."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.ndimage import gaussian_filter, map_coordinates

from inspector_core.geometry.resampling import Crossing, Positions, broad_blur
from inspector_core.geometry.stacks import column_median, median_of, told
from inspector_core.progress import Progress, drain


@given(st.integers(1, 9), st.integers(1, 9), st.integers(0, 5))
def test_that_a_look_up_equals_scipys_and_repeats_the_border_outside(height, width, seed):
    rng = np.random.default_rng(seed)
    image = rng.normal(size=(height, width)).astype(np.float32)
    rows = rng.uniform(-2, height + 1, (6, 7))
    columns = rng.uniform(-2, width + 1, (6, 7))
    found = Positions.at(rows, columns, image.shape)(image)
    expected = map_coordinates(image, [rows, columns], order=1, mode="nearest")
    assert found.dtype == np.float32
    assert found == pytest.approx(expected, abs=1e-5)


def test_that_whole_positions_give_the_pixels_themselves():
    image = np.random.default_rng(0).normal(size=(5, 6)).astype(np.float32)
    rows, columns = np.indices(image.shape)
    assert Positions.at(rows, columns, image.shape)(image) == pytest.approx(image, abs=1e-6)


@given(st.integers(1, 9), st.integers(1, 9), st.integers(0, 5))
def test_that_crossing_rows_and_columns_give_what_their_positions_give(height, width, seed):
    rng = np.random.default_rng(seed)
    images = rng.normal(size=(2, height, width)).astype(np.float32)
    rows = rng.uniform(-2, height + 1, 6).astype(np.float32)
    columns = rng.uniform(-2, width + 1, 7).astype(np.float32)
    found = Crossing.at(rows, columns, (height, width))(images)
    single = Positions.at(*np.broadcast_arrays(rows[:, None], columns), (height, width))
    assert found.dtype == np.float32
    assert np.array_equal(found, np.stack([single(image) for image in images]))


def test_that_a_broad_blur_is_close_to_the_exact_one():
    image = np.zeros((90, 101), np.float32)
    image[30:50, 40:70] = 1
    exact = gaussian_filter(image, 10, mode="constant")
    assert broad_blur(image, 10) == pytest.approx(exact, abs=0.02)


@given(st.integers(1, 7), st.integers(0, 20))
def test_that_the_median_skips_what_is_unknown(n, seed):
    rng = np.random.default_rng(seed)
    layers = rng.normal(size=(n, 4, 3)).astype(np.float32)
    layers[rng.random(layers.shape) < 0.4] = np.nan
    expected = np.full((4, 3), np.nan, np.float32)
    for place in np.ndindex(4, 3):
        known = layers[(slice(None), *place)]
        known = known[np.isfinite(known)]
        if known.size:
            expected[place] = np.median(known)
    assert column_median(layers) == pytest.approx(expected, nan_ok=True, abs=1e-6)
    told_steps = drain(told(median_of(layers), lambda: Progress("")))
    assert told_steps == pytest.approx(expected, nan_ok=True, abs=1e-6)
