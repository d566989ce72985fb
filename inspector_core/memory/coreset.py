"""Greedy k-centre coreset: the subset that leaves no patch far from a chosen one."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Literal

import numpy as np

from inspector_core.device import Cost, Plan, with_fallback
from inspector_core.memory.nearest import quiet
from inspector_core.progress import Job, Progress
from inspector_core.types import Array

if TYPE_CHECKING:
    from torch import Tensor

STAGE = "Choosing representative patches"
Projection = Literal["none", "published"]

_STEP_S = 0.1
_STEPS_BETWEEN_LOOKS = 8


def coreset_cost(n_rows: int, width: int) -> Cost:
    """Memory of a selection: the features twice and three numbers a row, all at once."""
    return Cost(fixed_bytes=4 * n_rows * (2 * width + 3), row_bytes=1, rows=1)


def greedy_coreset(
    features: Array,
    count: int,
    plan: Plan,
    *,
    projection: Projection = "none",
    seed: int = 0,
    start: int = 0,
    tell: Callable[[str], None] = quiet,
) -> Job[Array]:
    """Row indices of the coreset in the order of choice: each is the farthest from all before it.

    features : (N, D) float32.   count : rows wanted; fewer come back when the rest are duplicates.
    start : first row chosen (published: 0).   projection : "published" chooses in a sparse random
    projection (scikit-learn, eps 0.9), skipped where the features have too few channels for it.
    Yields progress at least ten times a second; same input, seed and device, same rows.
    """
    count = min(count, len(features))
    if count == 0:
        return np.zeros(0, np.int64)
    placed = _projected(features, seed) if projection == "published" else features
    rows, squares = with_fallback(lambda current: _placed(placed, current), plan, tell)
    chosen = [start]
    remaining = _squared_distance(rows, squares, start)
    looked = time.monotonic()
    while len(chosen) < count:
        remaining[chosen[-1]] = 0.0
        farthest = int(remaining.argmax())
        if float(remaining[farthest]) <= 0.0:
            break
        chosen.append(farthest)
        remaining = remaining.minimum(_squared_distance(rows, squares, farthest))
        if len(chosen) % _STEPS_BETWEEN_LOOKS == 0 and time.monotonic() - looked > _STEP_S:
            yield Progress(STAGE, len(chosen), count)
            looked = time.monotonic()
    return np.array(chosen, np.int64)


def _projected(features: Array, seed: int) -> Array:
    from sklearn.random_projection import SparseRandomProjection

    try:
        projected = SparseRandomProjection(eps=0.9, random_state=seed).fit_transform(features)
    except ValueError:
        # fewer channels than the Johnson-Lindenstrauss bound asks for
        return features
    return np.asarray(projected, np.float32)


def _placed(features: Array, plan: Plan) -> tuple[Tensor, Tensor]:
    """The features around their mean, on the device, and their squared norms."""
    import torch

    rows = torch.tensor(features, dtype=torch.float32, device=plan.device)
    rows -= rows.mean(dim=0)
    return rows, rows.square().sum(dim=1)


def _squared_distance(rows: Tensor, squares: Tensor, index: int) -> Tensor:
    import torch

    return torch.addmv(squares + squares[index], rows, rows[index], alpha=-2.0).clamp_(min=0.0)
