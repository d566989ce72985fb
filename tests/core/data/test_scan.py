"""Scanning: which reader, which order, what is told on the way, paths instead of folders."""

from __future__ import annotations

import os
import pickle
import time
from pathlib import Path

import numpy as np
import pytest

from inspector_core.data import readers
from inspector_core.data.scan import Found, scan, scan_paths
from inspector_core.errors import InputError, SettingError
from inspector_core.progress import drain
from tests.faults import makers


@pytest.fixture
def casting(tmp_path):
    makers.parts(tmp_path, 3, "train", "good")
    makers.parts(tmp_path, 2, "validation", "good")
    makers.parts(tmp_path, 2, "test", "good")
    makers.parts(tmp_path, 2, "test", "dent")
    return tmp_path


def test_that_parts_come_in_the_order_of_splits_labels_and_names(casting):
    found = drain(scan(casting))
    assert [ref.id for ref in found.refs] == [
        *(f"train/good/00{n}" for n in range(3)),
        *(f"validation/good/00{n}" for n in range(2)),
        *(f"test/dent/00{n}" for n in range(2)),
        *(f"test/good/00{n}" for n in range(2)),
    ]
    assert len(found.select("train", good=True)) == 3
    assert len(found.select("test", good=False)) == 2


def test_that_the_best_claim_wins_and_all_reasons_are_kept(casting):
    found = drain(scan(casting))
    assert found.layout == "mvtec3d"
    assert found.reasons[0][0] == "mvtec3d"
    assert {name for name, _, _ in found.reasons} == set(readers.READERS)
    scores = [score for _, score, _ in found.reasons]
    assert scores == sorted(scores, reverse=True)
    assert found.reasons[0][2] == "train/good holds rgb and xyz"


def test_that_a_layout_can_be_asked_for(casting):
    assert drain(scan(casting, "folder")).layout == "folder"
    with pytest.raises(InputError, match="no parts here in the layout eyecandies"):
        drain(scan(casting, "eyecandies"))
    with pytest.raises(SettingError, match="no layout named stl; known layouts: mvtec3d, eyec"):
        drain(scan(casting, "stl"))


def test_that_unknown_settings_name_the_known_ones(casting):
    with pytest.raises(
        SettingError, match="no setting named depth_scale; known settings: bit_depth"
    ):
        drain(scan(casting, None, {"depth_scale": 1}))


def test_that_size_and_unit_come_from_the_first_readable_part(casting):
    (casting / "train/good/xyz/000.tiff").write_bytes(b"broken")
    found = drain(scan(casting))
    assert (found.image_size, found.unit) == ((24, 20), "m")
    assert found.refs[1].load().xyz is not None


def test_that_references_travel_between_processes(casting):
    (casting / "train/good/xyz/000.tiff").unlink()
    refs = pickle.loads(pickle.dumps(drain(scan(casting)).refs))
    assert refs[1].load().id == "train/good/001"
    with pytest.raises(InputError, match="XYZ missing"):
        refs[0].load()


def test_that_without_xyz_the_pictures_are_read_alone(casting):
    for path in casting.rglob("*.tiff"):
        path.unlink()
    for path in casting.rglob("xyz"):
        path.rmdir()
    found = drain(scan(casting))
    assert "no xyz folder: pictures only, shape is missing" in found.notes
    assert (found.problems, found.unit) == ((), "")
    assert all(ref.load().xyz is None for ref in found.refs)


def test_that_without_rgb_the_clouds_are_read_alone(casting):
    for path in casting.rglob("rgb/*.png"):
        path.unlink()
    for path in casting.rglob("rgb"):
        path.rmdir()
    found = drain(scan(casting))
    assert "no rgb folder: clouds only, colour is missing" in found.notes
    sample = found.refs[-1].load()
    assert sample.rgb is None
    assert sample.valid.any()


def test_that_a_camera_file_gives_the_intrinsics_and_a_broken_one_only_a_note(casting):
    (casting / "calibration").mkdir()
    path = casting / "calibration" / "camera_parameters.json"
    path.write_text(
        '{"fx": 130, "fy": 131, "cx": 11.5, "cy": 9.5, "image_width": 24, "image_height": 20}'
    )
    assert drain(scan(casting)).refs[0].load().intrinsics.fy == 131.0
    path.write_text("{}")
    sample = drain(scan(casting)).refs[0].load()
    assert sample.intrinsics is None
    assert any(note.startswith("camera file not used") for note in sample.notes)


def test_that_samples_name_their_files_relative_to_the_folder_with_hashes(casting):
    import hashlib

    ref = next(ref for ref in drain(scan(casting)).refs if ref.id == "test/dent/001")
    sources = ref.load().sources
    assert [source.path for source in sources] == [
        "test/dent/rgb/001.png",
        "test/dent/xyz/001.tiff",
        "test/dent/gt/001.png",
    ]
    for source in sources:
        expected = hashlib.sha256((casting / source.path).read_bytes()).hexdigest()
        assert source.sha256 == expected


def test_that_several_paths_become_one_scan(casting, tmp_path_factory):
    other = tmp_path_factory.mktemp("other")
    makers.parts(other, 2)
    found = drain(scan_paths([casting, other]))
    assert len(found.refs) == 11
    assert found.refs[0].id == f"{casting.name}/train/good/000"
    assert found.refs[-1].id == f"{other.name}/test/dent/001"
    assert found.refs[-1].load().valid.any()


def test_that_one_file_stands_for_its_part(casting):
    found = drain(scan_paths([casting / "test/dent/xyz/001.tiff"]))
    assert [ref.id for ref in found.refs] == ["test/dent/001"]
    assert found.root == str(casting)
    both = drain(scan_paths([casting / "test/dent/rgb/001.png", casting / "test/good/rgb/000.png"]))
    assert [ref.id for ref in both.refs] == ["test/dent/001", "test/good/000"]
    (casting / "notes.png").write_bytes(b"")
    with pytest.raises(InputError, match=r"notes\.png: belongs to no part"):
        drain(scan_paths([casting / "notes.png"]))
    with pytest.raises(InputError, match="nowhere does not exist"):
        drain(scan_paths([casting / "nowhere"]))


def test_that_relative_paths_are_scanned_too(casting, monkeypatch):
    monkeypatch.chdir(casting)
    assert drain(scan(Path("."))).root == str(casting)
    assert len(drain(scan_paths([Path("test/dent/rgb/000.png")])).refs) == 1


def many_parts(root: Path, count: int) -> None:
    """A folder of hard links to one picture and one cloud: cheap to make, as many files to read."""
    source = makers.part(root, "0", "train", "good")
    for role, suffix in (("rgb", "png"), ("xyz", "tiff")):
        for number in range(1, count):
            os.link(source / role / f"0.{suffix}", source / role / f"{number}.{suffix}")


def timed(folder):
    """References told on the way, the scan, seconds to the first reference and to the end."""
    started, told, first = time.perf_counter(), [], None

    def tell(step):
        nonlocal first
        if isinstance(step, Found) and step.refs:
            told.extend(step.refs)
            first = first or time.perf_counter() - started

    found = drain(scan(folder), tell)
    return told, found, first, time.perf_counter() - started


def test_that_the_first_references_are_told_early_and_all_exactly_once(tmp_path):
    many_parts(tmp_path, 400)
    told, found, first, _ = timed(tmp_path)
    assert [ref.id for ref in told] == [ref.id for ref in found.refs]
    assert first < 1.0


@pytest.mark.heavy
def test_that_ten_thousand_parts_take_ten_seconds_at_most(tmp_path):
    many_parts(tmp_path, 10_000)
    _, found, first, total = timed(tmp_path)
    print(f"first rows {first:.2f} s, all {total:.2f} s")
    assert len(found.refs) == 10_000
    assert total < 10


def test_that_the_shared_casting_reads_as_its_description_says(shared):
    found = drain(scan(shared("data", "rendered_casting")))
    assert (found.layout, found.unit, found.image_size) == ("mvtec3d", "m", (400, 400))
    assert found.problems == ()
    assert len(found.refs) == 108
    assert len(found.select("train")) == 30
    assert len(found.select("test", good=True)) == 12
    sample = next(ref for ref in found.refs if ref.id == "test/dent/000").load()
    rows, columns = np.nonzero(sample.valid)
    x, y, z = sample.xyz[sample.valid].T
    assert 350 < z.min() < z.max() < 410
    camera = sample.intrinsics
    np.testing.assert_allclose(x, (columns - camera.cx) / camera.fx * z, atol=0.03)
    np.testing.assert_allclose(y, (rows - camera.cy) / camera.fy * z, atol=0.03)


def test_that_the_shared_tires_read_without_xyz(shared):
    found = drain(scan(shared("data", "mvtec3d_tire_rgb", "tire")))
    assert (found.unit, found.image_size, len(found.refs)) == ("", (600, 800), 44)
    assert found.problems == ()
    part = next(ref for ref in found.refs if ref.label == "cut").load()
    assert part.truth.any()  # the file's code for a cut is 254
    with pytest.raises(InputError, match="1 category found below; pick one: tire"):
        drain(scan(shared("data", "mvtec3d_tire_rgb")))
