"""Outlines against what one sees, and against scikit-image's contours."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from skimage.measure import find_contours

from inspector_core.reports.outlines import area_px, outline, region_outline, simplified
from inspector_core.types import Region

masks = arrays(bool, st.tuples(st.integers(1, 9), st.integers(1, 9)))


def test_that_an_empty_mask_has_no_outline():
    assert outline(np.zeros((3, 3), bool)) == ()


def test_that_one_pixel_is_a_diamond_around_its_centre():
    mask = np.zeros((5, 6), bool)
    mask[2, 4] = True
    (polygon,) = outline(mask)
    assert polygon[0].tolist() == polygon[-1].tolist()
    assert {tuple(p) for p in polygon.tolist()} == {(4, 1.5), (4.5, 2), (4, 2.5), (3.5, 2)}


def test_that_pixels_touching_at_a_corner_share_one_outline():
    mask = np.eye(2, dtype=bool)
    assert len(outline(mask)) == 1
    assert len(outline(mask[:, ::-1])) == 1


def test_that_holes_touching_at_a_corner_stay_apart():
    mask = np.ones((4, 4), bool)
    mask[[1, 2], [2, 1]] = False
    assert len(outline(mask)) == 3


def test_that_a_hole_runs_the_other_way_round():
    ring = np.ones((5, 5), bool)
    ring[2, 2] = False
    outer, inner = outline(ring)
    assert area_px([outer]) > 0 > area_px([inner])


@settings(max_examples=150, deadline=None)
@given(masks)
def test_that_outlines_equal_marching_squares(mask):
    padded = np.pad(mask, 1)
    expected = find_contours(padded.astype(float), 0.5, fully_connected="high")
    found = outline(mask)
    assert len(found) == len(expected)
    area = sum(
        abs(area_px([c[:, ::-1]])) * np.sign(area_px([c[:, ::-1]]))
        for c in map(np.asarray, expected)
    )
    assert area_px(found) == pytest.approx(abs(area))
    points = {tuple(p) for polygon in found for p in polygon.tolist()}
    assert points == {(x - 1, y - 1) for c in expected for y, x in c.tolist()}


@settings(max_examples=40, deadline=None)
@given(masks, st.floats(0.1, 2.0))
def test_that_simplified_outlines_stay_within_the_tolerance(mask, tolerance):
    for polygon in outline(mask):
        fewer = simplified(polygon, tolerance)
        assert len(fewer) <= len(polygon)
        assert fewer[0].tolist() == fewer[-1].tolist()
        for point in polygon:
            assert min(_distance(point, a, b) for a, b in pairwise(fewer)) <= tolerance + 1e-9


def test_that_a_straight_side_needs_two_points():
    (polygon,) = outline(np.ones((20, 30), bool))
    assert len(polygon) == 101
    assert len(simplified(polygon)) == 9  # four sides, four cut corners


def test_that_a_run_length_region_has_the_outline_of_its_mask():
    mask = np.zeros((8, 9), bool)
    mask[2:5, 3:7] = True
    np.testing.assert_array_equal(region_outline(Region.from_mask(mask))[0], outline(mask)[0])


def _distance(point, a, b):
    along = b - a
    t = np.clip(np.dot(point - a, along) / max(np.dot(along, along), 1e-12), 0, 1)
    return float(np.linalg.norm(point - a - t * along))
