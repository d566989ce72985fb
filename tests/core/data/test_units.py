"""Units and frames of clouds."""

from __future__ import annotations

import numpy as np
import pytest

from inspector_core.data.decode import Unusable
from inspector_core.data.units import AXES, diagonal, guess, resolve, to_mm
from tests.faults import makers


@pytest.mark.parametrize(
    ("extent", "unit"),
    [(0.019, ""), (0.021, "m"), (2.9, "m"), (3.1, ""), (19.0, ""), (21.0, "mm"), (3001.0, "")],
)
def test_that_the_extent_tells_the_unit_only_where_one_is_possible(extent, unit):
    assert guess(extent) == unit


def test_that_the_layouts_unit_decides_where_the_extent_does_not():
    assert resolve(0.005, "auto", "", native="m") == ("m", "")
    with pytest.raises(Unusable, match=r"its unit cannot be told from the extent \(0\.005\)"):
        resolve(0.005, "auto", "")
    with pytest.raises(Unusable, match="cannot be told"):
        resolve(0.0001, "auto", "", native="m")


def test_that_an_assumed_unit_is_noted_and_a_given_one_is_not():
    assert resolve(85.0, "auto", "", "m") == (
        "mm",
        "unit taken as millimetres from the extent (85)",
    )
    assert resolve(85.0, "mm", "") == ("mm", "")
    assert resolve(0.085, "auto", "m") == ("m", "")


def test_that_metres_and_millimetres_give_the_same_cloud():
    xyz = makers.cloud_mm().astype(np.float32)
    in_mm, _ = to_mm(xyz, "mm")
    in_m, _ = to_mm(xyz / np.float32(1000), "m")
    np.testing.assert_allclose(in_m, in_mm, rtol=2e-7)


def test_that_a_few_wild_points_do_not_change_the_extent_and_become_missing():
    xyz = makers.cloud_mm(60, 60).astype(np.float32)
    xyz[xyz[..., 2] == 0] = np.nan
    before = diagonal(xyz)
    xyz[3, 3] = (1e30, 0, 1)
    xyz[9, 9] = (0, 0, 90_000)
    assert diagonal(xyz) == pytest.approx(before, rel=0.01)
    placed, notes = to_mm(xyz, "mm")
    assert notes == ("2 points more than 10 m from the others: taken as missing",)
    assert np.isnan(placed[[3, 9], [3, 9]]).all()


@pytest.mark.parametrize("axes", AXES)
def test_that_signs_lead_back_to_our_frame(axes):
    xyz = makers.cloud_mm()
    xyz[xyz[..., 2] == 0] = np.nan
    signs = [-1 if word.startswith("-") else 1 for word in axes.split()]
    placed, notes = to_mm(xyz * signs, "mm", axes)
    np.testing.assert_allclose(placed, xyz, rtol=1e-6)
    assert notes == (() if axes == AXES[0] else (f"axes taken as {axes}",))


def test_that_a_height_map_comes_to_lie_in_front_of_the_camera():
    xyz = makers.cloud_mm()
    xyz[xyz[..., 2] == 0] = np.nan
    heights = xyz * [1, 1, -1] + [0, 0, 400]  # z up, 0 on the table
    placed, notes = to_mm(heights, "mm", "x y -z")
    assert np.nanmin(placed[..., 2]) > 0
    steps = np.diff(placed[..., 2], axis=1)
    np.testing.assert_allclose(steps, np.diff(xyz[..., 2], axis=1), atol=1e-4)
    assert any(note.startswith("cloud moved by (") for note in notes)
