"""The four verbs on tiny parts: what they promise, and how they fail."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

import numpy as np
import pytest

from inspector_core import engine
from inspector_core.detectors import DETECTORS
from inspector_core.detectors.contract import Explanation
from inspector_core.device import Hardware
from inspector_core.errors import Cancelled, DeviceError, InputError, OutputError, SettingError
from inspector_core.progress import drain
from inspector_core.recipe import open_recipe, save, with_thresholds
from inspector_core.store import ResultStore
from inspector_core.types import AnomalyMaps, NearestGood, SampleRef, Scan, Thresholds, Verdict
from tests.contracts.tiny_parts import read, refs
from tests.core.flat_detector import Flat

MACHINE = Hardware()


def broken(ref: SampleRef):
    raise InputError(f"{ref.id}: file ends early (1 of 2 MB)", cure="copy it again")


def faulty(ref: SampleRef):
    raise ZeroDivisionError


def scan(*parts: SampleRef) -> Scan:
    return Scan("tiny", "tiny", parts, image_size=(96, 96), unit="mm")


GOOD = (*refs(6, 0, "train"), *refs(6, 20, "validation"))


@pytest.fixture(autouse=True)
def flat(monkeypatch):
    monkeypatch.setitem(DETECTORS, "flat", "tests.core.flat_detector:Flat")


def learnt(out, parts=GOOD, **more):
    return drain(engine.learn(scan(*parts), out, detector="flat", machine=MACHINE, **more))


@pytest.fixture(scope="module")
def recipe(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(DETECTORS, "flat", "tests.core.flat_detector:Flat")
        yield learnt(tmp_path_factory.mktemp("r") / "recipe")


def inspected(parts, recipe, **more):
    return drain(engine.inspect(parts, recipe, machine=MACHINE, **more))


def test_that_the_validation_parts_calibrate_and_are_not_learnt(recipe):
    assert set(recipe.calibration.parts) == {ref.id for ref in refs(6, 20, "validation")}
    assert set(recipe.learn_parts) == {ref.id for ref in refs(6, 0, "train")}
    assert np.median(recipe.calibration.scores) == pytest.approx(1.0)
    assert recipe.calibration.provisional


def test_that_a_recipe_joins_its_maps_by_evidence_unless_asked_otherwise(tmp_path, recipe):
    other = learnt(tmp_path / "stronger", settings={"joined_by": "stronger"})
    assert set(recipe.calibration.evidence["worth"]) == {"rgb", "shape"}
    assert not other.calibration.evidence
    part = refs(1, 40, "test", dent_mm=1.5)
    (one,) = inspected(part, other)
    assert one.scores["fused"] == pytest.approx(
        max(one.scores["rgb"], one.scores["shape"]) / other.calibration.usual["fused"], rel=0.01
    )


def test_that_a_detectors_own_part_score_is_not_lost_by_joining(tmp_path, monkeypatch):
    monkeypatch.setattr(Flat, "info", replace(Flat.info, ends_at_part_score=True))
    assert not learnt(tmp_path / "scored").calibration.evidence


def test_that_parts_learnt_from_say_nothing_about_evidence(tmp_path):
    assert not learnt(tmp_path / "few", refs(4, 0, "train")).calibration.evidence


def test_that_a_saved_recipe_inspects_as_the_learnt_one(recipe):
    parts = refs(1, 40, "test", dent_mm=1.5)
    (first,) = inspected(parts, recipe)
    (second,) = inspected(parts, open_recipe(recipe.path))
    assert first.scores == second.scores
    assert (first.verdict, first.reason) == (second.verdict, second.reason)


def test_that_without_validation_a_seeded_fifth_is_held_out(tmp_path):
    parts = refs(20, 0, "train")
    one = learnt(tmp_path / "a", parts)
    other = learnt(tmp_path / "b", parts, seed=1)
    assert len(one.calibration.parts) == 5
    assert not set(one.calibration.parts) & set(one.learn_parts)
    assert set(other.calibration.parts) != set(one.calibration.parts)


class InTurn(Flat):
    """Says that it can do without a learnt part, and then sees nothing at all."""

    info = replace(Flat.info, leaves_out=True)
    left_out: ClassVar[list[str]] = []

    class Scorer(Flat._Scorer):
        def without(self, learnt_id: str):
            InTurn.left_out.append(learnt_id)
            return self

    def restore(self, state, context):
        return self.Scorer(state, self.settings.strength)


@pytest.fixture
def in_turn(monkeypatch):
    monkeypatch.setitem(DETECTORS, "flat", "tests.core.test_engine:InTurn")
    InTurn.left_out.clear()
    return InTurn


def test_that_a_detector_that_can_holds_out_every_good_part_in_turn(tmp_path, in_turn):
    parts = refs(8, 0, "train")
    recipe = learnt(tmp_path / "turns", parts)
    ids = [ref.id for ref in parts]
    assert list(recipe.learn_parts) == list(recipe.calibration.parts) == ids
    assert sorted(set(in_turn.left_out)) == sorted(ids)
    assert recipe.calibration.in_turn
    again = open_recipe(recipe.path)
    assert again.calibration.in_turn
    assert engine.Inspector(again, machine=MACHINE).trusted


def test_that_validation_parts_set_the_limits_even_then(tmp_path, in_turn):
    recipe = learnt(tmp_path / "validation")
    assert not recipe.calibration.in_turn
    assert not in_turn.left_out


@pytest.mark.parametrize(("values", "held"), [({"in_turn": False}, 5), ({"held_out": 0.0}, 20)])
def test_that_holding_out_in_turn_can_be_left(tmp_path, in_turn, values, held):
    recipe = learnt(tmp_path / "share", refs(20, 0, "train"), settings=values)
    assert len(recipe.calibration.parts) == held
    assert not recipe.calibration.in_turn
    assert not in_turn.left_out


def test_that_learning_twice_gives_the_same_hash(tmp_path, recipe):
    assert learnt(tmp_path / "again", name=recipe.name).sha256 == recipe.sha256


def test_that_four_good_parts_accept_nothing(tmp_path):
    few = learnt(tmp_path / "few", refs(4, 0, "train"))
    verdicts = {result.verdict for result in inspected(refs(3, 60, "test"), few)}
    assert Verdict.ACCEPT not in verdicts


def test_that_one_broken_part_does_not_end_the_batch(recipe):
    good, other = refs(2, 60, "test")
    parts = [good, replace(refs(1, 70, "test")[0], read=broken), replace(other, read=faulty)]
    first, second, third = inspected(parts, recipe)
    assert first.verdict is not Verdict.NOT_INSPECTED
    assert second.verdict is Verdict.NOT_INSPECTED
    assert second.error == "test/good/070: file ends early (1 of 2 MB); copy it again."
    assert third.verdict is Verdict.NOT_INSPECTED
    assert "fault of the program" in third.error
    assert "\n" not in third.error


def test_that_each_result_arrives_with_its_maps_and_is_stored(recipe, tmp_path):
    store = ResultStore.create(tmp_path / "s", recipe.sha256)
    parts = refs(2, 60, "test")
    arrived = []
    drain(
        engine.inspect(parts, recipe, store=store, machine=MACHINE),
        lambda step: arrived.append(getattr(step, "result", None)),
    )
    results = [result for result in arrived if result is not None]
    assert [r.id for r in results] == [p.id for p in parts]
    assert np.array_equal(store.maps(parts[0].id).fused, results[0].maps.fused, equal_nan=True)


OTHERS = {
    "another camera": ({"size": 192}, "learnt on 96x96"),
    "flipped in z": ({}, "height sign differs"),
    "mirrored in x": ({}, "x sign differs"),
}


def flipped(ref):
    sample = read(ref)
    return replace(sample, xyz=sample.xyz * np.float32([1, 1, -1]))


def mirrored(ref):
    sample = read(ref)
    return replace(sample, xyz=sample.xyz * np.float32([-1, 1, 1]))


@pytest.mark.parametrize("case", OTHERS)
def test_that_a_part_of_another_set_up_is_not_judged(recipe, case):
    options, words = OTHERS[case]
    (ref,) = refs(1, 60, "test", **options)
    reader = {"flipped in z": flipped, "mirrored in x": mirrored}.get(case, read)
    (result,) = inspected([replace(ref, read=reader)], recipe)
    assert result.verdict is Verdict.NOT_INSPECTED
    assert words in result.error


def test_that_parts_of_mixed_sizes_are_not_calibrated(tmp_path):
    parts = (*refs(6, 0, "train"), *refs(1, 20, "validation"))
    with pytest.raises(InputError, match="picture sizes"):
        learnt(tmp_path / "r", (*parts, *refs(1, 21, "validation", size=97)))


def test_that_a_broken_good_part_is_left_out_and_named(tmp_path):
    bad = replace(refs(1, 9, "train")[0], read=broken)
    notes = []
    made = drain(
        engine.learn(scan(*GOOD, bad), tmp_path / "r", detector="flat", machine=MACHINE),
        lambda step: notes.append(step.note),
    )
    sentence = "train/good/009: file ends early (1 of 2 MB); copy it again."
    assert f"left out: {sentence}" in notes
    assert bad.id not in made.learn_parts
    assert made.fingerprint["left_out"] == [sentence]


def test_that_only_broken_good_parts_fail_with_their_own_sentence(tmp_path):
    parts = [replace(ref, read=broken) for ref in refs(6, 0, "train")]
    with pytest.raises(InputError, match="file ends early"):
        learnt(tmp_path / "r", parts)


def test_that_nothing_to_learn_from_is_said_before_any_work(tmp_path):
    with pytest.raises(InputError, match="no good parts"):
        learnt(tmp_path / "r", refs(3, 0, "test", stain=True))


def test_that_an_unknown_setting_is_refused_with_the_known_ones(tmp_path):
    with pytest.raises(SettingError, match=r"minimum_area_mm2.*rgb_gain.*strength"):
        learnt(tmp_path / "r", settings={"colour": 1})


def test_that_settings_of_method_preparation_and_decision_reach_the_recipe(tmp_path):
    values = {"strength": "2", "rgb_gain": "1.5", "minimum_area_mm2": 4}
    made = learnt(tmp_path / "r", settings=values)
    assert made.settings == {"strength": 2.0}
    assert made.prepare["rgb_gain"] == 1.5
    pitch = made.fingerprint["mm_per_px"]
    assert made.calibration.minimum_area_px == round(4 / pitch**2)


def dimmed(ref: SampleRef):
    sample = read(ref)
    return replace(sample, rgb=sample.rgb // 8)


def test_that_dark_parts_get_one_gain_that_the_recipe_keeps_as_a_number(tmp_path):
    dark = [replace(ref, read=dimmed) for ref in GOOD]
    notes = []
    made = drain(
        engine.learn(scan(*dark), tmp_path / "r", detector="flat", machine=MACHINE),
        lambda step: notes.append(step.note),
    )
    gain = made.prepare["rgb_gain"]
    assert gain > 3
    assert f"the pictures are dark: brightened {gain:g} times" in notes
    opened = open_recipe(made.path)
    assert opened.prepare["rgb_gain"] == gain
    (ref,) = refs(1, 60, "test")
    assert engine.Inspector(opened, machine=MACHINE).context.prepare(read(ref)).gain == gain


def test_that_parts_of_normal_brightness_keep_theirs(recipe):
    assert recipe.prepare["rgb_gain"] == 1.0


def test_that_a_gain_that_was_asked_for_is_not_measured(tmp_path):
    dark = [replace(ref, read=dimmed) for ref in GOOD]
    assert learnt(tmp_path / "r", dark, settings={"rgb_gain": 1}).prepare["rgb_gain"] == 1.0


def test_that_an_existing_recipe_is_kept(recipe):
    with pytest.raises(OutputError, match="exists already"):
        learnt(recipe.path)


def test_that_a_missing_card_is_said_before_any_work(tmp_path):
    with pytest.raises(DeviceError, match="cuda:0 is not there"):
        learnt(tmp_path / "r", device="cuda:0")


def test_that_too_little_memory_is_said_before_any_work(tmp_path):
    with pytest.raises(DeviceError, match="GB of memory"):
        drain(
            engine.learn(
                scan(*GOOD), tmp_path / "r", detector="flat", machine=Hardware(cpu_free_bytes=1000)
            )
        )


def test_that_cancelling_leaves_no_recipe(tmp_path):
    steps = []
    with pytest.raises(Cancelled):
        drain(
            engine.learn(scan(*GOOD), tmp_path / "r", detector="flat", machine=MACHINE),
            steps.append,
            lambda: len(steps) == 9,
        )
    assert list(tmp_path.iterdir()) == []


class Lenient(Flat):
    """Flat, but a part without a cloud is scored by its colour, one without a picture by its shape."""

    info = replace(Flat.info, requires=())

    class _Scorer(Flat._Scorer):
        def score(self, part):
            sample = part.sample
            if sample.xyz is not None and sample.rgb is not None:
                return super().score(part)
            if sample.xyz is None:
                values = np.abs(part.colour().mean(axis=2) - self.state.tensors["grey"])
                return AnomalyMaps(rgb=values.astype(np.float32))
            values = np.abs(np.nan_to_num(part.height) - self.state.tensors["height"])
            inside = np.where(part.foreground, np.float32(0), np.float32(np.nan))
            return AnomalyMaps(shape=values + inside)

        def explain(self, part, pixel):
            return Explanation("train/good/003", -0.4)


@pytest.fixture
def lenient(monkeypatch, tmp_path):
    monkeypatch.setitem(DETECTORS, "lenient", "tests.core.test_engine:Lenient")
    job = engine.learn(scan(*GOOD), tmp_path / "l", detector="lenient", machine=MACHINE)
    recipe = drain(job)
    wide = Thresholds(100.0, 200.0)  # nothing speaks against any part
    return save(with_thresholds(recipe, wide), tmp_path / "wide")


@pytest.mark.parametrize(
    ("drop", "words"),
    [
        ("xyz", "judged by colour alone: the part has no cloud"),
        ("rgb", "judged by shape alone: the part has no picture"),
    ],
)
def test_that_a_part_with_one_modality_is_never_accepted_by_a_recipe_of_both(lenient, drop, words):
    (part,) = inspected(refs(1, 40, "test", drop=drop), lenient)
    assert part.verdict is Verdict.REVIEW
    assert part.reason.startswith("Nothing above T1")
    assert part.reason.endswith(f"; {words}")
    (whole,) = inspected(refs(1, 40, "test"), lenient)
    assert whole.verdict is Verdict.ACCEPT
    assert "alone" not in whole.reason


def test_that_a_part_with_one_modality_is_accepted_by_a_recipe_of_that_one(tmp_path):
    pictures = scan(*refs(5, 0, drop="xyz"), *refs(5, 20, "validation", drop="xyz"))
    learnt = drain(engine.learn(pictures, tmp_path / "p", detector="btf", machine=MACHINE))
    assert learnt.judged == ("rgb",)
    recipe = save(with_thresholds(learnt, Thresholds(100.0, 200.0)), tmp_path / "wide")
    (part,) = inspected(refs(1, 40, "test", drop="xyz"), recipe)
    assert part.verdict is Verdict.ACCEPT
    assert "alone" not in part.reason


def test_that_the_evaluation_counts_a_part_with_one_modality_as_review(lenient):
    parts = [
        *refs(2, 60, "test"),
        *refs(1, 62, "test", drop="xyz"),
        *refs(1, 70, "test", stain=True),
    ]
    found = drain(engine.evaluate(parts, lenient))
    assert found.verdicts["good"] == {"accept": 2, "review": 1, "reject": 0}


def test_that_the_nearest_good_part_is_kept_with_the_strongest_defect(lenient, tmp_path):
    recipe = save(with_thresholds(lenient, Thresholds(0.5, 1.0)), tmp_path / "tight")
    (bad,) = inspected(refs(1, 40, "test", dent_mm=1.5), recipe)
    assert bad.nearest == NearestGood("train/good/003", bad.defects[0].peak_px, -0.4)
    (good,) = inspected(refs(1, 40, "test"), lenient)
    assert good.nearest is None


def test_that_an_evaluation_counts_what_was_seen(recipe):
    parts = [*refs(3, 60, "test"), *refs(3, 40, "test", dent_mm=1.5)]
    found = drain(engine.evaluate(parts, recipe))
    assert (found.n_good, found.n_bad) == (3, 3)
    assert found.maps["shape"].i_auroc > 0.5
