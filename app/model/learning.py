"""What the learn dialog has to know: what can be set, how many parts are learnt from and held out."""

from __future__ import annotations

from dataclasses import replace

from app.model.weights import FREE_CHOICE, looking
from inspector_core.decision.calibration import split_parts
from inspector_core.decision.settings import DecisionSettings
from inspector_core.decision.thresholds import needed_for, upper_bound
from inspector_core.detectors.contract import DetectorInfo
from inspector_core.geometry.prepare import PrepareSettings
from inspector_core.settings import Setting, declared
from inspector_core.types import Scan

BACKBONE = "backbone"
"""Setting that names a detector's pretrained network."""
HELD_OUT, IN_TURN = (
    next(entry for entry in declared(DecisionSettings) if entry.name == name)
    for name in ("held_out", "in_turn")
)


def settings_of(info: DetectorInfo | None) -> tuple[tuple[str, tuple[Setting, ...]], ...]:
    """Everything that can be set for a detector, in groups: its own, the preparation's, the decision's.

    info : None where the detector is still to be chosen, which leaves the other two groups.
    """
    shared = (
        ("Preparation of the parts", declared(PrepareSettings)),
        ("Defects and limits", declared(DecisionSettings)),
    )
    if info is None:
        return shared
    own = tuple(_with_networks(entry, info) for entry in declared(info.settings))
    return (("Detector", own), *shared)


def _with_networks(entry: Setting, info: DetectorInfo) -> Setting:
    """The choice of a pretrained network offers those that the detector can look through."""
    if entry.name != BACKBONE or not info.weights:
        return entry
    return replace(entry, choices=(FREE_CHOICE, *looking(info)))


def about_learning(scan: Scan, seed: int, held_out: float, *, in_turn: bool) -> str:
    """How many parts are learnt from, how many are held out, and what can be promised with these.

    held_out : share of the good parts, where the folder does not hold some out by itself.
    in_turn : the detector holds out one after the other instead.
    """
    split = split_parts(scan, seed, held_out, in_turn=in_turn)
    n = len(split.calibrate)
    if not split.learn:
        return "This folder holds no good parts to learn from."
    if split.reused and held_out <= 0:
        return (
            f"Learns from all {len(split.learn)} good parts and holds none out: every verdict will "
            "be review at best."
        )
    if split.reused:
        return (
            f"{len(split.learn)} good parts are too few to hold any out: every verdict will be "
            "review at best."
        )
    bound = upper_bound(0, n)
    held = f"{n} out, each in its turn," if split.in_turn else f"{n} out"
    return (
        (
            f"Learns what good looks like from {len(split.learn)} parts and holds {held} to set the "
            f"limits: no promise below {bound:.0%} false rejects; {needed_for(0.05)} held-out parts "
            "would give 5 %."
        )
        .replace("%", " %")
        .replace("  %", " %")
    )
