"""Colours of points: tables, relief, dimmed surroundings."""

from __future__ import annotations

import numpy as np
import pytest

from app.model.pictures import grid_normals, luminance, relief, screen_picture, under_map
from app.views.cloud_pane import shading
from app.views.cloud_pane.palette import CloudPalette
from app.views.cloud_pane.shading import SHADES, Colouring
from app.views.stage.cloud_colours import height_top
from inspector_core.colormaps import grey_picture, overlay_table
from tests.gui.made_part import DEFECT, SIDE, made_part

MIDDLE = 40 * SIDE + 20
DEFECT_POINT = DEFECT[1] * SIDE + DEFECT[0]
OUTSIDE = 2 * SIDE + 2


def rgb(colour: int) -> tuple[int, int, int]:
    return colour >> 16 & 255, colour >> 8 & 255, colour & 255


def opaque_red() -> np.ndarray:
    return np.tile(np.array([255, 0, 0, 255], np.uint8), (256, 1))


@pytest.fixture
def palette() -> CloudPalette:
    part = made_part()
    palette = CloudPalette()
    palette.set_part(part.xyz, part.rgb, part.foreground, part.normals)
    palette.mode = "fused"
    palette.set_field("fused", part.fused_map, overlay_table("inferno", 1.2, 1.5, 3.0), (0.0, 3.0))
    return palette


def colour_of(palette: CloudPalette, point: int) -> tuple[int, int, int]:
    return rgb(int(palette.colouring().of(np.array([point]))[0]))


def test_that_row_zero_of_the_table_is_grey_whatever_the_map_says():
    table = shading.colour_table(opaque_red(), 0.0).reshape(256, SHADES)
    assert all(len(set(rgb(int(c)))) == 1 for c in table[0])
    assert rgb(int(table[1, 0])) == (255, 0, 0)


def test_that_relief_darkens_a_scale_in_mm_but_never_its_hue():
    table = shading.colour_table(opaque_red(), 0.6).reshape(256, SHADES)
    dark, light = rgb(int(table[200, 5])), rgb(int(table[200, 50]))
    assert dark[0] < light[0]
    assert dark[1:] == light[1:] == (0, 0)


def test_that_values_fill_rows_one_to_255_and_missing_ones_are_zero():
    rows = shading.value_rows(np.array([[np.nan, -1.0, 0.0, 3.0, 9.0]], np.float32), 0.0, 3.0)
    assert rows.tolist() == [[0, 1, 1, 255, 255]]


def test_that_the_defect_is_coloured_and_the_rest_grey(palette):
    red, _, blue = colour_of(palette, DEFECT_POINT)
    assert red > 200
    assert red > blue + 50
    assert len(set(colour_of(palette, MIDDLE))) == 1


def test_that_a_moved_threshold_takes_the_colour_away(palette):
    palette.set_lookup(overlay_table("inferno", 6.0, 7.0, 3.0))
    assert len(set(colour_of(palette, DEFECT_POINT))) == 1


def test_that_surroundings_are_darker_than_the_part(palette):
    assert colour_of(palette, OUTSIDE)[0] < 0.6 * colour_of(palette, MIDDLE)[0]


def test_that_without_values_the_picture_is_worn(palette):
    palette.mode = "deviation"
    assert not palette.has("deviation")
    palette.set_field("fused", None, opaque_red(), (0.0, 1.0))
    shown = colour_of(palette, MIDDLE)
    palette.mode = "rgb"
    assert shown == colour_of(palette, MIDDLE)


def test_that_without_picture_and_values_relief_is_left():
    part = made_part()
    palette = CloudPalette()
    palette.set_part(part.xyz, None, part.foreground, None)
    assert len(set(colour_of(palette, MIDDLE))) == 1


def test_that_colours_are_looked_up_by_point_number():
    table = np.arange(256 * SHADES, dtype=np.uint32)
    colouring = Colouring(table, np.array([3, 4], np.uint8), np.array([0, 2], np.uint8))
    assert colouring.of(np.array([[1, 0]])).tolist() == [[2 * SHADES + 4, 3]]


def test_that_normals_of_a_plate_point_to_the_camera():
    normals = grid_normals(made_part().xyz)
    assert normals[40, 40] == pytest.approx((0, 0, -1), abs=1e-5)
    assert np.isnan(normals[0, 0]).all()


def test_that_a_surface_towards_the_light_is_brighter():
    slopes = np.array([[[-0.5, -0.5, -0.7], [0.5, 0.5, -0.7]]], np.float32)
    towards, away = relief(slopes)[0]
    assert towards > away
    assert np.isfinite(relief(np.full((1, 1, 3), np.nan, np.float32))).all()


def test_that_sixteen_bit_pictures_are_shown_by_their_high_byte():
    picture = np.full((2, 2, 3), 0x1234, np.uint16)
    assert (screen_picture(picture) == 0x12).all()
    assert abs(screen_picture(picture, 4.0).astype(int) - 4 * 0x12).max() <= 1


def test_that_gain_brightens_up_to_white():
    picture = np.array([[[10, 100, 200]]], np.uint8)
    assert screen_picture(picture, 2.0).tolist() == [[[20, 200, 255]]]
    assert screen_picture(picture, 1.0) is picture


def test_that_the_grey_below_a_map_is_the_one_of_the_reports():
    picture = np.random.default_rng(0).integers(0, 256, (8, 8, 3), np.uint8)
    difference = under_map(luminance(picture)).astype(int) - grey_picture(picture)[..., 0]
    assert abs(difference).max() <= 2


@pytest.mark.parametrize(
    ("highest", "top"), [(0.05, 0.1), (5.0, 5.0), (5.1, 6.0), (21.0, 24.0), (99.0, 100.0)]
)
def test_that_the_height_scale_ends_at_a_round_number_above_the_part(highest, top):
    heights = np.full((SIDE, SIDE), 1000.0, np.float32)
    part = made_part()
    heights[part.foreground] = highest
    assert height_top(made_part(height_mm=heights)) == pytest.approx(top)
