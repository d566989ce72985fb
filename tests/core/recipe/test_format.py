"""The recipe folder: what comes back, what is refused, and with which sentence."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from inspector_core.detectors.contract import State
from inspector_core.engine import configure
from inspector_core.errors import OutputError, RecipeError
from inspector_core.recipe import Recipe, open_recipe, save
from inspector_core.recipe.format import DOCUMENT, TENSORS, content_hash
from inspector_core.types import Calibration, Thresholds


def recipe(created: str = "2026-01-01T00:00:00+00:00") -> Recipe:
    return Recipe(
        name="bracket",
        detector="aligned",
        settings={"cell_mm": 0.3},
        prepare={"rgb_gain": 1.0},
        state=State(
            {"bank.0": np.arange(12, dtype=np.float32).reshape(3, 4), "count": np.int32([7])},
            {"reference": "good/ü"},
        ),
        calibration=Calibration(
            {"rgb": 1.25, "shape": 0.1, "fused": 1 / 3},
            ("a", "b"),
            (0.9, 1.1),
            Thresholds(1.05, 1.4),
        ),
        fingerprint={"size": [400, 400], "mm_per_px": 0.299},
        learn_parts=("train/good/000",),
        seed=3,
        created=created,
    )


@pytest.fixture
def saved(tmp_path):
    return save(recipe(), tmp_path / "r")


def test_that_a_recipe_comes_back_as_it_was(saved):
    opened = open_recipe(saved.path)
    assert opened.calibration == saved.calibration
    assert opened.sha256 == saved.sha256
    assert opened.learn_parts == saved.learn_parts
    assert opened.state.facts == saved.state.facts
    for name, values in saved.state.tensors.items():
        assert opened.state.tensors[name].dtype == values.dtype
        assert np.array_equal(opened.state.tensors[name], values)


def test_that_the_hash_names_the_content_and_not_the_hour(tmp_path, saved):
    later = save(recipe("2027-01-01T00:00:00+00:00"), tmp_path / "later")
    assert later.sha256 == saved.sha256


def test_that_a_recipe_of_format_1_joins_its_maps_by_the_stronger_as_it_did(saved):
    def before(document):
        document["format"] = "relief-recipe/1"
        del document["calibration"]["evidence"]
        document["sha256"] = content_hash(document)

    _edit(saved.path, before)
    opened = open_recipe(saved.path)
    assert opened.prepare["joined_by"] == "stronger"
    assert opened.calibration == saved.calibration
    assert not opened.calibration.evidence


@pytest.mark.parametrize("name", ["cfm", "m3dm", "lsfa", "unaligned"])
def test_that_a_recipe_may_name_settings_that_had_no_effect_and_are_gone(tmp_path, name):
    before = {"relief_mm": 0.5, "margin": 0.1}
    saved = save(replace(recipe(), detector=name, settings=before), tmp_path / name)
    opened = open_recipe(saved.path)
    assert opened.settings == {"margin": 0.1}
    assert opened.sha256 == saved.sha256
    configure(name, opened.settings)
    other = save(replace(recipe(), detector="patchcore", settings=before), tmp_path / "other")
    assert open_recipe(other.path).settings == before


def test_that_garbled_evidence_is_refused(tmp_path):
    broken = replace(recipe().calibration, evidence={"worth": {}, "usual_level": {}, "joint": {}})
    saved = save(replace(recipe(), calibration=broken), tmp_path / "broken")
    with pytest.raises(RecipeError, match="lacks or garbles"):
        open_recipe(saved.path)


def test_that_an_existing_recipe_is_kept_unless_forced(saved):
    with pytest.raises(OutputError, match="exists already"):
        save(recipe(), saved.path)
    save(recipe(), saved.path, force=True)
    assert [p.name for p in saved.path.parent.iterdir()] == ["r"]


def _edit(path, change):
    document = json.loads((path / DOCUMENT).read_text("utf-8"))
    change(document)
    (path / DOCUMENT).write_text(json.dumps(document), "utf-8")


def _flip_last_byte(path):
    data = bytearray((path / TENSORS).read_bytes())
    data[-1] ^= 1
    (path / TENSORS).write_bytes(data)


DAMAGES = {
    "flipped byte": (_flip_last_byte, "hash differs"),
    "edited threshold": (
        lambda p: _edit(p, lambda d: d["calibration"].update(t2=9.0)),
        "changed after it was written",
    ),
    "broken JSON": (lambda p: (p / DOCUMENT).write_text("{"), "cannot be read"),
    "byte order mark": (
        lambda p: (p / DOCUMENT).write_bytes(b"\xef\xbb\xbf" + (p / DOCUMENT).read_bytes()),
        "cannot be read",
    ),
    "duplicate key": (
        lambda p: (p / DOCUMENT).write_text('{"format": "relief-recipe/1", "format": "x"}'),
        "appears twice",
    ),
    "tensors missing": (lambda p: (p / TENSORS).unlink(), "is missing"),
    "tensors cut off": (
        lambda p: (p / TENSORS).write_bytes((p / TENSORS).read_bytes()[:40]),
        "cannot be read",
    ),
    "newer format": (
        lambda p: _edit(p, lambda d: d.update(format="relief-recipe/99")),
        "format 99",
    ),
    "other program": (lambda p: _edit(p, lambda d: d.update(format="cake")), "no recipe"),
    "no document": (lambda p: (p / DOCUMENT).unlink(), "no recipe"),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_that_a_damaged_recipe_is_refused_with_one_sentence(saved, damage):
    harm, words = DAMAGES[damage]
    harm(saved.path)
    with pytest.raises(RecipeError, match=words) as caught:
        open_recipe(saved.path)
    assert caught.value.cure
    assert caught.value.exit_code == 5
    assert "\n" not in caught.value.sentence


def test_that_a_listed_tensor_must_be_there(tmp_path):
    from safetensors.numpy import save_file

    saved = save(recipe(), tmp_path / "r")
    save_file({"bank.0": saved.state.tensors["bank.0"]}, saved.path / TENSORS)
    with pytest.raises(RecipeError, match="tensor count is missing"):
        open_recipe(saved.path)


def test_that_a_failed_save_leaves_nothing(tmp_path, monkeypatch):
    import inspector_core.recipe.format as format_module

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(format_module, "write_json", full)
    with pytest.raises(OutputError, match="disk is full"):
        save(recipe(), tmp_path / "r")
    assert list(tmp_path.iterdir()) == []
