"""How noisy a map is around each pixel, against what is usual for it.

A part that lies a little differently, or whose surface is rougher than that of others, raises a whole
map; a defect raises a small piece of it. So a map's values count relative to the level around them.
"""

from __future__ import annotations

import numpy as np

from inspector_core.types import Array, FloatArray

REACH = 0.2
"""Sigma of the surroundings, as a share of the part's longer side: wider than defects."""
CUT = 0.9
"""Values above this quantile of the part count as this quantile, so that no defect makes a level."""
LIMITS = (0.5, 2.0)
"""A map is at most halved or doubled: a defect as large as the part must still be seen."""
_CELLS = 4.0
"""The level is computed on cells of so many to a sigma."""


def level(values: Array) -> FloatArray:
    """(H, W) float32 mean of a map around each pixel, its highest tenth cut off.

    values : (H, W) float, NaN = not part of the map; these are NaN in the level too.
    """
    from scipy.ndimage import gaussian_filter

    known = np.isfinite(values)
    result = np.full(values.shape, np.nan, np.float32)
    if not known.any():
        return result
    rows, columns = (np.flatnonzero(known.any(axis=axis)) for axis in (1, 0))
    box = (slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1))
    inside = known[box]
    cut = np.minimum(np.where(inside, values[box], 0), np.quantile(values[known], CUT))
    sigma = REACH * max(inside.shape)
    side = max(1, round(sigma / _CELLS))
    total, count = (_cells(each, side) for each in (np.where(inside, cut, 0), inside))
    mean = gaussian_filter(total, sigma / side, mode="constant") / np.maximum(
        gaussian_filter(count, sigma / side, mode="constant"), np.float32(1e-6)
    )
    height, width = inside.shape
    spread = _between(height, mean.shape[0], side) @ mean @ _between(width, mean.shape[1], side).T
    result[box] = np.where(inside, spread, np.nan)
    return result


def usual_level(levels: Array) -> float:
    """The level of one part as a number: the median over its pixels; 0 without any."""
    known = levels[np.isfinite(levels)]
    return float(np.median(known)) if known.size else 0.0


def steadied(values: Array, usual: float) -> FloatArray:
    """A map divided by its level in units of the usual one; as it is where nothing is usual.

    values : (H, W) float, NaN = not part of the map.   usual : the level of good parts.
    """
    return relative(values, level(values), usual)


def relative(values: Array, levels: Array, usual: float) -> FloatArray:
    """Values divided by their levels in units of the usual one, within the limits."""
    if usual <= 0:
        return np.asarray(values, np.float32)
    return np.asarray(values / np.clip(levels / np.float32(usual), *LIMITS), np.float32)


def _cells(values: Array, side: int) -> FloatArray:
    """(H, W) to sums over squares of side x side pixels."""
    height, width = (-(-size // side) for size in values.shape)
    padded = np.zeros((height * side, width * side), np.float32)
    padded[: values.shape[0], : values.shape[1]] = values
    return np.asarray(padded.reshape(height, side, width, side).sum(axis=(1, 3)), np.float32)


def _between(size: int, cells: int, side: int) -> FloatArray:
    """(size, cells) weights that carry cells to pixels, straight between their centres."""
    place = np.clip((np.arange(size) + 0.5) / side - 0.5, 0, cells - 1)
    first = np.minimum(place.astype(int), max(cells - 2, 0))
    weights = np.zeros((size, cells), np.float32)
    weights[np.arange(size), first] = 1 - (place - first)
    weights[np.arange(size), np.minimum(first + 1, cells - 1)] += place - first
    return weights
