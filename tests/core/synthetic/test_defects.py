"""Defects of synthetic parts: exactly annotated, measured, in the modality that shows them."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from scipy.ndimage import binary_dilation, distance_transform_edt
from skimage.color import rgb2lab

from inspector_core.synthetic import FAMILIES, Part, make_part
from inspector_core.synthetic.kinds import TYPES

SIZE = 120
PIXEL_MM = 120 / SIZE
DEFECTS = tuple(TYPES)
SHAPE_ONLY = ("dent", "bump")
COLOUR_ONLY = ("stain", "wrong_colour")
BOTH = ("hole", "scratch")
every_family = pytest.mark.parametrize("family", sorted(FAMILIES))


@cache
def part(family: str, label: str = "good", index: int = 0, healthy: bool = False) -> Part:
    return make_part(
        family, seed=3, split="test", label=label, index=index, size=SIZE, healthy=healthy
    )


def along_the_normal(made: Part) -> np.ndarray:
    """(H, W) mm between the good and the defective surface, from what the pixels see of both."""
    before, after = made.scene.before, made.scene.after
    normal = before.normal(before.surface.slopes)
    moved = (after.x - before.x, after.y - before.y, after.h - before.h)
    return sum(n * m for n, m in zip(normal, moved, strict=True))


@every_family
@pytest.mark.parametrize("label", COLOUR_ONLY)
def test_that_a_colour_defect_leaves_every_byte_of_the_cloud(family, label):
    made, good = part(family, label), part(family, label, healthy=True)
    assert made.xyz.tobytes() == good.xyz.tobytes()
    assert (made.rgb != good.rgb).any(axis=2)[made.mask].mean() > 0.5


@every_family
@pytest.mark.parametrize("label", SHAPE_ONLY)
def test_that_a_shape_defect_leaves_every_byte_of_the_picture(family, label):
    made, good = part(family, label), part(family, label, healthy=True)
    assert made.rgb.tobytes() == good.rgb.tobytes()
    assert made.xyz.tobytes() != good.xyz.tobytes()


@every_family
@pytest.mark.parametrize("label", BOTH)
def test_that_scratches_and_holes_change_picture_and_cloud(family, label):
    made, good = part(family, label), part(family, label, healthy=True)
    assert (made.rgb != good.rgb).any(axis=2)[made.mask].mean() > 0.5
    assert made.xyz.tobytes() != good.xyz.tobytes()


@every_family
@pytest.mark.parametrize("label", DEFECTS)
def test_that_nothing_changes_far_from_the_defects(family, label):
    made, good = part(family, label), part(family, label, healthy=True)
    far = distance_transform_edt(~made.mask) * PIXEL_MM > 20
    assert (made.rgb == good.rgb)[far].all()
    assert np.array_equal(made.xyz[far], good.xyz[far], equal_nan=True)


@every_family
@pytest.mark.parametrize("label", SHAPE_ONLY)
def test_that_the_mask_of_a_shape_defect_is_where_the_noise_free_surfaces_differ(family, label):
    made = part(family, label)
    deviation = np.abs(along_the_normal(made))
    near = binary_dilation(made.mask)  # a gap of one pixel is closed, a border pixel may tie
    edge = made.scene.before.on_part ^ made.scene.after.on_part  # looks past a lowered rim
    assert deviation[~near & ~edge].max() < 0.13
    assert made.mask[(deviation > 0.2) & ~edge].all()
    assert (deviation[made.mask] > 0.07).mean() > 0.85


@every_family
@pytest.mark.parametrize("label", COLOUR_ONLY)
def test_that_the_mask_of_a_colour_defect_is_where_the_noise_free_pictures_differ(family, label):
    made = part(family, label)
    pictures = made.scene.picture_before, made.scene.picture_after
    before, after = (rgb2lab(np.clip(picture, 0, 1)) for picture in pictures)
    difference = np.sqrt(((after - before) ** 2).sum(axis=2))
    assert difference[~made.mask].max() <= 3.05
    assert (difference[made.mask] > 2.95).mean() > 0.8


@every_family
@pytest.mark.parametrize("label", DEFECTS)
def test_that_the_truth_lists_what_the_mask_shows(family, label):
    made = part(family, label)
    kinds = {kind.name for kind in TYPES[label].kinds}
    assert 1 <= len(made.defects) <= 2
    assert made.mask.sum() <= sum(entry["mask_pixels"] for entry in made.defects)
    for entry in made.defects:
        u0, v0, u1, v1 = entry["bbox_uv"]
        assert entry["type"] == label
        assert entry["kind"] in kinds
        assert (entry["in_rgb"], entry["in_xyz"]) == (TYPES[label].in_rgb, TYPES[label].in_xyz)
        assert made.mask[v0 : v1 + 1, u0 : u1 + 1].sum() >= entry["mask_pixels"] >= 6
        assert 0 <= entry["xyz_valid_fraction"] <= 1
        assert entry["length_mm"] >= entry["width_mm"] > 0
        assert ("mean_delta_e" in entry) == (label in COLOUR_ONLY)


@every_family
@pytest.mark.parametrize("label", SHAPE_ONLY)
@pytest.mark.parametrize("index", [0, 1])
def test_that_true_sizes_agree_with_mask_and_surfaces(family, label, index):
    made = part(family, label, index)
    deviation = along_the_normal(made)
    for entry in made.defects:
        u0, v0, u1, v1 = entry["bbox_uv"]
        here = (slice(v0, v1 + 1), slice(u0, u1 + 1))
        pixels_mm2 = entry["mask_pixels"] * PIXEL_MM**2
        edge_mm2 = PIXEL_MM * (entry["length_mm"] + entry["width_mm"])
        assert abs(entry["area_mm2"] - pixels_mm2) < 0.25 * entry["area_mm2"] + edge_mm2
        low, high = float(deviation[here].min()), float(deviation[here].max())
        seen, true = (
            (-low, entry["max_depth_mm"]) if label == "dent" else (high, entry["max_height_mm"])
        )
        assert 0.45 * true < seen < 1.15 * true + 0.02  # pixels may miss a narrow crest
        box = PIXEL_MM * np.hypot(u1 - u0 + 1, v1 - v0 + 1)
        assert entry["length_mm"] < 1.3 * box + PIXEL_MM
        u, v = entry["centre_uv"]
        assert u0 - 2 < u < u1 + 2
        assert v0 - 2 < v < v1 + 2


@every_family
def test_that_volume_and_depth_have_the_sign_of_the_defect(family):
    for entry in part(family, "dent").defects:
        assert entry["max_depth_mm"] > 0.1
        assert entry["volume_removed_mm3"] > 0
        assert entry["volume_added_mm3"] == entry["max_height_mm"] == 0
    for entry in part(family, "bump").defects:
        assert entry["max_height_mm"] > 0.1
        assert entry["volume_added_mm3"] > 0
        assert entry["volume_removed_mm3"] == entry["max_depth_mm"] == 0
    for entry in part(family, "stain").defects:
        assert entry["volume_removed_mm3"] == entry["volume_added_mm3"] == 0


@pytest.mark.heavy
@every_family
@pytest.mark.parametrize("label", DEFECTS)
def test_that_defects_at_400_pixels_range_from_small_to_a_centimetre(family, label):
    made = [
        make_part(family, seed=0, split="test", label=label, index=index, size=400)
        for index in range(12)
    ]
    entries = [entry for one in made for entry in one.defects]
    lengths = np.array([entry["length_mm"] for entry in entries])
    assert 0.9 < lengths.min() < 4.5
    assert lengths.max() < 13
    assert np.median([entry["mask_pixels"] for entry in entries]) < 250
    if label in SHAPE_ONLY:
        depths = [max(entry["max_depth_mm"], entry["max_height_mm"]) for entry in entries]
        assert 0.15 < min(depths) < max(depths) < 1.25
    if label in COLOUR_ONLY:
        assert 3 < np.median([entry["mean_delta_e"] for entry in entries]) < 14
