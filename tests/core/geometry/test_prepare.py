"""prepare(): from a sample to plane, part, heights and normals, with notes and refusals."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inspector_core.errors import InputError
from inspector_core.geometry.prepare import PrepareSettings, prepare
from inspector_core.settings import build
from inspector_core.types import Sample
from tests.core.geometry.scenes import box_heights, cloud, sample, table


def test_that_a_block_on_a_table_is_measured_above_it():
    heights = box_heights()
    part = prepare(sample(heights, tilt_deg=(12, -7)))
    assert (part.foreground == (heights > 0)).all()
    np.testing.assert_allclose(part.height, heights, atol=0.01)
    np.testing.assert_allclose(part.plane.normal, table((12, -7)).normal, atol=1e-4)
    np.testing.assert_allclose(part.normals[50, 70], table((12, -7)).normal, atol=1e-3)
    assert part.notes == ()


def test_that_a_picture_alone_is_all_foreground():
    part = prepare(Sample("a", rgb=np.zeros((30, 40, 3), np.uint8)))
    assert part.foreground.all()
    assert not part.valid.any()
    assert part.plane is None
    assert part.height is None
    assert part.normals is None


def test_that_the_gain_is_handed_on():
    rgb = np.full((30, 40, 3), 51, np.uint8)
    part = prepare(Sample("a", rgb=rgb), PrepareSettings(rgb_gain=3.0))
    assert part.colour() == pytest.approx(0.6)


def test_that_an_automatic_gain_leaves_pictures_as_they_are_until_it_is_measured():
    assert prepare(Sample("a", rgb=np.zeros((30, 40, 3), np.uint8))).gain == 1.0


def test_that_an_empty_cloud_is_refused_with_its_count():
    empty = Sample("test/dent/004", xyz=np.full((800, 800, 3), np.nan, np.float32))
    with pytest.raises(
        InputError, match=r"test/dent/004: no valid points \(0 of 640,000\)"
    ) as told:
        prepare(empty)
    assert told.value.cure


def test_that_a_nearly_empty_cloud_is_refused():
    xyz = np.full((200, 200, 3), np.nan, np.float32)
    xyz[:6, :6] = cloud(np.zeros((6, 6)))
    with pytest.raises(InputError, match=r"too few valid points \(36 of 40,000\)"):
        prepare(Sample("part", xyz=xyz))


def test_that_without_a_table_all_that_was_measured_is_the_part():
    rows, columns = np.mgrid[:100, :100] - 50.0
    square = rows**2 + columns**2
    ball = np.where(square < 45**2, np.sqrt(np.maximum(45.0**2 - square, 0)), np.nan)
    ball[50:53, 50:53] = np.nan
    part = prepare(Sample("part", xyz=cloud(ball)))
    assert part.plane is None
    assert part.height is None
    assert part.foreground[51, 51]
    assert (part.foreground == (square < 45**2)).all()
    assert "No table found" in part.notes[0]
    with pytest.raises(InputError, match="no flat table found"):
        prepare(Sample("part", xyz=cloud(ball)), PrepareSettings(background="plane"))


def test_that_background_none_keeps_the_table():
    part = prepare(sample(box_heights()), PrepareSettings(background="none"))
    assert part.foreground.all()
    assert part.plane is None
    assert part.notes == ()


def test_that_a_flat_part_that_fills_the_picture_is_kept_whole():
    part = prepare(sample(np.random.default_rng(0).normal(0, 0.05, (80, 90))))
    assert part.foreground.all()
    assert part.notes == (
        "Nothing stands 1 mm above the plane: all that was measured counts as the part.",
    )


def test_that_the_sensors_own_normals_are_kept_and_scaled_to_one():
    xyz = cloud(box_heights())
    normals = np.zeros_like(xyz)
    normals[..., 2] = -0.5
    normals[0, 0] = 0.0
    part = prepare(Sample("part", xyz=xyz, normals=normals))
    assert part.normals[40, 40].tolist() == [0, 0, -1]
    assert np.isnan(part.normals[0, 0]).all()


def test_that_the_input_stays_as_it_was_and_twice_gives_the_same():
    scene = sample(box_heights(), noise_mm=0.1)
    before = scene.xyz.copy()
    first, second = prepare(scene, seed=3), prepare(scene, seed=3)
    assert (scene.xyz == before).all()
    assert first.plane == second.plane
    assert first.normals.tobytes() == second.normals.tobytes()
    assert first.foreground.tobytes() == second.foreground.tobytes()


@settings(max_examples=8, deadline=None)
@given(st.integers(0, 50), st.floats(-25, 25), st.floats(-25, 25))
def test_that_the_part_does_not_depend_on_tilt_or_seed(seed, a, b):
    heights = box_heights()
    part = prepare(sample(heights, tilt_deg=(a, b), noise_mm=0.05), seed=seed)
    assert (part.foreground == (heights > 0)).all()


def test_that_mirroring_the_scene_mirrors_the_part():
    heights = box_heights(box=(20, 70, 15, 60))
    xyz = cloud(heights, tilt_deg=(5, 15), noise_mm=0.03)
    mirrored = np.ascontiguousarray(xyz[:, ::-1] * np.array([-1, 1, 1], np.float32))
    plain, other = prepare(Sample("a", xyz=xyz)), prepare(Sample("b", xyz=mirrored))
    assert (plain.foreground == other.foreground[:, ::-1]).all()
    np.testing.assert_allclose(plain.height, other.height[:, ::-1], atol=0.02)


def test_that_scaled_scenes_need_only_scaled_settings():
    heights = box_heights()
    big = Sample("big", xyz=cloud(heights) * np.float32(1000))
    settings_in_metres = build(
        PrepareSettings, {"minimum_height_mm": 1000, "join_mm": 1000, "plane_tolerance_mm": 50}
    )
    assert (prepare(big, settings_in_metres).foreground == (heights > 0)).all()


@pytest.mark.heavy
def test_that_the_casting_is_found_where_its_true_plane_says(shared):
    tifffile = pytest.importorskip("tifffile")
    frames = json.loads(shared("data", "rendered_casting", "frames.json").read_text())
    for name in ("train/good/000", "test/contamination/003", "test/missing_feature/000"):
        split, kind, number = name.split("/")
        path = shared("data", "rendered_casting", split, kind, "xyz", f"{number}.tiff")
        xyz = tifffile.imread(path).astype(np.float32) * 1000
        xyz[(xyz == 0).all(axis=2)] = np.nan
        part = prepare(Sample(name, xyz=xyz))
        truth = frames[name]["plane_in_camera"]
        height = xyz @ np.array(truth["normal"], np.float32) + truth["offset_m"] * 1000
        high = np.nan_to_num(height, nan=-1.0) > 1.0
        seen = part.foreground & part.valid
        assert (high & seen).sum() / (high | seen).sum() > 0.97
        assert np.dot(truth["normal"], part.plane.normal) > np.cos(np.radians(0.02))
        assert part.plane.offset == pytest.approx(truth["offset_m"] * 1000, abs=0.02)
