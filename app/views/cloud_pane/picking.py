"""Which point is under the mouse: a picture of point numbers, made once per resting view."""

from __future__ import annotations

import numpy as np

from app.views.cloud_pane.camera import Camera
from inspector_core.types import Array

_REACH = 4
_TOLERANCE = 0.004


class PickMap:
    """For each screen pixel the number of the visible point that falls on it."""

    def __init__(self, points: Array, camera: Camera, depth: Array, ratio: float) -> None:
        """points : (N, 3) float32 mm, NaN where there is none.   depth : (h, w) float32 mm as drawn.

        ratio : device pixels per logical pixel; `at` is asked in logical pixels.
        """
        self._ratio = ratio
        height, width = depth.shape
        self._numbers = np.full((height, width), -1, np.int32)
        placed = camera.project(points, width, height)
        x, y, z = np.nan_to_num(placed, nan=-1.0).T
        column, row = np.floor(x).astype(np.int32), np.floor(y).astype(np.int32)
        inside = (column >= 0) & (column < width) & (row >= 0) & (row < height) & (z > 0)
        number = np.flatnonzero(inside)
        column, row, z = column[number], row[number], z[number]
        # a point is visible when nothing was drawn clearly before it
        seen = z <= depth[row, column] * (1 + _TOLERANCE)
        self._numbers[row[seen], column[seen]] = number[seen]

    def at(self, x: float, y: float) -> int | None:
        """Number of the visible point nearest to a place of the pane, within a few pixels."""
        reach = round(_REACH * self._ratio)
        column, row = int(x * self._ratio), int(y * self._ratio)
        top, left = max(row - reach, 0), max(column - reach, 0)
        window = self._numbers[top : row + reach + 1, left : column + reach + 1]
        rows, columns = np.nonzero(window >= 0)
        if not len(rows):
            return None
        nearest = np.argmin((rows + top - row) ** 2 + (columns + left - column) ** 2)
        return int(window[rows[nearest], columns[nearest]])
