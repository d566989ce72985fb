"""Farthest point sampling: the published choice, its oddities on request, and what always holds."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inspector_core.errors import InputError
from inspector_core.geometry.farthest_points import farthest_points

GOLDEN = Path(__file__).resolve().parents[2] / "goldens" / "mm_fps_group" / "golden.npz"
PUBLISHED = {"skip_near_origin": True, "ties": "published"}

lattices = st.lists(
    st.tuples(*[st.integers(-20, 20)] * 3), min_size=1, max_size=60, unique=True
).map(lambda rows: np.array(rows, np.float32))


@pytest.fixture(scope="module")
def golden():
    with np.load(GOLDEN) as arrays:
        return dict(arrays)


@pytest.mark.parametrize("name", ["cloud", "near", "grid"])
def test_that_the_choice_is_the_published_one(golden, name):
    found = farthest_points(golden[name], 64, **PUBLISHED)
    assert (found == golden[f"fps_{name}"]).all()


def test_that_the_first_ranked_point_repeats_when_all_are_used(golden):
    found = farthest_points(golden["cloud"][:20], 24, **PUBLISHED)
    assert (found == golden["few"]).all()
    assert len(np.unique(found[:20])) == 20


def test_that_points_near_the_origin_are_left_out_only_on_request(golden):
    near = np.flatnonzero(np.square(golden["near"]).sum(axis=1) < 9e-4)
    everything = farthest_points(golden["near"], len(golden["near"]))
    assert np.isin(near, everything).all()
    some = farthest_points(golden["near"], len(golden["near"]), skip_near_origin=True)
    assert not np.isin(near, some[1:]).any()


def test_that_the_start_is_the_only_choice_where_all_points_are_near_the_origin():
    points = np.full((5, 3), 0.001, np.float32)
    assert farthest_points(points, 3, skip_near_origin=True).tolist() == [0, 0, 0]


def test_that_equally_far_points_go_by_number_unless_published_order_is_asked_for():
    square = np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0], [-1, 0, 0], [0, -1, 0]], np.float32)
    assert farthest_points(square, 2).tolist() == [0, 1]
    # five points are four threads: number 4 is the first thread's second
    assert farthest_points(square, 2, ties="published").tolist() == [0, 4]


def test_that_a_stray_pixel_in_the_first_row_need_not_start(golden):
    cloud = golden["cloud"]
    stray = np.concatenate([cloud.mean(axis=0, keepdims=True), cloud])
    steady = farthest_points(cloud, 64, start="farthest")
    assert farthest_points(stray, 64, start="farthest")[:40].tolist() == (steady[:40] + 1).tolist()
    assert farthest_points(stray, 64)[0] == 0


@settings(max_examples=60, deadline=None)
@given(points=lattices, start=st.sampled_from(["first", "farthest"]))
def test_that_no_point_is_chosen_twice_while_others_are_left(points, start):
    found = farthest_points(points, len(points), start=start)
    assert sorted(found.tolist()) == list(range(len(points)))


@settings(max_examples=60, deadline=None)
@given(points=lattices, ties=st.sampled_from(["first", "published"]))
def test_that_every_choice_is_a_farthest_point(points, ties):
    found = farthest_points(points, len(points), ties=ties)
    apart = np.square(points[:, None] - points[None]).sum(axis=2)
    for step in range(1, len(found)):
        nearest = apart[:, found[:step]].min(axis=1)
        assert nearest[found[step]] == nearest.max()


def test_that_a_cloud_without_points_is_refused_with_a_cure():
    with pytest.raises(InputError, match="no measured point") as caught:
        farthest_points(np.zeros((0, 3), np.float32), 4)
    assert caught.value.cure
