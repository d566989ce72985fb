"""What a part view says about itself."""

from __future__ import annotations

import numpy as np
import pytest

from app.model.part_view import Message, PartView
from tests.gui.made_part import DEFECT, HOLE, SIDE, made_part


def test_that_arrays_of_different_size_are_refused():
    with pytest.raises(ValueError, match="fused_map"):
        made_part(fused_map=np.zeros((3, 3), np.float32))


def test_that_a_message_alone_is_a_view_without_size():
    view = PartView("x", message=Message("Not inspected"))
    assert view.shape == (0, 0)
    assert view.valid is None


def test_that_arrays_cannot_be_written_to():
    view = made_part()
    with pytest.raises(ValueError, match="read-only"):
        view.fused_map[0, 0] = 1.0


def test_that_the_bounds_are_the_outer_edges_of_the_part():
    assert made_part().bounds() == (10.5, 10.5, 69.5, 69.5)
    assert made_part(foreground=None).bounds() == (-0.5, -0.5, SIDE - 0.5, SIDE - 0.5)


def test_that_the_readout_names_place_deviation_and_evidence():
    place, comparison = made_part().readout(*DEFECT)
    assert place == "x 5.0   y 0.0   z 395.0 mm"
    assert comparison == "0.50 mm below the good parts · 2.50 × usual"


def test_that_negative_places_have_a_true_minus_sign():
    assert made_part().readout(30, 20)[0] == "x −5.0   y −10.0   z 395.0 mm"


def test_that_a_missing_reading_is_said():
    assert made_part().readout(*HOLE)[0] == "no measurement here"


def test_that_without_a_scan_the_pixel_is_named():
    view = made_part(xyz=None, deviation_mm=None, height_mm=None, shape_map=None)
    assert view.readout(3, 4) == ("column 3   row 4", "")


def test_that_without_deviation_the_height_is_named():
    view = made_part(deviation_mm=None, fused_map=None)
    assert view.readout(*DEFECT)[1] == "height 5.00 mm"


def test_that_outside_the_picture_nothing_is_said():
    assert made_part().readout(-1, 0) == ("", "")
    assert made_part().readout(0, SIDE) == ("", "")
