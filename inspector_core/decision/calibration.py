"""Which good parts are held out, and what their maps say about a detector."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from inspector_core.decision.score import part_score
from inspector_core.decision.thresholds import from_scores
from inspector_core.types import EMPTY, AnomalyMaps, Calibration, SampleRef, Scan, Thresholds

FEWEST, MOST = 5, 60


@dataclass(frozen=True, slots=True)
class Split:
    """Good parts to learn from and good parts to calibrate with, disjoint where there are enough.

    reused : True when the same parts serve for both: too few, or so asked.
    in_turn : True when those to calibrate with are learnt from too, and each is to be judged as if it
    had not been.
    """

    learn: tuple[SampleRef, ...]
    calibrate: tuple[SampleRef, ...]
    reused: bool = False
    in_turn: bool = False


def split_parts(
    scan: Scan, seed: int = 0, held_out: float = 0.2, *, in_turn: bool = False
) -> Split:
    """The folder's own validation/good, otherwise a seeded share of the good parts (5 to 60).

    in_turn : not a share is held out, but up to 60 of all one after the other.
    Only parts labelled good take part. Below five good parts, and
    with held_out = 0, all are used for both.
    """
    held = scan.select("validation", good=True)
    learn = scan.select("train", good=True)
    if held and learn:
        return Split(learn, held)
    good = learn or scan.select(good=True)
    if len(good) < FEWEST or held_out <= 0:
        return Split(good, good, reused=True)
    if in_turn:
        return Split(good, _by_lot(good, min(MOST, len(good)), seed), in_turn=True)
    count = min(max(FEWEST, round(held_out * len(good))), MOST, len(good) // 2)
    held = _by_lot(good, count, seed)
    return Split(tuple(ref for ref in good if ref not in held), held)


def _by_lot(good: Sequence[SampleRef], count: int, seed: int) -> tuple[SampleRef, ...]:
    """So many of the parts, in their order."""
    order = np.random.Generator(np.random.PCG64(seed)).permutation(len(good))
    return tuple(good[index] for index in sorted(order[:count].tolist()))


def raw_scores(maps: AnomalyMaps, minimum_area_px: int) -> dict[str, float]:
    """Modality to the part's largest raw value by the area rule."""
    return {
        name: part_score(values, minimum_area_px)
        for name in ("rgb", "shape", "fused")
        if (values := maps.get(name)) is not None
    }


def usual_of(scores: Sequence[Mapping[str, float]], modality: str) -> float:
    """The raw value that counts as 1.0: the median over the calibration parts.

    A detector that sees nothing at all in good parts has the usual 1.0, so that its raw values stay.
    """
    values = [entry[modality] for entry in scores if modality in entry]
    usual = float(np.median(values)) if values else 1.0
    return usual if usual > 0 else 1.0


def calibrate(
    parts: Sequence[str],
    fused: Sequence[float],
    usual: Mapping[str, float],
    minimum_area_px: int,
    evidence: Mapping[str, Any] = EMPTY,
    *,
    in_turn: bool = False,
) -> Calibration:
    """Calibration from the raw fused scores of held-out good parts."""
    scores = tuple(float(value / usual["fused"]) for value in fused)
    thresholds = from_scores(scores) if scores else Thresholds(1.0, 1.0)
    return Calibration(
        dict(usual), tuple(parts), scores, thresholds, minimum_area_px, evidence, in_turn
    )
