"""Synthetic parts: registered, with a scanner's gaps and noise, the same for a name."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from scipy.ndimage import binary_dilation

from inspector_core.synthetic import FAMILIES, Part, make_part
from inspector_core.synthetic.camera import intrinsics
from inspector_core.synthetic.sensor import Z_STEP_MM

SIZE = 120
every_family = pytest.mark.parametrize("family", sorted(FAMILIES))


@cache
def part(family: str, label: str = "good", index: int = 0, healthy: bool = False) -> Part:
    return make_part(
        family, seed=3, split="test", label=label, index=index, size=SIZE, healthy=healthy
    )


def test_that_there_is_a_rigid_an_organic_and_a_flat_family():
    assert sorted(FAMILIES) == ["biscuit", "bracket", "tile"]


@every_family
def test_that_a_good_part_has_an_empty_mask_and_no_defects(family):
    made = part(family)
    assert made.defects == ()
    assert not made.mask.any()
    assert made.rgb.shape == made.xyz.shape == (SIZE, SIZE, 3)
    assert made.rgb.dtype == np.uint8
    assert made.xyz.dtype == np.float32


@every_family
def test_that_every_reading_lies_on_its_pixels_ray(family):
    camera, xyz = intrinsics(SIZE), part(family).xyz.astype(np.float64)
    v, u = np.nonzero(np.isfinite(xyz[..., 2]))
    x, y, z = xyz[v, u].T
    assert np.abs(x - z * (u - camera.cx) / camera.fx).max() < 1e-4
    assert np.abs(y - z * (v - camera.cy) / camera.fy).max() < 1e-4
    assert np.abs(z / Z_STEP_MM - np.rint(z / Z_STEP_MM)).max() < 1e-2


@every_family
def test_that_a_pixel_is_missing_in_all_three_coordinates_or_in_none(family):
    missing = np.isnan(part(family).xyz)
    assert (missing.all(axis=2) == missing.any(axis=2)).all()


@every_family
def test_that_some_readings_on_the_part_are_missing_and_most_are_there(family):
    made = part(family)
    missing = np.isnan(made.xyz[..., 2])[made.scene.before.on_part].mean()
    assert 0.005 < missing < 0.3


@every_family
def test_that_readings_are_missing_at_depth_edges_rather_than_on_flat_ground(family):
    made = part(family)
    missing, depth = np.isnan(made.xyz[..., 2]), made.scene.before.h
    jump = np.maximum(np.abs(np.diff(depth, axis=0, prepend=0)), np.abs(np.diff(depth, prepend=0)))
    on_part = made.scene.before.on_part
    assert missing[on_part & (jump > 3)].mean() > 0.5
    assert missing[on_part & ~binary_dilation(jump > 0.6, iterations=3)].mean() < 0.1


@every_family
def test_that_depth_noise_is_that_of_a_structured_light_scanner(family):
    made = part(family)
    view, pose = made.scene.before, made.scene.pose
    _, _, exact = pose.to_camera(view.x, view.y, view.h)
    error = made.xyz[..., 2] - exact
    table = np.isfinite(error) & ~binary_dilation(view.on_part, iterations=4)
    assert 0.01 < error[table].std() < 0.05
    assert abs(error[table].mean()) < 0.01


@every_family
def test_that_the_frame_record_gives_the_table_plane_and_the_pose(family):
    made = part(family)
    plane, xyz = made.frame["plane_in_camera"], made.xyz.astype(np.float64) / 1000
    height = (xyz @ np.array(plane["normal"]) + plane["offset_m"]) * 1000
    table = ~binary_dilation(made.scene.before.on_part, iterations=4) & np.isfinite(height)
    assert abs(np.median(height[table])) < 0.01
    assert 3 <= made.frame["camera_tilt_deg"] <= 13
    assert -15 <= made.frame["rotation_deg"] <= 15
    assert made.frame["dimensions_mm"]


@every_family
def test_that_the_same_name_gives_the_same_bytes(family):
    first = part(family, "scratch")
    again = make_part(family, seed=3, split="test", label="scratch", index=0, size=SIZE)
    for name in ("rgb", "xyz", "mask"):
        assert getattr(first, name).tobytes() == getattr(again, name).tobytes()
    assert first.defects == again.defects
    assert first.frame == again.frame


def test_that_another_seed_index_split_or_family_gives_another_part():
    def rgb(family="tile", seed=0, split="train", index=0):
        made = make_part(family, seed=seed, split=split, label="good", index=index, size=64)
        return made.rgb.tobytes()

    variants = [rgb(), rgb(seed=1), rgb(index=1), rgb(split="test"), rgb(family="biscuit")]
    assert len(set(variants)) == len(variants)


@every_family
def test_that_good_parts_vary_in_pose_light_and_dimensions(family):
    first, second = part(family).frame, part(family, index=1).frame
    for field in ("rotation_deg", "camera_tilt_deg", "light", "dimensions_mm", "part_to_camera_m"):
        assert first[field] != second[field]


@every_family
def test_that_a_larger_picture_shows_the_same_field_with_finer_pixels(family):
    small, large = (
        make_part(family, seed=0, split="train", label="good", index=0, size=size)
        for size in (100, 200)
    )
    assert small.scene.before.on_part.mean() == pytest.approx(
        large.scene.before.on_part.mean(), abs=0.02
    )
