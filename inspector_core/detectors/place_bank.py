"""Features of good parts kept by place: how far a part is from the nearest good one around the same place.

An aligned PatchCore. A bank over all places forgives what is good elsewhere; one of each place's own
neighbourhood does not, and needs no search.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from inspector_core.types import Array, BoolArray, FloatArray

WINDOW = 2
"""Cells to every side in which the same feature may lie: registration and prints are a little off."""
_BLOCK = 6
"""Cells along a side that are compared at once: larger blocks compare more that is out of reach."""
_NEAR = _BLOCK + 2 * WINDOW
"""Cells along a side that those of a block can reach."""
_AT_ONCE = 16
"""Blocks compared at once: their distances should stay in the processor's cache."""
_FAR = np.float32(1e30)
_FLOOR = 0.5
"""Usual distances are never below this share of the part's median one."""
_OWN = 3.0
"""A cell's usual distance is mixed with its surroundings' as if those were this many parts."""
_AROUND = 1.5
"""Sigma of the surroundings in cells."""


@dataclass(frozen=True, slots=True)
class PlaceBank:
    """Features of n good parts on one grid, ready to be compared with.

    The grid is cut into square blocks of cells, beyond its border as well where it does not divide; a
    block is compared with the cells that its own can reach.

    within : (h, w) bool, cells that are judged.   judged : (B,) numbers of the blocks that hold one.
    terms : (B, D + 1, n x cells in reach) float32, -2 x the features and their squared length: times
    (query, 1) they give the squared distance but for the query's own length. Cells beyond the grid are
    far from everything.   parts : n.
    """

    within: BoolArray
    judged: Array
    terms: Array
    parts: int

    @classmethod
    def of(cls, features: Array, within: BoolArray) -> PlaceBank:
        """From (n, h, w, D) features."""
        n, height, width, depth = features.shape
        down, across = _blocks(within.shape)
        size = down * _BLOCK + 2 * WINDOW, across * _BLOCK + 2 * WINDOW
        terms = np.zeros((n, depth + 1, *size), np.float32)
        terms[:, -1] = _FAR
        inner = terms[:, :, WINDOW : WINDOW + height, WINDOW : WINDOW + width]
        for part, one in zip(inner, features, strict=True):
            values = np.moveaxis(one, -1, 0)
            part[:-1] = -2 * values
            part[-1] = (one.astype(np.float32) ** 2).sum(axis=-1)
        judged = np.flatnonzero(_in_blocks(within).any(axis=(1, 2)))
        blocks = np.empty((len(judged), depth + 1, n, _NEAR, _NEAR), np.float32)
        for block, number in zip(blocks, judged, strict=True):
            row, column = (_BLOCK * int(at) for at in divmod(number, across))
            block[:] = terms[:, :, row : row + _NEAR, column : column + _NEAR].swapaxes(0, 1)
        return cls(within, judged, blocks.reshape(len(judged), depth + 1, -1), n)

    def distances(self, features: Array, leave_out: int | None = None) -> FloatArray:
        """(h, w) distance of features (h, w, D) to the nearest good one within the window.

        0 where nothing is judged.   leave_out : number of a good part that does not count.
        """
        import torch

        height, width, depth = features.shape
        down, across = _blocks(self.within.shape)
        extended = np.ones((height, width, depth + 1), np.float32)
        extended[..., :-1] = features
        own = _in_blocks(extended)[self.judged]
        asked = torch.from_numpy(own.reshape(-1, _BLOCK**2, depth + 1))
        bank, beyond = torch.from_numpy(self.terms), _beyond()
        least = np.zeros((down * across, _BLOCK**2), np.float32)
        for start in range(0, len(self.judged), _AT_ONCE):
            some = slice(start, start + _AT_ONCE)
            every = torch.bmm(asked[some], bank[some]).numpy()
            every = every.reshape(-1, _BLOCK**2, self.parts, _NEAR**2)
            if leave_out is not None:
                every[:, :, leave_out] = np.inf
            least[self.judged[some]] = (_least(every) + beyond).min(axis=2)
        grid = least.reshape(down, across, _BLOCK, _BLOCK).swapaxes(1, 2)
        squared = grid.reshape(down * _BLOCK, across * _BLOCK)[:height, :width]
        squared = squared + (features**2).sum(axis=-1)
        return np.sqrt(np.maximum(squared, 0)).astype(np.float32) * self.within


def _least(values: Array) -> Array:
    """(b, m, n, k) to (b, m, k): the smallest of n, whose place is used; by halves, in long loops."""
    count = values.shape[2]
    while count > 1:
        half = count // 2
        first = values[:, :, :half]
        np.minimum(first, values[:, :, count - half : count], out=first)
        count -= half
    return np.asarray(values[:, :, 0])


def _blocks(shape: tuple[int, ...]) -> tuple[int, int]:
    """Blocks that cover a grid, down and across."""
    return -(-shape[0] // _BLOCK), -(-shape[1] // _BLOCK)


def _in_blocks(values: Array) -> Array:
    """(h, w, ...) to (blocks, cells, cells, ...), zeros beyond the grid."""
    height, width, *rest = values.shape
    down, across = _blocks(values.shape)
    whole = np.zeros((down * _BLOCK, across * _BLOCK, *rest), values.dtype)
    whole[:height, :width] = values
    cut = whole.reshape(down, _BLOCK, across, _BLOCK, *rest).swapaxes(1, 2)
    return cut.reshape(down * across, _BLOCK, _BLOCK, *rest)


def _beyond() -> FloatArray:
    """(cells of a block, cells around it): a distance nobody has for those too far apart, else 0."""
    own, near = np.arange(_BLOCK)[:, None], np.arange(_NEAR) - WINDOW
    apart = np.abs(own - near) > WINDOW
    far = apart[:, None, :, None] | apart[None, :, None, :]
    return np.where(far.reshape(_BLOCK**2, -1), _FAR, np.float32(0))


def usual_distances(distances: Array, within: BoolArray) -> FloatArray:
    """(h, w) what left-out good parts (n, h, w) show at each cell: root mean square, steadied.

    Each cell leans on its surroundings, and none is below half of the part's median.
    """
    from scipy.ndimage import gaussian_filter

    n = len(distances)
    squares = (distances**2).mean(axis=0)
    weight = within.astype(np.float32)
    around = gaussian_filter(squares * weight, _AROUND)
    around /= np.maximum(gaussian_filter(weight, _AROUND), 1e-3)
    variance = (n * squares + _OWN * around) / (n + _OWN)
    middle = float(np.median(variance[within])) if within.any() else 0.0
    return np.asarray(np.sqrt(np.maximum(variance + _FLOOR**2 * middle, 1e-12)), np.float32)
