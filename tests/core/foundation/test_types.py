"""The plain values: checked, frozen, and back from their compact forms."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis.extra import numpy as hnp

from inspector_core.types import AnomalyMaps, Plane, Region, Sample, Thresholds


@given(hnp.arrays(bool, hnp.array_shapes(min_dims=2, max_dims=2, max_side=12)))
def test_that_a_region_gives_its_mask_back(mask):
    region = Region.from_mask(mask)
    assert np.array_equal(region.mask(), mask)
    assert region.area_px == mask.sum()


def test_that_arrays_cannot_be_changed_afterwards():
    rgb = np.zeros((4, 5, 3), np.uint8)
    sample = Sample("a", rgb=rgb)
    with pytest.raises(ValueError, match="read-only"):
        sample.rgb[0, 0, 0] = 1
    rgb[0, 0, 0] = 1  # the caller's own array stays his


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"rgb": np.zeros((4, 5), np.uint8)},
        {"rgb": np.zeros((4, 5, 3), np.float32)},
        {"xyz": np.zeros((4, 5, 3), np.float64)},
        {"rgb": np.zeros((4, 5, 3), np.uint8), "xyz": np.zeros((4, 6, 3), np.float32)},
        {"rgb": np.zeros((4, 5, 3), np.uint8), "truth": np.zeros((4, 5), np.uint8)},
    ],
)
def test_that_impossible_samples_are_refused(fields):
    with pytest.raises(ValueError, match=r"needs|is \(H|is uint8|is float32"):
        Sample("a", **fields)


def test_that_t1_is_never_above_t2():
    with pytest.raises(ValueError, match="T1"):
        Thresholds(2.0, 1.0)


def test_that_heights_are_measured_from_the_plane_towards_the_camera():
    plane = Plane((0.0, 0.0, -1.0), 400.0)
    xyz = np.array([[[0, 0, 400], [0, 0, 390], [np.nan, 0, 1]]], np.float32)
    assert plane.height(xyz)[0, :2].tolist() == [0.0, 10.0]
    assert np.isnan(plane.height(xyz)[0, 2])


def test_that_maps_of_different_sizes_do_not_go_together():
    with pytest.raises(ValueError, match="one size"):
        AnomalyMaps(rgb=np.zeros((3, 3), np.float32), shape=np.zeros((3, 4), np.float32))
