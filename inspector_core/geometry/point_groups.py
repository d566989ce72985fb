"""Groups of neighbouring points around chosen centres."""

from __future__ import annotations

import numpy as np

from inspector_core.errors import InputError
from inspector_core.types import Array, FloatArray

FEWEST = 3
"""Points below which a cloud has no surface to describe."""


def group_points(points: Array, centres: Array, size: int) -> Array:
    """(G, k) int64 numbers of the k = min(size, N) points nearest to each centre, nearest first.

    points : (N, 3).   centres : (G, 3), same unit.   Found by a tree in float64, without the published
    N x G table of distances; equally near points come in the tree's order, which is fixed.
    Raises InputError with fewer than three points.
    """
    if len(points) < FEWEST:
        count = f"{len(points)} measured point{'' if len(points) == 1 else 's'}"
        raise InputError(
            f"the cloud has only {count} on the part; at least {FEWEST} are needed",
            cure="check exposure and distance of the sensor, or inspect the colour alone",
        )
    from scipy.spatial import cKDTree

    k = min(size, len(points))
    _, index = cKDTree(points).query(centres, k)
    return np.asarray(index, np.int64).reshape(len(centres), k)


def local_coordinates(points: Array, centres: Array, index: Array) -> FloatArray:
    """(G, k, 3) float32: the points of each group as seen from its centre."""
    around = np.asarray(points, np.float32)[index]
    around -= np.asarray(centres, np.float32)[:, None]
    return around
