"""Groups of neighbouring points: the published sets, their order, and clouds that are too small."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from inspector_core.errors import InputError
from inspector_core.geometry.point_groups import group_points, local_coordinates

GOLDEN = Path(__file__).resolve().parents[2] / "goldens" / "mm_fps_group" / "golden.npz"


@pytest.fixture(scope="module")
def golden():
    with np.load(GOLDEN) as arrays:
        found = dict(arrays)
    found["centres"] = found["cloud"][found["fps_cloud"]]
    return found


def test_that_groups_are_the_published_sets(golden):
    found = group_points(golden["cloud"], golden["centres"], 32)
    assert (np.sort(found) == np.sort(golden["knn"])).all()


def test_that_neighbours_come_nearest_first_and_the_centre_before_all(golden):
    found = group_points(golden["cloud"], golden["centres"], 32)
    away = np.linalg.norm(golden["cloud"][found] - golden["centres"][:, None], axis=2)
    assert (np.diff(away) >= -1e-7).all()
    assert (found[:, 0] == golden["fps_cloud"]).all()


def test_that_local_coordinates_are_the_published_ones(golden):
    found = local_coordinates(golden["cloud"], golden["centres"][:4], golden["knn"][:4])
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, golden["neighborhood"], atol=1e-7)


def test_that_groups_shrink_to_the_cloud():
    points = np.eye(3, dtype=np.float32)
    found = group_points(points, points[:1], 32)
    assert found.shape == (1, 3)
    assert sorted(found[0].tolist()) == [0, 1, 2]


@pytest.mark.parametrize(("count", "words"), [(0, "0 measured points"), (1, "1 measured point on")])
def test_that_a_cloud_without_a_surface_is_refused_with_a_cure(count, words):
    points = np.ones((count, 3), np.float32)
    with pytest.raises(InputError, match=words) as caught:
        group_points(points, np.ones((1, 3), np.float32), 8)
    assert "sensor" in caught.value.cure


def test_that_one_point_to_a_group_keeps_its_shape(golden):
    assert group_points(golden["cloud"], golden["centres"], 1).shape == (64, 1)
