"""From the fused map to defects: which regions, how far each reaches, how large it is.

The slider decides which regions are defects; how a given defect is measured does not depend on it
(methods: decision, section 4). So every region is looked up once at the recipe's own T1, with its
extent and measures, and a threshold only selects among them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from inspector_core.decision.score import EIGHT, part_score
from inspector_core.geometry.measure import grown
from inspector_core.types import Array, BoolArray

MERGE_MM = 1.0
"""Regions closer than this are one defect."""
SMALLEST_DEVIATION_MM = 0.1
SPREADS = 3.0
"""The part differs where |deviation| exceeds 0.1 mm and three spreads of the good parts."""
FALLBACK = "fused evidence above T1"
REACH_MM = 3.0
"""An extent stays within this distance of the region, or within the region's own size if larger."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """One part's maps as the search for defects needs them.

    fused, rgb, shape : (H, W) float32 in times the usual, NaN outside the foreground.
    deviation_mm, spread_mm : (H, W) float32 or None.
    pitch : mm per pixel on the part, or None without a cloud.
    """

    fused: Array
    rgb: Array | None
    shape: Array | None
    deviation_mm: Array | None
    spread_mm: Array | None
    pitch: float | None
    minimum_area_px: int

    def cut(self, box: tuple[slice, slice]) -> Evidence:
        """The same within some rows and columns."""
        cut = [
            None if values is None else values[box]
            for values in (self.rgb, self.shape, self.deviation_mm, self.spread_mm)
        ]
        rgb, shape, deviation, spread = cut
        fused = self.fused[box]
        return Evidence(fused, rgb, shape, deviation, spread, self.pitch, self.minimum_area_px)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A region that could be a defect.

    score : its largest value that the minimum area keeps up, times the usual.
    peak_px : (x, y).   core : (H, W) bool, the region itself.   extent : (H, W) bool, where the part
    differs.   rule : how the extent was found.
    """

    score: float
    peak_px: tuple[int, int]
    core: BoolArray
    extent: BoolArray
    rule: str


def regions_above(evidence: Evidence, level: float) -> list[BoolArray]:
    """Masks of the regions with fused >= level, neighbours closer than 1 mm joined."""
    from scipy import ndimage

    above = np.nan_to_num(evidence.fused, nan=-np.inf) >= level
    labels, count = ndimage.label(above, structure=EIGHT)
    if count == 0:
        return []
    areas = np.bincount(labels.ravel(), minlength=count + 1)
    large = areas >= evidence.minimum_area_px
    large[0] = False
    kept = large[labels]
    if not kept.any():
        return []
    gap = max(1, round(MERGE_MM / evidence.pitch / 2)) if evidence.pitch else 1
    groups, n_groups = ndimage.label(grown(kept, gap), structure=EIGHT)
    groups = np.where(kept, groups, 0)
    return [groups == number for number in range(1, n_groups + 1)]


def candidate(evidence: Evidence, region: BoolArray, level: float) -> Candidate:
    """Score, peak and extent of a region found at `level`."""
    box, reach = _surroundings(evidence, region)
    near, here = evidence.cut(box), region[box]
    inside = np.where(here, near.fused, -np.inf)
    row, column = np.unravel_index(int(np.argmax(inside)), inside.shape)
    score = part_score(np.where(here, near.fused, np.nan), evidence.minimum_area_px)
    found, rule = measured_extent(near, here, level, reach)
    extent = np.zeros(region.shape, bool)
    extent[box] = found
    peak = (int(column) + box[1].start, int(row) + box[0].start)
    return Candidate(score, peak, region, extent, rule)


def _surroundings(evidence: Evidence, region: BoolArray) -> tuple[tuple[slice, slice], int]:
    """Rows and columns that a region's extent can reach, and that reach in pixels."""
    rows, columns = (np.flatnonzero(region.any(axis=axis)) for axis in (1, 0))
    size = max(np.ptp(rows), np.ptp(columns)) + 1
    reach = round(max(REACH_MM / evidence.pitch if evidence.pitch else 10.0, size / 2))
    first, last = (
        slice(max(0, int(at[0]) - reach - 1), int(at[-1]) + reach + 2) for at in (rows, columns)
    )
    return (first, last), reach


def measured_extent(
    evidence: Evidence, region: BoolArray, level: float, reach: int
) -> tuple[BoolArray, str]:
    """Connected pixels within reach of the region where the part differs, and the rule that found them.

    By shape where shape reaches the level, otherwise by colour: the deviation in mm is the sharper of
    the two, and good parts deviate by more than 0.1 mm in places that a stain must not follow.
    """
    differs, rule = _differs(evidence, region, level)
    if differs is None:
        return region, FALLBACK
    from scipy import ndimage

    near = differs & grown(region, reach)
    labels, _ = ndimage.label(near, structure=EIGHT)
    touched = np.unique(labels[region & near])
    touched = touched[touched > 0]
    if touched.size == 0:
        return region, FALLBACK
    return np.isin(labels, touched), rule


def _differs(evidence: Evidence, region: BoolArray, level: float) -> tuple[BoolArray | None, str]:
    """(H, W) bool where the part differs in the way that made this region, and the rule; None: unknown."""
    if evidence.deviation_mm is not None and _peak(evidence.shape, region) >= level:
        limit = np.full(region.shape, SMALLEST_DEVIATION_MM, np.float32)
        if evidence.spread_mm is not None:
            limit = np.fmax(limit, SPREADS * evidence.spread_mm)
        differs = np.abs(np.nan_to_num(evidence.deviation_mm)) > limit
        if (differs & region).any():
            return differs, "deviation above 0.1 mm and three spreads of the good parts"
    peak = _peak(evidence.rgb, region)
    if evidence.rgb is not None and peak >= level:
        return (
            np.nan_to_num(evidence.rgb, nan=-np.inf) >= peak / 2,
            "colour evidence above half its peak",
        )
    return None, FALLBACK


def _peak(values: Array | None, region: BoolArray) -> float:
    if values is None:
        return -np.inf
    inside = values[region]
    inside = inside[np.isfinite(inside)]
    return float(inside.max()) if inside.size else -np.inf


def catalogue(evidence: Evidence, level: float) -> list[Candidate]:
    """All candidates at a level, strongest first; those whose extents overlap are one."""
    found = [candidate(evidence, region, level) for region in regions_above(evidence, level)]
    found.sort(key=lambda entry: (-entry.score, entry.peak_px))
    merged: list[Candidate] = []
    for entry in found:
        host = next(
            (k for k, other in enumerate(merged) if (other.extent & entry.extent).any()), None
        )
        if host is None:
            merged.append(entry)
            continue
        other = merged[host]
        rule = other.rule if entry.rule in other.rule else f"{other.rule}; {entry.rule}"
        merged[host] = Candidate(
            other.score, other.peak_px, other.core | entry.core, other.extent | entry.extent, rule
        )
    return merged


def additional(evidence: Evidence, known: list[Candidate], level: float) -> list[Candidate]:
    """Candidates at a lower level that touch none of the known ones."""
    taken = np.zeros(evidence.fused.shape, bool)
    for entry in known:
        taken |= entry.core | entry.extent
    return [
        entry
        for entry in catalogue(evidence, level)
        if not (taken & (entry.core | entry.extent)).any()
    ]
