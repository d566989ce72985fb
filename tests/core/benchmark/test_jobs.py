"""A job's name is the hash of everything that determines its outcome, and of nothing else."""

from __future__ import annotations

import os
import pickle
import shutil

import pytest

from inspector_core.benchmark import jobs as jobs_module
from inspector_core.benchmark.inputs import MISSING, Hashes
from inspector_core.benchmark.suite import method
from inspector_core.errors import InputError
from inspector_core.features import weights
from tests.core.benchmark.conftest import jobs_of


@pytest.fixture
def memory(tmp_path):
    folder = tmp_path / "memory"
    folder.mkdir()
    return folder


def names(*words, **options):
    return [job.name for job in jobs_of(*words, **options)]


def test_that_the_list_is_class_by_class_in_a_fixed_order(pictures, memory):
    found = jobs_of(pictures, memory, seeds=(1, 0), shots=(2, "all"))
    assert [job.title for job in found[:4]] == [
        "bolt, btf cells=8, 2 shots, seed 1",
        "bolt, btf cells=8, 2 shots, seed 0",
        "bolt, btf cells=8, seed 1",
        "bolt, btf cells=8, seed 0",
    ]
    assert len(found) == 8
    assert len({job.name for job in found}) == 8
    assert pickle.loads(pickle.dumps(found)) == found


def test_that_a_moved_or_copied_folder_keeps_its_names(pictures, memory, tmp_path):
    before = names(pictures, memory)
    copy = shutil.copytree(pictures, tmp_path / "else" / "screws")
    assert names(copy, memory) == before
    for path in pictures.rglob("*.png"):
        os.utime(path, (1, 1))
    assert names(pictures, memory) == before


@pytest.mark.parametrize(
    "options", [{"seeds": (1,)}, {"shots": (2,)}, {"settings": {"cells": 9}}, {"scope": "part"}]
)
def test_that_another_question_is_another_job(options, pictures, memory):
    assert not set(names(pictures, memory)) & set(names(pictures, memory, **options))


def test_that_naming_a_default_is_the_same_work_under_another_title(pictures, memory):
    plain = jobs_of(pictures, memory)
    assert plain[0].document()["settings"]["weight_rgb"] == 1.0


@pytest.mark.parametrize("role", ["train/good/000.png", "ground_truth/spot/000_mask.png"])
def test_that_a_changed_byte_in_one_class_is_another_job_for_that_class_alone(
    role, pictures, memory
):
    bolt, nut = names(pictures, memory)
    path = pictures / "nut" / role
    path.write_bytes(path.read_bytes() + b"\0")
    after = names(pictures, memory)
    assert after[0] == bolt
    assert after[1] != nut


def test_that_hashes_are_remembered_by_size_and_time_and_survive_damage(pictures, memory):
    path = pictures / "nut" / "train" / "good" / "000.png"
    hashes = Hashes(memory / "hashes.json")
    digest, read = hashes.of(str(path))
    assert read == path.stat().st_size
    hashes.keep()
    assert Hashes(memory / "hashes.json").of(str(path)) == (digest, 0)
    (memory / "hashes.json").write_text("{")
    assert Hashes(memory / "hashes.json").of(str(path)) == (digest, read)
    assert hashes.of(str(path.with_name("none.png"))) == (MISSING, 0)


def test_that_the_weights_that_the_settings_name_are_part_of_the_name(monkeypatch):
    chosen = method("btf", {})
    info = jobs_module.detectors.load("btf").info
    known = {"a": "1" * 64, "b": "2" * 64}
    monkeypatch.setattr(weights, "sha256", known.__getitem__)

    def declared(names, **named):
        kind = type("Fake", (), {"info": type("Info", (), {"weights": names})})
        monkeypatch.setattr(jobs_module.detectors, "load", lambda _: kind)
        return jobs_module.weights_of(type(chosen)("btf", {}, {**chosen.settings, **named}))

    assert info.weights == ()
    assert declared(("a", "b")) == known
    assert declared(("a", "b"), backbone="b") == {"b": "2" * 64}


def test_that_a_class_without_test_parts_or_good_ones_is_refused_before_any_work(pictures, memory):
    shutil.rmtree(pictures / "nut" / "test")
    with pytest.raises(InputError, match="holds no test parts"):
        jobs_of(pictures, memory)
    shutil.rmtree(pictures / "bolt" / "train")
    with pytest.raises(InputError, match="holds no good parts to learn from"):
        jobs_of(pictures, memory)
