"""What is trained on patches of good parts has in common: which patches a step sees, its loss and its rate.

A patch is a place of a part that colour and shape both describe; the two descriptions of one place are
partners, those of all other places of the step are not.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import cos, pi
from typing import TYPE_CHECKING

import numpy as np

from inspector_core.detectors.crossmodal.partners import BOTH, told_apart
from inspector_core.types import Array

if TYPE_CHECKING:
    from torch import Tensor

_BETAS = (0.9, 0.95)
_DECAY = 0.01


@dataclass(frozen=True, slots=True)
class PatchPair:
    """The judged patches of one good part.

    rgb, shape : (N, C) and (N, D) float16 or float32, row by row of the same places, N >= 1.
    """

    rgb: Array
    shape: Array

    def __post_init__(self) -> None:
        if self.rgb.ndim != 2 or self.shape.ndim != 2 or not 0 < len(self.rgb) == len(self.shape):
            raise ValueError("a pair has (N, C) and (N, D) features of the same N >= 1 patches")

    def __len__(self) -> int:
        return len(self.rgb)


def part_draws(n_parts: int, count: int, seed: int) -> Iterator[list[int]]:
    """Numbers of the parts of one step after the other, without end: each once before any again.

    count : parts in a step; all of them where there are fewer.
    """
    rng = np.random.default_rng([seed, 1])
    size = min(count, n_parts)
    waiting: list[int] = []
    while True:
        while len(waiting) < size:
            fresh = rng.permutation(n_parts).tolist()
            # one that still waits must not come twice in a step
            waiting += sorted(fresh, key=waiting.__contains__)
        yield waiting[:size]
        waiting = waiting[size:]


def patch_draw(n_patches: int, count: int, rng: np.random.Generator) -> Array:
    """(min(count, n),) int64 numbers of the patches that a step sees of a part, ascending."""
    if n_patches <= count:
        return np.arange(n_patches)
    return np.sort(rng.permutation(n_patches)[:count])


def placed(rows: Array, device: str) -> Tensor:
    """Rows as float32 on a device."""
    import torch

    return torch.from_numpy(np.asarray(rows, np.float32)).to(device)


def contrast(queries: Tensor, keys: Tensor, temperature: float = 1.0) -> Tensor:
    """2 T times the mean cross-entropy of telling each query's partner by its cosine / T; a scalar.

    queries, keys : (N, K), row i of one is the partner of row i of the other.
    """
    import torch
    from torch.nn.functional import cross_entropy, normalize

    logits = normalize(queries, dim=1) @ normalize(keys, dim=1).T / temperature
    partner = torch.arange(len(queries), device=queries.device)
    return 2 * temperature * cross_entropy(logits, partner)


def contrast_both_ways(
    first: Tensor,
    second: Tensor,
    temperature: float = 1.0,
    shares: tuple[float, float] = BOTH,
) -> Tensor:
    """Mean of `contrast` of the first against the second and of the second against the first.

    shares : of the two directions.
    """
    from torch.nn.functional import normalize

    rows = normalize(first, dim=1) / temperature
    return temperature * told_apart(rows, normalize(second, dim=1), shares)


def rate_at(step: int, steps: int, warm_up: int, rate: float) -> float:
    """Size of step `step` of `steps`: rising evenly over the warm-up, then half a cosine to 0."""
    if step < warm_up:
        return rate * (step + 1) / warm_up
    return rate * 0.5 * (1 + cos(pi * (step - warm_up) / max(1, steps - warm_up)))


def linear_start(
    shapes: Mapping[str, Sequence[int]], seed: int, device: str = "cpu"
) -> dict[str, Tensor]:
    """Named tensors to begin with: norms neutral, the rest uniform in ±1/√(inputs) as torch's linear layers."""
    import torch

    generator = torch.Generator().manual_seed(seed)
    tensors = {}
    for name, shape in shapes.items():
        if "norm" in name:
            value = torch.ones(*shape) if name.endswith("weight") else torch.zeros(*shape)
        else:
            weight = f"{name.rpartition('.')[0]}.weight"
            bound = shapes[weight][1] ** -0.5
            value = (2 * torch.rand(*shape, generator=generator) - 1) * bound
        tensors[name] = value.to(device)
    return tensors


class Descent:
    """AdamW (betas 0.9 and 0.95, decay 0.01) over named tensors, changed in place."""

    def __init__(self, weights: Mapping[str, Tensor], rate: float) -> None:
        import torch

        for value in weights.values():
            value.requires_grad_(True)
        self._adam = torch.optim.AdamW(
            weights.values(), lr=rate, betas=_BETAS, weight_decay=_DECAY, fused=True
        )

    def gathered(self, loss: Tensor, share: float = 1.0) -> float:
        """Add a share of the loss's gradient to what the next step goes down; returns the loss."""
        (share * loss if share != 1 else loss).backward()
        return float(loss.detach())

    def stepped(self, rate: float) -> None:
        """One step down what was gathered, which is forgotten."""
        for group in self._adam.param_groups:
            group["lr"] = rate
        self._adam.step()
        self._adam.zero_grad()

    def moved(self, loss: Tensor, rate: float) -> float:
        """One step down the loss; returns its value."""
        value = self.gathered(loss)
        self.stepped(rate)
        return value


def detached(weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Copies of named tensors on the CPU, outside any training."""
    return {name: value.detach().cpu().clone() for name, value in weights.items()}
