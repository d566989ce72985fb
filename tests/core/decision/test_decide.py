"""Defects and verdicts on analytic parts: what is found, how large, what the slider may change."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inspector_core.decision.decide import Decider
from inspector_core.types import Calibration, Thresholds, Verdict
from tests.core.decision.parts import CALIBRATION, SIZE, dent_depth, maps_of, plate

RECIPE = CALIBRATION.thresholds


def decider(lowered, **more):
    return Decider(plate(lowered), maps_of(lowered, **more), CALIBRATION)


def test_that_a_dent_is_measured_in_mm():
    lowered = dent_depth(radius=3.0, depth=0.8)
    decision = decider(lowered).at(RECIPE)
    (dent,) = decision.defects
    assert decision.verdict is Verdict.REJECT
    assert dent.name == "dent"
    assert dent.colour_share == pytest.approx(0, abs=0.02)
    # deeper than 0.1 mm: radius 3 * sqrt(1 - 0.1 / 0.8) = 2.81 mm
    assert dent.area_mm2.value == pytest.approx(math.pi * 2.81**2, rel=0.08)
    assert dent.length_mm.value == pytest.approx(5.6, abs=0.4)
    assert dent.width_mm.value == pytest.approx(5.6, abs=0.4)
    assert dent.height_mm.value == pytest.approx(-0.8, abs=0.06)
    # volume of the bowl inside that radius
    bowl = math.pi * 0.8 * (2.81**2 - 2.81**4 / (2 * 9))
    assert dent.volume_mm3.value == pytest.approx(bowl, rel=0.06)


def test_that_a_stain_is_colour_and_has_no_depth():
    x = np.zeros((SIZE, SIZE), bool)
    x[20:40, 30:50] = True
    (stain,) = decider(np.zeros((SIZE, SIZE)), stain=x).at(RECIPE).defects
    assert stain.colour_share == 1
    assert stain.name == "stain"
    assert stain.area_mm2.value == pytest.approx(400 * 0.09, rel=0.02)
    assert abs(stain.height_mm.value) < 0.01


def test_that_without_a_good_surface_the_ring_gives_the_depth():
    from dataclasses import replace

    lowered = dent_depth(radius=3.0, depth=0.8)
    maps = replace(maps_of(lowered), deviation_mm=None, spread_mm=None)
    part = plate(lowered, tilt=0.2, noise=0.01)
    (dent,) = Decider(part, maps, CALIBRATION).at(RECIPE).defects
    assert dent.extent_rule == "fused evidence above T1"
    assert dent.height_mm.value == pytest.approx(-0.75, abs=0.12)


def test_that_small_defects_are_not_measurable_and_say_so():
    lowered = dent_depth(radius=0.6, depth=0.9)
    (dent,) = decider(lowered).at(RECIPE).defects
    assert dent.area_mm2 is None
    assert "valid points" in dent.not_measurable


@settings(max_examples=25, deadline=None)
@given(st.floats(0.3, 2.5), st.floats(0.0, 2.0))
def test_that_the_slider_never_changes_how_large_a_defect_is(t1, above):
    lowered = dent_depth(3.0, 0.8) + dent_depth(2.0, 0.35, at=(9, 5))
    subject = decider(lowered)
    at_recipe = {d.peak_px: d for d in subject.at(RECIPE).defects}
    for defect in subject.at(Thresholds(t1, t1 + above)).defects:
        if defect.peak_px in at_recipe:
            other = at_recipe[defect.peak_px]
            assert defect.region.area_px == other.region.area_px
            assert defect.area_mm2 == other.area_mm2


@settings(max_examples=25, deadline=None)
@given(st.floats(0.1, 8.0), st.floats(0.0, 3.0))
def test_that_the_verdict_and_the_defects_agree(t1, above):
    lowered = dent_depth(3.0, 0.8) + dent_depth(2.0, 0.35, at=(9, 5))
    limits = Thresholds(t1, t1 + above)
    decision = decider(lowered).at(limits)
    reached = max((d.score for d in decision.defects), default=0.0)
    assert (decision.verdict is Verdict.REJECT) == (decision.scores["fused"] >= limits.t2)
    assert (decision.verdict is Verdict.ACCEPT) == (not decision.defects)
    assert all(d.score >= limits.t1 for d in decision.defects)
    if decision.defects:
        assert reached == pytest.approx(decision.scores["fused"], rel=1e-5)


def test_that_raising_the_slider_only_removes_defects():
    lowered = dent_depth(3.0, 0.8) + dent_depth(2.0, 0.35, at=(9, 5))
    subject = decider(lowered)
    counts = [len(subject.at(Thresholds(t1, 9)).defects) for t1 in np.linspace(0.5, 8, 30)]
    assert counts == sorted(counts, reverse=True)
    assert counts[0] == 2
    assert counts[-1] == 0


def test_that_regions_closer_than_a_millimetre_are_one_defect():
    stain = np.zeros((SIZE, SIZE), bool)
    stain[20:40, 30:50] = True
    stain[20:40, 40:42] = False  # a gap of 0.6 mm
    assert len(decider(np.zeros((SIZE, SIZE)), stain=stain).at(RECIPE).defects) == 1
    stain[20:40, 36:46] = False  # 3 mm
    assert len(decider(np.zeros((SIZE, SIZE)), stain=stain).at(RECIPE).defects) == 2


def test_that_below_five_good_parts_nothing_is_accepted():
    flat = np.zeros((SIZE, SIZE))
    subject = Decider(plate(flat), maps_of(flat), CALIBRATION, trusted=False)
    decision = subject.at(RECIPE)
    assert decision.verdict is Verdict.REVIEW
    assert "five good parts" in decision.reason


def test_that_a_picture_alone_is_decided_without_millimetres():
    from dataclasses import replace

    stain = np.zeros((SIZE, SIZE), bool)
    stain[20:40, 30:50] = True
    full = plate(0.0)
    picture = replace(
        full, sample=replace(full.sample, xyz=None), valid=np.zeros((SIZE, SIZE), bool)
    )
    maps = replace(
        maps_of(np.zeros((SIZE, SIZE)), stain=stain), shape=None, deviation_mm=None, spread_mm=None
    )
    (mark,) = Decider(picture, maps, CALIBRATION).at(RECIPE).defects
    assert mark.area_mm2 is None
    assert mark.colour_share is None
    assert mark.bbox_px == (30, 20, 49, 39)


def test_that_a_p_value_says_how_many_good_parts_score_as_high():
    flat = np.zeros((SIZE, SIZE))
    assert decider(flat).at(RECIPE).p_value == 1
    assert decider(dent_depth()).at(RECIPE).p_value == pytest.approx(1 / 11)


def test_that_calibration_needs_one_score_a_part():
    with pytest.raises(ValueError, match="one score"):
        Calibration({"fused": 1.0}, ("a",), (), Thresholds(1, 2))
