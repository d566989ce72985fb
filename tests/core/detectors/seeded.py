"""Inputs and weights of the goldens, made from their names as golden.json says; pairs for training."""

from __future__ import annotations

import zlib
from pathlib import Path

import numpy as np
import torch

from inspector_core.detectors.crossmodal.patch_training import PatchPair

GOLDENS = Path(__file__).resolve().parents[2] / "goldens"


def golden(case):
    with np.load(GOLDENS / case / "golden.npz") as arrays:
        return dict(arrays)


def uniform(name, shape, low=-1.0, high=1.0):
    rng = np.random.Generator(np.random.PCG64([0, zlib.crc32(name.encode())]))
    return (low + (high - low) * rng.random(shape)).astype(np.float32)


def param(name, shape):
    """A weight by its key in the module's state dict."""
    rng = np.random.Generator(np.random.PCG64([0, zlib.crc32(name.encode())]))
    u = 2 * rng.random(shape) - 1
    if name.endswith("bias"):
        value = 0.1 * u
    elif len(shape) > 1:
        value = u * np.sqrt(3 / np.prod(shape[1:]))
    else:
        value = 1 + 0.2 * u
    return torch.from_numpy(value.astype(np.float32))


def pairs(n_parts, n_patches=120, widths=(10, 14), seed=0, noise=0.1, scale=1.0):
    """Good parts whose colour and shape are both made from the same few hidden numbers."""
    rng = np.random.default_rng(seed)
    ways = [rng.normal(size=(4, width)) for width in widths]
    made = []
    for _ in range(n_parts):
        hidden = rng.normal(size=(n_patches, 4))
        rgb, shape = (
            scale * (np.tanh(hidden @ way) + noise * rng.normal(size=(n_patches, way.shape[1])))
            for way in ways
        )
        made.append(PatchPair(rgb.astype(np.float32), shape.astype(np.float32)))
    return made
