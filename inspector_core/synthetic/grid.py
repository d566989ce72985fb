"""The part's own square grid in mm, and reading fields between its nodes."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from inspector_core.synthetic.noise import Field


@dataclass(frozen=True)
class Grid:
    """2 x steps + 1 nodes a side, `cell` mm apart, around the origin; row 0 is the smallest y.

    The part frame: x to the right, y up, z towards the camera, origin in the middle of the table
    below the part.
    """

    steps: int
    cell: float

    @classmethod
    def covering(cls, half: float, cell: float) -> Grid:
        """At least -half to +half mm; every second node makes a grid too."""
        return cls(2 * math.ceil(half / cell / 2), cell)

    @cached_property
    def axis(self) -> Field:
        """(n,) coordinates in mm."""
        return np.asarray(np.arange(-self.steps, self.steps + 1) * self.cell, np.float64)

    @cached_property
    def x(self) -> Field:
        """(n, n) x of every node in mm."""
        return np.broadcast_to(self.axis[None, :], (len(self.axis),) * 2)

    @cached_property
    def y(self) -> Field:
        """(n, n) y of every node in mm."""
        return np.broadcast_to(self.axis[:, None], (len(self.axis),) * 2)

    def window(self, centre: tuple[float, float], reach: float) -> tuple[slice, slice]:
        """Rows and columns of the nodes within `reach` mm of a place in x and in y."""
        rows, columns = (
            slice(
                max(0, math.floor((value - reach) / self.cell) + self.steps),
                max(0, math.ceil((value + reach) / self.cell) + self.steps + 1),
            )
            for value in (centre[1], centre[0])
        )
        return rows, columns

    def slopes(self, height: Field) -> tuple[Field, Field]:
        """Central differences dz/dx, dz/dy of a field; 0 at the border."""
        along_x, along_y = np.zeros_like(height), np.zeros_like(height)
        along_x[:, 1:-1] = (height[:, 2:] - height[:, :-2]) / (2 * self.cell)
        along_y[1:-1] = (height[2:] - height[:-2]) / (2 * self.cell)
        return along_x, along_y

    def halved(self) -> Grid:
        """The grid of every second node."""
        return Grid(self.steps // 2, self.cell * 2)


class Lookup:
    """Bilinear reading of fields at fixed places; beyond the border the border's value holds.

    x, y : coordinates in mm, any shape.
    """

    def __init__(self, grid: Grid, x: Field, y: Field) -> None:
        n = 2 * grid.steps + 1
        column = np.clip(x / grid.cell + grid.steps, 0, n - 1.000001)
        row = np.clip(y / grid.cell + grid.steps, 0, n - 1.000001)
        left, top = column.astype(np.intp), row.astype(np.intp)
        self._first = top * n + left
        self._below = n
        self._across = column - left
        self._down = row - top

    def __call__(self, field: Field) -> Field:
        """Values of an (n, n) field, in the shape of the places."""
        flat = np.ascontiguousarray(field).reshape(-1)
        first, below = self._first, self._first + self._below
        upper, lower = flat.take(first), flat.take(below)
        upper += self._across * (flat.take(first + 1) - upper)
        lower += self._across * (flat.take(below + 1) - lower)
        upper += self._down * (lower - upper)
        return upper
