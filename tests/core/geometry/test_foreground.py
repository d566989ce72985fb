"""Which pixels are the part: pieces, rails, holes, openings."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.ndimage import label

from inspector_core.geometry.foreground import grid_components, part_mask, silhouette, with_bays
from tests.core.geometry.scenes import box_heights, cloud


def part_of(heights, missing=None, **changes):
    xyz = cloud(heights)
    if missing is not None:
        xyz[missing] = np.nan
    options = {
        "minimum_height_mm": 1.0,
        "join_mm": 6.0,
        "piece_share": 0.1,
        "opening_share": 0.05,
    } | changes
    shown = heights.copy()
    shown[np.isnan(xyz[..., 0])] = np.nan
    return part_mask(xyz, np.isfinite(xyz).all(axis=2), shown, **options)


def flat(mask):
    """A cloud of 1 mm pixels at one depth."""
    rows, columns = np.mgrid[: mask.shape[0], : mask.shape[1]].astype(np.float32)
    return np.stack([columns, rows, np.full(mask.shape, 300, np.float32)], axis=2)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000), st.floats(0.2, 0.8))
def test_that_components_in_one_plane_are_those_of_the_pixel_grid(seed, share):
    mask = np.random.default_rng(seed).random((14, 17)) < share
    labels, count = grid_components(flat(mask), mask, reach_mm=1.5)
    expected, expected_count = label(mask, structure=np.ones((3, 3)))
    assert count == expected_count
    assert ((labels > 0) == mask).all()
    pairs = set(zip(labels[mask].tolist(), expected[mask].tolist(), strict=True))
    assert len(pairs) == count


def test_that_a_single_missing_pixel_does_not_cut_a_piece():
    mask = np.ones((1, 9), bool)
    mask[0, 4] = False
    assert grid_components(flat(mask), mask, reach_mm=2.5)[1] == 1
    mask[0, 5] = False
    assert grid_components(flat(mask), mask, reach_mm=9.0)[1] == 2


def test_that_a_step_in_depth_cuts_a_piece():
    xyz = flat(np.ones((6, 8)))
    xyz[:, 4:, 2] += 10
    labels, count = grid_components(xyz, np.ones((6, 8), bool), reach_mm=6)
    assert count == 2
    assert (labels[:, :4] == 1).all()
    assert (labels[:, 4:] == 2).all()


def test_that_no_pixels_are_no_components():
    mask = np.zeros((5, 5), bool)
    labels, count = grid_components(flat(mask), mask, reach_mm=2)
    assert count == 0
    assert not labels.any()


def test_that_a_block_is_its_own_foreground():
    heights = box_heights()
    found = part_of(heights)
    assert (found.mask == (heights > 0)).all()
    assert found.notes == ()


def test_that_rails_along_the_rim_are_left_out():
    heights = box_heights(size=(200, 200), box=(90, 130, 80, 120))
    part = heights > 0
    heights[:20] = heights[:, :20] = heights[:, -20:] = 30
    found = part_of(heights)
    assert (found.mask == part).all()


def test_that_a_part_at_the_rim_counts_when_nothing_else_is_there():
    heights = np.zeros((100, 100))
    heights[40:60] = 12
    found = part_of(heights)
    assert (found.mask == (heights > 0)).all()
    assert found.notes == ("The part touches the edge of the picture.",)


def test_that_a_crumb_is_not_preferred_to_a_part_at_the_rim():
    heights = np.zeros((200, 200))
    heights[60:160] = 12
    heights[10:18, 90:98] = 5
    assert part_of(heights).mask[100, 100]


def test_that_several_pieces_survive_and_crumbs_do_not():
    heights = np.zeros((120, 120))
    heights[20:60, 20:60] = heights[80:100, 80:100] = 5
    heights[90:93, 20:23] = 5
    mask = part_of(heights).mask
    assert mask[40, 40]
    assert mask[90, 90]
    assert not mask[91, 21]


def test_that_a_tower_on_the_part_belongs_to_it():
    heights = box_heights()
    heights[40:46, 50:56] = 40
    assert (part_of(heights).mask == (heights > 0)).all()


def test_that_missing_readings_inside_the_part_belong_to_it():
    heights = box_heights()
    mask = part_of(heights, missing=np.s_[45:70, 55:90]).mask
    assert (mask == (heights > 0)).all()


def test_that_a_missing_bay_at_the_outline_is_closed():
    heights = box_heights()
    mask = part_of(heights, missing=np.s_[30:34, 60:62]).mask
    assert mask[31:34, 60:62].all()


def test_that_a_small_hole_through_the_part_is_seen_as_part_of_it():
    heights = box_heights()
    heights[50:56, 60:66] = 0
    assert part_of(heights).mask[50:56, 60:66].all()


def test_that_a_large_opening_that_shows_the_table_is_not_part_of_it():
    heights = box_heights()
    heights[45:65, 55:85] = 0
    mask = part_of(heights, missing=np.s_[45:65, 55:65]).mask
    assert not mask[45:65, 55:85].any()
    assert mask[35, 60]


def test_that_nothing_above_the_table_is_no_part():
    assert part_of(np.zeros((60, 60))) is None


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 500))
def test_that_mirroring_the_scene_mirrors_the_part(seed):
    rng = np.random.default_rng(seed)
    heights = np.zeros((60, 70))
    for _ in range(4):
        top, left = rng.integers(2, 40, 2)
        heights[top : top + 15, left : left + 20] = rng.uniform(2, 12)
    plain, mirrored = part_of(heights), part_of(np.ascontiguousarray(heights[:, ::-1]))
    assert (plain.mask == mirrored.mask[:, ::-1]).all()


@pytest.mark.parametrize("corner", [np.s_[0:5, 0:5], np.s_[15:20, 15:20]])
def test_that_a_silhouette_may_touch_the_rim(corner):
    solid = np.zeros((20, 20), bool)
    solid[corner] = True
    assert (silhouette(solid, solid, ~solid, 0.05) == solid).all()


def outline(bite_px):
    """A disc of 40 px radius with a notch of so many pixels' radius at its right end."""
    rows, columns = np.mgrid[:120, :120]
    disc = np.hypot(rows - 60, columns - 60) < 40
    return disc & (np.hypot(rows - 60, columns - 100) >= bite_px)


def test_that_a_notch_narrower_than_the_disc_belongs_to_the_part_and_a_wide_one_does_not():
    narrow, wide = outline(8), outline(24)
    assert with_bays(narrow, 12)[60, 94]
    assert not with_bays(wide, 12)[60, 90]


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 26), st.integers(0, 20))
def test_that_bays_only_add_and_nothing_beyond_the_hull(bite_px, radius_px):
    from skimage.morphology import convex_hull_image

    part = outline(bite_px)
    closed = with_bays(part, radius_px)
    assert (closed | part == closed).all()
    assert not (closed & ~convex_hull_image(part)).any()
    assert (with_bays(closed, radius_px) == closed).all(), "a second time changes nothing"
