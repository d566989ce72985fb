"""Stages of pretrained networks: the right modules, the right padding, the same maps in any batch."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from inspector_core.features import weights
from inspector_core.features.backbone import open_backbone
from inspector_core.features.weights.catalogue import expected, model_of
from tests.core.detectors.random_weights import MOBILENET, random_weights


@pytest.fixture(scope="module", autouse=True)
def network(tmp_path_factory):
    with random_weights(tmp_path_factory.mktemp("net"), MOBILENET):
        yield


def pictures(count=2, height=64, width=48):
    return np.random.default_rng(0).random((count, 3, height, width), dtype=np.float32)


def test_that_stages_come_in_the_order_asked_for_with_their_reductions():
    network = open_backbone(MOBILENET, (3, 1))
    assert network.channels == (96, 24)
    assert network.reductions == (16, 4)
    assert [tuple(one.shape) for one in network.maps(pictures())] == [
        (2, 96, 4, 3),
        (2, 24, 16, 12),
    ]


def test_that_stages_equal_timms_own_feature_extraction():
    from inspector_core.features.networks import timm_module

    entry = weights.entry_of(MOBILENET)
    plain = timm_module().create_model(
        entry.model, pretrained=False, features_only=True, out_indices=(1, 2, 3)
    )
    plain.load_state_dict(weights.load(MOBILENET), strict=False)
    batch = torch.from_numpy(pictures())
    mean, std = (torch.tensor(v).view(1, 3, 1, 1) for v in (entry.mean, entry.std))
    with torch.inference_mode():
        want = plain.eval()((batch - mean) / std)
    for found, one in zip(open_backbone(MOBILENET, (1, 2, 3)).maps(batch), want, strict=True):
        torch.testing.assert_close(found, one, atol=1e-4, rtol=1e-4)


def test_that_a_picture_alone_gives_what_it_gives_in_a_batch():
    network = open_backbone(MOBILENET, (2, 3))
    both = network.maps(pictures())
    for stage, alone in zip(both, network.maps(pictures()[1:]), strict=True):
        torch.testing.assert_close(stage[1:], alone, atol=1e-5, rtol=1e-4)


def test_that_the_catalogues_channels_are_those_of_the_stages():
    assert open_backbone(MOBILENET, (1, 2, 3, 4)).channels == weights.entry_of(MOBILENET).channels


@pytest.mark.heavy
def test_that_every_stage_of_the_catalogue_is_a_module_of_its_network():
    for entry in weights.catalogue().values():
        if entry.stages:
            with torch.device("meta"):
                modules = {name for name, _ in model_of(entry).named_modules()}
            assert set(entry.stages) <= modules, entry.name


def test_that_padims_blocks_of_efficientnet_b5_have_the_papers_channels():
    shapes = expected("tf_efficientnet_b5.in1k")
    stages = weights.entry_of("tf_efficientnet_b5.in1k").stages
    wide = [shapes[f"{stage}.conv_pwl.weight"][0] for stage in stages[:3]]
    assert wide == [40, 128, 176]


def test_that_the_evaluation_network_gives_the_handbooks_figures(shared, tmp_path, monkeypatch):
    monkeypatch.setenv("RELIEF_WEIGHTS", str(tmp_path))
    file = shared("weights", "mobilenetv2_imagenet", "mobilenetv2_100_imagenet_fp16.safetensors")
    name = weights.add(file).entry.name
    i, j = np.arange(224)[:, None], np.arange(224)[None]
    wave = np.stack([np.sin(0.05 * i * (c + 1)) * np.cos(0.03 * j) for c in range(3)])
    # the registry's mean and spread of .5 bring 0..1 back to the wave itself
    maps = open_backbone(name, (1, 2, 3)).maps(((wave + 1) / 2)[None].astype(np.float32))
    want = [(0.20520, 4.35718), (0.06747, 6.17135), (-0.00241, 2.98761)]
    for found, (mean, std) in zip(maps, want, strict=True):
        assert found.mean().item() == pytest.approx(mean, abs=2e-3)
        assert found.std().item() == pytest.approx(std, abs=2e-3)


def test_that_a_graphics_card_gives_the_same_maps_within_half_precision():
    if not torch.cuda.is_available():
        pytest.skip("needs a CUDA graphics card")
    network = open_backbone(MOBILENET, (1, 2, 3))
    plain = network.maps(pictures())
    for found, want in zip(network.on("cuda:0").maps(pictures()), plain, strict=True):
        scale = want.abs().max().item()
        torch.testing.assert_close(found.cpu(), want, atol=0.01 * scale, rtol=0.02)
    network.on("cpu")
