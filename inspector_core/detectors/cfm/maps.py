"""From the distances of Crossmodal Feature Mapping at the judged pixels to a map and a score.

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
from inspector_core.types import Array, BoolArray, FloatArray

Aggregation = Literal["product", "sum", "max", "2d", "3d"]
Blur = Literal["exact", "published"]
Normalising = Literal["none", "published"]
_BOXES = (5, 5, 5, 5, 5, 7, 7, 7)
"""Sides of the published blur's boxes; together a standard deviation of 4.69 pixels."""


def aggregate(
    psi2d: Array, psi3d: Array, how: Aggregation, usual: tuple[float, float] = (1.0, 1.0)
) -> FloatArray:
    """The fused distance of two arrays of any one shape.

    usual : what each is divided by first, such as its high quantile on good parts: the colour distance
    is mostly the larger one, so "max" is that one alone without (published).
    """
    colour = np.asarray(psi2d, np.float32) / np.float32(usual[0])
    shape = np.asarray(psi3d, np.float32) / np.float32(usual[1])
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
    """

    overlap: FloatArray
    pixels: FloatArray
    score: float


def normalised(values: Array) -> Normalised:
    """The published three normalisations of a blurred map (h, w), pixels that are NaN counting as 0.

    The published code divides 0 by 0 for a map without evidence; here it stays zero.
    """
    filled = np.nan_to_num(np.asarray(values, np.float32), nan=0.0)
    positive = filled[filled != 0]
    if not positive.size:
        return Normalised(filled, filled, 0.0)
    level, mean = float(positive.mean()), float(filled.mean())
    return Normalised(
        filled / np.float32(level),
        filled / np.float32(np.sqrt(mean)),
        float(filled.max() / np.sqrt(level)),
    )


def part_score(values: Array, how: Normalising) -> float:
    """Largest value of a blurred map (h, w), or the published score; 0 where nothing was judged."""
    if how == "published":
        return normalised(values).score
    known = values[np.isfinite(values)]
    return float(known.max()) if known.size else 0.0


def strided(pixels: Array, size: tuple[int, int], stride: int) -> Array:
    """Which of the judged pixels (P,) lie on every stride-th row and column: their numbers among them.

    All of them when none does, as with parts smaller than the stride.
    """
    rows, columns = np.divmod(pixels, size[1])
    kept = np.flatnonzero((rows % stride == stride // 2) & (columns % stride == stride // 2))
    return kept if kept.size else np.arange(len(pixels))


def filled_in(values: Array, judged: BoolArray, stride: int) -> FloatArray:
    """(h, w) float32: a map known on a `strided` grid of pixels alone, brought to all judged pixels.

    values : (h, w), NaN where unknown.   Bilinear between the known ones; those that are missing do
    not count, and pixels with no known one around take the nearest.
    """
    from scipy.ndimage import convolve1d, distance_transform_edt

    known = np.isfinite(values)
    tent = 1 - np.abs(np.arange(1 - stride, stride)) / np.float32(stride)
    total, share = np.where(known, values, 0).astype(np.float32), known.astype(np.float32)
    for axis in (0, 1):
        total = convolve1d(total, tent, axis=axis, mode="constant")
        share = convolve1d(share, tent, axis=axis, mode="constant")
    result = np.full(values.shape, np.nan, np.float32)
    near = judged & (share > 1e-6)
    result[near] = total[near] / share[near]
    far = judged & ~near
    if far.any() and known.any():
        index = distance_transform_edt(~known, return_distances=False, return_indices=True)
        result[far] = values[tuple(index[:, far])]
    return result
