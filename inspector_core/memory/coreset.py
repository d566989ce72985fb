"""Greedy k-centre coreset: the subset that leaves no patch far from a chosen one."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Literal

import numpy as np

from inspector_core.device import Cost, Plan, with_fallback
from inspector_core.memory.nearest import quiet
from inspector_core.progress import Job, Progress
from inspector_core.types import Array, FloatArray

if TYPE_CHECKING:
    from torch import Tensor

STAGE = "Choosing representative patches"
Projection = Literal["none", "published"]

_STEP_S = 0.1
_STEPS_BETWEEN_LOOKS = 8
_POOL = 4096
"""Rows among which the next choices are looked for before all others are looked at again."""
_BLOCK = 65_536
"""Rows whose distances to new choices are computed at once."""


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
    initial: Array | None = None,
    tell: Callable[[str], None] = quiet,
) -> Job[Array]:
    """Row indices of the coreset in the order of choice: each is the farthest from all before it.

    features : (N, D) float32.   count : rows wanted; fewer come back when the rest are duplicates.
    start : first row chosen (published: 0).   initial : (N,) distances that rows begin with instead
    (`official_start`); then the first choice is the largest of them.
    projection : "published" chooses in a sparse random projection (scikit-learn, eps 0.9), skipped
    where the features have too few channels for it.
    Yields progress at least ten times a second; same input, seed and device, same rows. Exact: choices
    are looked for among the rows that are farthest now; distances only fall, so the farthest of all is
    among them until their largest falls to that of the rest.
    """
    count = min(count, len(features))
    if count == 0:
        return np.zeros(0, np.int64)
    placed = _projected(features, seed) if projection == "published" else features
    rows, squares = with_fallback(lambda current: _placed(placed, current), plan, tell)
    chosen: list[int] = []
    if initial is None:
        chosen.append(start)
        remaining = _squared_distance(rows, squares, rows[start], squares[start])
        remaining[start] = 0.0
    else:
        import torch

        remaining = torch.tensor(initial, dtype=torch.float32, device=plan.device).square()
    looked = time.monotonic()
    while len(chosen) < count:
        fresh = yield from _from_pool(rows, squares, remaining, len(chosen), count)
        if not fresh:
            break
        chosen += fresh
        _approach(rows, squares, remaining, fresh)
        if time.monotonic() - looked > _STEP_S:
            yield Progress(STAGE, len(chosen), count)
            looked = time.monotonic()
    return np.array(chosen, np.int64)


def farthest_from_mean(features: Array) -> int:
    """The row farthest from the mean of all: a start that does not depend on the order of parts."""
    away = features - features.mean(axis=0, dtype=np.float64).astype(np.float32)
    return int(np.einsum("nd,nd->n", away, away).argmax())


def official_start(features: Array, starts: Array | None = None) -> FloatArray:
    """(N,) distances that rows begin with in patchcore-inspection@fcaa92f.

    starts : rows of which the mean distance is taken (its approximate sampler); None: the norm of a
    row's distances to all others (its exact one, N x N numbers in portions).
    """
    import torch

    rows = torch.from_numpy(np.asarray(features, np.float64))
    if starts is not None:
        return (
            torch.cdist(rows, rows[torch.from_numpy(starts)]).mean(dim=1).numpy().astype(np.float32)
        )
    norms = [
        torch.cdist(rows[at : at + 1024], rows).norm(dim=1) for at in range(0, len(rows), 1024)
    ]
    return torch.cat(norms).numpy().astype(np.float32)


def _from_pool(
    rows: Tensor, squares: Tensor, remaining: Tensor, done: int, count: int
) -> Job[list[int]]:
    """The next choices after the `done` ones, at least one unless nothing is left to choose.

    `remaining` is only read.
    """
    import torch

    size = min(_POOL, len(rows))
    values, pool = torch.topk(remaining, min(size + 1, len(rows)))
    bound = float(values[size]) if len(values) > size else -1.0
    # in the order of rows, so that of equal ones the first wins
    pool = pool[:size].sort().values
    inside, norms, left = rows[pool], squares[pool], remaining[pool]
    chosen: list[int] = []
    looked = time.monotonic()
    while done + len(chosen) < count:
        farthest = int(left.argmax())
        largest = float(left[farthest])
        if largest <= 0.0 or (chosen and largest <= bound):
            break
        chosen.append(int(pool[farthest]))
        left = left.minimum(_squared_distance(inside, norms, inside[farthest], norms[farthest]))
        left[farthest] = 0.0
        so_far = done + len(chosen)
        if so_far % _STEPS_BETWEEN_LOOKS == 0 and time.monotonic() - looked > _STEP_S:
            yield Progress(STAGE, so_far, count)
            looked = time.monotonic()
    return chosen


def _approach(rows: Tensor, squares: Tensor, remaining: Tensor, fresh: list[int]) -> None:
    """Lower what remains of each row to its distance from the nearest fresh choice, in place."""
    import torch

    centres, norms = rows[fresh], squares[fresh]
    for start in range(0, len(rows), _BLOCK):
        block = slice(start, start + _BLOCK)
        for first in range(0, len(fresh), 512):
            some = slice(first, first + 512)
            apart = torch.addmm(norms[some], rows[block], centres[some].T, alpha=-2.0).amin(dim=1)
            near = (apart + squares[block]).clamp_(min=0.0)
            torch.minimum(remaining[block], near, out=remaining[block])
    remaining[fresh] = 0.0


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


def _squared_distance(rows: Tensor, squares: Tensor, centre: Tensor, square: Tensor) -> Tensor:
    import torch

    return torch.addmv(squares + square, rows, centre, alpha=-2.0).clamp_(min=0.0)
