"""Normals: exact on planes, right on spheres, never across holes."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inspector_core.geometry.normals import surface_normals
from tests.core.geometry.scenes import cloud, table


def normals_of(xyz, window_px=5):
    return surface_normals(xyz, np.isfinite(xyz).all(axis=2), window_px)


@settings(max_examples=20, deadline=None)
@given(st.floats(-60, 60), st.floats(-60, 60), st.sampled_from([3, 5, 7]))
def test_that_a_plane_has_its_own_normal_everywhere(a, b, window_px):
    normals = normals_of(cloud(np.zeros((24, 30)), tilt_deg=(a, b)), window_px)
    np.testing.assert_allclose(
        normals, np.broadcast_to(table((a, b)).normal, normals.shape), atol=2e-4
    )


def test_that_a_sphere_has_radial_normals():
    rows, columns = np.mgrid[:60, :60] - 30.0
    z = 300 - np.sqrt(np.maximum(50.0**2 - rows**2 - columns**2, 0))
    xyz = np.stack([columns, rows, z], axis=2).astype(np.float32)
    radial = (xyz - [0, 0, 300]) / 50.0
    cosine = np.einsum("ijk,ijk->ij", normals_of(xyz), radial)
    assert np.degrees(np.arccos(cosine[3:-3, 3:-3].min())) < 1.0


def test_that_missing_pixels_have_no_normal_and_bend_none():
    xyz = cloud(np.zeros((20, 20)), tilt_deg=(20, 10))
    xyz[5:9, 5:9] = np.nan
    normals = normals_of(xyz)
    assert np.isnan(normals[5:9, 5:9]).all()
    known = np.isfinite(normals).all(axis=2)
    assert known.sum() == 400 - 16
    np.testing.assert_allclose(normals[known], np.tile(table((20, 10)).normal, (384, 1)), atol=2e-4)


@pytest.mark.parametrize("kept", [np.s_[7, 7], np.s_[7, 3:12]])
def test_that_a_point_or_a_line_has_no_normal(kept):
    xyz = np.full((15, 15, 3), np.nan, np.float32)
    xyz[kept] = cloud(np.zeros((15, 15)))[kept]
    assert np.isnan(normals_of(xyz)).all()


def test_that_quantised_coordinates_average_out():
    heights = np.zeros((40, 40))
    xyz = cloud(heights, tilt_deg=(8, 4))
    step = np.array([0.0305, 0.0305, 0.01526], np.float32)
    cosine = normals_of(np.round(xyz / step) * step) @ np.array(table((8, 4)).normal)
    assert np.degrees(np.arccos(np.clip(cosine, -1, 1))).max() < 1.0


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 1000))
def test_that_a_mirrored_cloud_has_mirrored_normals(seed):
    heights = np.random.default_rng(seed).normal(0, 0.3, (16, 18)).cumsum(axis=1)
    xyz = cloud(heights)
    mirrored = xyz[:, ::-1] * np.array([-1, 1, 1], np.float32)
    expected = normals_of(xyz)[:, ::-1] * np.array([-1, 1, 1], np.float32)
    np.testing.assert_allclose(normals_of(np.ascontiguousarray(mirrored)), expected, atol=1e-4)


def test_that_normals_do_not_depend_on_the_unit_of_length():
    heights = np.random.default_rng(3).normal(0, 0.2, (20, 20))
    xyz = cloud(heights)
    np.testing.assert_allclose(normals_of(xyz), normals_of(xyz / np.float32(1024)), atol=1e-5)


def test_that_no_points_give_no_normals():
    assert np.isnan(normals_of(np.full((8, 9, 3), np.nan, np.float32))).all()
