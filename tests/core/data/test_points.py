"""PLY and PCD: every encoding gives the same points; LZF against hand-made streams."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inspector_core.data import pcd, ply
from inspector_core.data.decode import Unusable
from tests.faults import makers

POINTS = makers.cloud_mm().reshape(-1, 3).astype(np.float32)
COLOURS = makers.picture().reshape(-1, 3)


@pytest.mark.parametrize("form", ["ascii", "binary_little_endian", "binary_big_endian"])
@pytest.mark.parametrize("lists_first", [False, True])
def test_that_every_ply_encoding_gives_the_same_points(form, lists_first):
    comments = ("width 24", "num_rows 20", "unit: mm")
    data = makers.ply_bytes(POINTS, COLOURS, form, comments, lists_first)
    points = ply.decode(data)
    np.testing.assert_array_equal(points.xyz.astype(np.float32), POINTS)
    np.testing.assert_array_equal(points.rgb, COLOURS)
    assert points.grid == (24, 20)
    assert points.unit == "mm"


@pytest.mark.parametrize("form", ["ascii", "binary", "binary_compressed"])
def test_that_every_pcd_encoding_gives_the_same_points(form):
    points = pcd.decode(makers.pcd_bytes(POINTS, 24, 20, form, COLOURS))
    np.testing.assert_array_equal(points.xyz.astype(np.float32), POINTS)
    np.testing.assert_array_equal(points.rgb, COLOURS)
    assert points.grid == (24, 20)


def test_that_an_unorganised_pcd_has_no_grid():
    assert pcd.decode(makers.pcd_bytes(POINTS, len(POINTS), 1)).grid is None


def test_that_contradicting_pcd_sizes_are_refused():
    with pytest.raises(Unusable, match=r"damaged \(24x21 points announced, and 480 as well\)"):
        pcd.decode(makers.pcd_bytes(POINTS, 24, 21))


def test_that_a_ply_without_coordinates_is_refused():
    data = b"ply\nformat ascii 1.0\nelement vertex 1\nproperty float x\nend_header\n1\n"
    with pytest.raises(Unusable, match="no vertices with x, y, z"):
        ply.decode(data)


def test_that_words_instead_of_numbers_are_refused():
    data = makers.ply_bytes(POINTS[:3], form="ascii").replace(b"\n0.0", b"\nzero", 1)
    data = data[: data.rindex(b"end_header")] + b"end_header\n1 2 x\n4 5 6\n7 8 9\n"
    with pytest.raises(Unusable, match="not all its values are numbers"):
        ply.decode(data)


def test_that_colours_as_fractions_become_bytes():
    header = "ply\nformat ascii 1.0\nelement vertex 2\n" + "".join(
        f"property float {name}\n" for name in ("x", "y", "z", "r", "g", "b")
    )
    points = ply.decode((header + "end_header\n1 2 3 0 0.5 1\n4 5 6 1 0 0.2\n").encode())
    assert points.rgb.tolist() == [[0, 128, 255], [255, 0, 51]]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from([b"a", b"bc", b"abcabc", b"\0" * 40, b"xyz" * 100])))
def test_that_lzf_gives_back_what_was_packed(pieces):
    data = b"".join(pieces)
    assert pcd.unpack_lzf(makers.lzf_bytes(data), len(data)) == data


def test_that_lzf_repeats_overlapping_runs():
    # literal "ab", then 7 bytes from 2 back: a run that reads what it has just written
    assert pcd.unpack_lzf(bytes([1, 97, 98, 5 << 5, 1]), 9) == b"ababababa"


@pytest.mark.parametrize("packed", [bytes([5 << 5, 9]), bytes([1, 97]), bytes([7 << 5])])
def test_that_damaged_lzf_is_refused(packed):
    with pytest.raises(Unusable, match="cannot be unpacked"):
        pcd.unpack_lzf(packed, 20)
