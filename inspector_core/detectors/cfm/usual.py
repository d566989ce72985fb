"""Both distances of Crossmodal Feature Mapping joined by what is usual on good parts.

Ours, beside the published product. Where colours do not follow from the shape (printed patterns, stripes
that lie anywhere) their prediction misses on good parts too, and a product with that distance is mostly
noise; a place where one distance happens to be small loses what the other says. So each distance counts in
times its usual one, small ones speak for nothing, and the better a mapping explains good parts the more
its distance counts.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from inspector_core.types import Array, FloatArray

_LEAST = 1e-6
"""A usual distance is never taken for smaller."""
_BESIDES = 0.1
"""Added to explained shares: where nothing is explained a distance is that from the usual features."""


@dataclass(frozen=True, slots=True)
class Usual:
    """The distances of one modality on good parts.

    distance : their median.   explained : share of the features' directions that is predicted, 0 where a
    constant would do as well, 1 where nothing is missed.
    """

    distance: float
    explained: float

    @classmethod
    def of(cls, parts: Iterable[tuple[Array, Array]]) -> Usual:
        """From good parts: distances (P,) and the features (P, D) that were seen, both of the same pixels."""
        distances, directions = [], []
        for apart, seen in parts:
            distances.append(apart)
            lengths = np.linalg.norm(seen, axis=1, keepdims=True)
            directions.append((seen / np.maximum(lengths, _LEAST)).astype(np.float64).sum(axis=0))
        every = np.concatenate(distances).astype(np.float64)
        # 1 - cos of each distance, and of the one direction that lies nearest to all
        missed = float((every**2).mean() / 2)
        constant = 1 - float(np.linalg.norm(np.sum(directions, axis=0))) / len(every)
        explained = 1 - missed / constant if constant > 0 else 0.0
        return cls(max(float(np.median(every)), _LEAST), float(np.clip(explained, 0, 1)))


def weighed(psi2d: Array, psi3d: Array, rgb: Usual, shape: Usual) -> FloatArray:
    """The fused distance, at least 1, of two arrays of any one shape.

    Each is brought to times its usual one, r; the map is the product of √(1 + r²) to powers that sum to 2,
    as those of the published product do, and are as the squares of the explained shares. Of powers as these
    shares, their squares and equal ones, squares served three families of rendered parts best.
    """
    total = sum((usual.explained + _BESIDES) ** 2 for usual in (rgb, shape))
    joined = np.ones(np.shape(psi2d), np.float64)
    for values, usual in ((psi2d, rgb), (psi3d, shape)):
        power = 2 * (usual.explained + _BESIDES) ** 2 / total
        times = np.asarray(values, np.float64) / usual.distance
        joined *= np.sqrt(1 + times**2) ** power
    return joined.astype(np.float32)
