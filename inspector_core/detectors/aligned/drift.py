"""Colour laid onto the good parts' colour by itself: prints, engravings and highlights drift.

A print is not always put on at the same place of a part, a label slips, a machined face lies a little
beside its cast boss: a few tenths of a millimetre, which no pose of the whole part explains and which a
comparison of places would take for a defect along every edge of the pattern. The drift is found as
optical flow is (Lucas and Kanade 1981): once for the whole part, then smoothly from region to region;
where nothing is printed there is nothing to find and nothing is moved.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from inspector_core.geometry.resampling import Crossing, Positions, broad_blur
from inspector_core.types import Array, BoolArray, FloatArray

MOST_CELLS = 2.5
"""Farther than this nothing drifts."""
REGION_CELLS = 12.0
"""Sigma of the regions that drift together: wider than a defect, narrower than a face of a part."""
_WHOLE_ROUNDS, _REGION_ROUNDS = 3, 2
_SOFT = 0.7
"""Blur in cells before slopes are taken: a drift of one cell must still lie on the slope."""
_UNUSUAL, _SLACK_CELLS = 3.0, 1.5
"""Differences count up to so many typical ones and what a drift of so many cells would cause; larger
ones are something else, perhaps a defect."""
_STIFF = 0.02
"""Mean square slope, in typical differences per cell, from which a region's own drift is believed."""
_MOSTLY = 0.5


@dataclass(frozen=True, slots=True)
class Drift:
    """The reference's texture, ready to find how far colours have drifted from it.

    reference : (C, h, w) in typical differences, 0 where unknown.   scale : (C,) typical differences.
    known : (h, w) bool, cells that are compared.   slopes : (2, C, h, w), the reference's gradient down
    and across, 0 where nothing is compared.   limit : (C, h, w) largest difference that counts.
    products : (3, h, w) of the slopes (down², across², down · across), averaged over regions.
    """

    reference: Array
    scale: Array
    known: Array
    slopes: Array
    limit: Array
    products: Array

    @classmethod
    def onto(cls, reference: Array, scale: Sequence[float], within: BoolArray) -> Drift:
        """From the good parts' colours (C, h, w), NaN = unknown.

        scale : (C,) typical differences between good parts.   within : (h, w) bool, the part.
        """
        from scipy.ndimage import gaussian_filter, minimum_filter

        sizes = np.asarray(scale, np.float32)[:, None, None]
        known = within & np.isfinite(reference).all(axis=0)
        whole = np.where(known, reference / sizes, np.float32(0)).astype(np.float32)
        # beside cells without a colour a slope means nothing
        known = np.asarray(minimum_filter(known, 3), bool)
        soft = [gaussian_filter(channel, _SOFT, truncate=3.0) for channel in whole]
        slopes = np.stack(np.gradient(np.stack(soft), axis=(1, 2))) * known
        down, across = slopes
        products = [
            broad_blur((one * other).sum(axis=0), REGION_CELLS)
            for one, other in ((down, down), (across, across), (down, across))
        ]
        limit = _UNUSUAL + np.float32(_SLACK_CELLS) * np.hypot(down, across)
        return cls(whole, sizes, known, slopes, limit, np.stack(products))

    def undone(self, colour: Array) -> FloatArray:
        """Colours (C, h, w), NaN = unknown, moved back to where the reference has them.

        What would come from cells without a colour stays where it was.
        """
        unknown = ~np.isfinite(colour)
        filled = np.where(unknown, self.reference * self.scale, colour).astype(np.float32)
        shift = np.zeros((2, 1, 1), np.float32)
        moved = filled
        for whole in (True,) * _WHOLE_ROUNDS + (False,) * _REGION_ROUNDS:
            shift = np.clip(shift + self._step(moved, whole), -MOST_CELLS, MOST_CELLS)
            moved = _looked_up(filled, shift)
        gone = _looked_up(unknown[:1].astype(np.float32), shift)[0] > _MOSTLY
        return np.where(gone, colour, moved)

    def _step(self, colour: Array, whole: bool) -> FloatArray:
        """(2, h, w) or (2, 1, 1) cells, down and across, that bring the colours closer."""
        off = colour / self.scale
        off -= self.reference
        np.maximum(off, -self.limit, out=off)
        np.minimum(off, self.limit, out=off)
        pulls = np.einsum("achw,chw->ahw", self.slopes, off)
        if whole:
            # averaging over regions keeps sums, but for a little beyond the grid's border
            products = self.products.sum(axis=(1, 2), keepdims=True)
            pulls = pulls.sum(axis=(1, 2), keepdims=True)
            stiff = np.float32(_STIFF * self.known.sum())
        else:
            products, stiff = self.products, np.float32(_STIFF)
            pulls = np.stack([broad_blur(pull, REGION_CELLS) for pull in pulls])
        down, across, both = products[0] + stiff, products[1] + stiff, products[2]
        share = down * across - both**2
        first = (both * pulls[1] - across * pulls[0]) / share
        second = (both * pulls[0] - down * pulls[1]) / share
        return np.clip(np.stack([first, second]), -1, 1)


def _looked_up(colour: Array, shift: Array) -> FloatArray:
    """(C, h, w) of the finite colours at cells moved by (2, h, w), or by (2, 1, 1) all alike."""
    height, width = colour.shape[1:]
    rows, columns = (np.arange(side, dtype=np.float32) for side in (height, width))
    if shift.shape[1:] == (1, 1):
        return Crossing.at(rows + shift[0, 0], columns + shift[1, 0], (height, width))(colour)
    where = Positions.at(rows[:, None] + shift[0], columns + shift[1], (height, width))
    return np.stack([where(channel) for channel in colour])
