"""ROC area, average precision and best F1 from a ranking; the same for pixels and for parts.

None stands for "undefined" (no anomalous or no normal items), never 0 or 1.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from inspector_core.evaluation.ranking import Ranking


@dataclass(frozen=True, slots=True)
class BestF1:
    """The largest F1 over all thresholds. An oracle: the threshold was chosen on the answers."""

    value: float
    threshold: float
    precision: float
    recall: float


def auroc(ranking: Ranking) -> float | None:
    """P(anomalous scores above normal) + half P(equal): the Mann-Whitney area."""
    if ranking.n_defect == 0 or ranking.n_normal == 0:
        return None
    hits = ranking.defect_reached - ranking.defect_above
    below = ranking.n_normal - ranking.normal_reached
    equal = ranking.normal_reached - ranking.normal_above
    wins = float((hits * (below + 0.5 * equal)).sum())
    return wins / (float(ranking.n_defect) * ranking.n_normal)


def average_precision(ranking: Ranking) -> float | None:
    """Sum over distinct thresholds of recall step times precision, not interpolated."""
    if ranking.n_defect == 0 or ranking.n_normal == 0:
        return None
    recall_step = (ranking.defect_reached - ranking.defect_above) / ranking.n_defect
    precision = ranking.defect_reached / (ranking.defect_reached + ranking.normal_reached)
    return float((recall_step * precision).sum())


def best_f1(ranking: Ranking) -> BestF1 | None:
    """Largest F1; of several equal ones the one at the lowest threshold.

    A threshold between two anomalous scores only adds normal items, so those scores suffice.
    """
    if ranking.n_defect == 0 or ranking.n_normal == 0:
        return None
    hits = ranking.defect_reached
    predicted = hits + ranking.normal_reached
    f1 = 2.0 * hits / (predicted + ranking.n_defect)
    best = len(f1) - 1 - int(np.argmax(f1[::-1]))
    return BestF1(
        value=float(f1[best]),
        threshold=float(ranking.cuts[best]),
        precision=float(hits[best] / predicted[best]),
        recall=float(hits[best] / ranking.n_defect),
    )
