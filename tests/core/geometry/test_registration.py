"""Registration: a known pose is found again, from any turn, on the table and freely."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from inspector_core.geometry.registration import (
    FINE,
    TurnSearch,
    moved,
    refine,
    register,
    resting_pose,
    spread_sample,
    turned,
)
from inspector_core.geometry.stacks import told
from inspector_core.geometry.surface_grid import Lattice, mean_surface
from inspector_core.progress import Progress, drain
from tests.core.geometry.scenes import cloud, table


def body(step=0.5):
    """Points (N, 3) of a plate with a boss off its middle, 40 x 28 mm, 6 and 10 mm high."""
    x, y = np.meshgrid(np.arange(-20, 20, step), np.arange(-14, 14, step))
    z = 6 + np.where(np.hypot(x - 9, y + 4) < 4, 4.0, 0.0) + 0.3 * np.sin(x / 4) * np.cos(y / 5)
    return np.stack([x.ravel(), y.ravel(), z.ravel()], axis=1).astype(np.float32)


BODY = body()
LATTICE = Lattice.around(BODY[:, :2].min(axis=0), BODY[:, :2].max(axis=0), 0.5, 5.0)


def surroundings():
    """The table around the body, as a scanner sees it."""
    x, y = (axis.ravel() for axis in np.meshgrid(*LATTICE.centres()))
    bare = (abs(x) > 20.2) | (abs(y) > 14.2)
    return np.stack([x, y, 0 * x], axis=1)[bare].astype(np.float32)


SCENE = np.concatenate([BODY, surroundings()])
GRID = drain(told(mean_surface(LATTICE, [SCENE]), lambda: Progress("")))
SEARCH = TurnSearch(BODY)


def pose_of(angle_deg, x, y):
    pose = turned(np.radians(angle_deg))
    pose[:2, 3] = x, y
    return pose


def largest_error(found, points):
    """Farthest distance of the points from where they belong, in mm."""
    return float(np.linalg.norm(moved(points, found) - BODY, axis=1).max())


@settings(max_examples=20, deadline=None)
@given(st.floats(-180, 180), st.floats(-6, 6), st.floats(-6, 6))
@example(
    3.890625, -3.625, 0.373046875
)  # the farthest of 700: one in a hundred slides along flat faces
def test_that_any_turn_and_shift_on_the_table_is_found_again(angle, x, y):
    points = moved(BODY, pose_of(angle, x, y))
    fit = register(points, GRID, SEARCH, "table")
    assert fit.overlap > 0.98
    assert largest_error(fit.pose, points) < 2 * LATTICE.cell


@settings(max_examples=10, deadline=None)
@given(st.floats(-2, 2), st.floats(-2, 2), st.floats(-0.5, 0.5))
def test_that_a_small_tilt_is_taken_off_when_parts_may_move_freely(a, b, lift):
    a, b = np.radians([a, b])
    tilt = np.eye(4)
    tilt[:3, :3] = [
        [np.cos(b), 0, np.sin(b)],
        [np.sin(a) * np.sin(b), np.cos(a), -np.sin(a) * np.cos(b)],
        [-np.cos(a) * np.sin(b), np.sin(a), np.cos(a) * np.cos(b)],
    ]
    tilt[2, 3] = lift
    points = moved(BODY, tilt)
    fit = refine(spread_sample(points, 2500), GRID, np.eye(4), "free", FINE)
    assert largest_error(fit.pose, points) < 0.25


def test_that_on_the_table_nothing_is_tilted_or_lifted():
    fit = register(moved(BODY, pose_of(40, 2, -3)), GRID, SEARCH, "table")
    assert fit.pose[2] == pytest.approx([0, 0, 1, 0], abs=1e-9)


def test_that_a_dent_does_not_pull_the_part_towards_it():
    dented = BODY.copy()
    dented[np.hypot(BODY[:, 0] + 9, BODY[:, 1]) < 4, 2] -= 2.0
    fit = register(moved(dented, pose_of(15, 1, 1)), GRID, SEARCH, "table")
    straight = moved(BODY, pose_of(15, 1, 1))
    assert largest_error(fit.pose, straight) < 1.25 * LATTICE.cell


def test_that_a_part_far_away_overlaps_nothing():
    fit = refine(BODY + np.float32(500), GRID, np.eye(4), "free", FINE)
    assert fit.overlap == 0
    assert fit.residual_mm == np.inf


@given(st.integers(1, 400), st.integers(1, 400))
def test_that_a_sample_is_spread_and_never_larger_than_asked(size, count):
    points = np.arange(size)[:, None]
    some = spread_sample(points, count)
    assert len(some) == min(size, count)
    assert (np.diff(some[:, 0]) >= 1).all()
    assert (np.diff(some[:, 0]) <= size / len(some) + 1).all()


def test_that_the_resting_frame_measures_height_above_the_table():
    heights = np.full((40, 50), 7.0)
    points = cloud(heights, tilt_deg=(12, -8)).reshape(-1, 3)
    pose = resting_pose(points, table((12, -8)))
    resting = moved(points, pose)
    assert resting[:, 2] == pytest.approx(7.0, abs=1e-3)
    assert resting[:, :2].mean(axis=0) == pytest.approx(0, abs=1e-3)
    assert np.linalg.det(pose[:3, :3]) == pytest.approx(1)
