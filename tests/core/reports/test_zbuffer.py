"""The cloud renderer on scenes whose picture is known beforehand."""

import numpy as np
import pytest

from inspector_core.reports.zbuffer import render, standard_view

RED, BLUE, NOTHING = (255, 0, 0), (0, 0, 255), (36, 40, 44)


def plane(size=60, depth=200.0, pitch=1.0):
    v, u = np.mgrid[:size, :size].astype(np.float32)
    half = (size - 1) / 2
    z = np.full_like(u, depth)
    return np.stack([(u - half) * pitch, (v - half) * pitch, z], axis=2)


def painted(xyz, colour):
    return np.broadcast_to(np.array(colour, np.uint8), xyz.shape).copy()


def main_colour(pixel):
    return int(np.argmax(pixel.astype(int)))


def test_that_the_nearer_surface_hides_the_farther_one():
    far = plane()
    xyz, colours = far.copy(), painted(far, BLUE)
    xyz[20:40, 20:40, 2] = 150.0
    colours[20:40, 20:40] = RED
    view = standard_view(xyz, np.ones(xyz.shape[:2], bool), (120, 120), tilt_deg=0.0)
    picture = render(xyz, colours, view)
    assert main_colour(picture[60, 60]) == 0
    assert main_colour(picture[25, 25]) == 2


def test_that_what_was_not_measured_shows_the_background_and_small_gaps_close():
    xyz = plane()
    xyz[25:40, 25:40] = np.nan
    xyz[10, 10] = np.nan
    view = standard_view(plane(), np.ones(xyz.shape[:2], bool), (120, 120), tilt_deg=0.0)
    picture = render(xyz, painted(xyz, RED), view, background=NOTHING)
    centre, _ = view.project(plane()[32, 32][None])
    x, y = np.rint(centre[0]).astype(int)
    assert tuple(picture[y, x]) == NOTHING
    one, _ = view.project(plane()[30, 8][None])
    assert main_colour(picture[int(one[0, 1]), int(one[0, 0])]) == 0


def test_that_the_part_fills_its_share_and_is_in_the_middle():
    xyz = plane()
    view = standard_view(xyz, np.ones(xyz.shape[:2], bool), (300, 400), fill=0.8)
    seen, _ = view.project(xyz.reshape(-1, 3))
    extent = np.ptp(seen, axis=0)
    assert max(extent[0] / 400, extent[1] / 300) == pytest.approx(0.8, abs=0.03)
    np.testing.assert_allclose((seen.min(0) + seen.max(0)) / 2, [199.5, 149.5], atol=3)


def test_that_a_fixed_scale_is_kept_at_the_centre():
    xyz = plane()
    view = standard_view(xyz, np.ones(xyz.shape[:2], bool), (300, 400), tilt_deg=0.0, px_per_mm=2.0)
    seen, _ = view.project(np.array([[0.0, 0.0, 200.0], [10.0, 0.0, 200.0]]))
    assert seen[1, 0] - seen[0, 0] == pytest.approx(20.0, rel=0.02)


def test_that_the_tilt_brings_the_lower_edge_nearer_and_lifts_what_stands_up():
    xyz = plane()
    view = standard_view(xyz, np.ones(xyz.shape[:2], bool), (300, 300))
    _, depth = view.project(np.array([[0.0, -20.0, 200.0], [0.0, 20.0, 200.0]]))
    assert depth[1] < depth[0]
    seen, _ = view.project(np.array([[0.0, 0.0, 200.0], [0.0, 0.0, 180.0]]))
    assert seen[1, 1] < seen[0, 1]


def test_that_what_lies_outside_the_part_is_dimmed():
    xyz = plane()
    part = np.zeros(xyz.shape[:2], bool)
    part[:, :30] = True
    view = standard_view(xyz, np.ones_like(part), (120, 120), tilt_deg=0.0)
    picture = render(xyz, painted(xyz, (200, 200, 200)), view, part=part)
    left, right = picture[60, 30].astype(float), picture[60, 90].astype(float)
    assert right.mean() == pytest.approx(0.6 * left.mean(), rel=0.05)


def test_that_slopes_facing_the_lamp_are_brighter():
    towards, away = plane(), plane()
    towards[..., 2] += 0.5 * towards[..., 0]
    away[..., 2] -= 0.5 * away[..., 0]
    levels = []
    for xyz in (towards, away):
        view = standard_view(xyz, np.ones(xyz.shape[:2], bool), (100, 100), tilt_deg=0.0)
        levels.append(float(render(xyz, painted(xyz, (120, 120, 120)), view)[50, 50].mean()))
    assert abs(levels[0] - levels[1]) > 15


@pytest.mark.parametrize("size", [12, 60, 260])
def test_that_coarse_and_fine_clouds_give_closed_surfaces(size):
    xyz = plane(size, pitch=60 / size)
    view = standard_view(xyz, np.ones(xyz.shape[:2], bool), (160, 160))
    picture = render(xyz, painted(xyz, (200, 200, 200)), view, background=(0, 0, 0))
    seen, _ = view.project(xyz.reshape(-1, 3))
    low, high = np.rint(seen.min(0)).astype(int) + 12, np.rint(seen.max(0)).astype(int) - 12
    inner = picture[low[1] : high[1], 70:90]
    assert inner.size
    assert (inner.sum(axis=2) > 0).all()


def test_that_the_same_cloud_gives_the_same_bytes_and_nothing_is_changed():
    rng = np.random.default_rng(0)
    xyz = plane() + rng.normal(0, 0.05, (60, 60, 3)).astype(np.float32)
    colours = rng.integers(0, 255, (60, 60, 3)).astype(np.uint8)
    before = xyz.copy(), colours.copy()
    view = standard_view(xyz, np.ones((60, 60), bool), (90, 90))
    assert render(xyz, colours, view).tobytes() == render(xyz, colours, view).tobytes()
    np.testing.assert_array_equal(xyz, before[0])
    np.testing.assert_array_equal(colours, before[1])


def test_that_points_stored_twice_and_clouds_of_one_point_are_drawn():
    twice = np.repeat(np.repeat(plane(30, pitch=2.0), 2, axis=0), 2, axis=1)
    view = standard_view(twice, np.ones((60, 60), bool), (120, 120), tilt_deg=0.0)
    assert main_colour(render(twice, painted(twice, RED), view)[60, 60]) == 0
    single = np.full((9, 9, 3), np.nan, np.float32)
    single[4, 4] = (0.0, 0.0, 200.0)
    view = standard_view(single, np.ones((9, 9), bool), (40, 40))
    picture = render(single, painted(single, RED), view)
    assert (picture[..., 0] > picture[..., 2]).any()


def test_that_a_part_without_points_has_no_view():
    xyz = np.full((5, 5, 3), np.nan, np.float32)
    assert standard_view(xyz, np.ones((5, 5), bool), (50, 50)) is None
