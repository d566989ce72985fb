"""Point transformers with weights made from their names, as the goldens say, in full size and smaller."""

from __future__ import annotations

import zlib
from pathlib import Path

import numpy as np
import torch

from inspector_core.features.weights.catalogue import expected

GOLDENS = Path(__file__).resolve().parents[2] / "goldens"
NETWORK = "point_mae.pretrain"


def golden(case):
    with np.load(GOLDENS / case / "golden.npz") as arrays:
        return dict(arrays)


def parameter(name, shape, seed=0):
    """A weight by its key."""
    rng = np.random.Generator(np.random.PCG64([seed, zlib.crc32(name.encode())]))
    draw = 2 * rng.random(shape) - 1
    if name.endswith("num_batches_tracked"):
        return torch.tensor(0)
    if name.endswith("running_var"):
        draw = 1 + 0.5 * draw
    elif name.endswith(("running_mean", "bias")):
        draw = 0.1 * draw
    elif len(shape) > 1:
        draw = draw * np.sqrt(3 / np.prod(shape[1:]))
    else:
        draw = 1 + 0.2 * draw
    return torch.from_numpy(draw.astype(np.float32))


def state(seed=0, width=384, depth=12):
    """Every tensor of the published layout, or of one with narrower and fewer blocks."""
    narrower = {384: width, 1152: 3 * width, 1536: 4 * width}
    dropped = tuple(f"blocks.blocks.{number}." for number in range(depth, 12))
    return {
        name: parameter(name, tuple(narrower.get(side, side) for side in shape), seed)
        for name, shape in expected(NETWORK).items()
        if not name.startswith(dropped)
    }
