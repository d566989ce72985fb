"""Features of good parts kept by place: how far a part is from the nearest good one around the same place.

An aligned PatchCore. A bank over all places forgives what is good elsewhere; one of each place's own
neighbourhood does not, and needs no search.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

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
    terms : (n, H, W, D + 1) float32, -2 x the features and their squared length: times (query, 1) they
    give the squared distance but for the query's own length. Larger than the grid by the window and up
    to whole blocks, with cells that are far from everything.
    """

    within: BoolArray
    terms: Array

    @classmethod
    def of(cls, features: Array, within: BoolArray) -> PlaceBank:
        """From (n, h, w, D) features."""
        n, height, width, depth = features.shape
        tall, wide = (-(-side // _BLOCK) * _BLOCK + 2 * WINDOW for side in (height, width))
        terms = np.zeros((n, tall, wide, depth + 1), np.float32)
        terms[..., -1] = _FAR
        inner = terms[:, WINDOW : WINDOW + height, WINDOW : WINDOW + width]
        inner[..., :-1] = -2 * features
        inner[..., -1] = [(row.astype(np.float32) ** 2).sum(axis=-1) for row in features]
        return cls(within, terms)

    def distances(self, features: Array, leave_out: int | None = None) -> FloatArray:
        """(h, w) distance of features (h, w, D) to the nearest good one within the window.

        0 where nothing is judged.   leave_out : number of a good part that does not count.
        """
        import torch

        height, width = self.within.shape
        terms = self.terms if leave_out is None else np.delete(self.terms, leave_out, axis=0)
        whole = torch.from_numpy(terms)
        rows, columns = (side - 2 * WINDOW for side in terms.shape[1:3])
        asked = torch.ones(rows, columns, terms.shape[3])
        asked[:height, :width, :-1] = torch.from_numpy(np.ascontiguousarray(features, np.float32))
        near = _BLOCK + 2 * WINDOW
        beyond = torch.from_numpy(_beyond())
        least = torch.zeros(rows // _BLOCK, columns // _BLOCK, _BLOCK, _BLOCK)
        for row, judged in enumerate(self._judged_blocks(rows, columns)):
            if not len(judged):
                continue
            top = row * _BLOCK
            # (blocks, D + 1, n x near x near) and (blocks, cells of a block, D + 1)
            bank = whole[:, top : top + near].unfold(2, near, _BLOCK).permute(2, 3, 0, 1, 4)
            own = asked[top : top + _BLOCK].unfold(1, _BLOCK, _BLOCK).permute(1, 0, 3, 2)
            every = torch.bmm(
                own[judged].reshape(len(judged), _BLOCK**2, -1),
                bank[judged].reshape(len(judged), terms.shape[3], -1),
            )
            nearest = every.unflatten(2, (len(terms), near * near)).amin(dim=2) + beyond
            least[row, judged] = nearest.amin(dim=2).unflatten(1, (_BLOCK, _BLOCK))
        squared = least.permute(0, 2, 1, 3).reshape(rows, columns).numpy()[:height, :width]
        squared = squared + (features**2).sum(axis=-1)
        return np.sqrt(np.maximum(squared, 0)).astype(np.float32) * self.within

    def _judged_blocks(self, rows: int, columns: int) -> Iterator[Array]:
        """Per row of blocks, the numbers of those that hold a cell to be judged."""
        padded = np.zeros((rows, columns), bool)
        padded[: self.within.shape[0], : self.within.shape[1]] = self.within
        blocks = padded.reshape(rows // _BLOCK, _BLOCK, columns // _BLOCK, _BLOCK)
        for row in np.asarray(blocks.any(axis=(1, 3))):
            yield np.flatnonzero(row)


def _beyond() -> FloatArray:
    """(cells of a block, cells around it): a distance nobody has for those too far apart, else 0."""
    own, near = np.arange(_BLOCK)[:, None], np.arange(_BLOCK + 2 * WINDOW) - WINDOW
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
