"""Unsupervised feature fusion of M3DM (arXiv 2303.00601, section 3.2; nomewang/M3DM@62b7f46).

Each modality's patch features pass a normalised two-layer network of their own; the fused feature is both
outputs side by side. They are trained so that a patch's colour tells its own shape from all other shapes
of the step. Weights are plain named tensors with the names of the published checkpoint.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from inspector_core.detectors.crossmodal.patch_training import (
    Descent,
    PatchPair,
    contrast,
    detached,
    linear_start,
    part_draws,
    patch_draw,
    placed,
    rate_at,
)
from inspector_core.errors import WeightsError
from inspector_core.features import weights as registry
from inspector_core.progress import Job, Progress
from inspector_core.types import Array, FloatArray

if TYPE_CHECKING:
    from torch import Tensor

PUBLISHED = "m3dm.fusion"
"""Name of the published block in the weights registry."""
TRAINING = "Training the fusion of colour and shape"
_HEAD = 256
_EXPANSION = 4
_BLOCK_ROWS = 4096
"""Patches that pass the block at once."""


@dataclass(frozen=True, slots=True)
class FusionChoices:
    """How the block is trained.

    parts : in a step.   patches : in a step, of all its parts together; the loss compares each with each.
    warm_up : share of the steps in which the rate rises.
    Published: three epochs, the first of them warm-up, 16 parts with all their patches, rate 0.003.
    """

    steps: int = 300
    parts: int = 16
    patches: int = 1024
    rate: float = 0.003
    warm_up: float = 1 / 3
    seed: int = 0


@dataclass(frozen=True, slots=True)
class TrainedFusion:
    """weights : of the block with its heads, by published name.   losses : (steps,) one a step."""

    weights: dict[str, Tensor]
    losses: tuple[float, ...]


def layout(shape_width: int, rgb_width: int) -> dict[str, tuple[int, ...]]:
    """Name to shape of the block's tensors, as in the published checkpoint."""
    shapes: dict[str, tuple[int, ...]] = {}
    for side, width in (("xyz", shape_width), ("rgb", rgb_width)):
        hidden = _EXPANSION * width
        shapes |= {
            f"{side}_norm.weight": (width,),
            f"{side}_norm.bias": (width,),
            f"{side}_mlp.fc1.weight": (hidden, width),
            f"{side}_mlp.fc1.bias": (hidden,),
            f"{side}_mlp.fc2.weight": (width, hidden),
            f"{side}_mlp.fc2.bias": (width,),
        }
    for side, width in (("rgb", rgb_width), ("xyz", shape_width)):
        shapes |= {f"{side}_head.weight": (_HEAD, width), f"{side}_head.bias": (_HEAD,)}
    return shapes


def published_weights(shape_width: int, rgb_width: int) -> dict[str, Tensor]:
    """The published block; WeightsError when it is not here or was made for other features."""
    found = registry.load(PUBLISHED)
    if any(tuple(found[name].shape) != s for name, s in layout(shape_width, rgb_width).items()):
        made_for = f"{len(found['xyz_norm.bias'])} and {len(found['rgb_norm.bias'])}"
        raise WeightsError(
            f"{PUBLISHED} fuses features of {made_for} channels (shape, colour), and these have "
            f"{shape_width} and {rgb_width}",
            cure="train the fusion here, or use Point-MAE and DINO ViT-B/8",
        )
    return found


def branches(weights: Mapping[str, Tensor], shape: Tensor, rgb: Tensor) -> tuple[Tensor, Tensor]:
    """Both outputs of the block: (..., D) of shape and (..., C) of colour."""
    return _branch(weights, "xyz", shape), _branch(weights, "rgb", rgb)


def fused_features(
    weights: Mapping[str, Tensor], shape: Array, rgb: Array, device: str = "cpu"
) -> FloatArray:
    """(N, D + C) float32 fused features [shape | colour] of N patches, (N, D) and (N, C)."""
    import torch

    there = {name: value.to(device) for name, value in weights.items()}
    fused = np.empty((len(shape), shape.shape[1] + rgb.shape[1]), np.float32)
    with torch.inference_mode():
        for start in range(0, len(shape), _BLOCK_ROWS):
            some = slice(start, start + _BLOCK_ROWS)
            both = branches(there, placed(shape[some], device), placed(rgb[some], device))
            fused[some] = torch.cat(both, dim=1).cpu().numpy()
    return fused


def fusion_loss(weights: Mapping[str, Tensor], shape: Tensor, rgb: Tensor) -> Tensor:
    """Patch contrastive loss of N patches (N, D) and (N, C): colour against shape, that way alone."""
    from torch.nn.functional import linear

    ours, theirs = branches(weights, shape, rgb)
    queries = linear(theirs, weights["rgb_head.weight"], weights["rgb_head.bias"])
    keys = linear(ours, weights["xyz_head.weight"], weights["xyz_head.bias"])
    return contrast(queries, keys)


def published_partners(side: int) -> Array:
    """(side²,) int64: the colour patch with which the published code trains each shape patch.

    Shape has side x side patches, colour half as many each way, side even. The true partner of shape
    patch p is (p // side // 2) * (side // 2) + (p % side) // 2; at side 56 the published order names
    it for 8 patches of 3,136.
    """
    coarse = (side // 2) ** 2
    patch = np.arange(4 * coarse)
    return (4 * (patch % coarse) + patch // coarse) % coarse


def train_fusion(
    parts: Sequence[PatchPair], choices: FusionChoices, device: str = "cpu"
) -> Job[TrainedFusion]:
    """Train the block from random weights on good parts' patches; yields after every step.

    Same parts, choices and device, same weights.
    """
    import torch

    shapes = layout(parts[0].shape.shape[1], parts[0].rgb.shape[1])
    weights = linear_start(shapes, choices.seed, device)
    descent = Descent(weights, choices.rate)
    draws = part_draws(len(parts), choices.parts, choices.seed)
    rng = np.random.default_rng([choices.seed, 2])
    warm_up = round(choices.warm_up * choices.steps)
    losses: list[float] = []
    for step in range(choices.steps):
        yield Progress(TRAINING, step, choices.steps)
        drawn = [parts[number] for number in next(draws)]
        share = max(1, choices.patches // len(drawn))
        some = [(part, patch_draw(len(part), share, rng)) for part in drawn]
        shape = torch.cat([placed(part.shape[rows], device) for part, rows in some])
        rgb = torch.cat([placed(part.rgb[rows], device) for part, rows in some])
        rate = rate_at(step, choices.steps, warm_up, choices.rate)
        losses.append(descent.moved(fusion_loss(weights, shape, rgb), rate))
    told = f"loss {losses[0]:.3f} to {losses[-1]:.3f}" if losses else "no step"
    yield Progress(TRAINING, choices.steps, choices.steps, f"fusion trained: {told}")
    return TrainedFusion(detached(weights), tuple(losses))


def _branch(weights: Mapping[str, Tensor], side: str, x: Tensor) -> Tensor:
    """χ: norm, C to 4C, GELU, 4C to C."""
    from torch.nn.functional import gelu, layer_norm, linear

    norm, mlp = f"{side}_norm", f"{side}_mlp"
    x = layer_norm(x, x.shape[-1:], weights[f"{norm}.weight"], weights[f"{norm}.bias"])
    x = gelu(linear(x, weights[f"{mlp}.fc1.weight"], weights[f"{mlp}.fc1.bias"]))
    return linear(x, weights[f"{mlp}.fc2.weight"], weights[f"{mlp}.fc2.bias"])
