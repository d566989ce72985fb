"""How sure a figure is: percentile intervals from resampled parts, good and bad ones apart.

Whole parts are drawn, never pixels: the pixels of one picture depend on each other. A replicate is
a vector of multiplicities, how often each part was drawn.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from inspector_core.evaluation.resampling import Shares, aupro_replicates
from inspector_core.types import Array

REPLICATES = 1000
COVERAGE = 0.95
_BLOCK_VALUES = 1 << 18
"""So many numbers of replicates are worked on at once."""

Interval = tuple[float, float]


def multiplicities(strata: Sequence[object], seed: int, replicates: int = REPLICATES) -> Array:
    """(B, n) int64: how often each part is drawn, every stratum keeping its own size (PCG64)."""
    rng = np.random.Generator(np.random.PCG64(seed))
    drawn = np.zeros((replicates, len(strata)), np.int64)
    for stratum in dict.fromkeys(strata):
        members = np.array([index for index, entry in enumerate(strata) if entry == stratum])
        share = np.full(len(members), 1.0 / len(members))
        drawn[:, members] = rng.multinomial(len(members), share, size=replicates)
    return drawn


def percentile_interval(values: Array) -> Interval:
    """The central 95 % of the replicates."""
    tail = (1.0 - COVERAGE) / 2.0
    low, high = np.quantile(values, [tail, 1.0 - tail])
    return float(low), float(high)


def auroc_replicates(good: Sequence[float], bad: Sequence[float], drawn: Array) -> Array:
    """(B,) ROC areas over parts with these multiplicities (B, n_good + n_bad), good parts first."""
    scores = np.concatenate([np.asarray(good, np.float64), np.asarray(bad, np.float64)])
    distinct, place = np.unique(scores, return_inverse=True)
    is_bad = np.arange(len(scores)) >= len(good)
    block = max(1, _BLOCK_VALUES // len(distinct))
    areas = []
    for start in range(0, len(drawn), block):
        weight = drawn[start : start + block].T.astype(np.float64)
        good_at, bad_at = np.zeros((2, len(distinct), weight.shape[1]))
        np.add.at(good_at, place[~is_bad], weight[~is_bad])
        np.add.at(bad_at, place[is_bad], weight[is_bad])
        below = np.cumsum(good_at, axis=0) - good_at
        wins = (bad_at * (below + 0.5 * good_at)).sum(axis=0)
        areas.append(wins / (bad_at.sum(axis=0) * good_at.sum(axis=0)))
    return np.concatenate(areas)


def auroc_interval(
    good: Sequence[float], bad: Sequence[float], seed: int, replicates: int = REPLICATES
) -> Interval | None:
    """95 % interval of the ROC area over parts; None with fewer than two parts of either kind."""
    if len(good) < 2 or len(bad) < 2:
        return None
    drawn = multiplicities([0] * len(good) + [1] * len(bad), seed, replicates)
    return percentile_interval(auroc_replicates(good, bad, drawn))


def aupro_intervals(
    table: Shares, seed: int, replicates: int = REPLICATES
) -> tuple[Interval, ...] | None:
    """95 % intervals at the four limits; None with fewer than two parts with regions.

    Parts with annotated regions are a stratum of their own.
    """
    bad = [bool(n) for n in table.n_components]
    if sum(bad) < 2:
        return None
    areas = aupro_replicates(table, multiplicities(bad, seed, replicates))
    areas = areas[~np.isnan(areas).any(axis=1)]
    return tuple(percentile_interval(areas[:, at]) for at in range(areas.shape[1]))
