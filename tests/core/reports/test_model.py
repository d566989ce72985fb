"""What a report says."""

import json
from dataclasses import replace
from datetime import timedelta

import jsonschema
import pytest

from inspector_core.assets import resource
from inspector_core.errors import InputError
from inspector_core.files import json_bytes
from inspector_core.reports import build
from inspector_core.reports.pages import how_decided, part_text, promise_sentences
from inspector_core.reports.summary import summary_text
from inspector_core.reports.words import nearest_sentence
from inspector_core.types import Measure, NearestGood, Thresholds, Verdict
from tests.core.reports.parts import ISSUED, batch, defect, material, model, recipe, result, sample

SCHEMA = json.loads(resource("schemas", "relief-results-1.json").read_text(encoding="utf-8"))


def test_that_the_document_keeps_the_contract_in_all_its_states():
    part = sample("odd\udcff")
    bare = {"area_mm2", "length_mm", "width_mm", "height_mm", "volume_mm3", "centroid_mm"}
    unmeasured = defect(part, **dict.fromkeys(bare), colour_share=None, not_measurable="few points")
    results = [*batch(), result(part, defects=(unmeasured,), unit="nominal mm")]
    document = json.loads(json_bytes(model(results).document))
    jsonschema.validate(document, SCHEMA)
    last = document["parts"][-1]
    assert last["id"] == "odd\udcff"
    assert last["unit"] == "nominal mm"
    assert all(last["defects"][0][name] is None for name in bare)
    assert document["summary"]["not_inspected"] == 1
    refused = document["parts"][4]
    assert refused["error"]
    assert refused["scores"] == {"rgb": None, "shape": None, "fused": None}


def test_that_the_schema_refuses_a_zero_for_unknown_text_and_a_wrong_verdict():
    document = json.loads(json_bytes(model().document))
    document["parts"][0]["verdict"] = "fine"
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(document, SCHEMA)


def test_that_uncertainties_are_expanded_and_not_a_number_becomes_null():
    part = sample("a")
    odd = defect(part, height_mm=Measure(float("nan"), float("inf")))
    found = model([result(part, defects=(odd,))]).document["parts"][0]["defects"][0]
    assert found["area_uncertainty_mm2"] == pytest.approx(2 * 0.6123)
    assert found["height_mm"] is None
    assert found["height_uncertainty_mm"] is None


def test_that_the_report_id_depends_on_the_content_and_not_on_times():
    first = model()
    slower = [replace(r, timings_s={"read": 9.0}) for r in batch()]
    later = build(slower, recipe(), material, issued=ISSUED + timedelta(days=1))
    assert first.report_id == later.report_id
    other = [replace(r, label="scratch") for r in batch()]
    assert build(other, recipe(), material, issued=ISSUED).report_id != first.report_id


def test_that_times_are_utc_and_the_hash_is_that_of_the_file():
    found = model()
    assert found.issued == "2026-11-21T10:00:00+00:00"
    assert found.document["report"]["issued"] == found.issued
    assert len(found.document_sha256) == 64


def test_that_rejects_come_first_and_accepted_parts_have_no_page_in_a_batch():
    found = model()
    assert [r.verdict for r in found.ordered] == [
        Verdict.REJECT,
        Verdict.REJECT,
        Verdict.REVIEW,
        Verdict.NOT_INSPECTED,
        Verdict.ACCEPT,
    ]
    assert [found.has_page(r) for r in found.ordered] == [True, True, True, False, False]
    single = model([result(sample("a"), Verdict.ACCEPT)])
    assert single.has_page(single.results[0])


@pytest.mark.parametrize(
    ("results", "problem"),
    [
        ([], "no results"),
        ([result(sample("a")), result(sample("a"))], "a occurs twice"),
        (
            [result(sample("a")), result(sample("b"), thresholds=Thresholds(1.0, 2.0))],
            "different limits",
        ),
    ],
)
def test_that_what_cannot_be_reported_is_refused_with_a_sentence(results, problem):
    with pytest.raises(InputError, match=problem):
        model(results)


def test_that_results_are_held_without_maps():
    part = sample("a")
    heavy = replace(result(part), maps=material("a").maps)
    assert model([heavy]).results[0].maps is None


def test_that_the_promise_says_what_weakens_it():
    provisional = " ".join(promise_sentences(model()))
    assert "95 % confidence, 0 of 10" in provisional
    assert "only 10 good parts were held out" in provisional
    firm = " ".join(promise_sentences(model(n_good=25)))
    assert "provisional" not in firm
    moved = [replace(r, thresholds=Thresholds(1.0, 1.1)) for r in batch()]
    preview = " ".join(promise_sentences(build(moved, recipe(), material, issued=ISSUED)))
    assert "moved by hand" in preview
    assert "T1 1.20, T2 1.50" in preview


def test_that_the_limits_in_force_are_reported_and_the_scale_stays_the_recipes():
    moved = [replace(r, thresholds=Thresholds(1.0, 1.1)) for r in batch()]
    found = build(moved, recipe(), material, issued=ISSUED)
    assert found.document["recipe"]["thresholds"] == {"t1": 1.0, "t2": 1.1}
    assert found.document["recipe"]["recipe_thresholds"] == {"t1": 1.2, "t2": 1.5}
    assert found.display_top == 3.0


def test_that_nominal_millimetres_stand_in_every_head_and_in_a_note():
    text = part_text(model(), result(sample("a"), unit="nominal mm"))
    units = [column.unit for column in text.columns]
    assert units[2:8] == ["nominal mm²", *["nominal mm"] * 3, "nominal mm³", "nominal mm"]
    assert any("no physical unit" in note for note in text.notes)


def test_that_a_modality_that_was_not_seen_is_said():
    flat = result(sample("a"), scores={"rgb": 1.8, "fused": 1.8})
    assert ("Shape", "not judged: no scan") in part_text(model(), flat).quality
    full = part_text(model(), result(sample("a"))).quality
    assert not [row for row in full if "not judged" in row[1]]


def test_that_the_nearest_good_part_is_left_out_where_its_place_is_no_defect_any_more():
    part = sample("a")
    near = NearestGood("train/good/003", defect(part).peak_px, -0.6)
    there = result(part, nearest=near)
    gone = result(part, nearest=replace(near, at_px=(0, 0)))
    said = [note for note in part_text(model(), there).notes if "similar" in note]
    assert said == [nearest_sentence(1, near, "mm")]
    assert not [note for note in part_text(model(), gone).notes if "similar" in note]
    entries = model([there, result(sample("b"), nearest=None)]).document["parts"]
    assert entries[0]["nearest_good"] == {"id": "train/good/003", "defect": 1, "height_mm": -0.6}
    assert entries[1]["nearest_good"] is None


def test_that_what_is_said_in_place_of_a_good_part_is_no_good_part():
    part = sample("a")
    said = NearestGood(None, defect(part).peak_px, words="colour lies 3.1 times as far")
    there = result(part, nearest=said)
    assert "At defect 1 colour lies 3.1 times as far." in part_text(model(), there).notes
    (entry,) = model([there]).document["parts"]
    assert entry["nearest_good"] is None
    assert entry["difference"] == {"defect": 1, "words": "colour lies 3.1 times as far"}
    gone = result(part, nearest=replace(said, at_px=(0, 0)))
    assert model([gone]).document["parts"][0]["difference"] is None


def test_that_a_reason_for_not_measuring_is_printed():
    part = sample("a")
    blind = defect(part, area_mm2=None, not_measurable="12 of 20 points")
    text = part_text(model(), result(part, defects=(blind,)))
    assert text.rows[0].cells[2].main == "–"
    assert "Defect 1, not measurable: 12 of 20 points." in text.notes


def test_that_the_summary_counts_what_the_results_hold():
    text = summary_text(model())
    assert {word: n for _, word, n, _ in text.counts} == {
        "Reject": 2,
        "Review": 1,
        "Accept": 1,
        "Not inspected": 1,
    }
    assert text.kinds == (("dent", 3, 3),)
    assert text.refused == (("e", "e: file ends early; copy it again."),)
    assert [line.title for line in text.lines][:2] == ["c d", "test / a / 000"]


def test_that_a_report_says_why_the_detector_was_chosen():
    why = {"mm_per_px": 0.9, "choice": {"reasons": ["They match.", "It compares."]}}
    chosen = model(fingerprint=why)
    assert how_decided(chosen)[0].endswith(
        "It was chosen for these parts: They match. It compares."
    )
    assert chosen.document["recipe"]["reasons"] == ["They match.", "It compares."]
    named = model()
    assert "chosen" not in how_decided(named)[0]
    assert named.document["recipe"]["reasons"] == []
