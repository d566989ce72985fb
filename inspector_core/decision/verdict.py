"""The one function from a score to a word."""

from __future__ import annotations

from inspector_core.types import Calibration, Thresholds, Verdict

FEWEST = 5
"""Below so many good parts nothing is accepted: every verdict is at best `review`."""


def verdict_of(score: float, thresholds: Thresholds, *, trusted: bool = True) -> Verdict:
    """reject from T2 on, review from T1 on, else accept (review while too little was learnt).

    trusted : False when the recipe rests on fewer than five good parts.
    """
    if score >= thresholds.t2:
        return Verdict.REJECT
    if score >= thresholds.t1 or not trusted:
        return Verdict.REVIEW
    return Verdict.ACCEPT


def is_trusted(calibration: Calibration, learnt: int) -> bool:
    """Whether enough good parts stand behind a recipe to accept anything."""
    return bool(calibration.scores) and learnt + len(calibration.scores) >= FEWEST
