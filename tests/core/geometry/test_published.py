"""The published preprocessing against the published code's own numbers (tests/goldens)."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from inspector_core.geometry import published
from inspector_core.geometry.organised import nearest_index

GOLDENS = Path(__file__).resolve().parents[2] / "goldens"


@pytest.fixture(scope="module")
def golden():
    with np.load(GOLDENS / "mm_preprocess" / "golden.npz") as arrays:
        return dict(arrays)


def test_that_border_points_are_those_of_the_published_code(golden):
    assert len(published.border_points(golden["xyz"])) == golden["border_count"]


def test_that_the_plane_is_that_of_the_published_code(golden):
    ours, theirs = published.table_plane(golden["xyz"]), golden["plane"]
    theirs = theirs * np.sign(theirs[:3] @ ours[:3])
    angle = np.degrees(np.arccos(np.clip(ours[:3] @ theirs[:3], -1, 1)))
    assert angle < 0.2
    assert abs(ours[3] - theirs[3]) < 5e-4


@pytest.mark.parametrize("seed", [0, 7, 99])
def test_that_plane_removal_is_exact(golden, seed):
    plane = published.table_plane(golden["xyz"], seed)
    xyz, _ = published.remove_plane(golden["xyz"], golden["rgb"], plane)
    assert (published.published_valid(xyz) == golden["after_plane"]).all()


@pytest.mark.parametrize("cleaning", ["grid", pytest.param("dbscan", marks=pytest.mark.heavy)])
def test_that_padding_cleaning_and_resizing_are_exact(golden, cleaning):
    found = published.preprocess(golden["xyz"], golden["rgb"], cleaning=cleaning)
    assert (published.published_valid(found.xyz) == golden["after_cluster"]).all()
    assert found.offset == tuple(golden["padded_offset"])
    cloud, index = published.resized_cloud(found.xyz)
    assert (cloud == golden["resized"]).all()
    assert (index == golden["valid_index"]).all()
    assert (published.bicubic(found.rgb) == golden["rgb_m3dm_224"]).all()


def test_that_the_edge_replicated_picture_is_exact(golden):
    picture = published.bicubic(published.square_by_edge(golden["rgb"]))
    assert (picture == golden["rgb_cfm_224"]).all()
    pixels = published.imagenet_input(picture)[:, 100, 10:15]
    np.testing.assert_allclose(pixels, golden["rgb_norm_pixel"], atol=1e-6)


def test_that_nearest_resize_floors_as_published(golden):
    assert (nearest_index(200, 224, published=True) == golden["nearest_source"]).all()


def test_that_a_cloud_without_points_stays_empty():
    empty = np.zeros((20, 20, 3), np.float32)
    assert not published.largest_cluster(empty).any()


def test_that_without_a_table_nothing_is_removed():
    rng = np.random.default_rng(0)
    xyz = rng.uniform(0.1, 0.6, (50, 50, 3)).astype(np.float32)
    found = published.preprocess(xyz, np.ones((50, 50, 3), np.uint8))
    assert found.plane is None
    assert found.xyz.shape == (100, 100, 3)
