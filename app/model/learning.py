"""What the learn dialog has to know: what can be set, how many parts are learnt from and held out."""

from __future__ import annotations

from inspector_core.decision.calibration import split_parts
from inspector_core.decision.settings import DecisionSettings
from inspector_core.decision.thresholds import needed_for, upper_bound
from inspector_core.detectors.contract import DetectorInfo
from inspector_core.geometry.prepare import PrepareSettings
from inspector_core.settings import Setting, declared
from inspector_core.types import Scan


def settings_of(info: DetectorInfo) -> tuple[Setting, ...]:
    """Everything that can be set for a detector: its own, the preparation's, the decision's."""
    return (*declared(info.settings), *declared(PrepareSettings), *declared(DecisionSettings))


def about_learning(scan: Scan, seed: int) -> str:
    """How many parts are learnt from, how many are held out, and what can be promised with these."""
    split = split_parts(scan, seed)
    n = len(split.calibrate)
    if not split.learn:
        return "This folder holds no good parts to learn from."
    if split.reused:
        return (
            f"{len(split.learn)} good parts are too few to hold any out: every verdict will be "
            "review at best."
        )
    bound = upper_bound(0, n)
    return (
        (
            f"Learns what good looks like from {len(split.learn)} parts and holds {n} out to set the "
            f"limits: no promise below {bound:.0%} false rejects; {needed_for(0.05)} held-out parts "
            "would give 5 %."
        )
        .replace("%", " %")
        .replace("  %", " %")
    )
