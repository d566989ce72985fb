"""Patches of a part: cells of the judged grid, each the mean of the features of its judged pixels."""

from __future__ import annotations

from dataclasses import dataclass
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
class PatchRows:
    """The patches of one part.

    rgb, shape : (N, C) float32 or None.   cells : (N,) row-major numbers in the grid, ascending.
    grid : (gh, gw) cells over the judged grid, each `side` pixels wide.
    to_pixels : (P, N) CSR, rows sum to 1: bilinear enlargement among the patches that there are.
    """

    rgb: FloatArray | None
    shape: FloatArray | None
    cells: Array
    grid: tuple[int, int]
    side: int
    to_pixels: csr_matrix

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
    cells, cell = np.unique(row // side * grid[1] + column // side, return_inverse=True)
    each = np.arange(len(cell))
    share = (1 / np.bincount(cell))[cell].astype(np.float32)
    pooling = csr_matrix((share, (cell, each)), shape=(len(cells), len(cell)))
    spread = bilinear_plane(grid, (grid[0] * side, grid[1] * side), row * grid[1] * side + column)
    spread = spread[:, cells]
    total = np.asarray(spread.sum(axis=1)).ravel()
    # a judged pixel's own cell always has a share in it
    spread = csr_matrix(diags(1 / total) @ spread, dtype=np.float32)
    return PatchRows(
        _pooled(paired.rgb, pooling), _pooled(paired.shape, pooling), cells, grid, side, spread
    )


def _pooled(tokens: TokenMap | None, pooling: csr_matrix) -> FloatArray | None:
    if tokens is None:
        return None
    blocks = [Block(block.tokens, pooling @ block.weights) for block in tokens.blocks]
    return TokenMap(blocks).rows(slice(None))
