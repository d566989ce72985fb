"""Surfaces on a lattice: what clouds agree on, and how far a point lies above or below."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inspector_core.geometry.stacks import told
from inspector_core.geometry.surface_grid import Lattice, SurfaceGrid, filled, mean_surface
from inspector_core.progress import Progress, drain

LATTICE = Lattice(-10.0, -8.0, 0.5, (33, 41))


def slope(a, b):
    """A plane z = 5 + a x + b y on the lattice."""
    x, y = LATTICE.centres()
    return (5 + a * x[None, :] + b * y[:, None]).astype(np.float32)


def cloud_of(heights):
    x, y = LATTICE.centres()
    x, y = np.broadcast_arrays(x[None, :], y[:, None])
    return np.stack([x, y, heights], axis=2).reshape(-1, 3).astype(np.float32)


def surface(clouds):
    return drain(told(mean_surface(LATTICE, clouds), lambda: Progress("")))


@settings(max_examples=25, deadline=None)
@given(
    st.floats(-0.8, 0.8),
    st.floats(-0.8, 0.8),
    st.floats(-0.9, 0.9),
    st.floats(-6, 6),
    st.floats(-5, 5),
)
def test_that_a_points_distance_is_measured_along_the_normal(a, b, distance, x, y):
    normal = np.array([-a, -b, 1.0]) / np.sqrt(a * a + b * b + 1)
    point = np.array([x, y, 5 + a * x + b * y]) + distance * normal
    found = SurfaceGrid(LATTICE, slope(a, b)).deviation(point[None].astype(np.float32))
    assert found[0] == pytest.approx(distance, abs=0.02)


def test_that_a_point_off_the_lattice_or_over_nothing_has_no_distance():
    heights = slope(0, 0)
    heights[:, :20] = np.nan
    points = np.array([[100, 0, 5], [-8, 0, 5], [8, 0, 5.25]], np.float32)
    found = SurfaceGrid(LATTICE, heights).deviation(points)
    assert np.isnan(found[:2]).all()
    assert found[2] == pytest.approx(0.25, abs=1e-3)


def test_that_one_bad_cloud_leaves_no_trace():
    good = [cloud_of(slope(0.1, 0) + 0.01 * k) for k in range(4)]
    bad = cloud_of(slope(0.1, 0) + 3)
    found = surface([*good, bad]).heights
    assert found == pytest.approx(slope(0.1, 0) + 0.015, abs=1e-4)


def test_that_cells_that_few_clouds_saw_stay_unknown():
    half = slope(0, 0)
    half[:10] = np.nan
    everything, part = cloud_of(slope(0, 0)), cloud_of(half)
    part = part[np.isfinite(part).all(axis=1)]
    found = surface([everything, *[part] * 9]).heights
    assert np.isnan(found[:10]).all()
    assert np.isfinite(found[10:]).all()


def test_that_gaps_are_filled_from_the_nearest_and_nothing_gives_zeros():
    values = np.array([[np.nan, 2, np.nan, np.nan, 7]], np.float32)
    assert filled(values)[0].tolist() == [2, 2, 2, 7, 7]
    assert (filled(np.full((2, 2), np.nan)) == 0).all()


def test_that_the_nearest_cell_is_the_nearest_in_space():
    grid = SurfaceGrid(LATTICE, slope(0.5, -0.3))
    points = cloud_of(slope(0.5, -0.3))[300:340] + np.float32(0.05)
    number, squared = grid.nearest(points)
    every, _ = grid.points(np.arange(LATTICE.shape[0] * LATTICE.shape[1]))
    distances = ((points[:, None] - every[None]) ** 2).sum(axis=2)
    assert squared == pytest.approx(distances.min(axis=1), abs=1e-5)
    assert (number == distances.argmin(axis=1)).all()
