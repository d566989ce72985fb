"""T1, T2, p-values and what the thresholds promise, from the scores of held-out good parts."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from inspector_core.types import Thresholds

CONFIDENCE = 0.95
REVIEW_POINT = 0.90
"""T1 is this quantile of the calibration scores."""
TAIL_POINT = 0.99
"""With few calibration parts T2 is at least this point of a Gumbel fit to their scores."""
ENOUGH = 59
"""From so many parts on, an order statistic alone carries the promise of `PROMISED`."""
PROMISED = 0.05


@dataclass(frozen=True, slots=True)
class Promise:
    """The exact one-sided bound on the false-reject rate at a threshold.

    upper_95 : at most this share of good parts is rejected, with 95 % confidence.
    exceeded : calibration parts at or above the threshold, of n.   sentence : for people.
    """

    upper_95: float
    exceeded: int
    n: int
    sentence: str


def p_value(score: float, scores: Sequence[float]) -> float:
    """Chance that a good part scores this high or higher (split conformal); never below 1/(n+1)."""
    return (1 + sum(s >= score for s in scores)) / (len(scores) + 1)


def upper_bound(exceeded: int, n: int, confidence: float = CONFIDENCE) -> float:
    """Exact one-sided upper bound (Clopper-Pearson) on a rate after `exceeded` of n; 1 for n = 0."""
    from scipy import special

    if n == 0 or exceeded >= n:
        return 1.0
    return float(special.betaincinv(exceeded + 1, n - exceeded, confidence))


def needed_for(rate: float, confidence: float = CONFIDENCE) -> int:
    """Good parts needed, none of them rejected, to bound the false-reject rate by `rate`."""
    return math.ceil(math.log(1 - confidence) / math.log(1 - rate))


def gumbel_point(scores: Sequence[float], probability: float) -> float:
    """Quantile of a Gumbel distribution fitted by moments: largest values of good maps follow it."""
    values = np.asarray(scores, np.float64)
    scale = values.std(ddof=1) * math.sqrt(6) / math.pi if len(values) > 1 else 0.0
    location = values.mean() - np.euler_gamma * scale
    return float(location - scale * math.log(-math.log(probability)))


def from_scores(scores: Sequence[float]) -> Thresholds:
    """T1 and T2 in times the usual from calibration scores in that unit.

    Below 59 parts T2 is the larger of the largest score and the 99 % point of a Gumbel fit; from 59
    on the smallest order statistic whose exact 95 % bound on the exceedance rate is at most 5 %.
    """
    if not scores:
        raise ValueError("thresholds need at least one calibration score")
    ordered = sorted(scores)
    n = len(ordered)
    if n < ENOUGH:
        t2 = max(ordered[-1], gumbel_point(ordered, TAIL_POINT))
    else:
        above = 0
        while upper_bound(above + 1, n) <= PROMISED:
            above += 1
        t2 = ordered[n - 1 - above]
    t1 = min(float(np.quantile(ordered, REVIEW_POINT)), t2)
    # a score equal to T2 is a reject, so the calibration part that sets T2 must stay just below it
    return Thresholds(t1, float(np.nextafter(t2, np.inf)))


def promise(scores: Sequence[float], t2: float) -> Promise:
    """What rejecting at t2 means for good parts, with the exact bound and its basis."""
    n = len(scores)
    exceeded = sum(score >= t2 for score in scores)
    upper = upper_bound(exceeded, n)
    if n == 0:
        text = "No good parts were held out, so nothing can be promised about false rejects."
    else:
        text = (
            f"At most {_percent(upper)} of good parts are rejected "
            f"(95 % confidence, {exceeded} of {n})."
        )
    return Promise(upper, exceeded, n, text)


def _percent(share: float) -> str:
    value = share * 100
    return f"{value:.0f} %" if value >= 10 else f"{value:.1f} %"
