"""Sparse weights that carry descriptions of scattered places of a part to pixels."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from inspector_core.types import Array

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

_NEIGHBOURS = 4
"""On a grid of places, the corners of the cell that a pixel lies in."""
_EPSILON = 1e-3
"""Added to squared distances, in units of the usual one between places."""


def place_weights(places: Array, wanted: Array) -> csr_matrix:
    """(P, T) float32 CSR: what wanted places take of each described one; rows sum to 1.

    places : (T, 2) of the described places, wanted : (P, 2), in the same pixels.
    The four nearest count by their inverse squared distances.
    """
    from scipy.sparse import csr_matrix
    from scipy.spatial import cKDTree

    count = min(_NEIGHBOURS, len(places))
    apart, index = cKDTree(places).query(wanted, count)
    apart, index = (each.reshape(len(wanted), count) for each in (apart, index))
    usual = float(np.median(apart[:, -1])) or 1.0
    inverse = 1 / ((apart / usual) ** 2 + _EPSILON)
    share = (inverse / inverse.sum(axis=1, keepdims=True)).astype(np.float32)
    place = np.arange(len(wanted) + 1) * count
    return csr_matrix((share.ravel(), index.ravel(), place), shape=(len(wanted), len(places)))
