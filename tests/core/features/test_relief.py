"""Relief: zero on faces, signed on dents and bumps, in millimetres."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inspector_core.features.relief import CHANNELS, RESOLUTION_MM, relief_descriptor

SIZE = (40, 44)


def facing(size=SIZE):
    normals = np.zeros((*size, 3), np.float32)
    normals[..., 2] = -1
    return normals


def millimetres(channel):
    return np.sign(channel) * np.expm1(np.abs(channel)) * RESOLUTION_MM


@settings(max_examples=15, deadline=None)
@given(st.floats(-2, 2), st.floats(-2, 2), st.integers(0, 99))
def test_that_any_plane_of_any_outline_has_no_relief(a, b, seed):
    rows, columns = np.mgrid[: SIZE[0], : SIZE[1]]
    depth = 300 + a * columns + b * rows
    depth[np.random.default_rng(seed).random(SIZE) < 0.3] = np.nan
    found = relief_descriptor(depth, facing())
    assert (np.isfinite(found).all(axis=2) == np.isfinite(depth)).all()
    assert np.nanmax(np.abs(millimetres(found))) < 0.01


def bowl(depth_mm, radius):
    rows, columns = np.mgrid[: SIZE[0], : SIZE[1]]
    square = (rows - 20) ** 2 + (columns - 22) ** 2
    return 300 + depth_mm * np.exp(-square / (2 * radius**2))


def test_that_dents_are_positive_and_bumps_negative_and_mirror_each_other():
    dent = relief_descriptor(bowl(0.5, 3), facing())
    bump = relief_descriptor(bowl(-0.5, 3), facing())
    assert (dent[20, 22, :3] > 0).all()
    np.testing.assert_allclose(bump[..., :3], -dent[..., :3], atol=1e-4)
    np.testing.assert_allclose(bump[..., 3:], dent[..., 3:], atol=1e-4)


def test_that_a_deeper_dent_has_more_relief_in_proportion():
    shallow, deep = (
        millimetres(relief_descriptor(bowl(depth, 3), facing())[20, 22, 1]) for depth in (0.2, 0.8)
    )
    assert deep == pytest.approx(4 * shallow, rel=1e-3)


def test_that_small_dents_show_at_small_scales_and_wide_ones_at_large():
    small = np.abs(relief_descriptor(bowl(0.5, 1), facing())[20, 22, :3])
    wide = np.abs(relief_descriptor(bowl(0.5, 5), facing())[20, 22, :3])
    assert small.argmax() == 0
    assert wide.argmax() == 2


def test_that_roughness_is_the_spread_about_the_plane():
    depth = 300 + np.random.default_rng(0).normal(0, 0.1, SIZE)
    found = millimetres(relief_descriptor(depth, facing())[5:-5, 5:-5, 4])
    assert np.sqrt(np.mean(found**2)) == pytest.approx(0.1 * np.sqrt(22 / 25), rel=0.1)


def test_that_a_slanted_surface_counts_in_its_own_direction():
    slanted = facing()
    slanted[..., 2] = -0.5
    straight, turned = (
        millimetres(relief_descriptor(bowl(0.5, 3), normals)) for normals in (facing(), slanted)
    )
    np.testing.assert_allclose(turned, 0.5 * straight, rtol=1e-3, atol=1e-6)


def test_that_nothing_measured_is_nothing_known():
    found = relief_descriptor(np.full(SIZE, np.nan), facing())
    assert found.shape == (*SIZE, CHANNELS)
    assert np.isnan(found).all()
