"""Curves for drawing: per-region overlap, ROC over pixels, ROC over parts, each in few points."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from inspector_core.evaluation.ranking import Ranking
from inspector_core.evaluation.region_overlap import curve, through
from inspector_core.types import Array

MOST_POINTS = 400
_SMALL = 0.05
"""False-positive rates up to here are looked at closely: AUPRO's small limits lie there."""
_CLOSER = 0.2
"""Share of extra points there. With 400 points on a path of length 2.2 a drawn curve lies less than
0.002 beside the true one: between two points it stays in a box of half-perimeter 0.0055."""
_DIGITS = 7

Points = tuple[Array, Array]
"""x and y, (n,) float64 each, neither ever falling, from (0, 0) to (1, 1)."""


@dataclass(frozen=True, slots=True)
class Curves:
    """The curves of one map, x = share of defect-free items at or above a threshold; None = undefined.

    pro : y = mean overlap of annotated regions.   roc : y = share of defect pixels.
    part_roc : over part scores, x and y = shares of good and of bad parts.
    """

    pro: Points | None
    roc: Points | None
    part_roc: Points | None

    def document(self) -> dict[str, Any]:
        """The curves as JSON values."""
        return {
            name: None if points is None else {"fpr": points[0].tolist(), key: points[1].tolist()}
            for name, key, points in (
                ("pro", "pro", self.pro),
                ("roc", "tpr", self.roc),
                ("part_roc", "tpr", self.part_roc),
            )
        }

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Curves:
        """The curves that `document` gave."""

        def points(name: str, key: str) -> Points | None:
            kept = document[name]
            if kept is None:
                return None
            return np.asarray(kept["fpr"], np.float64), np.asarray(kept[key], np.float64)

        return cls(points("pro", "pro"), points("roc", "tpr"), points("part_roc", "tpr"))


def curves(pixels: Ranking, parts: Ranking) -> Curves:
    """Thinned curves of a map's pixels and of its part scores."""
    has_regions = pixels.n_components > 0 and pixels.n_normal > 0
    return Curves(
        pro=thinned(*curve(pixels)) if has_regions else None,
        roc=thinned(*roc(pixels)) if pixels.n_defect and pixels.n_normal else None,
        part_roc=thinned(*roc(parts)) if parts.n_defect and parts.n_normal else None,
    )


def roc(ranking: Ranking) -> Points:
    """False- and true-positive rates, (2K + 2,) float64 each, from (0, 0) to (1, 1)."""
    return through(
        ranking.normal_above / ranking.n_normal,
        ranking.defect_above / ranking.n_defect,
        ranking.normal_reached / ranking.n_normal,
        ranking.defect_reached / ranking.n_defect,
    )


def thinned(x: Array, y: Array, most: int = MOST_POINTS) -> Points:
    """At most so many points on a polygon that never falls; its own corners where they suffice.

    More corners than that: points evenly spaced along x + y, closer for small x.
    """
    moves = np.append(True, (np.diff(x) > 0) | (np.diff(y) > 0))
    x, y = x[moves], y[moves]
    corner = np.ones(len(x), bool)
    corner[1:-1] = ~_straight(x, y)
    x, y = x[corner], y[corner]
    if len(x) > most:
        along = x + y + _CLOSER / _SMALL * np.minimum(x, _SMALL)
        places = np.linspace(along[0], along[-1], most)
        x, y = np.interp(places, along, x), np.interp(places, along, y)
    return np.round(x, _DIGITS), np.round(y, _DIGITS)


def _straight(x: Array, y: Array) -> Array:
    """Inner points that lie on an axis-parallel line with both neighbours."""
    level_x, level_y = np.diff(x) == 0, np.diff(y) == 0
    return np.asarray((level_x[:-1] & level_x[1:]) | (level_y[:-1] & level_y[1:]))
