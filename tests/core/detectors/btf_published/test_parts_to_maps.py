"""BTF's published chain from parts to maps: what it judges by, and what changes nothing."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from inspector_core.detectors.btf.detector import BTF, BTFSettings
from inspector_core.errors import InputError
from inspector_core.geometry.prepare import prepare
from inspector_core.recipe import Recipe, open_recipe, save
from inspector_core.settings import build
from inspector_core.types import Calibration, Thresholds
from tests.core.detectors.btf_published.plates import (
    CONTEXT,
    GOOD,
    PART,
    SIZE,
    learnt,
    lone,
    plate,
    references,
    without,
)


def test_that_fpfh_alone_needs_no_weights_and_finds_a_dent(alone, tmp_path, monkeypatch):
    monkeypatch.setenv("RELIEF_WEIGHTS", str(tmp_path / "empty"))
    state, scorer = learnt(network="none")
    assert {name.partition(".")[0] for name in state.tensors} == {"shape"}
    maps = scorer.score(prepare(plate(11, dent=True)))
    assert maps.rgb is None
    assert maps.fused is None
    row, column = np.unravel_index(maps.shape[PART].argmax(), maps.shape[PART].shape)
    assert max(abs(row + 30 - 40), abs(column + 35 - 48)) <= 6
    assert maps.shape.tobytes() == alone[1].score(prepare(plate(11, dent=True))).shape.tobytes()


def test_that_a_missing_picture_leaves_shape_and_says_so(full, alone):
    part = prepare(without(plate(12, dent=True), "rgb"))
    maps = full[1].score(part)
    assert maps.rgb is None
    assert maps.fused is None
    assert maps.notes == ("No picture: judged by shape alone.",)
    assert maps.shape.tobytes() == alone[1].score(part).shape.tobytes()
    assert full[1].explain(part, (50, 40)).nearest_id in {sample.id for sample in GOOD}


def test_that_pictures_alone_are_judged_as_they_are(pictures):
    state, scorer = pictures
    assert {name.partition(".")[0] for name in state.tensors} == {"rgb"}
    stained, plain = (
        scorer.score(prepare(without(plate(13, stain=stain), "xyz"))) for stain in (True, False)
    )
    assert stained.shape is None
    assert stained.rgb[53, 58] > plain.rgb[53, 58]
    with pytest.raises(InputError, match="the picture is missing"):
        scorer.score(prepare(without(plate(13), "rgb")))


def test_that_a_picture_that_one_good_part_lacks_is_left_out():
    state, _ = learnt([GOOD[0], without(GOOD[1], "rgb")])
    assert {name.partition(".")[0] for name in state.tensors} == {"shape"}
    assert state.facts["network"] == ""


def test_that_fewer_points_than_neighbours_are_judged(alone):
    pin = np.zeros(SIZE)
    pin[40:43, 50:53] = 8.0
    maps = alone[1].score(prepare(lone(pin, "pin")))
    assert np.isfinite(maps.shape).all()
    assert maps.shape.max() > 0


def test_that_a_cloud_without_unit_or_table_is_judged_with_a_note(alone):
    sample = replace(plate(15), unit="nominal mm")
    assert "nominal millimetres" in alone[1].score(prepare(sample)).notes[0]
    rubble = np.random.default_rng(1).uniform(0, 200, SIZE)
    bare = alone[1].score(prepare(lone(rubble, "bare")))
    assert bare.notes[0].startswith("No table found")


def test_that_a_recipe_on_disk_restores_to_the_byte(alone, tmp_path):
    state, scorer = alone
    calibration = Calibration({"shape": 1.0}, ("a",), (1.0,), Thresholds(1.0, 1.5))
    recipe = Recipe("r", "btf", {}, {}, state, calibration, {}, ("a",))
    again = BTF(scorer.settings).restore(
        open_recipe(save(recipe, tmp_path / "r").path).state, CONTEXT
    )
    part = prepare(plate(16, dent=True))
    assert again.score(part).shape.tobytes() == scorer.score(part).shape.tobytes()


def test_that_sixteen_bits_and_gain_change_nothing_of_a_picture(pictures):
    sample = without(plate(17), "xyz")
    deep = replace(sample, rgb=sample.rgb.astype(np.uint16) * 257)
    parts = (prepare(sample), prepare(deep), replace(prepare(sample), gain=2.0))
    assert len({pictures[1].score(part).rgb.tobytes() for part in parts}) == 1


def test_that_the_nearest_good_part_is_its_own(alone):
    part = prepare(GOOD[1])
    told = [alone[1].explain(part, (x, 48)).nearest_id for x in range(38, 72, 4)]
    assert told.count(GOOD[1].id) > len(told) / 2


def test_that_progress_only_grows():
    detector = BTF(build(BTFSettings, {"compat": "published", "network": "none"}))
    shares = [step.share for step in detector.learn(references(), CONTEXT)]
    assert shares == sorted(shares)
    assert shares[0] == 0


def test_that_the_memory_estimate_grows_with_parts_and_falls_without_colour():
    def cost(n_parts, **settings):
        detector = BTF(build(BTFSettings, {"compat": "published", **settings}))
        return detector.cost(n_parts, (800, 800)).fixed_bytes

    assert cost(20) > cost(4) > cost(4, network="none")
