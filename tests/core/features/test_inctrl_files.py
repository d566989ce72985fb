"""Files of heads: complete, telling what they were trained on, refusing what they are not."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from inspector_core.errors import WeightsError
from inspector_core.features.inctrl_files import Training, content_name, open_heads, save_heads
from inspector_core.features.inctrl_heads import initial
from inspector_core.types import Sample

TRAINING = Training(
    classes=("nut", "gear"),
    parts=("00aa", "11bb"),
    network=("clip", "ff00"),
    choices={"epochs": 2, "seed": 1},
    losses=(0.5, 0.25),
    software="Relief Inspector 0.1.0",
)


def test_that_heads_return_with_what_they_were_trained_on(tmp_path):
    weights = initial(0, 9, 16)
    save_heads(tmp_path / "heads.safetensors", weights, TRAINING)
    found = open_heads(tmp_path / "heads.safetensors")
    assert found.training == TRAINING
    assert found.weights.keys() == weights.keys()
    assert all(torch.equal(found.weights[name], value) for name, value in weights.items())


def test_that_the_same_heads_are_the_same_bytes(tmp_path):
    for name in ("one", "two"):
        save_heads(tmp_path / name, initial(0, 9, 16), TRAINING)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


def test_that_a_file_of_heads_alone_is_read_without_history(tmp_path):
    from safetensors.torch import save_file

    save_file(initial(0, 9, 16), tmp_path / "published.safetensors")
    assert open_heads(tmp_path / "published.safetensors").training is None


@pytest.mark.parametrize("content", [b"", b"not safetensors at all"])
def test_that_other_files_are_refused_with_a_sentence(tmp_path, content):
    (tmp_path / "x.safetensors").write_bytes(content)
    with pytest.raises(WeightsError, match=r"x\.safetensors") as caught:
        open_heads(tmp_path / "x.safetensors")
    assert caught.value.cure


def test_that_a_changed_history_is_refused(tmp_path):
    path = tmp_path / "heads.safetensors"
    save_heads(path, initial(0, 9, 16), TRAINING)
    path.write_bytes(path.read_bytes().replace(b"gear", b"dear"))
    with pytest.raises(WeightsError, match="training is damaged"):
        open_heads(path)


def test_that_the_fingerprint_follows_what_went_in_and_not_what_came_out():
    assert replace(TRAINING, losses=()).fingerprint == TRAINING.fingerprint
    assert replace(TRAINING, parts=("11bb", "00aa")).fingerprint == TRAINING.fingerprint
    for change in ({"parts": ("00aa",)}, {"network": ("clip", "ee")}, {"choices": {"seed": 2}}):
        assert replace(TRAINING, **change).fingerprint != TRAINING.fingerprint


def test_that_a_part_is_named_by_its_picture_or_its_cloud():
    rgb = np.zeros((4, 6, 3), np.uint8)
    xyz = np.ones((4, 6, 3), np.float32)
    named = content_name(Sample("a", rgb=rgb))
    assert named == content_name(Sample("b", rgb=rgb, xyz=xyz))
    assert named != content_name(Sample("a", rgb=rgb + 1))
    assert named != content_name(Sample("a", rgb=rgb.reshape(6, 4, 3)))
    assert content_name(Sample("a", xyz=xyz)) != named
    assert len(named) == 16
