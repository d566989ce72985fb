"""Features of good parts kept by place: how far a part is from the nearest good one around the same place.

An aligned PatchCore. A bank over all places forgives what is good elsewhere; one of each place's own
neighbourhood does not, and needs no search.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from inspector_core.types import Array, BoolArray, FloatArray

WINDOW = 2
"""Cells to every side in which the same feature may lie: registration and prints are a little off."""
_BLOCK = 6
"""Cells along a side that are compared at once: larger blocks compare more that is out of reach."""
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

    within : (h, w) bool, cells that are judged.
    terms : (n, h, w, D + 1) float32, -2 x the features and their squared length: times (query, 1) they
    give the squared distance but for the query's own length.
    """

    within: BoolArray
    terms: Array

    @classmethod
    def of(cls, features: Array, within: BoolArray) -> PlaceBank:
        """From (n, h, w, D) features."""
        terms = np.empty((*features.shape[:3], features.shape[3] + 1), np.float32)
        terms[..., :-1] = -2 * features
        terms[..., -1] = [(row.astype(np.float32) ** 2).sum(axis=-1) for row in features]
        return cls(within, terms)

    def distances(self, features: Array, leave_out: int | None = None) -> FloatArray:
        """(h, w) distance of features (h, w, D) to the nearest good one within the window.

        0 where nothing is judged.   leave_out : number of a good part that does not count.
        """
        height, width = self.within.shape
        terms = self.terms if leave_out is None else np.delete(self.terms, leave_out, axis=0)
        asked = np.concatenate([features, np.ones((height, width, 1), np.float32)], axis=2)
        result = np.zeros((height, width), np.float32)
        for own in self._blocks():
            near = _widened(own, (height, width))
            bank = terms[:, near[0], near[1]]
            block = asked[own]
            shape = (block.shape[0] * block.shape[1], len(bank), bank.shape[1] * bank.shape[2])
            every = block.reshape(shape[0], -1) @ bank.reshape(-1, bank.shape[-1]).T
            nearest = every.reshape(shape).min(axis=1)
            beyond = _beyond(_spans(own[0], near[0]), _spans(own[1], near[1]))
            result[own] = np.where(beyond, _FAR, nearest).min(axis=1).reshape(block.shape[:2])
        result += (features**2).sum(axis=-1)
        return np.sqrt(np.maximum(result, 0)) * self.within

    def _blocks(self) -> Iterator[tuple[slice, slice]]:
        """Blocks of cells, those that hold any to be judged."""
        height, width = self.within.shape
        for top in range(0, height, _BLOCK):
            for left in range(0, width, _BLOCK):
                down = slice(top, min(height, top + _BLOCK))
                across = slice(left, min(width, left + _BLOCK))
                if self.within[down, across].any():
                    yield down, across


def _widened(own: tuple[slice, slice], size: tuple[int, int]) -> tuple[slice, slice]:
    """A block and the window around it."""
    down, across = (
        slice(max(0, span.start - WINDOW), min(most, span.stop + WINDOW))
        for span, most in zip(own, size, strict=True)
    )
    return down, across


def _spans(own: slice, near: slice) -> tuple[int, int, int]:
    """Cells of a block along one side, where they begin in the stretch around them, and its length."""
    return own.stop - own.start, own.start - near.start, near.stop - near.start


@lru_cache(maxsize=64)
def _beyond(down: tuple[int, int, int], across: tuple[int, int, int]) -> BoolArray:
    """(cells of a block, cells around it) bool: those too far apart; the same for most blocks."""
    rows, columns = (
        np.abs(np.arange(first, first + count)[:, None] - np.arange(length)) > WINDOW
        for count, first, length in (down, across)
    )
    far = rows[:, None, :, None] | columns[None, :, None, :]
    return np.asarray(far.reshape(far.shape[0] * far.shape[1], -1))


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
