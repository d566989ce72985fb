"""Some tokens of vision transformers: those of the whole network, whatever kind its last block is."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from inspector_core.features import wanted_tokens as module
from inspector_core.features.backbone import Backbone
from inspector_core.features.networks import timm_module
from inspector_core.features.wanted_tokens import wanted_tokens
from inspector_core.features.weights import entry_of

KINDS = {
    "plain": {},
    "one block": {"depth": 1},
    "scaled": {"init_values": 0.3},
    "normed queries": {"qk_norm": True},
    "registers": {"reg_tokens": 3},
    "no class": {"class_token": False, "global_pool": "avg", "fc_norm": False},
    "no bias": {"qkv_bias": False},
    "parallel": {"block_fn": timm_module().models.vision_transformer.ParallelScalingBlock},
}


def network(**options):
    """Three blocks of 24 channels on 4 x 5 patches of 8 pixels, seeded, with norms that do something."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        made = timm_module().models.VisionTransformer(
            img_size=(32, 40),
            patch_size=8,
            embed_dim=24,
            num_heads=2,
            num_classes=0,
            **{"depth": 3, **options},
        )
        for value in made.parameters():
            value.data.add_(0.2 * torch.randn_like(value))
    return made.eval()


def pictures(count=1):
    return torch.randn(count, 3, 32, 40, generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize("kind", KINDS)
def test_that_wanted_tokens_are_those_of_the_whole_network(kind):
    made, batch = network(**KINDS[kind]), pictures(2)
    wanted = torch.tensor([19, 0, 7, 8])
    with torch.inference_mode():
        whole = made.forward_features(batch)[:, made.num_prefix_tokens :]
        found = wanted_tokens(made, batch, wanted)
    np.testing.assert_allclose(found, whole[:, wanted], atol=1e-5)


def test_that_only_blocks_of_another_kind_are_computed_whole(monkeypatch):
    given_to_last = []
    attended = module._attended
    monkeypatch.setattr(
        module, "_attended", lambda *given: given_to_last.append(given[1]) or attended(*given)
    )
    with torch.inference_mode():
        wanted_tokens(network(), pictures(), torch.tensor([2, 3]))
        assert [tuple(one.shape) for one in given_to_last] == [(1, 2, 24)]
        wanted_tokens(network(**KINDS["parallel"]), pictures(), torch.tensor([2, 3]))
    assert len(given_to_last) == 1


def test_that_the_network_works_as_before_afterwards():
    made = network()
    with torch.inference_mode():
        before = made.forward_features(pictures())
        wanted_tokens(made, pictures(), torch.tensor([3]))
        assert torch.equal(made.forward_features(pictures()), before)


@settings(max_examples=20, deadline=None)
@given(wanted=st.lists(st.integers(0, 19), min_size=1, max_size=20, unique=True))
def test_that_a_backbone_gives_any_tokens_of_its_map(wanted):
    entry = replace(entry_of("vit_small_patch8_224.dino"), stages=("norm",))
    backbone = Backbone(entry, network(dynamic_img_size=True), (1,))
    picture = np.random.default_rng(0).random((1, 3, 32, 40), dtype=np.float32)
    whole = backbone.maps(picture)[0][0].flatten(1).T
    np.testing.assert_allclose(backbone.tokens(picture, np.array(wanted)), whole[wanted], atol=1e-5)
