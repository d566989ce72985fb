"""One part's pixels as evaluation sees them: defect-free scores, defect scores, components.

Nothing of a map is kept but its finite values: pixels without a score (outside the foreground) are
counted, and later take the lowest finite value of the category.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from inspector_core.errors import InspectorError
from inspector_core.types import Array, BoolArray

RING_PX = 3
"""`scope="part"` counts false positives on the foreground and so many pixels around it."""


@dataclass(frozen=True, slots=True)
class Truth:
    """A part's annotation, ready for any of its maps.

    components : (H, W) int32, 0 = defect-free, 1..n = 8-connected component.
    places : (m,) int, where components lie in the flattened picture.
    n_components : n.   weight : (n + 1,) float64, 1 / pixels of the component; entry 0 unused.
    counted : (H, W) bool, defect-free pixels that count as such.
    """

    components: Array
    places: Array
    n_components: int
    weight: Array
    counted: Array


@dataclass(frozen=True, slots=True)
class PartPixels:
    """What one part contributes to the figures of one map.

    normal : (n,) float32, ascending scores of the defect-free pixels that have one.
    normal_outside : defect-free pixels without a score.
    defect : (m,) float32, ascending scores of the defect pixels, -inf where they have none.
    weight : (m,) float64, 1 / pixels of the defect pixel's component, in the same order.
    n_components : annotated regions.
    """

    normal: Array
    normal_outside: int
    defect: Array
    weight: Array
    n_components: int

    @property
    def n_normal(self) -> int:
        return len(self.normal) + self.normal_outside

    @property
    def lowest(self) -> float:
        """The smallest score given to any pixel, +inf when none was given."""
        given = self.defect[np.isfinite(self.defect)]
        ends = [float(values[0]) for values in (self.normal, given) if len(values)]
        return min(ends, default=float("inf"))

    @property
    def highest(self) -> float:
        """The largest score given to any pixel, -inf when none was given."""
        ends = [float(values[-1]) for values in (self.normal, self.defect) if len(values)]
        return max(ends, default=float("-inf"))

    def randomised(self, rng: np.random.Generator) -> PartPixels:
        """The same pixels with random scores where they have one: what no model at all gets."""
        given = np.isfinite(self.defect)
        scores = np.full(len(self.defect), -np.inf, np.float32)
        scores[given] = rng.random(int(given.sum()), np.float32)
        order = np.argsort(scores, kind="stable")
        return replace(
            self,
            normal=np.sort(rng.random(len(self.normal), np.float32)),
            defect=scores[order],
            weight=self.weight[order],
        )


def read_truth(mask: Array | None, foreground: Array, scope: str = "all") -> Truth:
    """Components of a mask (H, W) bool and the pixels that count as defect-free.

    mask : None = nothing annotated, every pixel is defect-free.   foreground : (H, W) bool.
    scope : "all" counts every defect-free pixel, "part" those on the foreground and within 3 pixels
    of it (8-neighbours, that is a 7 x 7 square).
    """
    defect: BoolArray = np.zeros(foreground.shape, bool) if mask is None else np.asarray(mask > 0)
    components, places, sizes = _labelled(defect)
    counted = ~defect
    if scope == "part":
        from scipy import ndimage

        counted &= ndimage.binary_dilation(foreground, np.ones((3, 3), bool), iterations=RING_PX)
    weight = 1.0 / np.maximum(sizes, 1).astype(np.float64)
    return Truth(components, places, len(sizes) - 1, weight, counted)


def _labelled(defect: BoolArray) -> tuple[Array, Array, Array]:
    """8-connected components (H, W) int32, their places (m,) and sizes (n + 1,).

    Only the box around them is searched: most of a picture is good.
    """
    components = np.zeros(defect.shape, np.int32)
    rows, columns = (np.flatnonzero(defect.any(axis=axis)) for axis in (1, 0))
    if not len(rows):
        return components, np.empty(0, np.int64), np.zeros(1, np.int64)
    from scipy import ndimage

    box = np.s_[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    labels, n_components = ndimage.label(defect[box], structure=np.ones((3, 3), int))
    components[box] = labels
    row, column = np.nonzero(labels)
    places = (row + rows[0]) * defect.shape[1] + column + columns[0]
    return components, places, np.bincount(labels.ravel(), minlength=n_components + 1)


def read_pixels(scores: Array, truth: Truth, foreground: Array, name: str = "") -> PartPixels:
    """Split a map by its annotation.

    scores : (H, W) float32, NaN outside the foreground.   name : said in errors.
    Raises InspectorError when the map has another size, an infinite value, or a hole in the foreground.
    """
    given = _given(scores, truth, foreground, name)
    normal = scores[truth.counted & given]
    normal.sort()
    values = scores.ravel()[truth.places]
    values[np.isnan(values)] = -np.inf
    order = np.argsort(values, kind="stable")
    return PartPixels(
        normal=normal,
        normal_outside=int(np.count_nonzero(truth.counted)) - len(normal),
        defect=values[order],
        weight=truth.weight[truth.components.ravel()[truth.places[order]]],
        n_components=truth.n_components,
    )


def _given(scores: Array, truth: Truth, foreground: Array, name: str) -> BoolArray:
    """Where the map has a score."""
    prefix = f"{name}: " if name else ""
    if scores.shape != truth.components.shape:
        map_size, mask_size = (f"{a.shape[1]}x{a.shape[0]}" for a in (scores, truth.components))
        raise InspectorError(
            f"{prefix}the map is {map_size} and the mask {mask_size}",
            cure="evaluate maps in the size of the source picture",
        )
    given = ~np.isnan(scores)
    holes = int(np.count_nonzero(foreground > given))
    if holes or np.isinf(scores).any():
        problem = f"{holes} pixels without a value" if holes else "infinite values"
        raise InspectorError(
            f"{prefix}the map has {problem} on the part", cure="report this as a fault"
        )
    return given
