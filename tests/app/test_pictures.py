"""Pictures made visible: how far a dark one is brightened."""

from __future__ import annotations

import numpy as np
import pytest

from app.model.pictures import display_gain, screen_picture


def grey(level: int, dtype: type = np.uint8) -> np.ndarray:
    return np.full((40, 60, 3), level, dtype)


def test_that_a_picture_in_good_light_stays_as_it_is():
    assert display_gain(grey(120)) == 1.0


def test_that_a_dark_picture_becomes_readable():
    dark = grey(36)
    assert screen_picture(dark, display_gain(dark)).mean() == pytest.approx(0.7 * 255, abs=1)


def test_that_sixteen_bits_are_as_dark_as_eight():
    assert display_gain(grey(36 * 257, np.uint16)) == pytest.approx(display_gain(grey(36)))


def test_that_what_the_recipe_brightened_already_is_counted():
    assert display_gain(grey(40), gain=3.0) == 1.0


def test_that_a_black_picture_is_not_blown_up():
    assert display_gain(grey(0)) == 8.0
