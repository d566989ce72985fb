"""From the distances of Crossmodal Feature Mapping at the judged pixels to a map and its published units.

Costanzino et al., CVPR 2024. Both predictions must fail for a place to count, so the two distances are
multiplied; then the map is blurred and its largest value is the part's score. What the published code
(crossmodal-feature-mapping@63288af) does beside the paper, a blur over the border of the part and three
ways to divide by means of the same map, is there for reproducing tables.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from inspector_core.geometry.smoothing import smooth
from inspector_core.types import Array, FloatArray

Aggregation = Literal["product", "sum", "max", "2d", "3d"]
Blur = Literal["exact", "published"]
_BOXES = (5, 5, 5, 5, 5, 7, 7, 7)
"""Sides of the published blur's boxes; together a standard deviation of 4.69 pixels."""


def aggregate(psi2d: Array, psi3d: Array, how: Aggregation) -> FloatArray:
    """The fused distance of two arrays of any one shape.

    The colour distance is mostly the larger one, so "max" is nearly that one alone (as published).
    """
    colour, shape = (np.asarray(values, np.float32) for values in (psi2d, psi3d))
    if how == "product":
        return colour * shape
    if how == "sum":
        return colour + shape
    if how == "max":
        return np.maximum(colour, shape)
    return colour if how == "2d" else shape


def on_grid(values: Array, pixels: Array, size: tuple[int, int]) -> FloatArray:
    """(h, w) float32 map of the values (P,) at row-major pixels (P,), NaN elsewhere."""
    filled = np.full(size[0] * size[1], np.nan, np.float32)
    filled[pixels] = values
    return filled.reshape(size)


def blurred(values: Array, how: Blur, sigma_px: float) -> FloatArray:
    """(h, w) float32 blurred map.

    values : (h, w), NaN where not judged.   "exact" is a Gaussian mean of the judged pixels and leaves
    the others NaN; "published" counts them as zeros, blurs by boxes whatever the sigma, and is finite
    everywhere: evidence fades at the part's border and bleeds over it.
    """
    if how == "exact":
        return smooth(values, np.isfinite(values), sigma_px)
    from scipy.ndimage import convolve1d

    # by sums of each window, for running sums leave traces where the map is zero
    result = np.nan_to_num(values, nan=0.0).astype(np.float64)
    for side in _BOXES:
        for axis in (0, 1):
            result = convolve1d(result, np.full(side, 1 / side), axis=axis, mode="constant")
    return result.astype(np.float32)


@dataclass(frozen=True, slots=True)
class Normalised:
    """One blurred map in the published code's three units; none compares between parts.

    overlap : (h, w) for region overlap, the map by the mean of its values that are not 0.
    pixels : (h, w) for pixel measures, by the root of its mean.   score : of the part.
    level : what `overlap` is divided by.
    """

    overlap: FloatArray
    pixels: FloatArray
    score: float
    level: float


def normalised(values: Array) -> Normalised:
    """The published three normalisations of a blurred map (h, w), pixels that are NaN counting as 0.

    The published code divides 0 by 0 for a map without evidence; here it stays zero.
    """
    filled = np.nan_to_num(np.asarray(values, np.float32), nan=0.0)
    positive = filled[filled != 0]
    if not positive.size:
        return Normalised(filled, filled, 0.0, 1.0)
    level, mean = float(positive.mean()), float(filled.mean())
    return Normalised(
        filled / np.float32(level),
        filled / np.float32(np.sqrt(mean)),
        float(filled.max() / np.sqrt(level)),
        level,
    )
