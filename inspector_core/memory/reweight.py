"""Reweighting of PatchCore (eq. 7) and its published variants: a match in a crowded place counts less."""

from __future__ import annotations

import numpy as np

from inspector_core.types import Array, FloatArray


def reweighting(
    queries: Array,
    distances: Array,
    index: Array,
    bank: Array,
    neighbours: Array,
    *,
    scaled: bool = True,
) -> FloatArray:
    """(N,) factors 1 - exp(s/√D) / Σ exp(‖q - m‖/√D) over the neighbours m of the nearest row.

    queries : (N, D).   distances, index : (N,) from `nearest`.   bank : (M, D).
    neighbours : (M, k) of `other_neighbours` (BTF, M3DM), or with the row itself before them (paper).
    scaled : by √D, as BTF and M3DM do; the paper has none, and its sums saturate.
    The published part score is distance times factor of the patch with the largest distance; the
    largest exponent is taken out, so nothing overflows.
    """
    scale = np.sqrt(queries.shape[1]) if scaled else 1.0
    around = bank[neighbours[index]]
    far = np.linalg.norm(queries[:, None].astype(np.float64) - around, axis=2) / scale
    own = distances.astype(np.float64) / scale
    top = np.maximum(far.max(axis=1), own)
    factor = 1.0 - np.exp(own - top) / np.exp(far - top[:, None]).sum(axis=1)
    return np.asarray(factor, np.float32)
