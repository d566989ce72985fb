"""The table plane: found in tilted, noisy scenes, refused where there is none."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inspector_core.geometry.plane import background_plane, fit_plane, view_ray
from tests.core.geometry.scenes import box_heights, cloud, table


def angle_deg(first, second):
    cosine = np.clip(np.dot(first.normal, second.normal), -1, 1)
    return float(np.degrees(np.arccos(cosine)))


def found(xyz, seed=0, tolerance_mm=1.0):
    return background_plane(xyz, np.isfinite(xyz).all(axis=2), tolerance_mm, seed)


@settings(max_examples=15, deadline=None)
@given(st.floats(-40, 40), st.floats(-40, 40), st.integers(0, 5))
def test_that_a_tilted_table_is_found(a, b, seed):
    fit = found(cloud(box_heights(), tilt_deg=(a, b), noise_mm=0.05), seed)
    assert fit is not None
    assert angle_deg(fit.plane, table((a, b))) < 0.05
    assert fit.plane.offset == pytest.approx(table((a, b)).offset, abs=0.05)
    assert fit.plane.offset > 0, "the camera is above the table"


def test_that_the_refit_is_far_better_than_the_tolerance():
    fit = found(cloud(box_heights(), tilt_deg=(10, 5), noise_mm=0.1))
    assert fit.rms_mm == pytest.approx(0.1 * np.cos(np.radians(11)), rel=0.1)
    assert angle_deg(fit.plane, table((10, 5))) < 0.02


def test_that_the_large_face_of_a_part_is_not_taken_for_the_table():
    heights = box_heights(box=(12, 108, 12, 128), height_mm=20)
    assert (heights > 0).mean() > 0.6
    fit = found(cloud(heights))
    assert fit.plane.offset == pytest.approx(table().offset, abs=0.01)


def test_that_a_round_body_without_table_has_no_plane():
    rows, columns = np.mgrid[:100, :100]
    square = (rows - 50.0) ** 2 + (columns - 50.0) ** 2
    heights = np.where(square < 45**2, np.sqrt(np.maximum(45.0**2 - square, 0)), np.nan)
    assert found(cloud(heights)) is None


def test_that_a_table_under_other_things_is_no_table():
    heights = np.where(np.arange(120)[:, None] < 60, 0.0, -30.0) * np.ones((120, 140))
    fit = found(cloud(heights))
    assert fit.plane.offset == pytest.approx(table().offset + 30, abs=0.01), "the lower of the two"


def test_that_equal_seeds_give_equal_planes():
    xyz = cloud(box_heights(), tilt_deg=(7, -3), noise_mm=0.2)
    assert found(xyz, seed=4) == found(xyz, seed=4)


def test_that_missing_rims_leave_the_rim_of_what_was_measured():
    heights = box_heights()
    heights[:15] = heights[-15:] = np.nan
    heights[:, :15] = heights[:, -15:] = np.nan
    assert found(cloud(heights, tilt_deg=(3, 3))).plane.offset == pytest.approx(
        table((3, 3)).offset, abs=0.01
    )


def test_that_three_points_on_a_line_are_no_plane():
    xyz = np.full((40, 40, 3), np.nan, np.float32)
    xyz[20, :, 0] = np.arange(40)
    xyz[20, :, 1] = 0
    xyz[20, :, 2] = 300
    assert found(xyz) is None


def test_that_the_fitted_normal_faces_the_viewer():
    points = np.random.default_rng(0).uniform(-1, 1, (50, 3)) * [10, 10, 0] + [0, 0, 100]
    assert fit_plane(points, np.array([0.0, 0.0, 1.0])).normal == pytest.approx((0, 0, -1))


def test_that_a_cloud_moved_to_its_centre_is_viewed_along_z():
    xyz = cloud(box_heights()) - np.array([0, 0, 245], np.float32)
    assert view_ray(xyz).tolist() == [0, 0, 1]
