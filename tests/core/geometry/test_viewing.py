"""The camera that an organised cloud carries: central or parallel, cropped, distorted, or none."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inspector_core.errors import InputError
from inspector_core.geometry.viewing import viewing_of
from tests.core.geometry.scenes import box_heights, cloud


def seen(xyz):
    return viewing_of(xyz, np.isfinite(xyz).all(axis=2))


@settings(max_examples=15, deadline=None)
@given(st.floats(-25, 25), st.floats(-25, 25), st.integers(0, 30), st.integers(0, 30))
def test_that_points_are_projected_to_their_own_pixels(a, b, top, left):
    xyz = cloud(box_heights(), tilt_deg=(a, b))[top : top + 80, left : left + 90]
    viewing = seen(xyz)
    assert viewing.central
    columns, rows = viewing.project(xyz)
    wanted = np.indices(xyz.shape[:2])
    assert np.abs(rows - wanted[0]).max() < 0.05
    assert np.abs(columns - wanted[1]).max() < 0.05


def test_that_lines_of_sight_run_through_the_points():
    xyz = cloud(box_heights(), tilt_deg=(10, -5))
    rows, columns = np.indices(xyz.shape[:2]).astype(np.float32)
    origin, direction = seen(xyz).lines(columns, rows)
    along = xyz[..., 2:] - origin[..., 2:]
    assert np.abs(origin + along * direction - xyz).max() < 0.02


def test_that_a_parallel_camera_is_known_and_projects_too():
    rows, columns = np.mgrid[:60, :70].astype(float)
    heights = 3 * np.sin(rows / 9) + 2 * np.cos(columns / 7)
    z = 300 - heights
    xyz = np.stack([0.2 * columns + 0.1 * z, 0.2 * rows - 0.05 * z, z], axis=2).astype(np.float32)
    viewing = seen(xyz)
    assert not viewing.central
    found_columns, found_rows = viewing.project(xyz)
    assert np.abs(found_rows - rows).max() < 0.1
    assert np.abs(found_columns - columns).max() < 0.1


def test_that_a_shuffled_cloud_is_no_view_and_says_so():
    xyz = cloud(box_heights())
    mixed = np.random.default_rng(0).permutation(xyz.reshape(-1, 3)).reshape(xyz.shape)
    with pytest.raises(InputError, match="no view of one camera") as caught:
        viewing_of(mixed, np.ones(xyz.shape[:2], bool), "part 7")
    assert "part 7" in caught.value.sentence
    assert "organised" in caught.value.cure


def test_that_a_handful_of_points_is_too_few():
    valid = np.zeros((120, 140), bool)
    valid[0, :5] = True
    with pytest.raises(InputError, match="too few valid points"):
        viewing_of(cloud(box_heights()), valid)
