"""From folders of labelled parts to trained heads, and the command for it."""

from __future__ import annotations

import json

import pytest
import torch

from inspector_core.cli.main import run
from inspector_core.data.scan import scan
from inspector_core.device import Hardware
from inspector_core.errors import InputError, OutputError
from inspector_core.features import clip_towers
from inspector_core.features.inctrl_files import open_heads
from inspector_core.pretrain.auxiliary import pretrain
from inspector_core.pretrain.inctrl import TRAINING, Choices
from inspector_core.progress import drain
from tests.core.cli.conftest import follows, write_block
from tests.core.features.tiny_clip import tiny_towers

QUICK = Choices(epochs=2, steps=2, shots=2, seed=1)
TINY = ("tiny", "00ff")


@pytest.fixture(autouse=True)
def towers(monkeypatch):
    monkeypatch.setattr(clip_towers, "open_towers", lambda reading=True: tiny_towers())
    monkeypatch.setattr(clip_towers, "network", lambda: TINY)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A class called metal_block: five good parts, three dented ones."""
    root = tmp_path_factory.mktemp("auxiliary") / "metal_block"
    for seed in range(4):
        write_block(root, "train", "good", f"{seed:03}", seed)
    write_block(root, "test", "good", "000", 4)
    for seed in range(3):
        write_block(root, "test", "dent", f"{seed:03}", 10 + seed, dent_mm=1.5)
    return root


def trained(folder, out, choices=QUICK, **options):
    scans = {folder.name: drain(scan(folder))}
    return pretrain(scans, out, choices, machine=Hardware(), device="cpu", **options)


def test_that_heads_are_written_with_what_they_were_trained_on_and_nothing_else_is_left(
    folder, tmp_path
):
    done = drain(trained(folder, tmp_path / "heads.safetensors"))
    found = open_heads(tmp_path / "heads.safetensors")
    assert found.training == done.training
    assert found.training.classes == ("metal_block",)
    assert found.training.network == TINY
    assert len(found.training.parts) == 8
    assert len(found.training.losses) == 2
    assert found.training.choices["shots"] == 2
    assert [path.name for path in tmp_path.iterdir()] == ["heads.safetensors"]


def test_that_a_stopped_training_goes_on_to_the_same_bytes(folder, tmp_path):
    drain(trained(folder, tmp_path / "whole.safetensors"))
    job = trained(folder, tmp_path / "parted.safetensors")
    step = next(job)
    while not (step.stage == TRAINING and step.done >= QUICK.steps):
        step = next(job)
    job.close()
    assert not (tmp_path / "parted.safetensors").exists()
    assert (tmp_path / "parted.partial.safetensors").exists()
    notes = []
    drain(trained(folder, tmp_path / "parted.safetensors"), lambda s: notes.append(s.note))
    assert "going on after epoch 1" in notes
    whole, parted = ((tmp_path / f"{n}.safetensors").read_bytes() for n in ("whole", "parted"))
    assert whole == parted


def test_that_what_was_begun_with_other_choices_is_not_taken_up(folder, tmp_path):
    job = trained(folder, tmp_path / "heads.safetensors", Choices(epochs=3, steps=2, seed=2))
    step = next(job)
    while not (step.stage == TRAINING and step.done >= 2):
        step = next(job)
    job.close()
    notes = []
    drain(trained(folder, tmp_path / "heads.safetensors"), lambda s: notes.append(s.note))
    assert not any("going on" in note for note in notes)


def test_that_published_training_gives_other_heads(folder, tmp_path):
    ours, theirs = (
        drain(
            trained(folder, tmp_path / f"{c}.safetensors", Choices(1, 2, 2, 1, c))
        )
        for c in ("corrected", "published")
    )  # fmt: skip
    first, second = open_heads(ours.path).weights, open_heads(theirs.path).weights
    assert any(not torch.equal(first[name], second[name]) for name in first)


def test_that_existing_heads_stay_unless_told(folder, tmp_path):
    (tmp_path / "heads.safetensors").write_bytes(b"mine")
    with pytest.raises(OutputError, match="exists already"):
        drain(trained(folder, tmp_path / "heads.safetensors"))
    drain(trained(folder, tmp_path / "heads.safetensors", force=True))
    assert open_heads(tmp_path / "heads.safetensors").training is not None


def test_that_a_folder_without_defects_is_refused(folder, tmp_path):
    job = trained(folder / "train", tmp_path / "heads.safetensors")
    with pytest.raises(InputError, match="none of the folders holds defective parts"):
        drain(job)


def test_that_the_command_trains_and_tells(folder, tmp_path, capsys):
    out = tmp_path / "heads.safetensors"
    words = ["pretrain", "inctrl", str(folder), "--out", str(out), "--device", "cpu"]
    words += ["--epochs", "1", "--steps", "2", "--seed", "1", "--quiet"]
    assert run([*words, "--json"]) == 0
    document = follows(json.loads(capsys.readouterr().out), "relief-pretrain/1")
    assert document["classes"] == ["metal_block"]
    assert document["parts"] == 8
    assert document["fingerprint"] == open_heads(out).training.fingerprint
    assert run(words) == 3
    assert "exists already" in capsys.readouterr().err
    assert run([*words, "--force"]) == 0
    assert "8 parts: metal_block" in capsys.readouterr().out
