"""A surface as heights on a square grid, and signed distances of points from it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np

from inspector_core.geometry.stacks import Ticks, median_of
from inspector_core.types import Array, BoolArray, FloatArray

REACH = 2
"""The nearest cell is sought within this many cells sideways."""
_NOWHERE = np.float32(1e4)
_AGREE_MM = 0.5
_CHUNK = 1 << 12


def filled(values: Array) -> FloatArray:
    """The same (H, W) with every NaN replaced by the nearest known value; zeros if nothing is."""
    from scipy.ndimage import distance_transform_edt

    unknown = ~np.isfinite(values)
    if unknown.all():
        return np.zeros(values.shape, np.float32)
    if not unknown.any():
        return values.astype(np.float32)
    nearest = distance_transform_edt(unknown, return_distances=False, return_indices=True)
    return np.asarray(values[tuple(nearest)], np.float32)


@dataclass(frozen=True, slots=True)
class Lattice:
    """Where the cells lie: the centre of cell (row, column) is (x0 + column·cell, y0 + row·cell)."""

    x0: float
    y0: float
    cell: float
    shape: tuple[int, int]

    @classmethod
    def around(cls, low: Array, high: Array, cell: float, margin: float) -> Lattice:
        """Covers x, y from low (2,) to high (2,) with a margin, all in mm."""
        start = np.asarray(low, float) - margin
        count = np.ceil((np.asarray(high, float) + margin - start) / cell).astype(int) + 1
        return cls(float(start[0]), float(start[1]), cell, (int(count[1]), int(count[0])))

    def rows(self, y: Array) -> Array:
        """Fractional row of y in mm."""
        return (y - np.float32(self.y0)) / np.float32(self.cell)

    def columns(self, x: Array) -> Array:
        """Fractional column of x in mm."""
        return (x - np.float32(self.x0)) / np.float32(self.cell)

    def centres(self) -> tuple[FloatArray, FloatArray]:
        """x (W,) and y (H,) of the cell centres."""
        height, width = self.shape
        x = (self.x0 + self.cell * np.arange(width)).astype(np.float32)
        return x, (self.y0 + self.cell * np.arange(height)).astype(np.float32)

    def cells(self, points: Array) -> tuple[Array, BoolArray]:
        """Flat cell number of each point (N, >=2) and whether it lies on the lattice at all."""
        column = np.rint(self.columns(points[:, 0])).astype(np.int64)
        row = np.rint(self.rows(points[:, 1])).astype(np.int64)
        inside = (row >= 0) & (column >= 0) & (row < self.shape[0]) & (column < self.shape[1])
        return row * self.shape[1] + column, inside

    def mean(self, points: Array, values: Array) -> FloatArray:
        """(H, W) mean of the points' values per cell, NaN where none falls."""
        number, inside = self.cells(points)
        size = self.shape[0] * self.shape[1]
        count = np.bincount(number[inside], minlength=size)
        total = np.bincount(number[inside], values[inside], minlength=size)
        with np.errstate(invalid="ignore", divide="ignore"):
            return (total / count).astype(np.float32).reshape(self.shape)


@dataclass(frozen=True, slots=True)
class SurfaceGrid:
    """Heights (H, W) float32 in mm on a lattice, NaN where the surface was never seen.

    full : the heights with unknown cells filled from their neighbours.
    normals : (H, W, 3) unit vectors, z > 0.
    even : (H, W) bool, cells in a fully known neighbourhood without a jump.
    """

    lattice: Lattice
    heights: Array
    full: Array = field(init=False)
    normals: Array = field(init=False)
    known: Array = field(init=False)
    even: Array = field(init=False)
    _points: Array = field(init=False, repr=False)
    _sought: Array = field(init=False, repr=False)

    def __post_init__(self) -> None:
        from scipy import ndimage

        known = np.isfinite(self.heights)
        full = filled(self.heights)
        soft = ndimage.gaussian_filter(full, 0.7)
        down, across = np.gradient(soft, self.lattice.cell)
        normals = np.stack([-across, -down, np.ones_like(full)], axis=2)
        normals /= np.linalg.norm(normals, axis=2, keepdims=True)
        range_here = ndimage.maximum_filter(full, 3) - ndimage.minimum_filter(full, 3)
        even = ndimage.minimum_filter(known, 3) & (range_here < 2 * self.lattice.cell)
        x, y = self.lattice.centres()
        columns, rows = np.broadcast_arrays(x[None, :], y[:, None])
        found = {
            "full": full,
            "normals": normals,
            "known": known,
            "even": even,
            "_points": np.stack([columns, rows, full], axis=2).reshape(-1, 3),
            "_sought": np.where(known, full, _NOWHERE).ravel(),
        }
        for name, value in found.items():
            object.__setattr__(self, name, value)

    def points(self, number: Array) -> tuple[Array, Array]:
        """Surface points (N, 3) and normals (N, 3) of cells by flat number."""
        normals = self.normals.reshape(-1, 3)
        return self._points.take(number, axis=0), normals.take(number, axis=0)

    def nearest(
        self, points: Array, reach: int = REACH, stride: int = 1
    ) -> tuple[Array, FloatArray]:
        """Flat number of the nearest known cell and its squared distance in mm².

        points : (N, 3) float32.   Looks reach·stride cells to every side of the point's own cell; the
        squared distance is huge where no cell there is known.
        """
        height, width = self.lattice.shape
        steps = (np.arange(-reach, reach + 1) * stride)[:, None]
        x, y = self.lattice.centres()
        own_column = np.rint(self.lattice.columns(points[:, 0])).astype(np.intp)
        own_row = np.rint(self.lattice.rows(points[:, 1])).astype(np.intp)
        number = np.empty(len(points), np.int64)
        squared = np.empty(len(points), np.float32)
        for start in range(0, len(points), _CHUNK):
            part = slice(start, start + _CHUNK)
            here = points[part].T
            # the points run along the last axis: numpy's inner loops stay long
            column = np.clip(own_column[part] + steps, 0, width - 1)
            row = np.clip(own_row[part] + steps, 0, height - 1)
            cells = (row * width)[:, None] + column[None]
            distance = self._sought[cells]
            distance -= here[2]
            distance *= distance
            distance += ((here[1] - y[row]) ** 2)[:, None] + ((here[0] - x[column]) ** 2)[None]
            tried = len(steps) ** 2, column.shape[1]
            distance = distance.reshape(tried)
            best = distance.argmin(axis=0)
            pick = best, np.arange(tried[1])
            number[part], squared[part] = cells.reshape(tried)[pick], distance[pick]
        return number, squared

    def deviation(self, points: Array) -> FloatArray:
        """Signed distance (N,) in mm of points (N, 3) float32 from the surface, NaN where unknown.

        Along the normal of the nearest cell; beyond half a cell sideways (past an edge, above a
        hole's rim) the straight distance counts. Positive above the surface.
        """
        result = np.full(len(points), np.nan, np.float32)
        number, inside = self.lattice.cells(points)
        direct = np.flatnonzero(inside)
        direct = direct[self.even.ravel()[number[direct]]]
        base, normal = self.points(number[direct])
        along = _along(points.take(direct, axis=0) - base, normal)
        close = np.abs(along) < 2 * self.lattice.cell
        result[direct[close]] = along[close]
        rest = np.flatnonzero(inside & ~np.isfinite(result))
        result[rest] = self._searched(points[rest])
        return result

    def _searched(self, points: Array) -> FloatArray:
        number, squared = self.nearest(points)
        base, normal = self.points(number)
        along = _along(points - base, normal)
        sideways = np.sqrt(np.maximum(squared - along**2, 0))
        beyond = np.maximum(sideways - np.float32(self.lattice.cell), 0)
        distance = np.where(along < 0, -1, 1) * np.hypot(along, beyond)
        found = squared < _NOWHERE
        return np.where(found, distance, np.float32(np.nan)).astype(np.float32)


def _along(vectors: Array, normals: Array) -> FloatArray:
    """(N,) dot products of rows of three numbers, several times faster than a general sum."""
    parts = vectors * normals
    return np.asarray(parts[:, 0] + parts[:, 1] + parts[:, 2])


def mean_surface(
    lattice: Lattice, clouds: Iterable[Array], fewest_share: float = 0.12
) -> Ticks[SurfaceGrid]:
    """The surface that several aligned clouds agree on, in short steps.

    clouds : (N, 3) float32 points each, in the lattice's frame.
    Per cell the mean of the clouds within 0.5 mm of their median, so that one bad part among the
    good ones leaves no trace; unknown where fewer than the given share of the clouds have a point.
    """
    found = []
    for cloud in clouds:
        found.append(lattice.mean(cloud, cloud[:, 2]))
        yield
    layers = np.stack(found)
    middle = yield from median_of(layers)
    near = np.abs(layers - middle) < _AGREE_MM
    count = near.sum(axis=0)
    total = np.where(near, layers, 0).sum(axis=0, dtype=np.float32)
    heights = np.where(count > 0, total / np.maximum(count, 1), middle)
    seen = np.isfinite(layers).sum(axis=0)
    heights[seen < max(1.0, fewest_share * len(layers))] = np.nan
    yield
    return SurfaceGrid(lattice, heights.astype(np.float32))


def share_of(
    lattice: Lattice, clouds: Iterable[Array], flags: Iterable[Array]
) -> Ticks[FloatArray]:
    """(H, W) mean over the clouds of the share of flagged points per cell, 0 where none ever falls.

    clouds : (N, 3) points.   flags : (N,) bool each.   In short steps.
    """
    total = np.zeros(lattice.shape, np.float32)
    count = np.zeros(lattice.shape, np.float32)
    for cloud, flag in zip(clouds, flags, strict=True):
        layer = lattice.mean(cloud, flag.astype(np.float32))
        seen = np.isfinite(layer)
        total[seen] += layer[seen]
        count += seen
        yield
    return np.where(count > 0, total / np.maximum(count, 1), np.float32(0)).astype(np.float32)
