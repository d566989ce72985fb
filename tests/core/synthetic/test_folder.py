"""A folder of synthetic parts: the layout, the records, refusals, all or nothing."""

from __future__ import annotations

import json

import numpy as np
import pytest
import tifffile
from PIL import Image

from inspector_core.errors import OutputError, SettingError
from inspector_core.progress import drain
from inspector_core.synthetic import make, make_part
from inspector_core.synthetic.kinds import TYPES

SMALL = {"count": 2, "size": 80, "validation": 1, "test_good": 1, "per_defect": 1}


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    folder = tmp_path_factory.mktemp("synthetic") / "tile"
    summary = drain(make("tile", folder, seed=5, **SMALL))
    return folder, summary


def test_that_the_folder_has_the_layout_of_mvtec_3d_ad(written):
    folder, _ = written
    names = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
    expected = {"truth.json", "frames.json", "calibration/camera_parameters.json"}
    for place in ("train/good", "validation/good"):
        for index in range(2 if place.startswith("train") else 1):
            expected |= {f"{place}/rgb/{index:03d}.png", f"{place}/xyz/{index:03d}.tiff"}
    for label in ("good", *TYPES):
        expected |= {f"test/{label}/rgb/000.png", f"test/{label}/xyz/000.tiff"}
        expected.add(f"test/{label}/gt/000.png")
    assert names == expected


def test_that_the_summary_counts_what_was_written(written):
    folder, summary = written
    assert summary.folder == folder
    assert summary.total == 4 + len(TYPES)
    assert summary.parts["train", "good"] == 2


def test_that_files_hold_the_part_of_that_name(written):
    folder, _ = written
    part = make_part("tile", seed=5, split="test", label="hole", index=0, size=80)
    rgb = np.asarray(Image.open(folder / "test/hole/rgb/000.png"))
    mask = np.asarray(Image.open(folder / "test/hole/gt/000.png"))
    xyz = tifffile.imread(folder / "test/hole/xyz/000.tiff")
    assert (rgb == part.rgb).all()
    assert (mask == np.where(part.mask, 255, 0)).all()
    assert np.allclose(xyz * 1000, np.nan_to_num(part.xyz), atol=1e-4)
    assert ((xyz == 0).all(axis=2) == np.isnan(part.xyz[..., 2])).all()


def test_that_the_truth_names_every_test_part(written):
    folder, _ = written
    truth = json.loads((folder / "truth.json").read_text())
    assert set(truth) == {f"{label}/000" for label in ("good", *TYPES)}
    assert truth["good/000"] == []
    assert truth["dent/000"][0]["type"] == "dent"


def test_that_the_camera_file_describes_the_pinhole_camera(written):
    folder, _ = written
    camera = json.loads((folder / "calibration/camera_parameters.json").read_text())
    assert camera["image_width"] == camera["image_height"] == 80
    assert camera["fx"] == pytest.approx(1270 * 80 / 400)
    assert camera["cx"] == 39.5


def test_that_a_folder_reads_back_as_mvtec_3d_ad(written):
    from inspector_core.data.scan import scan

    folder, summary = written
    found = drain(scan(folder))
    assert found.layout == "mvtec3d"
    assert len(found.refs) == summary.total
    assert not found.problems
    sample = next(ref for ref in found.refs if ref.id.endswith("test/bump/000")).load()
    assert sample.truth is not None
    assert sample.truth.any()


def test_that_progress_names_each_part(tmp_path):
    job = make("biscuit", tmp_path / "out", **SMALL)
    step = next(job)
    assert (step.stage, step.done, step.total) == ("Making train/good/000", 0, 4 + len(TYPES))
    job.close()


def test_that_a_cancelled_run_leaves_nothing(tmp_path):
    job = make("biscuit", tmp_path / "out", **SMALL)
    for _ in range(3):
        next(job)
    job.close()
    assert list(tmp_path.iterdir()) == []


def test_that_an_existing_folder_is_kept_unless_forced(tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine.txt").write_text("mine")
    with pytest.raises(OutputError, match="exists already"):
        next(make("biscuit", tmp_path / "out", **SMALL))
    assert (tmp_path / "out" / "mine.txt").read_text() == "mine"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"family": "spoon"}, "no family 'spoon'; choose one of bracket, biscuit, tile"),
        ({"size": 10}, "10 pixels"),
        ({"size": 5000}, "5000 pixels"),
        ({"count": 0}, "at least one"),
        ({"per_defect": -1}, "at least one"),
        ({"seed": -1}, "seed -1"),
    ],
)
def test_that_impossible_wishes_are_refused_in_a_sentence(tmp_path, change, words):
    wish = {"family": "tile", **SMALL, **change}
    with pytest.raises(SettingError, match=words):
        next(make(wish.pop("family"), tmp_path / "out", **wish))
    assert not (tmp_path / "out").exists()


def test_that_numbers_follow_from_the_count(tmp_path):
    job = make("tile", tmp_path / "out", count=20)
    assert next(job).total == 20 + 8 + 12 + 8 * len(TYPES)
    job.close()
