"""Area under the per-region-overlap curve (AUPRO): exact, and as published codes estimate it.

PRO(t) is the mean over annotated regions of the share of their pixels that score at least t, FPR(t)
the share of defect-free pixels that do. AUPRO@L is the area under PRO over FPR from 0 to L, divided
by L. A random map gets L/2, not 0.5.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from inspector_core.evaluation.pixels import PartPixels
from inspector_core.evaluation.ranking import Ranking, empty, lowest_of, rank
from inspector_core.evaluation.selection import order_statistics
from inspector_core.types import Array

LIMITS = (0.30, 0.10, 0.05, 0.01)

SAMPLED: dict[str, int] = {"btf100": 100, "cfm99": 99}
"""Published estimators: thresholds at so many equally spaced ranks of the defect-free scores
(btf100: the codes of BTF, M3DM and Shape-Guided; cfm99: that of Crossmodal Feature Mapping)."""


def curve(ranking: Ranking) -> tuple[Array, Array]:
    """FPR and PRO, (2K + 2,) float64 each, from (0, 0) to (1, 1).

    Between two anomalous scores PRO stays while FPR grows, at such a score both grow together.
    """
    return through(
        ranking.normal_above / ranking.n_normal,
        ranking.overlap_above / ranking.n_components,
        ranking.normal_reached / ranking.n_normal,
        ranking.overlap_reached / ranking.n_components,
    )


def through(
    x_above: Array, y_above: Array, x_reached: Array, y_reached: Array
) -> tuple[Array, Array]:
    """The polygon through (0, 0), each cut's two points (..., K) in turn, and (1, 1)."""
    ends = [(*x_above.shape[:-1], 1)] * 2
    x = np.stack([x_above, x_reached], axis=-1).reshape(*x_above.shape[:-1], -1)
    y = np.stack([y_above, y_reached], axis=-1).reshape(*y_above.shape[:-1], -1)
    first, last = np.zeros(ends[0]), np.ones(ends[1])
    return (
        np.concatenate([first, x, last], axis=-1),
        np.minimum(np.concatenate([first, y, last], axis=-1), 1.0),
    )


def area_up_to(x: Array, y: Array, limit: float) -> Array:
    """Trapezoid area of polygons (..., N), x ascending, from 0 to x = limit, over limit: (...)."""
    # what lies beyond the limit in every polygon is left out
    first = x.min(axis=tuple(range(x.ndim - 1)))
    end = min(int(np.searchsorted(first, limit, "right")) + 1, x.shape[-1])
    x0, x1, y0, y1 = x[..., : end - 1], x[..., 1:end], y[..., : end - 1], y[..., 1:end]
    width = x1 - x0
    inside = np.clip(limit - x0, 0.0, width)
    share = np.divide(inside, width, out=np.zeros_like(width), where=width > 0)
    area = inside * (y0 + 0.5 * share * (y1 - y0))
    return np.asarray(area.sum(axis=-1) / limit)


def aupro(ranking: Ranking, limits: Sequence[float] = LIMITS) -> tuple[float, ...] | None:
    """Exact AUPRO at each limit; None without annotated regions or without defect-free pixels."""
    if ranking.n_components == 0 or ranking.n_normal == 0:
        return None
    x, y = curve(ranking)
    return tuple(float(area_up_to(x, y, limit)) for limit in limits)


def sampled_aupro(
    parts: Sequence[PartPixels],
    estimator: str,
    limits: Sequence[float] = LIMITS,
    lowest: float | None = None,
) -> tuple[float, ...] | None:
    """AUPRO as published codes estimate it, for comparison with published tables only.

    It is biased low at small limits: the first step of the curve is 1 % of the defect-free pixels
    wide. FPR is read off the rank, not counted, so ties are wrong as they are there.
    """
    n_normal = sum(part.n_normal for part in parts)
    if n_normal == 0 or not any(part.n_components for part in parts):
        return None
    floor = lowest_of(parts) if lowest is None else lowest
    positions = np.linspace(0, n_normal - 1, num=SAMPLED[estimator], dtype=int)
    thresholds = _order_statistics(parts, positions, floor)
    cuts = np.unique(thresholds)[::-1]
    total = empty(cuts)
    for part in parts:
        total = total + rank(part, cuts, floor)
    overlap = dict(zip(cuts.tolist(), total.overlap_above / total.n_components, strict=True))
    x = 1.0 - (positions[::-1] + 1) / n_normal
    y = np.array([overlap[value] for value in thresholds[::-1].tolist()])
    x, y = np.append(x, 1.0), np.append(y, 1.0)
    return tuple(float(area_up_to(x, y, limit)) for limit in limits)


def _order_statistics(parts: Sequence[PartPixels], positions: Array, lowest: float) -> Array:
    """The defect-free scores at these ranks (0 = smallest) of all parts together, float32."""
    outside = sum(part.normal_outside for part in parts)
    found = np.full(len(positions), lowest, np.float32)
    inside = positions >= outside
    if inside.any():
        found[inside] = order_statistics(
            lambda: (part.normal for part in parts), positions[inside] - outside
        )
    return found
