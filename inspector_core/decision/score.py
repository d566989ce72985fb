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
    known = np.isfinite(values)
    rows, columns = np.flatnonzero(known.any(axis=1)), np.flatnonzero(known.any(axis=0))
    if rows.size == 0:
        return 0.0
    box = np.s_[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    filled = np.where(known[box], values[box], -np.inf)
    finite = filled[filled > -np.inf]
    if finite.size <= minimum_area_px:
        return float(finite.min())
    # a full k x k block is one way to reach the area, so its best minimum bounds the answer from
    # below; the n-th largest value bounds it from above
    block = math.ceil(math.sqrt(minimum_area_px))
    low = _largest_minimum(filled, block)
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


def _largest_minimum(values: Array, block: int) -> float:
    """The largest value that a square block of so many values a side keeps up; -inf where none fits."""
    for axis in (0, 1):
        count = values.shape[axis] - block + 1
        if count < 1:
            return -math.inf
        lines = np.moveaxis(values, axis, 0)
        least = lines[:count].copy()
        for step in range(1, block):
            np.minimum(least, lines[step : step + count], out=least)
        values = np.moveaxis(least, 0, axis)
    return float(values.max())


def _holds(mask: Array, minimum_area_px: int) -> bool:
    from scipy import ndimage

    labels, count = ndimage.label(mask, structure=EIGHT)
    return count > 0 and int(np.bincount(labels.ravel())[1:].max()) >= minimum_area_px
