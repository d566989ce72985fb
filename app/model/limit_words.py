"""What the limits in force mean, in sentences."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape

from app.model.part_list import display_name
from app.model.session import Session
from app.model.thresholds import ThresholdModel
from inspector_core.decision.thresholds import CONFIDENCE, ENOUGH
from inspector_core.types import Verdict

_NAMED = 3
"""Parts named in a sentence; the rest is counted."""


@dataclass(frozen=True, slots=True)
class LimitWords:
    """Rich text for the panel.

    promise : what T2 does to good parts.   changes : parts whose verdict differs from the recipe's.
    report : what a report would say now.   mark : "Preview" or "Provisional" with its reason, or empty.
    """

    promise: str
    changes: str
    report: str
    mark: str
    mark_reason: str


def limit_words(session: Session, limits: ThresholdModel) -> LimitWords:
    """The sentences for the limits in force."""
    return LimitWords(_promise(limits), _changes(session, limits), _report(limits), *_mark(limits))


def percent(share: float) -> str:
    """ "7.2 %", "31 %": two significant digits."""
    value = share * 100
    return f"{value:.0f} %" if value >= 10 else f"{value:.1f} %"


def _promise(limits: ThresholdModel) -> str:
    promise = limits.promise()
    if promise is None:
        return ""
    if promise.n == 0:
        return promise.sentence
    basis = f"({CONFIDENCE:.0%} confidence, {promise.exceeded} of {promise.n})".replace("%", " %")
    return f"With T2 here, <b>at most {percent(promise.upper_95)}</b> of good parts are rejected {basis}."


def _changes(session: Session, limits: ThresholdModel) -> str:
    changed = limits.changes()
    if not changed:
        return ""
    refs = [ref for name in changed[:_NAMED] if (ref := session.ref(name)) is not None]
    names = ", ".join(escape(display_name(ref)) for ref in refs)
    more = f" and {len(changed) - _NAMED} more" if len(changed) > _NAMED else ""
    if len(changed) == 1:
        return f"<b>1 part</b> changes: {names}."
    return f"<b>{len(changed)} parts</b> change: {names}{more}."


def _report(limits: ThresholdModel) -> str:
    counts = limits.counts()
    words = [
        f"{counts[verdict]:,} {verdict.replace('_', ' ')}"
        for verdict in (Verdict.REJECT, Verdict.REVIEW, Verdict.ACCEPT, Verdict.NOT_INSPECTED)
        if counts[verdict] or verdict is not Verdict.NOT_INSPECTED
    ]
    return f"A report now: {', '.join(words)}." if sum(counts.values()) else ""


def _mark(limits: ThresholdModel) -> tuple[str, str]:
    calibration = limits.calibration
    if calibration is None:
        return "", ""
    if limits.is_preview:
        return "Preview", "The promise holds for limits fixed before looking at the parts."
    n = len(calibration.scores)
    if limits.is_provisional:
        return "Provisional", f"{n} good parts were held out; 20 make the limits firm."
    if n < ENOUGH:
        return "", f"{ENOUGH - n} more good parts would show 5 %."
    return "", ""
