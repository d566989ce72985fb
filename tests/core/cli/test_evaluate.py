"""`relief evaluate` and `relief detectors`: tables and documents."""

from __future__ import annotations

import re
import shutil
from dataclasses import replace

import numpy as np

from tests.core.cli.conftest import follows
from tests.core.flat_detector import Flat


def test_that_evaluate_prints_maps_chance_and_types(relief, recipe, tiny_folder):
    code, out, _ = relief("evaluate", tiny_folder, "--recipe", recipe)
    assert code == 0
    for word in (
        "2 good, 2 defective",
        "scope all",
        "exact",
        "btf100",
        "fused",
        "no model",
        "chance",
    ):
        assert word in out
    assert "defective parts at the recipe's limits: 0 accept, 0 review, 2 reject" in out
    assert "dent" in out
    assert max(len(line) for line in out.splitlines() if not line.startswith("note")) <= 100
    _, published, _ = relief("evaluate", tiny_folder, "--recipe", recipe, "--protocol", "cfm99")
    assert "exact" not in published
    assert "cfm99" in published


def test_that_evaluate_json_follows_its_schema(relief, recipe, tiny_folder):
    words = ("evaluate", tiny_folder, "--recipe", recipe, "--json")
    code, document, _ = relief(*words)
    assert code == 0
    shape = follows(document, "relief-evaluation/1")["maps"]["shape"]
    assert shape["i_auroc"] == 1.0
    assert shape["aupro"]["0.30"] > 0.9
    assert document["published_protocol"] == "btf100"
    no_model = document["no_model"]
    assert no_model["aupro_published"]["0.01"] != no_model["aupro"]["0.01"]
    _, published, _ = relief(*words, "--protocol", "published", "--scope", "part")
    assert (published["protocol"], published["scope"]) == ("btf100", "part")
    assert published["no_model"]["aupro"] == published["no_model"]["aupro_published"]


def test_that_a_second_recipe_is_compared_on_the_same_parts(relief, recipe, tiny_folder, tmp_path):
    other = tmp_path / "other"
    weaker = ("--detector", "flat", "--set", "strength=0.5", "--name", "weaker")
    assert relief("learn", tiny_folder, "--out", other, *weaker)[0] == 0
    words = ("evaluate", tiny_folder, "--recipe", recipe, "--against", other)
    code, document, _ = relief(*words, "--json")
    assert code == 0
    against = follows(document, "relief-evaluation/1")["against"]
    assert against["recipe"]["name"] == "weaker"
    assert [each["map"] for each in against["maps"]] == list(document["maps"])
    metric = against["maps"][0]["metrics"]["i_auroc"]
    assert metric["first"] - metric["second"] == metric["difference"]
    _, out, _ = relief(*words)
    assert "minus weaker (flat)" in out
    assert "the same 2 good and 2 defective parts" in out
    assert re.search(r"^fused  AUPRO@30 %  \d", out, re.MULTILINE)
    assert re.search(r"^fused  I-AUROC +\d", out, re.MULTILINE)
    assert max(len(line) for line in out.splitlines() if not line.startswith("note")) <= 100


def test_that_the_methods_own_part_score_has_a_line_beside_the_maps(
    relief, recipe, tiny_folder, monkeypatch
):
    words = ("evaluate", tiny_folder, "--recipe", recipe)
    _, plain, _ = relief(*words)
    assert "own score" not in plain
    score = Flat._Scorer.score

    def with_own(self, part):
        maps = score(self, part)
        return replace(maps, part_score=float(np.nanmean(maps.shape)))

    monkeypatch.setattr(Flat._Scorer, "score", with_own)
    _, document, _ = relief(*words, "--json")
    fused = follows(document, "relief-evaluation/1")["maps"]["fused"]
    assert fused["i_auroc_own"] == 1.0
    _, out, _ = relief(*words)
    assert re.search(r"^own score +\[1.000-1.000\] 1.000 ", out, re.MULTILINE)
    assert "verdicts rest on the map" in out
    assert max(len(line) for line in out.splitlines() if not line.startswith("note")) <= 100


def test_that_an_evaluation_names_parts_that_failed(relief, recipe, own_copy):
    (own_copy / "test" / "dent" / "rgb" / "001.png").write_bytes(b"hello")
    code, document, _ = relief("evaluate", own_copy, "--recipe", recipe, "--json")
    assert code == 4
    assert [entry["id"] for entry in document["not_inspected"]] == ["test/dent/001"]
    assert document["parts"] == {"good": 2, "bad": 1}


def test_that_a_learnt_picture_among_the_test_parts_is_named_and_left_out(relief, recipe, own_copy):
    for kind, suffix in (("rgb", "png"), ("xyz", "tiff")):
        shutil.copy(
            own_copy / "train" / "good" / kind / f"003.{suffix}",
            own_copy / "test" / "good" / kind / f"copied.{suffix}",
        )
    shutil.copy(
        own_copy / "test" / "good" / "gt" / "000.png",
        own_copy / "test" / "good" / "gt" / "copied.png",
    )
    code, document, _ = relief("evaluate", own_copy, "--recipe", recipe, "--json")
    assert code == 0
    assert document["parts"] == {"good": 2, "bad": 2}
    assert "test/good/copied has the same picture as train/good/003: left out" in document["notes"]


def test_that_evaluating_learnt_parts_is_said(relief, recipe, tiny_folder):
    words = ("evaluate", tiny_folder, "--recipe", recipe, "--json")
    _, document, _ = relief(*words, "--split", "train", "--split", "test")
    assert any("6 parts have the name of a part that was learnt" in n for n in document["notes"])
    assert not any("learnt" in note for note in relief(*words)[1]["notes"])


def test_that_detectors_lists_the_registry(relief):
    code, out, _ = relief("detectors")
    assert code == 0
    assert "chooses one of these by the good parts" in out
    assert "rgb + shape" in out
    _, document, _ = relief("detectors", "--json")
    (flat,) = follows(document, "relief-detectors/1")["detectors"]
    assert [entry["name"] for entry in flat["settings"]] == ["strength"]
