"""The one function from a score to a word."""

from __future__ import annotations

from collections.abc import Iterable

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


def reservation(seen: Iterable[str], judged: Iterable[str]) -> str:
    """Why a part is accepted by nobody although nothing speaks against it, or empty.

    seen : modalities that this part was scored in ("rgb", "shape"; others are ignored).
    judged : those that the recipe's calibration parts were scored in.
    """
    unseen = set(judged) - set(seen)
    if "shape" in unseen:
        return "judged by colour alone: the part has no cloud"
    if "rgb" in unseen:
        return "judged by shape alone: the part has no picture"
    return ""


def is_trusted(calibration: Calibration, learnt: Iterable[str]) -> bool:
    """Whether enough good parts stand behind a recipe to accept anything.

    learnt : ids of the parts learnt from. Limits set by the learnt parts themselves promise nothing,
    unless each was judged as if it had not been learnt.
    """
    own, held = set(learnt), set(calibration.parts)
    apart = calibration.in_turn or not own & held
    return bool(calibration.scores) and apart and len(own | held) >= FEWEST
