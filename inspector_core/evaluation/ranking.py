"""How anomalous and normal scores interleave: one table from which every rank metric follows.

All curves change slope only at scores of anomalous pixels, so a row per distinct anomalous score
holds the exact curve, however many defect-free pixels there are, and none of them need be sorted
together. Memory: 40 bytes a row. The same table serves parts (`of_scores`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from inspector_core.evaluation.pixels import PartPixels
from inspector_core.types import Array


@dataclass(frozen=True, slots=True)
class Ranking:
    """Counts at descending cut values; ties enter together.

    cuts : (K,) distinct values, descending.
    normal_above, normal_reached : (K,) int64, normal items above the cut, at or above it.
    defect_above, defect_reached : (K,) int64, anomalous items likewise.
    overlap_above, overlap_reached : (K,) float64, their summed weights (1 / component size).
    n_normal, n_defect, n_components : totals.
    """

    cuts: Array
    normal_above: Array
    normal_reached: Array
    defect_above: Array
    defect_reached: Array
    overlap_above: Array
    overlap_reached: Array
    n_normal: int
    n_defect: int
    n_components: int

    def __add__(self, other: Ranking) -> Ranking:
        """Two sets of images pooled; both hold the same cuts."""
        return Ranking(
            self.cuts,
            self.normal_above + other.normal_above,
            self.normal_reached + other.normal_reached,
            self.defect_above + other.defect_above,
            self.defect_reached + other.defect_reached,
            self.overlap_above + other.overlap_above,
            self.overlap_reached + other.overlap_reached,
            self.n_normal + other.n_normal,
            self.n_defect + other.n_defect,
            self.n_components + other.n_components,
        )

    def at_own_cuts(self) -> Ranking:
        """Without the cuts that are no score of an anomalous item of its own."""
        own = self.defect_reached > self.defect_above
        return Ranking(
            self.cuts[own],
            self.normal_above[own],
            self.normal_reached[own],
            self.defect_above[own],
            self.defect_reached[own],
            self.overlap_above[own],
            self.overlap_reached[own],
            self.n_normal,
            self.n_defect,
            self.n_components,
        )


def defect_values(parts: Iterable[PartPixels], lowest: float) -> Array:
    """(K,) float32 distinct scores of defect pixels, descending; those without one count as lowest."""
    scores = [part.defect for part in parts if len(part.defect)]
    if not scores:
        return np.empty(0, np.float32)
    distinct = np.unique(np.concatenate([np.unique(values) for values in scores]))
    return np.unique(np.maximum(distinct, np.float32(lowest)))[::-1]


def rank(part: PartPixels, cuts: Array, lowest: float) -> Ranking:
    """One part's counts at the cuts (descending); pixels without a score lie at `lowest`."""
    rising = cuts[::-1]
    defect = np.maximum(part.defect, part.defect.dtype.type(lowest))
    first_reached, first_above = (places[::-1] for places in _places(defect, rising))
    normal_reached, normal_above = (
        len(part.normal) - places[::-1] for places in _places(part.normal, rising)
    )
    # summed from the top down, so that a cut's weight never depends on what lies below it
    weight = np.concatenate([np.cumsum(part.weight[::-1])[::-1], [0.0]])
    return Ranking(
        cuts,
        normal_above + np.where(cuts < lowest, part.normal_outside, 0),
        normal_reached + np.where(cuts <= lowest, part.normal_outside, 0),
        len(defect) - first_above,
        len(defect) - first_reached,
        weight[first_above],
        weight[first_reached],
        part.n_normal,
        len(defect),
        part.n_components,
    )


def _places(values: Array, rising: Array) -> tuple[Array, Array]:
    """Where each wanted value begins and ends among ascending values; ends are searched for ties only."""
    begin = np.searchsorted(values, rising, "left")
    end = begin.copy()
    inside = np.flatnonzero(begin < len(values))
    tied = inside[values[begin[inside]] == rising[inside]]
    end[tied] = np.searchsorted(values, rising[tied], "right")
    return begin, end


def joined(parts: Sequence[PartPixels]) -> PartPixels:
    """Several parts' pixels as if they were one picture."""
    if len(parts) == 1:
        return parts[0]
    normal = np.concatenate([part.normal for part in parts])
    normal.sort()
    defect = np.concatenate([part.defect for part in parts])
    order = np.argsort(defect, kind="stable")
    return PartPixels(
        normal=normal,
        normal_outside=sum(part.normal_outside for part in parts),
        defect=defect[order],
        weight=np.concatenate([part.weight for part in parts])[order],
        n_components=sum(part.n_components for part in parts),
    )


def pooled(parts: Sequence[PartPixels], lowest: float | None = None) -> Ranking:
    """The exact ranking of all parts' pixels together.

    lowest : what pixels without a score are worth; None = the lowest score of these parts.
    """
    floor = lowest_of(parts) if lowest is None else lowest
    cuts = defect_values(parts, floor)
    return sum((rank(part, cuts, floor) for part in parts), start=empty(cuts))


def lowest_of(parts: Iterable[PartPixels]) -> float:
    """The lowest score that any pixel of these parts was given, 0 when none was."""
    lowest = min((part.lowest for part in parts), default=float("inf"))
    return lowest if np.isfinite(lowest) else 0.0


def empty(cuts: Array) -> Ranking:
    """The ranking of no pixels at all, to add to."""
    count = np.zeros(len(cuts), np.int64)
    weight = np.zeros(len(cuts), np.float64)
    return Ranking(cuts, count, count, count, count, weight, weight, 0, 0, 0)


def of_scores(good: Sequence[float], bad: Sequence[float]) -> Ranking:
    """The ranking of whole parts by their score; each bad part is its own component."""
    bad_scores = np.sort(np.asarray(bad, np.float64))
    part = PartPixels(
        normal=np.sort(np.asarray(good, np.float64)),
        normal_outside=0,
        defect=bad_scores,
        weight=np.ones(len(bad_scores)),
        n_components=len(bad_scores),
    )
    return pooled([part], lowest=float("-inf"))
