"""What each part adds to the curve of one map, at few cuts: all that resampling parts needs.

A replicate draws parts again; its curve is a weighted sum over the rows of these tables.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from inspector_core.evaluation.pixels import PartPixels
from inspector_core.evaluation.ranking import Ranking, rank
from inspector_core.evaluation.region_overlap import LIMITS, area_up_to, through
from inspector_core.types import Array

POINTS = 2000
"""Cuts of the curve that replicates are computed on. They lie evenly in PRO, so an area is off by at
most 1 / (2 * POINTS)."""
_BLOCK_VALUES = 1 << 18
"""So many numbers of replicates are worked on at once."""


@dataclass(frozen=True, slots=True)
class Shares:
    """Per part and cut, what lies above the cut and at or above it; cuts descend.

    ids : the n parts.   n_normal : (n,) defect-free pixels.   n_components : (n,) annotated regions.
    normal_above, normal_reached : (n, K) defect-free pixels.
    overlap_above, overlap_reached : (n, K) summed shares of the part's regions.
    float64, or `compact`.
    """

    ids: tuple[str, ...]
    n_normal: Array
    n_components: Array
    normal_above: Array
    normal_reached: Array
    overlap_above: Array
    overlap_reached: Array

    def only(self, ids: Sequence[str]) -> Shares:
        """These parts alone, in this order."""
        if tuple(ids) == self.ids:
            return self
        place = {part: at for at, part in enumerate(self.ids)}
        order = np.array([place[part] for part in ids], int)
        return Shares(
            tuple(ids),
            self.n_normal[order],
            self.n_components[order],
            self.normal_above[order],
            self.normal_reached[order],
            self.overlap_above[order],
            self.overlap_reached[order],
        )

    def compact(self) -> Shares:
        """The same in half the memory: counts as uint32, overlaps as float32."""
        return Shares(
            self.ids,
            self.n_normal,
            self.n_components,
            self.normal_above.astype(np.uint32),
            self.normal_reached.astype(np.uint32),
            self.overlap_above.astype(np.float32),
            self.overlap_reached.astype(np.float32),
        )


def shares(
    parts: Sequence[PartPixels],
    ids: Sequence[str],
    ranking: Ranking,
    lowest: float,
    points: int = POINTS,
) -> Shares:
    """The tables of these parts; exact while there are no more than `points` cuts.

    ranking : of all these parts together.   lowest : what pixels without a score are worth.
    """
    cuts = _thinned(ranking, points)
    tables = [rank(part, cuts, lowest) for part in parts]

    def stacked(name: str) -> Array:
        rows = [getattr(table, name) for table in tables]
        return np.array(rows, np.float64).reshape(len(rows), len(cuts))

    return Shares(
        ids=tuple(ids),
        n_normal=np.array([float(table.n_normal) for table in tables]),
        n_components=np.array([float(table.n_components) for table in tables]),
        normal_above=stacked("normal_above"),
        normal_reached=stacked("normal_reached"),
        overlap_above=stacked("overlap_above"),
        overlap_reached=stacked("overlap_reached"),
    )


def _thinned(ranking: Ranking, points: int) -> Array:
    """At most about `points` of the cuts, evenly spaced in PRO; all of them where there are fewer."""
    if len(ranking.cuts) <= points:
        return ranking.cuts
    wanted = np.linspace(0.0, ranking.overlap_reached[-1], points)
    at = np.minimum(np.searchsorted(ranking.overlap_reached, wanted), len(ranking.cuts) - 1)
    return np.asarray(ranking.cuts[np.unique(at)])


def aupro_replicates(table: Shares, drawn: Array, limits: Sequence[float] = LIMITS) -> Array:
    """(B, len(limits)) AUPRO with the parts weighted by these multiplicities (B, n).

    NaN where a replicate drew no part with an annotated region.
    """
    columns = [
        np.asarray(column, np.float64)
        for column in (
            table.normal_above,
            table.overlap_above,
            table.normal_reached,
            table.overlap_reached,
        )
    ]
    areas = np.full((len(drawn), len(limits)), np.nan)
    block = max(1, _BLOCK_VALUES // max(1, columns[0].shape[1]))
    for start in range(0, len(drawn), block):
        weight = drawn[start : start + block].astype(np.float64)
        totals = [
            (weight @ np.asarray(n, np.float64))[:, None]
            for n in (table.n_normal, table.n_components)
        ]
        usable = (totals[0][:, 0] > 0) & (totals[1][:, 0] > 0)
        x_above, y_above, x_reached, y_reached = (
            weight[usable] @ column / totals[index % 2][usable]
            for index, column in enumerate(columns)
        )
        x, y = through(x_above, y_above, x_reached, y_reached)
        for at, limit in enumerate(limits):
            areas[start : start + block][usable, at] = area_up_to(x, y, limit)
    return areas
