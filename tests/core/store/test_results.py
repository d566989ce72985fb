"""The result store: raw float32 maps and JSON that come back as they were, after any death."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from inspector_core.errors import InputError, OutputError
from inspector_core.store import ResultStore
from inspector_core.types import (
    AnomalyMaps,
    Defect,
    Measure,
    NearestGood,
    Region,
    Result,
    Source,
    Thresholds,
    Verdict,
)


def result(part_id="test/dent/000"):
    values = np.full((12, 15), np.nan, np.float32)
    values[3:8, 4:9] = np.arange(25, dtype=np.float32).reshape(5, 5) / 7
    region = np.zeros((12, 15), bool)
    region[4:6, 5:8] = True
    defect = Defect(
        number=1, region=Region.from_mask(region), bbox_px=(5, 4, 7, 5), peak_px=(6, 5), score=2.5,
        score_rgb=None, score_shape=2.5, colour_share=None, name="dent", extent_rule="rule",
        centroid_mm=(1.0, 2.0, 3.5), area_mm2=Measure(1.5, 0.1), not_measurable="",
    )  # fmt: skip
    return Result(
        id=part_id, split="test", label="dent", verdict=Verdict.REJECT, reason="1 defect above T2",
        sources=(Source("xyz/000.tiff", "ab" * 32),), size=(12, 15),
        scores={"shape": 2.5, "fused": 2.5}, p_value=1 / 11, thresholds=Thresholds(1.1, 1.4),
        usual={"shape": 0.1, "fused": 1.0}, defects=(defect,),
        maps=AnomalyMaps(shape=values, fused=values * 2, unit="mm", notes=("a note",)),
        timings_s={"read": 0.02}, quality={"missing": 0.05}, notes=("n",), device="CPU",
        recipe_sha256="cd" * 32, nearest=NearestGood("train/good/012", (6, 5), 0.31),
    )  # fmt: skip


@pytest.fixture
def store(tmp_path):
    return ResultStore.create(tmp_path / "s", "cd" * 32)


def test_that_a_result_comes_back_as_it_was(store):
    written = result()
    store.write(written)
    (read,) = ResultStore.open(store.folder).results()
    defect, other = written.defects[0], read.defects[0]
    assert np.array_equal(defect.region.mask(), other.region.mask())
    assert (defect.area_mm2, defect.centroid_mm, defect.bbox_px) == (
        other.area_mm2,
        other.centroid_mm,
        other.bbox_px,
    )
    assert read.scores == written.scores
    assert read.sources == written.sources
    assert read.thresholds == written.thresholds
    assert read.nearest == written.nearest


def test_that_a_store_from_before_the_nearest_good_part_was_kept_opens(store):
    store.write(result())
    (path,) = (store.folder / "parts").glob("*.json")
    document = json.loads(path.read_text(encoding="utf-8"))
    del document["nearest"]
    path.write_text(json.dumps(document), encoding="utf-8")
    assert store.result(result().id).nearest is None


def test_that_words_in_place_of_a_good_part_come_back_and_may_be_missing(store):
    said = NearestGood(None, (6, 5), words="colour lies 3.1 times as far")
    store.write(replace(result(), nearest=said))
    assert store.result(result().id).nearest == said
    store.write(result())
    (path,) = (store.folder / "parts").glob("*.json")
    document = json.loads(path.read_text(encoding="utf-8"))
    del document["nearest"]["words"]
    path.write_text(json.dumps(document), encoding="utf-8")
    assert store.result(result().id).nearest == result().nearest


def test_that_maps_come_back_bit_for_bit(store):
    written = result()
    store.write(written)
    maps = store.maps(written.id)
    for name, values in written.maps.arrays().items():
        assert maps.arrays()[name].tobytes() == values.tobytes()
    assert (maps.unit, maps.notes) == ("mm", ("a note",))


def test_that_the_methods_own_score_is_kept_and_missing_in_older_stores(store):
    written = result()
    scored = replace(written, maps=replace(written.maps, part_score=1.25))
    store.write(scored)
    assert store.maps(written.id).part_score == 1.25
    (path,) = (store.folder / "parts").glob("*.json")
    document = json.loads(path.read_text(encoding="utf-8"))
    del document["maps"]["part_score"]
    path.write_text(json.dumps(document), encoding="utf-8")
    assert store.maps(written.id).part_score is None


@pytest.mark.parametrize("part_id", ["a/../../b", "=cmd()", "x" * 300, "ü 部品", "con"])
def test_that_any_id_makes_a_file_inside_the_store(store, part_id):
    store.write(result(part_id))
    assert store.ids() == (part_id,)
    assert {p.parent for p in store.folder.rglob("*.json")} <= {
        store.folder,
        store.folder / "parts",
    }


def test_that_a_part_without_its_json_was_never_there(store):
    store.write(result())
    next((store.folder / "parts").glob("*.json")).unlink()
    assert ResultStore.open(store.folder).results() == ()


def test_that_a_half_written_file_is_swept_away_on_opening(store):
    store.write(result())
    (store.folder / "parts" / ".x.json.1234.tmp").write_text("{")
    assert len(ResultStore.open(store.folder).results()) == 1
    assert not list((store.folder / "parts").glob(".*"))


def test_that_a_store_goes_on_with_its_own_recipe_only(store):
    store.write(result())
    assert ResultStore.create(store.folder, "cd" * 32).ids() == (result().id,)
    with pytest.raises(OutputError, match="another recipe"):
        ResultStore.create(store.folder, "ee" * 32)
    assert ResultStore.create(store.folder, "ee" * 32, force=True).ids() == ()


def test_that_a_strange_folder_is_neither_opened_nor_filled(tmp_path):
    (tmp_path / "holiday.jpg").write_bytes(b"x")
    with pytest.raises(OutputError, match="not empty"):
        ResultStore.create(tmp_path, "cd")
    with pytest.raises(InputError, match="no results"):
        ResultStore.open(tmp_path)


def test_that_a_result_without_maps_has_none_in_the_store(store):
    store.write(result().without_maps())
    assert store.maps(result().id) is None
