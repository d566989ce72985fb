"""16-bit PNG: exact for every row filter, against an encoder that follows the standard byte by byte."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inspector_core.data import png
from inspector_core.data.decode import Unusable
from tests.faults import makers


@settings(max_examples=25, deadline=None)
@given(
    height=st.integers(1, 12),
    width=st.integers(1, 9),
    channels=st.integers(1, 4),
    seed=st.integers(0, 2**31),
)
def test_that_every_mix_of_row_filters_gives_the_exact_values(height, width, channels, seed):
    rng = np.random.default_rng(seed)
    height, width = height + 8, width + 8
    values = rng.integers(0, 65536, (height, width, channels)).astype(np.uint16)
    data = makers.png16(values, filters=rng.integers(0, 5, height).tolist())
    np.testing.assert_array_equal(png.decode16(data), values)


def test_that_rows_are_carried_over_from_band_to_band(monkeypatch):
    monkeypatch.setattr(png, "_BAND", 7)
    values = np.random.default_rng(1).integers(0, 65536, (30, 9, 3)).astype(np.uint16)
    for filters in ([4] * 30, [2] * 30, [row % 5 for row in range(30)]):
        np.testing.assert_array_equal(png.decode16(makers.png16(values, filters)), values)


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_that_what_is_encoded_is_decoded_and_complete(channels):
    values = np.random.default_rng(2).integers(0, 65536, (9, 11, channels)).astype(np.uint16)
    data = png.encode16(values)
    png.check(data)
    np.testing.assert_array_equal(png.decode16(data), values)


def test_that_interlaced_pictures_are_refused():
    with pytest.raises(Unusable, match="16-bit picture saved interlaced"):
        png.decode16(makers.raw_png(9, 9, 16, 2, bytes(9 * 55), interlace=1))


def test_that_missing_pixels_are_counted():
    with pytest.raises(Unusable, match=r"damaged \(100 of 495 bytes of pixels\)"):
        png.decode16(makers.raw_png(9, 9, 16, 2, bytes(100)))
