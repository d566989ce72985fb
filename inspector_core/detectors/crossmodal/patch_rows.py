"""Patches of a part: cells of the judged grid, each the mean of the features of its judged pixels.

Beside them, for methods that ask for it: the cells around the part, and the same patches of an altered
picture.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from inspector_core.detectors.crossmodal.paired import Paired
from inspector_core.features.token_map import Block, TokenMap
from inspector_core.features.token_planes import bilinear_plane
from inspector_core.types import Array, FloatArray

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

_USUAL_CELLS = 56
"""Patches along the longer side, as published, where nothing else is asked for."""


@dataclass(frozen=True, slots=True)
class Around:
    """Cells without a judged pixel, on which nothing was measured.

    rgb : (M, C) float32, None for a part without a picture.   shape : (1, D) what stands for the shape of
    each, None for a part without a cloud.   count : M.
    """

    rgb: FloatArray | None
    shape: FloatArray | None
    count: int

    def only(self, count: int) -> Around:
        """Some of the cells, evenly over all."""
        some = np.arange(count) * self.count // max(1, count)
        return replace(self, rgb=None if self.rgb is None else self.rgb[some], count=count)


@dataclass(frozen=True, slots=True)
class PatchRows:
    """The patches of one part.

    rgb, shape : (N, C) float32 or None.   cells : (N,) row-major numbers in the grid, ascending.
    grid : (gh, gw) cells over the judged grid, each `side` pixels wide.
    to_pixels : (P, N) CSR, rows sum to 1: bilinear enlargement among the patches that there are.
    around : the rest of the grid.   altered : colour of the same patches, and of the rest, in an altered
    picture. Both None where no method asked.
    """

    rgb: FloatArray | None
    shape: FloatArray | None
    cells: Array
    grid: tuple[int, int]
    side: int
    to_pixels: csr_matrix
    around: Around | None = None
    altered: PatchRows | None = None

    def __len__(self) -> int:
        return len(self.cells)

    def at(self, row: int, column: int) -> int | None:
        """Number of the patch at a pixel of the judged grid, or of the nearest that touches it there.

        None where there is none: off the part.
        """
        there = np.stack(np.divmod(self.cells, self.grid[1]), axis=1)
        apart = ((there - (row // self.side, column // self.side)) ** 2).sum(axis=1)
        nearest = int(apart.argmin())
        return nearest if apart[nearest] <= 2 else None

    @property
    def held_bytes(self) -> int:
        """Memory of the features."""
        arrays = [self.rgb, self.shape, None if self.around is None else self.around.rgb]
        own = sum(array.nbytes for array in arrays if array is not None)
        return own + (0 if self.altered is None else self.altered.held_bytes)

    def only(self, some: Array) -> PatchRows:
        """Some of the patches, and as large a share of the rest, for learning: the way to pixels is lost."""
        around = self.around
        if around is not None:
            around = around.only(around.count * len(some) // len(self))
        return replace(
            self,
            rgb=None if self.rgb is None else self.rgb[some],
            shape=None if self.shape is None else self.shape[some],
            cells=self.cells[some],
            to_pixels=self.to_pixels[:0],
            around=around,
            altered=None if self.altered is None else self.altered.only(some),
        )

    def at_pixels(self, values: Array) -> FloatArray:
        """(P,) float32 of values (N,), for the judged pixels."""
        return np.asarray(self.to_pixels @ values, np.float32)

    def on_grid(self, values: Array) -> FloatArray:
        """(gh, gw) float32 of values (N,), 0 where there is no patch."""
        large = np.zeros(self.grid, np.float32)
        large.ravel()[self.cells] = values
        return large


def side_of(size: tuple[int, int], wanted: int) -> int:
    """Judged pixels along a patch: as wanted, or with 0 so that about 56 lie along the longer side."""
    return wanted or max(1, round(max(size) / _USUAL_CELLS))


def patch_rows(paired: Paired, side: int) -> PatchRows:
    """The patches of `side` x `side` judged pixels; those at the rim have fewer."""
    from scipy.sparse import csr_matrix, diags

    h, w = paired.size
    grid = (-(-h // side), -(-w // side))
    row, column = np.divmod(paired.pixels, w)
    cells, pooling = _means(row // side * grid[1] + column // side)
    spread = bilinear_plane(grid, (grid[0] * side, grid[1] * side), row * grid[1] * side + column)
    spread = spread[:, cells]
    total = np.asarray(spread.sum(axis=1)).ravel()
    # a judged pixel's own cell always has a share in it
    spread = csr_matrix(diags(1 / total) @ spread, dtype=np.float32)
    return PatchRows(
        _pooled(paired.rgb, pooling), _pooled(paired.shape, pooling), cells, grid, side, spread
    )


def with_around(
    rows: PatchRows, paired: Paired, side: int, token_grid: tuple[int, int]
) -> PatchRows:
    """The patches with the cells around them; their shape is all zeros, as published.

    paired, side : what `patch_rows` made them from.   token_grid : of the tokens of colour.
    """
    h, w = paired.size
    row, column = np.divmod(np.arange(h * w), w)
    cells = row // side * rows.grid[1] + column // side
    pixels = np.flatnonzero(~np.isin(cells, rows.cells))
    if len(pixels) == 0:
        return rows
    there, pooling = _means(cells[pixels])
    nothing = None
    if paired.shape is not None:
        nothing = np.zeros((1, paired.shape.channels), np.float32)
    rgb = _pooled(paired.colour_at(pixels, token_grid), pooling)
    return replace(rows, around=Around(rgb, nothing, len(there)))


def _means(cells: Array) -> tuple[Array, csr_matrix]:
    """The numbers (N,) that occur among cells (P,), and (N, P) weights of the mean over each."""
    from scipy.sparse import csr_matrix

    there, cell = np.unique(cells, return_inverse=True)
    share = (1 / np.bincount(cell))[cell].astype(np.float32)
    shape = (len(there), len(cell))
    return there, csr_matrix((share, (cell, np.arange(len(cell)))), shape=shape)


def _pooled(tokens: TokenMap | None, pooling: csr_matrix) -> FloatArray | None:
    if tokens is None:
        return None
    blocks = [Block(block.tokens, pooling @ block.weights) for block in tokens.blocks]
    return TokenMap(blocks).rows(slice(None))
