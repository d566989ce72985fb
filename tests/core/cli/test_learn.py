"""`relief learn`: settings, refusals, the recipe and its promise."""

from __future__ import annotations

import json

import pytest

from inspector_core import detectors
from inspector_core.recipe import open_recipe
from tests.core.cli.conftest import FLAT, follows


def test_that_learn_prints_hash_thresholds_and_promise(relief, tiny_folder, tmp_path):
    code, out, _ = relief("learn", tiny_folder, "--out", tmp_path / "r", "--name", "Block")
    assert code == 0
    assert "6 learnt, 5 held out" in out
    assert "provisional: fewer than 20 held-out parts" in out
    assert "At most 45 % of good parts are rejected (95 % confidence, 0 of 5)." in out
    assert "59 held-out good parts, none rejected, give 5 %." in out


def test_that_learn_json_follows_its_schema(relief, tiny_folder, tmp_path):
    code, document, _ = relief("learn", tiny_folder, "--out", tmp_path / "r", "--json")
    assert code == 0
    assert follows(document, "relief-learn/1")["parts"] == {"learn": 6, "calibrate": 5}
    assert document["promise"]["false_reject_upper_95"] == pytest.approx(1 - 0.05 ** (1 / 5))
    assert document["thresholds"]["t1"] <= document["thresholds"]["t2"]
    stored = json.loads((tmp_path / "r" / "recipe.json").read_text("utf-8"))
    assert stored["sha256"] == document["sha256"]


def test_that_learn_obeys_options_over_environment(relief, tiny_folder, tmp_path, monkeypatch):
    monkeypatch.setenv("RELIEF_FLAT_STRENGTH", "3")
    monkeypatch.setenv("RELIEF_SEED", "7")
    code, document, _ = relief("learn", tiny_folder, "--out", tmp_path / "a", "--json")
    assert (code, document["settings"]["strength"], document["seed"]) == (0, 3.0, 7)
    words = ("learn", tiny_folder, "--out", tmp_path / "b", "--json", "--seed", "1")
    _, document, _ = relief(*words, "--set", "strength=2", "--set", "minimum_area_mm2=3")
    assert (document["settings"]["strength"], document["seed"]) == (2.0, 1)
    assert document["settings"]["minimum_area_mm2"] == 3.0


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["--set", "strenght=2"], 2, "flat has no setting named strenght; known settings:"),
        (["--set", "strength=99"], 2, "strength=99 is not possible; give a value from 0.1 to 10"),
        (["--set", "strength"], 2, "no NAME=VALUE"),
        (["--detector", "magic"], 2, "there is no detector named magic; choose one of flat"),
        (["--device", "cuda:0"], 6, "cuda:0 is not there: 0 CUDA devices found"),
        (["--device", "gpu"], 2, "gpu is no device"),
        (["--layout", "magic"], 2, "there is no layout named magic"),
    ],
)
def test_that_learn_refuses_before_any_work(words, code, said, relief, tiny_folder, tmp_path):
    out = tmp_path / "r"
    got, _, err = relief("learn", tiny_folder, "--out", out, "--quiet", *words)
    assert got == code
    assert said in err
    assert not out.exists()


def test_that_learn_never_overwrites_without_force(relief, recipe, tiny_folder):
    before = (recipe / "recipe.json").read_bytes()
    code, _, err = relief("learn", tiny_folder, "--out", recipe, "--quiet")
    assert code == 3
    assert "exists already; choose another name or use --force" in err
    assert (recipe / "recipe.json").read_bytes() == before
    assert relief("learn", tiny_folder, "--out", recipe, "--force", "--seed", "3")[0] == 0
    assert (recipe / "recipe.json").read_bytes() != before


def test_that_force_replaces_a_recipe_but_no_other_folder(relief, tiny_folder, tmp_path):
    precious = tmp_path / "precious"
    precious.mkdir()
    (precious / "thesis.txt").write_text("years of work")
    code, _, err = relief("learn", tiny_folder, "--out", precious, "--force", "--quiet")
    assert code == 3
    assert "is no recipe; choose another name" in err
    assert (precious / "thesis.txt").exists()


@pytest.mark.parametrize("command", ["learn", "inspect", "demo"])
def test_that_an_output_folder_that_cannot_be_written_is_code_3_before_any_work(
    command, relief, tiny_folder, recipe, tmp_path
):
    blocked = tmp_path / "file"
    blocked.write_text("a file, so no folder can be made in it")
    words = {
        "learn": ("learn", tiny_folder, "--out", blocked / "r"),
        "inspect": ("inspect", tiny_folder, "--recipe", recipe, "--out", blocked / "r"),
        "demo": ("demo", "--headless", "--out", blocked / "r"),
    }[command]
    code, out, err = relief(*words, "--quiet")
    assert (code, out) == (3, "")
    assert "cannot write to" in err


@pytest.fixture
def automatic(monkeypatch):
    """Nobody names a detector, and the flat one takes the place of `aligned`."""
    monkeypatch.delenv("RELIEF_DETECTOR")
    monkeypatch.setattr(detectors, "DETECTORS", {"aligned": FLAT["flat"]})


@pytest.mark.usefixtures("automatic")
def test_that_without_a_name_the_good_parts_choose_the_detector(relief, tiny_folder, tmp_path):
    code, document, err = relief("learn", tiny_folder, "--out", tmp_path / "r", "--json")
    assert code == 0
    assert follows(document, "relief-learn/1")["detector"] == "aligned"
    first, second = document["reasons"]
    assert first.startswith("Laid on one another, the good parts match")
    assert "the same place of the good parts" in second
    assert "detector: aligned" in err
    assert open_recipe(tmp_path / "r").reasons == (first, second)


@pytest.mark.usefixtures("automatic")
def test_that_learn_prints_why(relief, tiny_folder, tmp_path):
    _, out, _ = relief("learn", tiny_folder, "--out", tmp_path / "r")
    lines = [line.strip() for line in out.splitlines()]
    at = lines.index("detector    aligned")
    assert lines[at + 1].startswith("Laid on one another, the good parts match")


@pytest.mark.usefixtures("automatic")
def test_that_settings_reach_the_detector_that_was_chosen(
    relief, tiny_folder, tmp_path, monkeypatch
):
    monkeypatch.setenv("RELIEF_ALIGNED_STRENGTH", "3")
    words = ("learn", tiny_folder, "--out", tmp_path / "r", "--json", "--set", "rgb_gain=2")
    code, document, _ = relief(*words)
    assert (code, document["settings"]["strength"]) == (0, 3.0)
    assert document["settings"]["rgb_gain"] == 2.0


@pytest.mark.usefixtures("automatic")
def test_that_a_setting_that_no_candidate_has_is_refused_before_any_work(
    relief, tiny_folder, tmp_path
):
    code, _, err = relief("learn", tiny_folder, "--out", tmp_path / "r", "--set", "magic=1")
    assert code == 2
    assert "aligned has no setting named magic; known settings:" in err


def test_that_a_detector_that_was_named_needs_no_reason(relief, tiny_folder, tmp_path):
    words = ("learn", tiny_folder, "--out", tmp_path / "r", "--json", "--detector", "flat")
    assert relief(*words)[1]["reasons"] == []
