"""The part score: largest value that a region of the minimum area keeps up."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import ndimage

from inspector_core.decision.score import EIGHT, part_score


def by_definition(values: np.ndarray, area: int) -> float:
    best = -np.inf
    for level in np.unique(values[np.isfinite(values)]):
        labels, count = ndimage.label(np.nan_to_num(values, nan=-np.inf) >= level, structure=EIGHT)
        if count and np.bincount(labels.ravel())[1:].max() >= area:
            best = max(best, level)
    return float(best)


@settings(max_examples=60, deadline=None)
@given(
    hnp.arrays(np.float32, (9, 11), elements=st.integers(0, 12).map(float)),
    st.integers(1, 20),
)
def test_that_the_score_is_the_definition(values, area):
    assert part_score(values, area) == by_definition(values, area)


def test_that_one_stray_pixel_does_not_decide():
    values = np.zeros((20, 20), np.float32)
    values[3, 3] = 100
    values[10:13, 10:13] = 5
    assert part_score(values, 9) == 5


def test_that_pixels_outside_the_foreground_do_not_count():
    values = np.full((10, 10), np.nan, np.float32)
    values[2:6, 2:6] = 3
    assert part_score(values, 9) == 3


@pytest.mark.parametrize("filled", [0, 4])
def test_that_too_small_maps_still_have_a_score(filled):
    values = np.full((10, 10), np.nan, np.float32)
    values[0, :filled] = 2
    assert part_score(values, 9) == (2.0 if filled else 0.0)
