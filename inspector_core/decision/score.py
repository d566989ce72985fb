"""A part's score: the largest value that a region of the minimum area keeps up."""

from __future__ import annotations

import math

import numpy as np

from inspector_core.types import Array

EIGHT = np.ones((3, 3), bool)
"""Neighbourhood of regions: 8-connected everywhere in the program."""


def part_score(values: Array, minimum_area_px: int = 9) -> float:
    """Largest t for which {values >= t} holds an 8-connected region of the minimum area.

    values : (H, W) float, NaN = not part of the map.
    Exact. Falls back to the lowest finite value when fewer finite pixels than that exist, and to 0
    when there are none. A map's maximum would let one stray pixel decide about a part.
    """
    from scipy import ndimage

    filled = np.where(np.isfinite(values), values, -np.inf)
    finite = filled[filled > -np.inf]
    if finite.size == 0:
        return 0.0
    if finite.size <= minimum_area_px:
        return float(finite.min())
    # a full k x k block is one way to reach the area, so its best minimum bounds the answer from
    # below; the n-th largest value bounds it from above
    block = math.ceil(math.sqrt(minimum_area_px))
    low = ndimage.minimum_filter(filled, size=block, mode="constant", cval=-np.inf).max()
    high = np.partition(finite, finite.size - minimum_area_px)[finite.size - minimum_area_px]
    candidates = np.unique(finite[(finite >= low) & (finite <= high)])
    if low > -np.inf:
        rows, columns = np.nonzero(filled >= low)
        filled = filled[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]
    first, last = 0, len(candidates) - 1
    if not _holds(filled >= candidates[0], minimum_area_px):
        return float(finite.min())
    while first < last:
        middle = (first + last + 1) // 2
        if _holds(filled >= candidates[middle], minimum_area_px):
            first = middle
        else:
            last = middle - 1
    return float(candidates[first])


def _holds(mask: Array, minimum_area_px: int) -> bool:
    from scipy import ndimage

    labels, count = ndimage.label(mask, structure=EIGHT)
    return count > 0 and int(np.bincount(labels.ravel())[1:].max()) >= minimum_area_px
