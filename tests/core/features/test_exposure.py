"""Brightness of good parts, and the one gain that dark ones get."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspector_core.features.exposure import MOST_GAIN, brightest, common_gain
from inspector_core.types import Registered, Sample

LIGHT = st.floats(0.0, 1.0)


def part(level, dtype=np.uint8, foreground=None, gain=1.0) -> Registered:
    rgb = np.full((10, 10, 3), level, dtype)
    inside = np.ones((10, 10), bool) if foreground is None else foreground
    return Registered(Sample("a", rgb=rgb), np.zeros((10, 10), bool), inside, gain=gain)


@pytest.mark.parametrize(("level", "dtype"), [(51, np.uint8), (13107, np.uint16)])
def test_that_brightness_is_a_share_of_the_full_range(level, dtype):
    assert brightest(part(level, dtype)) == pytest.approx(0.2)


def test_that_brightness_is_the_parts_own_and_before_any_gain():
    inside = np.zeros((10, 10), bool)
    inside[2:5, 2:5] = True
    rgb = np.full((10, 10, 3), 250, np.uint8)
    rgb[inside] = (10, 51, 20)
    dark = Registered(Sample("a", rgb=rgb), np.zeros((10, 10), bool), inside, gain=3.0)
    assert brightest(dark) == pytest.approx(0.2)


def test_that_a_highlight_does_not_make_a_part_bright():
    rgb = np.full((10, 10, 3), 51, np.uint8)
    rgb[0, 0] = 255
    everything = np.ones((10, 10), bool)
    shiny = Registered(Sample("a", rgb=rgb), ~everything, everything)
    assert brightest(shiny) == pytest.approx(0.2)


def test_that_without_picture_or_foreground_brightness_is_unknown():
    xyz = np.zeros((10, 10, 3), np.float32)
    everything = np.ones((10, 10), bool)
    assert brightest(Registered(Sample("a", xyz=xyz), everything, everything)) is None
    assert brightest(part(51, foreground=~everything)) is None


def test_that_pictures_of_normal_brightness_keep_theirs_exactly():
    assert common_gain([0.4, 0.7, 1.0]) == 1.0
    assert common_gain([]) == 1.0


def test_that_dark_pictures_are_brightened_to_three_quarters_of_the_range():
    assert common_gain([0.24, 0.25, 0.26]) == 3.0
    assert common_gain([0.0625]) == 12.0


def test_that_one_bright_part_among_dark_ones_changes_little():
    assert common_gain([0.24, 0.25, 0.26, 1.0]) == pytest.approx(common_gain([0.25]), rel=0.05)


@given(st.lists(LIGHT, min_size=1))
def test_that_a_gain_brightens_within_its_limits_and_has_two_digits(brightness):
    gain = common_gain(brightness)
    assert 1.0 <= gain <= MOST_GAIN
    assert float(f"{gain:.2g}") == gain


@given(LIGHT)
def test_that_the_brightest_of_a_typical_part_stays_below_the_full_range(light):
    assert common_gain([light]) * light <= max(light, 0.79)
