"""Bilinear look-up of many images at the same fractional positions, and broad blurs at low cost."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from inspector_core.types import Array, FloatArray


@dataclass(frozen=True, slots=True)
class Positions:
    """Fractional positions in images of one size, ready for repeated look-up.

    Many times faster than scipy's general interpolation when several images share the positions.
    """

    _shape: tuple[int, int]
    _corner: Array
    _down: Array
    _across: Array

    @classmethod
    def at(cls, rows: Array, columns: Array, shape: tuple[int, int]) -> Positions:
        """rows, columns : any equal shape, float; positions off the image count as its border."""
        height, width = max(2, shape[0]), max(2, shape[1])
        row = np.clip(rows, 0, shape[0] - 1, dtype=np.float32)
        column = np.clip(columns, 0, shape[1] - 1, dtype=np.float32)
        # one short of the border, so that every corner has a neighbour below and to the right
        top = np.minimum(row.astype(np.intp), height - 2)
        left = np.minimum(column.astype(np.intp), width - 2)
        row -= top
        column -= left
        top *= width
        top += left
        return cls(shape, top, row, column)

    def __call__(self, image: Array) -> FloatArray:
        """The image (H, W), finite, at the positions; float32."""
        height, width = self._shape
        short = (0, max(0, 2 - height)), (0, max(0, 2 - width))
        whole = np.pad(image, short, mode="edge") if short != ((0, 0), (0, 0)) else image
        width = whole.shape[1]
        flat = np.ascontiguousarray(whole, np.float32).ravel()
        upper = flat[self._corner]
        upper += self._across * (flat[1:][self._corner] - upper)
        lower = flat[width:][self._corner]
        lower += self._across * (flat[width + 1 :][self._corner] - lower)
        lower -= upper
        lower *= self._down
        lower += upper
        return np.asarray(lower)


@dataclass(frozen=True, slots=True)
class Crossing:
    """Fractional rows that all cross the same fractional columns, ready for repeated look-up.

    Gives what `Positions` gives at every crossing, at a fraction of the cost.
    """

    _rows: tuple[Array, Array, Array]
    _columns: tuple[Array, Array, Array]

    @classmethod
    def at(cls, rows: Array, columns: Array, shape: tuple[int, int]) -> Crossing:
        """rows (h,), columns (w,) : float; positions off the image count as its border."""
        return cls(_along(rows, shape[0]), _along(columns, shape[1]))

    def __call__(self, images: Array) -> FloatArray:
        """(..., h, w) float32 of images (..., H, W), finite."""
        before, after, share = self._columns
        images = np.asarray(images, np.float32)
        # all places are inside: "clip" only spares the check
        left = images.take(before, axis=-1, mode="clip")
        across = images.take(after, axis=-1, mode="clip")
        _mix(left, across, share)
        before, after, share = self._rows
        upper, lower = across.take(before, axis=-2), across.take(after, axis=-2)
        _mix(upper, lower, share[:, None])
        return lower


def _along(positions: Array, size: int) -> tuple[Array, Array, Array]:
    """Whole places before and after each position along one axis, and how far it is between them."""
    place = np.clip(positions, 0, size - 1, dtype=np.float32)
    before = np.minimum(place.astype(np.intp), max(2, size) - 2)
    place -= before
    return before, np.minimum(before + 1, size - 1), place


def _mix(first: Array, second: Array, share: Array) -> None:
    """The second becomes the mixture of both that has this share of it."""
    second -= first
    second *= share
    second += first


def broad_blur(image: Array, sigma: float, block: int = 4) -> FloatArray:
    """Gaussian blur (H, W) with a sigma of at least two blocks, worked out on blocks of cells.

    Beyond the image counts as zero, so that image · weight and weight stay comparable.
    """
    from scipy.ndimage import gaussian_filter

    height, width = image.shape
    tall, wide = -(-height // block) * block, -(-width // block) * block
    padded = np.zeros((tall, wide), np.float32)
    padded[:height, :width] = image
    # one axis after the other, which numpy does several times faster
    small = padded.reshape(tall // block, block, wide).sum(axis=1)
    small = small.reshape(tall // block, wide // block, block).sum(axis=2)
    small *= np.float32(1 / block**2)
    small = gaussian_filter(small, sigma / block, mode="constant", truncate=3.0)
    shift = (block - 1) / 2
    rows = (np.arange(height, dtype=np.float32) - shift) / block
    columns = (np.arange(width, dtype=np.float32) - shift) / block
    return Crossing.at(rows, columns, small.shape)(small)
