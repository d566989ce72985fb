"""FPFH: against the published numbers, and the grid's version against the tree's."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from inspector_core.features.fpfh import (
    CHANNELS,
    grid_fpfh,
    published_fpfh,
    published_pooling,
    tree_fpfh,
    tree_normals,
)
from inspector_core.geometry.normals import surface_normals
from tests.core.geometry.scenes import cloud

GOLDEN = Path(__file__).resolve().parents[2] / "goldens" / "btf_fpfh" / "golden.npz"


@pytest.fixture(scope="module")
def golden():
    with np.load(GOLDEN) as arrays:
        found = dict(arrays)
    found["points"] = found["xyz"].reshape(3, -1).T[found["valid_index"]]
    return found


def oriented(golden):
    away = np.einsum("ij,ij->i", golden["normals"], golden["points"]) > 0
    return golden["normals"] * np.where(away, -1, 1)[:, None]


def test_that_normals_are_the_published_ones_up_to_sign(golden):
    cosine = np.abs(np.einsum("ij,ij->i", tree_normals(golden["points"]), golden["normals"]))
    assert np.degrees(np.arccos(np.clip(cosine, 0, 1))).max() < 0.1


def test_that_fpfh_equals_the_published_numbers(golden):
    np.testing.assert_allclose(
        tree_fpfh(golden["points"], golden["normals"]), golden["fpfh"], atol=1e-3
    )
    np.testing.assert_allclose(
        tree_fpfh(golden["points"], oriented(golden)), golden["fpfh_oriented"], atol=1e-3
    )


def test_that_pooling_equals_the_published_numbers(golden):
    pooled = published_pooling(golden["fpfh"], golden["valid_index"], golden["xyz"].shape[1:])
    np.testing.assert_allclose(pooled, golden["pooled"], atol=1e-2)


def test_that_from_points_alone_the_published_numbers_come_out(golden):
    """Normals included: their signs are open3d's, which the histograms depend on."""
    found = published_fpfh(golden["points"])
    np.testing.assert_allclose(found, golden["fpfh"], atol=1e-3)
    pooled = published_pooling(found, golden["valid_index"], golden["xyz"].shape[1:])
    np.testing.assert_allclose(pooled, golden["pooled"], atol=1e-2)


def test_that_counts_not_radii_decide_on_a_part_in_metres_and_radii_in_millimetres(golden):
    points = golden["points"]
    by_count = tree_fpfh(points, tree_normals(points))
    assert (published_fpfh(points) == by_count).all()
    assert (published_fpfh(1000 * points) == 0).all(), "every point is alone within 0.25 mm"


@pytest.mark.parametrize("count", [0, 1, 2, 29])
def test_that_fewer_points_than_neighbours_are_taken_as_they_are(golden, count):
    found = published_fpfh(golden["points"][:count])
    assert found.shape == (count, CHANNELS)
    sums = found.reshape(count, 3, 11).sum(axis=2)
    np.testing.assert_allclose(sums, 200 if count > 1 else 0, rtol=1e-5)


def grids(golden):
    xyz = np.full((48 * 56, 3), np.nan, np.float32)
    normals = xyz.copy()
    xyz[golden["valid_index"]] = golden["points"]
    normals[golden["valid_index"]] = oriented(golden)
    return xyz.reshape(48, 56, 3), normals.reshape(48, 56, 3)


def test_that_the_grids_neighbours_give_nearly_the_trees_histograms(golden):
    found = grid_fpfh(*grids(golden), radius=5.6, reach=1.0).reshape(-1, CHANNELS)
    found = found[golden["valid_index"]]
    difference = np.linalg.norm(found - golden["fpfh_oriented"], axis=1)
    assert np.median(difference) < 0.01 * np.median(np.linalg.norm(golden["fpfh_oriented"], axis=1))


def wavy(size=(24, 26), seed=0):
    heights = np.random.default_rng(seed).normal(0, 0.4, size).cumsum(axis=0)
    xyz = cloud(heights, tilt_deg=(5, 9))
    return xyz, surface_normals(xyz, np.isfinite(xyz).all(axis=2))


def test_that_a_whole_neighbourhood_gives_exactly_the_trees_histograms():
    """On a grid so small that every point neighbours every other, both see the same pairs."""
    xyz, normals = wavy((7, 8))
    ours = grid_fpfh(xyz, normals, radius=20, reach=1e6).reshape(-1, CHANNELS)
    theirs = tree_fpfh(xyz.reshape(-1, 3), normals.reshape(-1, 3), neighbours=56)
    np.testing.assert_allclose(ours, theirs, atol=2e-2)


def test_that_each_third_sums_to_200():
    thirds = grid_fpfh(*wavy(), radius=3, reach=1e6).reshape(-1, 3, 11).sum(axis=2)
    np.testing.assert_allclose(thirds, 200, rtol=1e-5)


def test_that_the_unit_of_length_does_not_matter():
    xyz, normals = wavy()
    # a power of two, so that not even rounding differs
    metres = grid_fpfh(xyz / np.float32(1024), normals, radius=3, reach=1e6)
    np.testing.assert_allclose(metres, grid_fpfh(xyz, normals, radius=3, reach=1e6), atol=1e-3)


def test_that_a_turned_part_has_the_same_histograms():
    xyz, normals = wavy()
    angle = np.radians(35)
    turn = np.array(
        [[np.cos(angle), -np.sin(angle), 0], [np.sin(angle), np.cos(angle), 0], [0, 0, 1]]
    )
    turned = grid_fpfh(
        (xyz @ turn.T).astype(np.float32), (normals @ turn.T).astype(np.float32), 3, 1e6
    )
    plain = grid_fpfh(xyz, normals, 3, 1e6)
    # rounding moves single pairs across a bin's edge
    assert np.median(np.abs(turned - plain).max(axis=2)) < 2.0


def test_that_missing_points_stay_missing_and_far_points_count_not():
    xyz, normals = wavy()
    xyz[3, 4] = np.nan
    normals[5, 5] = np.nan
    xyz[20, 20, 2] += 500
    found = grid_fpfh(xyz, normals, radius=3, reach=50)
    assert np.isnan(found[3, 4]).all()
    assert np.isnan(found[5, 5]).all()
    assert (found[20, 20] == 0).all(), "alone in its reach"
    assert np.isfinite(found).all(axis=2).sum() == 24 * 26 - 2


def test_that_no_points_give_no_features():
    empty = np.full((5, 6, 3), np.nan, np.float32)
    assert np.isnan(grid_fpfh(empty, empty, 3, 1)).all()
    assert tree_fpfh(np.zeros((0, 3)), np.zeros((0, 3))).shape == (0, CHANNELS)
