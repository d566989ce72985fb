"""Relief: how far a small neighbourhood stands out of a larger one, in millimetres, at three scales.

Planes are fitted in windows of growing size on the organised grid; the differences between their
values at the middle are zero on any flat or tilted face, whatever its outline, positive or negative on
dents and bumps of about the window's size. Complements FPFH, whose bins blur small deviations.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from inspector_core.geometry.normals import window_moments
from inspector_core.types import Array, FloatArray

WINDOWS = (3, 5, 9, 13)
"""Sides of the windows in grid steps."""
CHANNELS = len(WINDOWS) + 1
RESOLUTION_MM = 0.05
"""Deviations count linearly below this and logarithmically above."""


def relief_descriptor(depth: Array, normals: Array) -> FloatArray:
    """(H, W, 5) float32: three differences of plane fits, roughness at two scales; NaN where unknown.

    depth : (H, W) mm along the viewing direction, NaN = missing.   normals : (H, W, 3), NaN = unknown;
    they turn depths into distances from the surface. Each channel is sign(v) log(1 + |v| / 0.05 mm).
    """
    known = np.isfinite(depth) & np.isfinite(normals[..., 2])
    if not known.any():
        return np.full((*depth.shape, CHANNELS), np.nan, np.float32)
    values = np.where(known, depth - np.median(depth[known]), 0.0)
    fits = [_plane_fit(values, known, window) for window in WINDOWS]
    # in a window whose points lie on one line no plane is known, and no relief is claimed
    channels = [np.nan_to_num(small - large) for (small, _), (large, _) in pairwise(fits)]
    channels += [np.nan_to_num(fits[0][1]), np.nan_to_num(fits[1][1])]
    distance = np.stack(channels, axis=2) * np.abs(normals[..., 2:3])
    found = np.sign(distance) * np.log1p(np.abs(distance) / RESOLUTION_MM)
    return np.where(known[..., None], found, np.nan).astype(np.float32)


def _plane_fit(values: Array, known: Array, window: int) -> tuple[Array, Array]:
    """Value at the middle of the plane fitted in each window, and the rms distance from it.

    NaN where the points do not span a plane.
    """
    count, u, v, uu, uv, vv = window_moments(known.astype(np.float64), window, order=2)
    count = np.maximum(count, 1.0)
    u, v = u / count, v / count
    uu, uv, vv = uu / count - u * u, uv / count - u * v, vv / count - v * v
    mean, by_u, by_v = (total / count for total in window_moments(values, window, order=1))
    by_u, by_v = by_u - mean * u, by_v - mean * v
    determinant = uu * vv - uv * uv
    determinant[determinant <= 1e-3] = np.nan
    slope_u = (by_u * vv - by_v * uv) / determinant
    slope_v = (by_v * uu - by_u * uv) / determinant
    square = window_moments(values**2, window, order=0)[0] / count
    rest = square - mean**2 - slope_u * by_u - slope_v * by_v
    return mean - slope_u * u - slope_v * v, np.sqrt(np.maximum(rest, 0.0))
