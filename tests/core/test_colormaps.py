"""Colour tables: order survives, nothing is rescaled, absence is clear."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from skimage.color import rgb2lab

from app.theme.tokens import THEMES
from inspector_core import palette
from inspector_core.colormaps import (
    DIVERGING,
    NAMES,
    blend,
    colourise,
    grey_picture,
    indices,
    overlay_table,
    table,
)
from inspector_core.types import Verdict


def lightness(name):
    return rgb2lab(table(name)[None] / 255)[0, :, 0]


@pytest.mark.parametrize("name", NAMES)
def test_that_lightness_grows_with_the_value(name):
    light = lightness(name)
    assert np.diff(light).min() > -0.05  # half a step of uint8
    assert np.all(light[8:] > light[:-8] + 1)
    assert light[-1] - light[0] > 75


@pytest.mark.parametrize("name", ["inferno", "cividis"])
def test_that_equal_steps_of_the_value_look_equal(name):
    steps = np.diff(lightness(name)[::16])
    assert steps.max() < 1.15 * steps.min()


def test_that_the_height_table_is_white_at_zero_and_falls_to_both_sides_alike():
    light = lightness(DIVERGING)
    assert light[127:129].min() > 96
    np.testing.assert_allclose(light[:128], light[255:127:-1], atol=1.0)
    assert np.all(np.diff(light[:128:8]) > 0)
    low, high = table(DIVERGING)[20].astype(int), table(DIVERGING)[235].astype(int)
    assert low[2] > low[0] + 60
    assert high[0] > high[2] + 60


def test_that_tables_cannot_be_changed_by_a_caller():
    with pytest.raises(ValueError, match="read-only"):
        table("inferno")[0, 0] = 1


def test_that_an_unknown_table_is_refused():
    with pytest.raises(KeyError):
        table("jet")


def test_that_opacity_is_nothing_below_half_of_t1_and_full_from_t2():
    rows = overlay_table("inferno", t1=1.0, t2=1.5, top=3.0)
    values = np.linspace(0, 3, 256)
    assert rows.shape == (256, 4)
    assert rows[values <= 0.5, 3].max() == 0
    assert rows[values >= 1.5, 3].min() == 255
    assert np.all(np.diff(rows[:, 3].astype(int)) >= 0)
    np.testing.assert_array_equal(rows[:, :3], table("inferno"))


def test_that_the_opacity_slider_scales_and_equal_thresholds_are_possible():
    assert overlay_table("grey", 1.0, 1.0, 2.0, opacity=0.5)[:, 3].max() == 128
    assert overlay_table("grey", 1.0, 1.0, 2.0, opacity=0.0)[:, 3].max() == 0


@given(st.lists(st.floats(-10, 10, width=32), min_size=2, max_size=20))
def test_that_colour_order_follows_value_order_and_depends_on_no_other_pixel(values):
    array = np.array([sorted(values)], np.float32)
    rows = indices(array, 0.0, 3.0).astype(int)
    assert np.all(np.diff(rows) >= 0)
    alone = indices(array[:, :1], 0.0, 3.0)
    assert alone[0, 0] == rows[0, 0]


def test_that_missing_values_are_clear_and_outside_values_take_the_end_colours():
    rgba = colourise(np.array([[np.nan, -5.0, 0.0, 3.0, 99.0]], np.float32), "inferno", 0.0, 3.0)
    assert rgba[0, :, 3].tolist() == [0, 255, 255, 255, 255]
    np.testing.assert_array_equal(rgba[0, 1], rgba[0, 2])
    np.testing.assert_array_equal(rgba[0, 3], rgba[0, 4])
    np.testing.assert_array_equal(rgba[0, 4, :3], table("inferno")[255])


def test_that_a_clear_overlay_leaves_the_picture_and_a_full_one_replaces_it():
    under = np.array([[[10, 20, 30], [10, 20, 30]]], np.uint8)
    over = np.array([[[200, 100, 0, 0], [200, 100, 0, 255]]], np.uint8)
    assert blend(under, over).tolist() == [[[10, 20, 30], [200, 100, 0]]]


def test_that_the_picture_under_a_map_is_grey_and_darkened():
    grey = grey_picture(np.array([[[255, 255, 255], [255, 0, 0]]], np.uint8))
    assert grey[0, 0].tolist() == [140, 140, 140]
    assert grey[0, 1].tolist() == [30, 30, 30]


def contrast(first, second):
    def luminance(colour):
        values = np.array(palette.rgb(colour)) / 255
        linear = np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)
        return float(linear @ [0.2126, 0.7152, 0.0722])

    low, high = sorted([luminance(first), luminance(second)])
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_that_verdicts_and_text_can_be_read_on_the_panels(theme):
    colours = [*palette.VERDICT[theme].values(), *palette.TEXT[theme]]
    assert min(contrast(colour, palette.FIELD[theme]) for colour in colours) >= 4.5


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_that_window_and_reports_use_the_same_colours(theme):
    tokens = THEMES[theme]
    for verdict in Verdict:
        assert tokens.verdict(verdict) == palette.VERDICT[theme][verdict]
    assert (tokens.colour, tokens.shape) == (palette.COLOUR_SHARE, palette.SHAPE_SHARE)
    assert (tokens.text1, tokens.text2, tokens.text3) == palette.TEXT[theme]
    assert (tokens.outline, tokens.view) == (palette.OUTLINE, palette.VIEW[theme])
    assert tokens.accent == palette.ACCENT[theme]
