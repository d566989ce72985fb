"""CLIP's towers: raw block outputs, the shared space, texts without their empty places, no network."""

from __future__ import annotations

import socket

import pytest
import torch

from inspector_core.errors import WeightsError
from inspector_core.features.clip_towers import BLOCKS, NETWORK, open_towers
from inspector_core.features.networks import open_clip_module
from inspector_core.features.text_prior import texts
from inspector_core.features.weights.catalogue import entry_of
from tests.core.features.tiny_clip import tiny_clip, tiny_towers


@pytest.fixture(scope="module")
def clip():
    return tiny_clip()


@pytest.fixture(scope="module")
def towers():
    return tiny_towers()


@pytest.fixture
def pictures():
    return torch.rand((2, 3, 240, 240), generator=torch.Generator().manual_seed(1))


def normalised(pictures):
    entry = entry_of(NETWORK)
    mean, std = (torch.tensor(v).reshape(1, 3, 1, 1) for v in (entry.mean, entry.std))
    return (pictures - mean) / std


def test_that_patches_are_the_raw_outputs_of_three_blocks_without_the_class_token(
    clip, towers, pictures
):
    seen = []
    hooks = [
        clip.visual.transformer.resblocks[block - 1].register_forward_hook(
            lambda module, given, output: seen.append(output)
        )
        for block in BLOCKS
    ]
    with torch.no_grad():
        clip.visual(normalised(pictures))
    for hook in hooks:
        hook.remove()
    view = towers.view(pictures)
    assert view.patches.shape == (3, 2, 225, 64)
    for found, output in zip(view.patches, seen, strict=True):
        torch.testing.assert_close(found, output[:, 1:])


def test_that_the_image_embedding_is_the_one_that_texts_are_compared_with(clip, towers, pictures):
    with torch.no_grad():
        expected = clip.encode_image(normalised(pictures))
    torch.testing.assert_close(towers.view(pictures).images, expected)


def test_that_texts_without_their_empty_places_read_the_same(clip, towers):
    some = texts("cable_gland")[1][:11]
    tokens = open_clip_module().SimpleTokenizer()(list(some))
    with torch.no_grad():
        expected = clip.encode_text(tokens)
    torch.testing.assert_close(torch.cat(list(towers.read(some))), expected, atol=2e-6, rtol=1e-5)


def test_that_pictures_and_texts_never_open_a_connection(monkeypatch, pictures):
    def refuse(*args, **kwargs):
        raise AssertionError("a socket was opened")

    monkeypatch.setattr(socket, "socket", refuse)
    monkeypatch.setattr(socket, "create_connection", refuse)
    towers = tiny_towers(seed=1)
    assert towers.view(pictures).images.shape == (2, 640)
    assert torch.cat(list(towers.read(["a photo of a nut."]))).shape == (1, 640)


def test_that_missing_weights_are_named_with_the_command_that_brings_them(monkeypatch, tmp_path):
    monkeypatch.setenv("RELIEF_WEIGHTS", str(tmp_path))
    with pytest.raises(WeightsError, match=NETWORK) as caught:
        open_towers()
    assert "relief weights" in caught.value.cure


@pytest.mark.heavy
def test_that_the_towers_open_from_the_registry_at_their_full_size(monkeypatch, tmp_path, pictures):
    from safetensors.torch import save_file

    from inspector_core.features.weights.catalogue import model_of
    from inspector_core.features.weights.store import add

    monkeypatch.setenv("RELIEF_WEIGHTS", str(tmp_path / "weights"))
    torch.manual_seed(0)
    whole = model_of(entry_of(NETWORK)).eval()
    save_file(whole.state_dict(), tmp_path / "random.safetensors")
    add(tmp_path / "random.safetensors", NETWORK)
    (tmp_path / "random.safetensors").unlink()
    towers = open_towers()
    view = towers.view(pictures[:1])
    assert view.patches.shape == (3, 1, 225, 896)
    with torch.no_grad():
        torch.testing.assert_close(view.images, whole.encode_image(normalised(pictures[:1])))
        tokens = open_clip_module().SimpleTokenizer()(["a photo of a nut."])
        expected = whole.encode_text(tokens)
    found = torch.cat(list(towers.read(["a photo of a nut."])))
    torch.testing.assert_close(found, expected, atol=2e-5, rtol=1e-4)
    seeing = open_towers(reading=False).view(pictures[:1])
    assert torch.equal(seeing.images, view.images)
