"""Which parts and pixels count, and what is said about those that do not."""

from __future__ import annotations

import json
from dataclasses import replace

import jsonschema
import numpy as np
import pytest

from inspector_core.assets import resource
from inspector_core.errors import InputError, InspectorError, SettingError
from inspector_core.evaluation import FailedPart, ScoredPart, evaluation, from_document
from inspector_core.evaluation.intervals import auroc_interval, multiplicities
from inspector_core.evaluation.pixels import read_pixels, read_truth
from inspector_core.evaluation.protocol import estimator_of
from inspector_core.evaluation.ranking import pooled
from inspector_core.evaluation.region_overlap import aupro, sampled_aupro
from inspector_core.evaluation.spill import Spill
from inspector_core.progress import drain
from inspector_core.types import AnomalyMaps

SIZE = (40, 50)
FACTS = {
    "name": "made up",
    "detector": "btf",
    "sha256": "0" * 64,
    "seed": 0,
    "thresholds": {"t1": 1.2, "t2": 1.5},
}


def disc(rng=None):
    """Foreground: all but a margin of 8 pixels."""
    inside = np.zeros(SIZE, bool)
    inside[8:-8, 8:-8] = True
    return inside


def part(name, label, *, strength=0.0, seed=0, **changes):
    """A part with noise on its foreground and, if defective, a brighter square with a mask."""
    rng = np.random.default_rng(seed)
    inside = disc()
    truth = np.zeros(SIZE, bool)
    if label not in ("good", None):
        truth[18:24, 20:28] = True
    values = rng.random(SIZE).astype(np.float32)
    values[truth] += np.float32(strength)
    values[~inside] = np.nan
    facts = {
        "id": name,
        "label": label,
        "truth": truth,
        "foreground": inside,
        "maps": AnomalyMaps(shape=values, fused=values),
        "scores": {"fused": float(np.nanmax(values)), "shape": float(np.nanmax(values))},
        "seconds": 0.1 * (seed + 1),
    }
    return ScoredPart(**{**facts, **changes})


def parts(strength=2.0):
    good = [part(f"test/good/{i:03}", "good", seed=i) for i in range(4)]
    dents = [part(f"test/dent/{i:03}", "dent", strength=strength, seed=10 + i) for i in range(3)]
    stains = [part(f"test/stain/{i:03}", "stain", strength=0.1, seed=20 + i) for i in range(3)]
    return [*good, *dents, *stains]


def evaluate(members, **options):
    return drain(evaluation(members, recipe_facts=FACTS, replicates=50, **options))


def test_that_the_document_follows_its_schema_and_holds_no_nan():
    document = evaluate(parts()).document()
    schema = json.loads(resource("schemas", "relief-evaluation-1.json").read_text("utf-8"))
    jsonschema.validate(json.loads(json.dumps(document, allow_nan=False)), schema)
    assert document["parts"] == {"good": 4, "bad": 6}
    assert set(document["maps"]) == {"fused", "shape"}
    assert set(document["per_type"]) == {"dent", "stain"}


def test_that_figures_equal_those_of_full_maps_with_the_lowest_value_outside():
    members = parts()
    lowest = min(float(np.nanmin(member.maps.fused)) for member in members)
    everywhere = np.ones(SIZE, bool)
    full = [
        read_pixels(
            np.nan_to_num(member.maps.fused, nan=np.float32(lowest)),
            read_truth(member.truth, everywhere),
            everywhere,
        )
        for member in members
    ]
    outcome = evaluate(members)
    assert outcome.maps["fused"].aupro == pytest.approx(aupro(pooled(full)), abs=1e-12)
    assert outcome.maps["fused"].published == pytest.approx(
        sampled_aupro(full, "btf100"), abs=1e-12
    )
    published = evaluate(members, protocol="published")
    assert published.estimator == "btf100"
    assert published.maps["fused"].aupro == pytest.approx(sampled_aupro(full, "btf100"), abs=1e-12)


def test_that_a_defect_type_is_set_against_all_good_parts():
    members = parts()
    alone = evaluate([m for m in members if m.label in ("good", "dent")])
    together = evaluate(members)
    assert together.per_type["dent"]["fused"].aupro == alone.maps["fused"].aupro
    assert together.per_type["dent"]["fused"].i_auroc == 1.0
    assert together.per_type["dent"]["fused"].n_good == 4
    assert (
        together.per_type["stain"]["fused"].aupro[0] < together.per_type["dent"]["fused"].aupro[0]
    )


def test_that_scope_part_counts_false_positives_near_the_part_only():
    member = part("test/dent/000", "dent", strength=0.3)
    everything = read_truth(member.truth, member.foreground, "all")
    near = read_truth(member.truth, member.foreground, "part")
    assert everything.counted.sum() == 40 * 50 - 6 * 8
    assert near.counted.sum() == (24 + 6) * (34 + 6) - 6 * 8
    members = parts(0.3)
    wide, narrow = evaluate(members), evaluate(members, scope="part")
    assert narrow.maps["fused"].aupro[0] < wide.maps["fused"].aupro[0]
    assert narrow.maps["fused"].i_auroc == wide.maps["fused"].i_auroc


def test_that_random_numbers_on_the_part_stand_beside_the_maps():
    members = parts()
    share = disc().mean()
    outcome = evaluate(members)
    # FPR 0.3 is reached at 0.3 / share of the foreground, with PRO growing in proportion
    expected = 0.3 / share / 2
    assert outcome.no_model.aupro[0] == pytest.approx(expected, abs=0.08)
    assert outcome.no_model.i_auroc is None
    assert outcome.no_model.reasons["i_auroc"] == "a random score has 0.5"
    assert evaluate(members).document()["no_model"] == outcome.document()["no_model"]
    assert evaluate(members, seed=1).no_model.aupro != outcome.no_model.aupro
    assert outcome.per_type["dent"]["no_model"].aupro is not None


def test_that_the_order_of_parts_changes_no_figure_of_a_map():
    members = parts()
    forwards, backwards = evaluate(members), evaluate(members[::-1])
    for name in ("fused", "shape"):
        one, two = forwards.maps[name], backwards.maps[name]
        assert one.aupro == pytest.approx(two.aupro, abs=1e-12)
        assert one.i_auroc == two.i_auroc
        assert one.ap == pytest.approx(two.ap, abs=1e-12)


def with_own(one, score):
    return replace(one, maps=replace(one.maps, part_score=score))


def test_that_the_methods_own_scores_stand_beside_those_of_the_fused_map():
    # the maps find every defect; the method's own score takes one good part of four for the worst
    own = [10.0 if at == 0 else float(at) for at in range(10)]
    members = [with_own(one, score) for one, score in zip(parts(), own, strict=True)]
    outcome = evaluate(members)
    fused, shape = outcome.maps["fused"], outcome.maps["shape"]
    assert (fused.i_auroc, fused.i_auroc_own) == (1.0, 0.75)
    low, high = fused.i_auroc_own_interval
    assert low < 0.75 < high
    assert (shape.i_auroc_own, shape.i_auroc_own_interval) == (None, None)
    assert outcome.per_type["dent"]["fused"].i_auroc_own == 0.75
    assert [part.own_score for part in outcome.parts] == own
    again = from_document(json.loads(json.dumps(outcome.document())))
    assert again.maps["fused"].i_auroc_own_interval == fused.i_auroc_own_interval
    assert [part.own_score for part in again.parts] == own
    schema = json.loads(resource("schemas", "relief-evaluation-1.json").read_text("utf-8"))
    jsonschema.validate(outcome.document(), schema)


def test_that_own_scores_count_only_where_every_part_has_one():
    members = [with_own(one, 1.0) for one in parts()]
    assert evaluate(members).maps["fused"].i_auroc_own == 0.5
    members[3] = with_own(members[3], None)
    outcome = evaluate(members)
    assert outcome.maps["fused"].i_auroc_own is None
    assert outcome.document()["maps"]["fused"]["i_auroc_own"] is None


def test_that_documents_without_own_scores_are_read():
    document = json.loads(json.dumps(evaluate(parts()).document()))
    for figures in (*document["maps"].values(), document["no_model"]):
        del figures["i_auroc_own"], figures["i_auroc_own_interval"]
    for table in document["per_type"].values():
        for figures in table.values():
            del figures["i_auroc_own"], figures["i_auroc_own_interval"]
    for part_score in document["part_scores"]:
        del part_score["own_score"]
    again = from_document(document)
    assert again.maps["fused"].i_auroc_own is None
    assert {one.own_score for one in again.parts} == {None}


def test_that_without_good_parts_only_part_figures_are_undefined():
    outcome = evaluate([part(f"test/dent/{i}", "dent", strength=1, seed=i) for i in range(3)])
    fused = outcome.maps["fused"]
    assert (fused.i_auroc, fused.i_ap, fused.i_auroc_interval) == (None, None, None)
    assert fused.reasons["i_auroc"] == "no good parts"
    assert fused.aupro is not None


def test_that_without_defects_pixel_figures_are_undefined_with_the_reason():
    outcome = evaluate([part(f"test/good/{i}", "good", seed=i) for i in range(3)])
    fused = outcome.maps["fused"]
    assert (fused.aupro, fused.p_auroc, fused.ap, fused.best_f1) == (None, None, None, None)
    assert fused.reasons == {"i_auroc": "no bad parts", "pixels": "no defect pixels"}
    assert outcome.document()["maps"]["fused"]["aupro"]["0.30"] is None


@pytest.mark.parametrize(
    ("label", "changes", "said"),
    [
        ("dent", {"truth": None}, "1 part defective but without a mask"),
        ("dent", {"truth": np.zeros(SIZE, bool)}, "1 part defective but without a mask"),
        ("good", {"truth": disc()}, "1 part good but with a mask"),
    ],
)
def test_that_a_doubtful_mask_leaves_the_part_score_only(label, changes, said):
    odd = part("test/odd/000", label, strength=1, seed=99, **changes)
    outcome = evaluate([*parts(), odd])
    fused = outcome.maps["fused"]
    assert fused.n_pixel_parts == 10
    assert fused.n_good + fused.n_bad == 11
    assert fused.aupro == evaluate(parts()).maps["fused"].aupro
    assert any(note.startswith(said) and "test/odd/000" in note for note in outcome.notes)


def test_that_a_part_without_label_is_named_and_not_counted():
    outcome = evaluate([*parts(), part("unknown/000", None)])
    assert (outcome.n_good, outcome.n_bad) == (4, 6)
    assert "1 part without a label, not counted: unknown/000" in outcome.notes


def test_that_a_failed_part_is_listed_and_the_others_count():
    outcome = evaluate(
        [*parts(), FailedPart("test/dent/009", "dent", "empty file; copy it again.")]
    )
    assert outcome.not_inspected == (("test/dent/009", "empty file; copy it again."),)
    assert outcome.n_bad == 6


def test_that_an_evaluation_of_nothing_is_refused():
    with pytest.raises(InputError, match="no part to evaluate"):
        evaluate([])
    with pytest.raises(InputError, match="none of the 1 parts could be scored; a: broken"):
        evaluate([FailedPart("a", "good", "broken")])


def test_that_a_hole_inside_the_foreground_is_an_error_that_names_the_part():
    member = part("test/dent/000", "dent")
    values = np.array(member.maps.fused)
    values[20, 20] = np.nan
    broken = part("test/dent/000", "dent", maps=AnomalyMaps(fused=values))
    with pytest.raises(InspectorError, match=r"test/dent/000, fused: .* 1 pixels without a value"):
        evaluate([broken])


def test_that_infinite_values_and_foreign_sizes_are_errors():
    infinite = np.full(SIZE, np.inf, np.float32)
    small = np.zeros((4, 5), np.float32)
    with pytest.raises(InspectorError, match="infinite values"):
        evaluate([part("a", "dent", maps=AnomalyMaps(fused=infinite))])
    with pytest.raises(InspectorError, match="the map is 5x4 and the mask 50x40"):
        evaluate([part("a", "dent", maps=AnomalyMaps(fused=small))])
    with pytest.raises(InspectorError, match="part score is not a number"):
        evaluate([part("a", "dent", scores={"fused": float("nan")})])


def test_that_verdicts_at_the_recipes_thresholds_are_counted():
    members = [
        part("a", "good", scores={"fused": 1.0}),
        part("b", "good", scores={"fused": 1.3}),
        part("c", "dent", strength=1, scores={"fused": 1.5}),
        part("d", "dent", strength=1, scores={"fused": 1.1}),
    ]
    assert evaluate(members).verdicts == {
        "good": {"accept": 1, "review": 1, "reject": 0},
        "bad": {"accept": 1, "review": 0, "reject": 1},
    }
    assert [(each.id, each.bad, each.verdict) for each in evaluate(members).parts] == [
        ("a", False, "accept"),
        ("b", False, "review"),
        ("c", True, "reject"),
        ("d", True, "accept"),
    ]
    facts = {key: value for key, value in FACTS.items() if key != "thresholds"}
    without = drain(evaluation(members, recipe_facts=facts, replicates=50))
    assert without.verdicts == {}
    assert [each.verdict for each in without.parts] == [None] * 4


def test_that_a_quantised_map_is_said():
    def coarse(member):
        values = np.round(member.maps.fused * 8) / 8
        return part(member.id, member.label, maps=AnomalyMaps(fused=values.astype(np.float32)))

    notes = evaluate([coarse(member) for member in parts()]).notes
    assert any("the map looks quantised" in note for note in notes)
    assert not any("quantised" in note for note in evaluate(parts()).notes)


def test_that_timings_are_median_and_95_percent_point():
    outcome = evaluate(parts())
    seconds = [member.seconds for member in parts()]
    assert outcome.seconds == pytest.approx(tuple(np.quantile(seconds, [0.5, 0.95])))
    assert outcome.peak_memory_mb is None or outcome.peak_memory_mb > 10


def test_that_unknown_scope_and_protocol_are_refused_with_the_known_ones():
    with pytest.raises(SettingError, match="choose one of all, part"):
        evaluate(parts(), scope="object")
    with pytest.raises(SettingError, match="choose one of exact, published, btf100, cfm99"):
        evaluate(parts(), protocol="fast")
    assert estimator_of("published", "cfm") == "cfm99"
    assert estimator_of("exact", "cfm") == "exact"


def test_that_closing_the_job_closes_the_source_of_parts():
    closed = []

    def source():
        try:
            yield from parts()
        finally:
            closed.append(True)

    job = evaluation(source(), recipe_facts=FACTS)
    next(job)
    job.close()
    assert closed == [True]


def test_that_resampling_keeps_the_number_of_good_and_bad_parts():
    drawn = multiplicities(["good"] * 3 + ["bad"] * 5, seed=7, replicates=50)
    assert (drawn[:, :3].sum(axis=1) == 3).all()
    assert (drawn[:, 3:].sum(axis=1) == 5).all()
    assert (drawn == multiplicities(["good"] * 3 + ["bad"] * 5, seed=7, replicates=50)).all()
    assert drawn.std(axis=0).min() > 0


def test_that_the_interval_covers_the_true_area_about_as_often_as_stated():
    # normal scores one apart: the true ROC area is Phi(1 / sqrt 2) = 0.760
    rng = np.random.default_rng(3)
    covered = 0
    for trial in range(60):
        good, bad = rng.normal(0, 1, 25).tolist(), rng.normal(1, 1, 25).tolist()
        low, high = auroc_interval(good, bad, seed=trial)
        covered += low <= 0.760 <= high
    assert 51 <= covered <= 60
    assert auroc_interval([0.0], [1.0, 2.0], seed=0) is None


def test_that_arrays_beyond_the_limit_go_to_disk_and_come_back_equal():
    rng = np.random.default_rng(0)
    arrays = [rng.random(100 + i).astype(np.float32) for i in range(5)]
    with Spill(limit_bytes=900) as spill:
        numbers = [spill.put(values) for values in arrays]
        assert spill.on_disk
        for number, values in zip(numbers, arrays, strict=True):
            assert (spill.get(number) == values).all()


def test_that_figures_do_not_depend_on_where_the_scores_were_kept(monkeypatch):
    in_memory = evaluate(parts()).document()
    monkeypatch.setattr(Spill.__init__, "__defaults__", (0,))
    on_disk = evaluate(parts()).document()
    for document in (in_memory, on_disk):
        document.pop("peak_memory_mb")
    assert in_memory == on_disk
