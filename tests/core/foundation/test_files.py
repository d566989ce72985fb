"""Writing that is complete or absent."""

from __future__ import annotations

import errno
import os
import pickle

import pytest

from inspector_core import files
from inspector_core.errors import DiskFullError, OutputError
from inspector_core.files import (
    ensure_writable,
    json_bytes,
    new_folder,
    read_json,
    recovered,
    remove_leftovers,
    sha256_bytes,
    sha256_file,
    shown,
    write_atomic,
)


def test_that_a_failed_write_keeps_the_old_file(tmp_path, monkeypatch):
    target = tmp_path / "a.json"
    write_atomic(target, b"old")

    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(DiskFullError, match="disk is full") as caught:
        write_atomic(target, b"new")
    assert caught.value.exit_code == 4
    assert target.read_bytes() == b"old"
    assert [p.name for p in tmp_path.iterdir()] == ["a.json"]


def test_that_an_interrupted_folder_never_appears(tmp_path):
    def interrupted():
        with new_folder(tmp_path / "out") as folder:
            (folder / "half").write_text("x")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        interrupted()
    assert list(tmp_path.iterdir()) == []


def test_that_a_replaced_folder_is_wholly_the_new_one(tmp_path):
    for name in ("first", "second"):
        with new_folder(tmp_path / "out", replace=True) as folder:
            (folder / name).write_text(name)
    assert [p.name for p in (tmp_path / "out").iterdir()] == ["second"]
    assert [p.name for p in tmp_path.iterdir()] == ["out"]


def test_that_a_folder_lost_between_two_renames_is_put_back(tmp_path):
    target = tmp_path / "out"
    (tmp_path / ".out.1234.old").mkdir()
    (tmp_path / ".out.1234.old" / "kept").write_text("x")
    assert (recovered(target) / "kept").read_text() == "x"
    assert [p.name for p in tmp_path.iterdir()] == ["out"]


def test_that_an_existing_folder_is_not_overwritten(tmp_path):
    with pytest.raises(OutputError, match="exists already"), new_folder(tmp_path):
        pass


def test_that_an_unwritable_place_is_found_before_the_work(tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(OutputError, match="cannot write to") as caught:
        ensure_writable(tmp_path / "file" / "below")
    assert caught.value.exit_code == 3


def test_that_leftovers_of_a_killed_process_are_removed(tmp_path):
    (tmp_path / ".x.1.tmp").mkdir()
    (tmp_path / ".y.json.2.tmp").write_text("x")
    (tmp_path / ".keep").write_text("x")
    assert remove_leftovers(tmp_path) == 2
    assert [p.name for p in tmp_path.iterdir()] == [".keep"]


def test_that_hashes_of_file_and_bytes_agree(tmp_path):
    data = bytes(range(256)) * 9000
    (tmp_path / "f").write_bytes(data)
    assert sha256_file(tmp_path / "f") == sha256_bytes(data)


def test_that_json_has_no_nan_and_no_duplicate_keys(tmp_path):
    with pytest.raises(ValueError, match="JSON compliant"):
        json_bytes({"a": float("nan")})
    (tmp_path / "d.json").write_text('{"a": 1, "a": 2}')
    with pytest.raises(ValueError, match="appears twice"):
        read_json(tmp_path / "d.json")


def test_that_names_that_are_no_utf8_can_be_shown():
    assert shown(b"caf\xe9.png".decode("utf-8", "surrogateescape")) == "caf\\xe9.png"


def test_that_errors_travel_between_processes():
    error = files.write_failure(files.Path("x"), OSError(errno.EACCES, "Permission denied"))
    again = pickle.loads(pickle.dumps(error))
    assert (type(again), again.sentence) == (OutputError, error.sentence)
