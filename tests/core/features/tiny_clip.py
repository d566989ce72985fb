"""A CLIP of the real one's make with seeded random weights, narrow enough for tests.

It takes pictures of 240 pixels in patches of 16 and embeds into 640 numbers, so that published heads
fit; width, text width and the number of text blocks are small.
"""

from __future__ import annotations

from functools import cache

import torch

from inspector_core.features.clip_towers import Towers
from inspector_core.features.networks import open_clip_module

SIZES = {
    "embed_dim": 640,
    "vision_cfg": {"image_size": 240, "layers": 12, "width": 64, "patch_size": 16},
    "text_cfg": {
        "context_length": 77,
        "vocab_size": 49408,
        "width": 32,
        "heads": 2,
        "layers": 2,
    },
}


@cache
def tiny_clip(seed: int = 0):
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return open_clip_module().CLIP(**SIZES).eval()


def tiny_towers(device: str = "cpu", seed: int = 0) -> Towers:
    return Towers(tiny_clip(seed), device)
