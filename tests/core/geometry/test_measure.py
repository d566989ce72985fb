"""Areas, rectangles and ring surfaces against shapes whose measures are known."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inspector_core.geometry.measure import (
    pitch_mm,
    ring_deviation,
    smallest_rectangle,
    vertex_areas,
)


def surface(height, pitch=0.5, size=40):
    axis = np.arange(size) * pitch
    x, y = np.meshgrid(axis, axis)
    return np.stack([x, y, 300 + height(x, y)], axis=2)


@settings(max_examples=20, deadline=None)
@given(st.floats(-1.5, 1.5), st.floats(-1.5, 1.5))
def test_that_a_tilted_plane_has_its_tilted_area(a, b):
    areas = vertex_areas(surface(lambda x, y: a * x + b * y))
    assert areas[5:9, 5:8].sum() == pytest.approx(
        12 * 0.25 * math.sqrt(1 + a * a + b * b), rel=1e-6
    )


def test_that_missing_neighbours_do_not_shrink_a_point():
    xyz = surface(lambda x, y: 0 * x)
    xyz[10, 10] = np.nan
    areas = vertex_areas(xyz)
    assert np.isnan(areas[10, 10])
    assert areas[10, 11] == pytest.approx(0.25)
    assert areas[0, 0] == pytest.approx(0.25)


def test_that_the_pitch_is_the_spacing_on_the_surface():
    assert pitch_mm(surface(lambda x, y: 0 * x)) == pytest.approx(0.5)
    assert pitch_mm(np.full((4, 4, 3), np.nan)) is None


@settings(max_examples=30, deadline=None)
@given(st.floats(0, math.pi), st.floats(2, 9), st.floats(0.5, 2))
def test_that_the_rectangle_does_not_care_how_the_part_lies(angle, length, width):
    u, v = np.meshgrid(np.linspace(0, length, 12), np.linspace(0, width, 7))
    turn = np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
    flat = np.stack([u.ravel(), v.ravel()], axis=1) @ turn.T
    points = np.column_stack([flat, 0.3 * flat[:, 0]])
    points[:, 2] = 0
    found = smallest_rectangle(points, 0.0)
    assert (found.length, found.width) == pytest.approx((max(length, width), min(length, width)))


def test_that_a_line_of_points_is_one_pixel_wide():
    points = np.column_stack([np.arange(6.0), np.zeros(6), np.full(6, 300.0)])
    found = smallest_rectangle(points, 1.0)
    assert (found.length, found.width) == pytest.approx((6.0, 1.0))


def test_that_the_ring_gives_back_the_depth_on_a_curved_surface():
    size = 60
    bowl = surface(lambda x, y: 0.004 * (x - 15) ** 2 + 0.05 * y, size=size)
    region = np.zeros((size, size), bool)
    region[25:35, 25:35] = True
    ring = np.zeros((size, size), bool)
    ring[20:40, 20:40] = True
    dented = bowl.copy()
    dented[region, 2] += 0.7  # away from the camera
    deviation = ring_deviation(dented, region, ring)
    assert np.nanmedian(deviation[region]) == pytest.approx(-0.7, abs=0.01)
    assert np.isnan(deviation[0, 0])


def test_that_a_ring_of_a_few_points_gives_nothing():
    xyz = surface(lambda x, y: 0 * x)
    tiny = np.zeros(xyz.shape[:2], bool)
    tiny[3, 3:6] = True
    assert ring_deviation(xyz, tiny, tiny) is None
