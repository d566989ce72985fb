"""Colour pictures: turning, resizing, TIFF variants."""

from __future__ import annotations

import io

import numpy as np
import pytest
import tifffile
from PIL import Image, ImageOps

from inspector_core.data.decode import Unusable
from inspector_core.data.pictures import decode_grey, decode_picture, resized
from inspector_core.data.stored import turned
from tests.faults import makers


def tiff(array, **options) -> bytes:
    buffer = io.BytesIO()
    tifffile.imwrite(buffer, array, **options)
    return buffer.getvalue()


@pytest.mark.parametrize("orientation", range(1, 9))
def test_that_turning_equals_pillows_transposition(orientation):
    image = Image.fromarray(makers.picture(9, 12))
    image.getexif()[0x0112] = orientation
    np.testing.assert_array_equal(
        turned(makers.picture(9, 12), orientation), np.asarray(ImageOps.exif_transpose(image))
    )


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("compression", ["raw", "tiff_lzw"])
def test_that_tiffs_of_any_reader_keep_their_stored_rows_until_turned(orientation, compression):
    stored = makers.picture(9, 12)
    buffer = io.BytesIO()
    Image.fromarray(stored).save(
        buffer, "TIFF", compression=compression, tiffinfo={274: orientation}
    )
    picture = decode_picture(buffer.getvalue(), ".tif")
    assert picture.orientation == orientation
    np.testing.assert_array_equal(picture.rgb, stored)
    np.testing.assert_array_equal(picture.upright().rgb, turned(stored, orientation))


def test_that_sixteen_bit_tiffs_are_exact():
    values = np.random.default_rng(0).integers(0, 65536, (9, 12, 3)).astype(np.uint16)
    for options in ({}, {"compression": "zlib"}, {"compression": "zlib", "predictor": True}):
        picture = decode_picture(tiff(values, photometric="rgb", **options), ".tif")
        np.testing.assert_array_equal(picture.rgb, values)


def test_that_white_is_zero_is_inverted():
    grey = makers.picture(9, 12)[..., 0]
    picture = decode_picture(tiff(grey, photometric="miniswhite"), ".tif")
    np.testing.assert_array_equal(picture.rgb[..., 1], 255 - grey)


def test_that_print_colours_in_a_tiff_are_refused():
    values = np.zeros((9, 12, 4), np.uint8)
    with pytest.raises(Unusable, match="CMYK"):
        decode_picture(tiff(values, photometric="separated"), ".tif")


def test_that_shrinking_takes_the_mean_of_the_covered_pixels():
    values = np.zeros((8, 8, 3), np.uint16)
    values[:2, :2] = [[[40000] * 3, [20000] * 3], [[0] * 3, [4] * 3]]
    small = resized(values, 4, 4)
    assert small.dtype == np.uint16
    assert small[0, 0].tolist() == [15001] * 3


def test_that_depth_keeps_its_exact_values():
    values = np.arange(16 * 12, dtype=np.uint16).reshape(12, 16) * 341
    np.testing.assert_array_equal(decode_grey(makers.png_bytes(values)), values)
    np.testing.assert_array_equal(decode_grey(tiff(values)), values)
    floats = values.astype(np.float32) / 7
    np.testing.assert_array_equal(decode_grey(tiff(floats)), floats)


def test_that_coloured_or_coarse_depth_is_refused():
    with pytest.raises(Unusable, match="3 channels found, 1 needed"):
        decode_grey(makers.png_bytes(makers.picture()))
    with pytest.raises(Unusable, match="8-bit picture: 256 steps are too coarse"):
        decode_grey(makers.png_bytes(makers.mask()))
