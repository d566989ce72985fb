"""The turntable camera and its projection, without any graphics."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.views.cloud_pane.camera import FIRST_TILT, Camera, first_view

CAMERAS = st.builds(
    Camera,
    centre=st.tuples(*[st.floats(-50, 50)] * 2, st.floats(300, 500)),
    distance=st.floats(20, 500),
    spin=st.floats(0, 360),
    tilt=st.floats(-88, 88),
)
SIZE = (600.0, 400.0)


def box() -> np.ndarray:
    """Corners and edges of a part 80 x 50 x 20 mm, 400 mm away."""
    axes = [np.linspace(-r, r, 9) for r in (40.0, 25.0, 10.0)]
    grid = np.stack(np.meshgrid(*axes), axis=-1).reshape(-1, 3)
    return (grid + np.array([5.0, -3.0, 400.0])).astype(np.float32)


@given(CAMERAS)
def test_that_the_axes_are_a_right_handed_frame(camera):
    axes = camera.axes()
    assert axes @ axes.T == pytest.approx(np.eye(3), abs=1e-9)
    assert np.linalg.det(axes) == pytest.approx(1.0)


@given(CAMERAS)
def test_that_the_centre_is_in_the_middle_of_the_screen(camera):
    x, y, depth = camera.project(np.array([camera.centre]), *SIZE)[0]
    assert (x, y) == pytest.approx((300, 200), abs=1e-6)
    assert depth == pytest.approx(camera.distance)


def test_that_without_turn_the_picture_is_seen_as_the_scan_saw_it():
    camera = Camera(centre=(0.0, 0.0, 400.0), distance=100.0, spin=0.0, tilt=0.0)
    right, below = camera.project(np.array([[1.0, 0, 400], [0, 1.0, 400]]), *SIZE)[:, :2]
    assert right[0] > 300
    assert right[1] == pytest.approx(200)
    assert below[0] == pytest.approx(300)
    assert below[1] > 200


def test_that_a_tilted_view_brings_the_lower_edge_nearer():
    camera = Camera(centre=(0.0, 0.0, 400.0), distance=100.0, tilt=FIRST_TILT)
    upper, lower = camera.project(np.array([[0, -10.0, 400], [0, 10.0, 400]]), *SIZE)
    assert lower[2] < upper[2]
    assert lower[1] > upper[1]


def test_that_points_behind_the_eye_have_no_place():
    camera = Camera(centre=(0.0, 0.0, 400.0), distance=100.0, tilt=0.0)
    assert np.isnan(camera.project(np.array([[0.0, 0.0, 200.0]]), *SIZE)).any()


def test_that_the_first_view_fills_80_percent_of_the_pane():
    points = box()
    placed = first_view(points, *SIZE).project(points, *SIZE)[:, :2]
    fill = np.abs(placed - (300, 200)).max(axis=0) / (300, 200)
    assert fill.max() == pytest.approx(0.8, abs=0.02)
    assert fill.min() <= 0.8


def test_that_a_tall_pane_is_filled_in_its_width():
    points = box()
    placed = first_view(points, 300.0, 900.0).project(points, 300.0, 900.0)
    assert np.ptp(placed[:, 0]) == pytest.approx(240, rel=0.04)


def test_that_the_tilt_stops_before_the_view_turns_over():
    assert Camera(tilt=80.0).turned(0.0, 500.0).tilt < 90.0
    assert Camera(tilt=0.0).turned(0.0, -500.0).tilt > -90.0


@given(CAMERAS, st.floats(-100, 100), st.floats(-100, 100))
def test_that_shifting_moves_the_picture_by_so_many_pixels(camera, dx, dy):
    moved = camera.shifted(dx, dy, SIZE[1]).project(np.array([camera.centre]), *SIZE)[0]
    assert moved[:2] == pytest.approx((300 + dx, 200 + dy), abs=1e-4)


def test_that_magnifying_comes_nearer_but_never_through():
    assert Camera(distance=100.0).nearer(2.0).distance == 50.0
    assert Camera(distance=1.0).nearer(1e9).distance > 0


def test_that_coming_near_to_a_place_puts_it_into_the_middle():
    points = np.array([[10.0, 5.0, 395.0], [14.0, 9.0, 395.0], [12.0, 7.0, 395.0]])
    camera = Camera(centre=(0.0, 0.0, 400.0)).near_to(points, SIZE[1])
    placed = camera.project(points, *SIZE)[:, :2]
    assert placed[2] == pytest.approx((300, 200), abs=1e-6)
    assert ((placed > (100, 50)) & (placed < (500, 350))).all()
