"""Bad folders, names, links, permissions and disks (rows 28 to 36 of the product's table)."""

from __future__ import annotations

import builtins
import errno
import json
import os
import threading
import time
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest

from inspector_core.data import decode, writers
from inspector_core.data.identity import duplicates
from inspector_core.data.scan import scan, scan_paths
from inspector_core.errors import DiskFullError, InputError, OutputError
from inspector_core.progress import drain
from tests.faults import makers


def refusal(job):
    with pytest.raises(InputError) as caught:
        drain(job)
    return caught.value.sentence


# row 28
def test_that_equal_pictures_in_train_and_test_are_found_by_their_hash(tmp_path):
    makers.parts(tmp_path, split="train", label="good")
    makers.parts(tmp_path, count=2)
    (tmp_path / "test/dent/rgb/001.png").write_bytes(makers.png_bytes(makers.picture(seed=9)))
    found = drain(scan(tmp_path))
    groups = drain(duplicates(found.refs))
    assert [[ref.id for ref in group] for group in groups] == [["train/good/000", "test/dent/000"]]


# row 29
def test_that_the_wrong_level_lists_what_lies_below(tmp_path):
    for category in ("bagel", "tire", "rope"):
        makers.parts(tmp_path / category, count=1, split="train", label="good")
    assert refusal(scan(tmp_path)) == (
        f"{tmp_path}: no parts here; 3 categories found below; pick one: bagel, rope, tire."
    )
    assert f"1 category found below; pick one: {tmp_path.name}/bagel" in refusal(
        scan(_moved(tmp_path))
    )


def _moved(folder: Path) -> Path:
    """The folder inside a new one, with a single category left."""
    outer = folder.with_name(folder.name + "-outer")
    outer.mkdir()
    target = outer / folder.name
    folder.rename(target)
    for name in ("tire", "rope"):
        (target / name).rename(outer.parent / f"{outer.name}-{name}")
    return outer


def test_that_the_wrong_level_inside_a_set_names_the_set(tmp_path):
    eyecandies_part(tmp_path / "Candy" / "train" / "data")
    assert refusal(scan(tmp_path / "Candy" / "train" / "data")) == (
        f"{tmp_path}/Candy/train/data: no parts here, it is inside of a set of parts; "
        f"open {tmp_path}/Candy."
    )


def eyecandies_part(data: Path, index="000"):
    data.mkdir(parents=True, exist_ok=True)
    makers.write_png(data / f"{index}_image_0.png", makers.picture())
    makers.write_png(data / f"{index}_depth.png", np.full((20, 24), 999, np.uint16))
    (data / f"{index}_info_depth.yaml").write_text("normalization:\n  max: 4.9\n  min: 2.3\n")


def test_that_an_empty_folder_has_no_parts(tmp_path):
    assert refusal(scan(tmp_path)).startswith(f"{tmp_path}: no parts here; choose a folder with")


def test_that_a_folder_that_does_not_exist_and_a_file_are_told_apart(tmp_path):
    (tmp_path / "notes.txt").write_text("x")
    assert "does not exist; check the name" in refusal(scan(tmp_path / "nothing"))
    assert "is a file, not a folder" in refusal(scan(tmp_path / "notes.txt"))
    assert "cannot be opened" in refusal(scan(tmp_path / ("n" * 300)))
    assert "does not exist" in refusal(scan_paths([tmp_path / ("n" * 300)]))


# row 30
@pytest.mark.parametrize("name", ["schöne Teile 漢字", "n" * 250, "dots.in.name", "a'b\"c=1 %s"])
def test_that_odd_names_are_nothing_special(tmp_path, name):
    makers.part(tmp_path, name)
    (ref,) = drain(scan(tmp_path)).refs
    assert ref.id == f"test/dent/{name}"
    assert ref.load().id == ref.id


def test_that_odd_names_of_two_unicode_forms_are_one_part(tmp_path):
    folder = makers.part(tmp_path, "caf\u00e9")
    (folder / "xyz" / "caf\u00e9.tiff").rename(folder / "xyz" / "cafe\u0301.tiff")
    (ref,) = drain(scan(tmp_path)).refs
    assert ref.load().valid.any()


# row 31
def test_that_non_utf8_names_are_shown_escaped_and_processed(tmp_path):
    folder = makers.parts(tmp_path, count=2)
    for role, suffix in (("rgb", "png"), ("xyz", "tiff"), ("gt", "png")):
        source = os.fsencode(folder / role / f"001.{suffix}")
        os.rename(source, source.replace(b"001", b"t\xe4ter"))
    found = drain(scan(tmp_path))
    assert [ref.id for ref in found.refs] == ["test/dent/000", r"test/dent/t\xe4ter"]
    sample = found.refs[1].load()
    document = {"id": sample.id, "sources": [asdict(source) for source in sample.sources]}
    assert json.dumps(document, ensure_ascii=False).encode()
    assert sample.sources[0].path == r"test/dent/rgb/t\xe4ter.png"


# row 32
def test_that_link_loops_are_walked_once_with_a_note(tmp_path):
    folder = makers.parts(tmp_path)
    (folder / "again").symlink_to(tmp_path)
    (tmp_path / "test" / "copy").symlink_to(folder)
    (tmp_path / "self").symlink_to(tmp_path / "self")
    found = drain(scan(tmp_path))
    assert len(found.refs) == 3
    assert any("leads to a folder that is read already" in note for note in found.notes)


def test_that_link_loops_in_a_plain_folder_end_too(tmp_path):
    (tmp_path / "good").mkdir()
    makers.write_png(tmp_path / "good" / "a.png", makers.picture())
    (tmp_path / "good" / "up").symlink_to(tmp_path)
    (tmp_path / "bad").symlink_to(tmp_path / "good")
    found = drain(scan(tmp_path))
    assert len(found.refs) == 1
    assert len(found.notes) >= 1


# row 33
def test_that_no_permission_is_said_of_a_file_and_the_others_go_on(tmp_path, monkeypatch):
    makers.parts(tmp_path)
    opened = builtins.open

    def guarded(path, *arguments, **options):
        if str(path).endswith("001.tiff"):
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return opened(path, *arguments, **options)

    monkeypatch.setattr(builtins, "open", guarded)
    found = drain(scan(tmp_path))
    expected = (
        "test/dent/xyz/001.tiff: no permission to read it; "
        "ask for read access or copy the data elsewhere."
    )
    assert [problem.sentence for problem in found.problems] == [expected]
    with pytest.raises(InputError) as caught:
        found.refs[1].load()
    assert caught.value.sentence == expected
    assert found.refs[2].load().valid.any()


def test_that_a_drive_that_went_away_is_a_sentence(tmp_path, monkeypatch):
    makers.parts(tmp_path)
    (first, *_) = drain(scan(tmp_path)).refs

    def gone(path, *arguments, **options):
        raise OSError(errno.EHOSTDOWN, "Host is down", str(path))

    monkeypatch.setattr(builtins, "open", gone)
    with pytest.raises(InputError, match=r"cannot be read \(Host is down\)"):
        first.load()


def test_that_a_folder_without_permission_is_a_sentence(tmp_path, monkeypatch):
    def forbidden(path):
        raise PermissionError(errno.EACCES, "Permission denied", path)

    makers.parts(tmp_path)
    monkeypatch.setattr(os, "scandir", forbidden)
    assert "no permission to read it" in refusal(scan(tmp_path))


def test_that_a_file_that_vanished_after_the_scan_is_missing(tmp_path):
    makers.parts(tmp_path)
    refs = drain(scan(tmp_path)).refs
    (tmp_path / "test/dent/xyz/001.tiff").unlink()
    with pytest.raises(InputError, match=r"test/dent/xyz/001\.tiff: file is missing"):
        refs[1].load()


# rows 34, 35
def test_that_a_read_only_output_folder_is_named(tmp_path, monkeypatch):
    def forbidden(self, *arguments, **options):
        raise OSError(errno.EROFS, "Read-only file system", str(self))

    monkeypatch.setattr(Path, "mkdir", forbidden)
    with pytest.raises(OutputError, match=r"cannot write to .*choose another folder"):
        writers.write_part(tmp_path, "train", "good", "000", makers.picture(), None)


def test_that_a_disk_full_leaves_nothing_half_written(tmp_path, monkeypatch):
    def full(descriptor):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(DiskFullError, match="the disk is full"):
        writers.write_part(tmp_path, "train", "good", "000", makers.picture(), makers.cloud_mm())
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


# row 36
def test_that_a_file_still_being_written_is_waited_for(tmp_path, monkeypatch):
    monkeypatch.setattr(decode, "_WAIT_S", 0.2)
    path = tmp_path / "growing.png"
    data = makers.png_bytes(makers.picture())
    path.write_bytes(data[:50])
    grown = Path.stat
    calls = []

    def finishing(self, **options):
        if self == path and not calls:
            calls.append(1)
            writer = threading.Thread(target=path.write_bytes, args=(data,))
            writer.start()
            writer.join()
        return grown(self, **options)

    monkeypatch.setattr(Path, "stat", finishing)
    assert decode.open_file(str(path)).data == data


def test_that_a_file_still_being_written_after_three_tries_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(decode, "_WAIT_S", 0.0)
    path = tmp_path / "growing.png"
    path.write_bytes(b"\x89PNG")
    stat = Path.stat

    def growing(self, **options):
        if self == path:
            with open(path, "ab") as stream:
                stream.write(b"more")
        return stat(self, **options)

    monkeypatch.setattr(Path, "stat", growing)
    started = time.perf_counter()
    with pytest.raises(InputError, match=r"growing\.png: still being written \(0\.0 kB and chang"):
        decode.open_file(str(path), str(tmp_path))
    assert time.perf_counter() - started < 1
