"""Organised clouds as grids: nearest resize, square cells around the part, holes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from inspector_core.types import Array, FloatArray


def nearest_index(size: int, target: int, *, published: bool = False) -> Array:
    """(target,) source index of each output pixel.

    published : floor(i·size/target), which samples the upper left of each output pixel; otherwise
    its centre, so that pictures resized with centred kernels stay aligned.
    """
    position = np.arange(target, dtype=np.int64)
    if published:
        return np.asarray(position * size // target)
    return np.asarray((2 * position + 1) * size // (2 * target))


def resize_nearest(array: Array, size: tuple[int, int], *, published: bool = False) -> Array:
    """(H, W, ...) to (h, w, ...) without averaging: points stay points that were measured."""
    rows = nearest_index(array.shape[0], size[0], published=published)
    columns = nearest_index(array.shape[1], size[1], published=published)
    return np.asarray(array[rows[:, None], columns])


@dataclass(frozen=True, slots=True)
class Holes:
    """Missing readings on a part: share of its pixels, number of holes, pixels of the largest."""

    share: float
    count: int
    largest_px: int


def holes(valid: Array, foreground: Array) -> Holes:
    """What a scan lacks on the part; 8-neighbours count as one hole.

    valid, foreground : (H, W) bool.
    """
    from scipy.ndimage import label

    missing = foreground & ~valid
    labels, count = label(missing, structure=np.ones((3, 3)))
    areas = np.bincount(labels.ravel(), minlength=1)[1:]
    share = float(missing.sum()) / max(1, int(foreground.sum()))
    return Holes(share, int(count), int(areas.max()) if count else 0)


@dataclass(frozen=True, slots=True)
class CellGrid:
    """Square cells of whole pixels that cover a part; the crop may reach beyond the picture.

    top, left : source pixel of the first cell's corner.   rows, columns : cells.
    cell_px : side of a cell in source pixels.
    """

    top: int
    left: int
    rows: int
    columns: int
    cell_px: int

    @classmethod
    def around(cls, mask: Array, cell_px: int, margin: int = 0) -> CellGrid:
        """The smallest grid around a mask that is not empty, centred on it.

        margin : cells added on each side.
        """
        start, cells = [], []
        for axis in (1, 0):
            inside = np.flatnonzero(mask.any(axis=axis))
            first, length = int(inside[0]), int(inside[-1] - inside[0] + 1)
            n = -(-length // cell_px) + 2 * margin
            start.append(first - (n * cell_px - length) // 2)
            cells.append(n)
        return cls(start[0], start[1], cells[0], cells[1], cell_px)

    @property
    def shape(self) -> tuple[int, int]:
        """(rows, columns) in cells."""
        return self.rows, self.columns

    @property
    def affine(self) -> FloatArray:
        """(2, 3) float32: source (x, y) = affine @ (column, row, 1), all at centres."""
        middle = (self.cell_px - 1) / 2
        return np.array(
            [[self.cell_px, 0, self.left + middle], [0, self.cell_px, self.top + middle]],
            np.float32,
        )

    def crop(self, array: Array, fill: float | bool = 0) -> Array:
        """(H, W, ...) to (rows·cell_px, columns·cell_px, ...), `fill` beyond the picture."""
        height, width = self.rows * self.cell_px, self.columns * self.cell_px
        cut = np.full((height, width, *array.shape[2:]), fill, array.dtype)
        top, left = max(0, self.top), max(0, self.left)
        seen = array[top : max(top, self.top + height), left : max(left, self.left + width)]
        down, right = top - self.top, left - self.left
        cut[down : down + seen.shape[0], right : right + seen.shape[1]] = seen
        return cut

    def mean(self, cropped: Array, weight: Array) -> tuple[FloatArray, FloatArray]:
        """Weighted mean of each cell and its summed weight.

        cropped : (h, w, C) of `crop`, ignored where the weight is 0.   weight : (h, w) >= 0.
        Gives (rows, columns, C) float32, 0 where the weight is 0, and (rows, columns) float32.
        """
        weight = weight.astype(np.float32)
        values = np.where(weight[..., None] > 0, cropped, 0) * weight[..., None]
        share = self._summed(weight)
        total = self._summed(values.astype(np.float32, copy=False))
        mean = np.asarray(total / np.maximum(share, 1e-12)[..., None], np.float32)
        return mean, share

    def _summed(self, cropped: Array) -> FloatArray:
        """Sums over cells; one axis after the other, which numpy does several times faster."""
        _, width, *channels = cropped.shape
        rows = cropped.reshape(self.rows, self.cell_px, width, *channels).sum(axis=1)
        return rows.reshape(self.rows, self.columns, self.cell_px, *channels).sum(axis=2)

    def enlarge(self, cells: Array, shape: tuple[int, int]) -> FloatArray:
        """Cell values to source pixels, bilinear between cell centres; NaN cells are left out.

        cells : (rows, columns), NaN = unknown.   shape : (H, W) of the source.
        Gives (H, W) float32, NaN where no neighbouring cell is known.
        """
        known = np.isfinite(cells)
        filled = np.where(known, cells, 0.0).astype(np.float32)
        down = self._interpolation(shape[0], self.top, self.rows)
        across = self._interpolation(shape[1], self.left, self.columns)
        weight = down @ known.astype(np.float32) @ across.T
        total = down @ filled @ across.T
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.where(weight > 1e-6, total / weight, np.float32(np.nan)).astype(np.float32)

    def _interpolation(self, size: int, start: int, cells: int) -> FloatArray:
        """(size, cells) weights of linear interpolation; beyond the outer centres the outer cell."""
        position = (np.arange(size) - start - (self.cell_px - 1) / 2) / self.cell_px
        position = np.clip(position, 0, cells - 1)
        lower = np.minimum(position.astype(np.int64), max(0, cells - 2))
        share = position - lower
        matrix = np.zeros((size, cells), np.float32)
        row = np.arange(size)
        matrix[row, lower] = 1.0 - share
        if cells > 1:
            matrix[row, lower + 1] = share
        return matrix
