"""A narrow vision transformer and a narrow point transformer with seeded weights, in place of the real ones."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from unittest import mock

from inspector_core.detectors.crossmodal import sight as crossmodal_sight
from inspector_core.features import weights
from inspector_core.features.backbone import Backbone
from inspector_core.features.networks import timm_module
from inspector_core.features.point_transformer import PointTransformer
from tests.core.features.point_network import state

PICTURES, POINTS = "vit_small_patch8_224.dino", "point_mae.pretrain"


@contextlib.contextmanager
def tiny_transformers():
    """Both are on this machine while the block runs; settings of theirs are obeyed."""
    narrow = state(width=24, depth=12)
    found = weights.find
    with contextlib.ExitStack() as stack:
        for target, name, value in (
            (weights, "find", lambda name: name if name in (PICTURES, POINTS) else found(name)),
            (weights, "sha256", lambda name: f"digest of {name}"),
            (crossmodal_sight, "open_tokens", opened_tokens),
            (
                crossmodal_sight,
                "open_point_transformer",
                lambda settings, _device: PointTransformer(narrow, settings, heads=3),
            ),
        ):
            stack.enter_context(mock.patch.object(target, name, value))
        yield


def opened_tokens(name, blocks, device="cpu"):
    """Two blocks of 24 channels on patches of 8 pixels."""
    import torch

    entry = weights.entry_of(name)
    with torch.random.fork_rng():
        torch.manual_seed(blocks)
        network = timm_module().models.VisionTransformer(
            patch_size=8,
            embed_dim=24,
            depth=min(2, blocks),
            num_heads=2,
            num_classes=0,
            dynamic_img_size=True,
        )
    return Backbone(replace(entry, stages=("norm",)), network, (1,)).on(device)
