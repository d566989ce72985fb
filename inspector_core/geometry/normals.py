"""Surface normals of an organised cloud: validity-weighted local plane fits by box sums."""

from __future__ import annotations

import numpy as np

from inspector_core.geometry.plane import view_ray
from inspector_core.types import Array, FloatArray


def surface_normals(xyz: Array, valid: Array, window_px: int = 5) -> FloatArray:
    """(H, W, 3) float32 unit normals towards the camera; NaN where missing or undetermined.

    xyz : (H, W, 3) mm.   valid : (H, W) bool.   window_px : odd side of the fitted window.
    In each window x, y and z are fitted as linear functions of column and row over the valid pixels
    (float64 sums, so quantised coordinates average out); the normal is the cross product of the two
    fitted tangents.
    """
    normals = np.full(xyz.shape, np.nan, np.float32)
    rows, columns = np.nonzero(valid.any(axis=1))[0], np.nonzero(valid.any(axis=0))[0]
    if rows.size:
        box = np.s_[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
        normals[box] = _fitted(xyz[box], valid[box], window_px)
    return normals


def _fitted(xyz: Array, valid: Array, window_px: int) -> FloatArray:
    u, v = _tangents(xyz, valid, window_px)
    normal = [
        u[1] * v[2] - u[2] * v[1],
        u[2] * v[0] - u[0] * v[2],
        u[0] * v[1] - u[1] * v[0],
    ]
    length = np.sqrt(normal[0] ** 2 + normal[1] ** 2 + normal[2] ** 2)
    length[~valid | (length == 0)] = np.nan
    ray = view_ray(xyz)
    away = normal[0] * ray[..., 0] + normal[1] * ray[..., 1] + normal[2] * ray[..., 2] > 0
    length[away] *= -1.0
    unit = np.empty(xyz.shape, np.float32)
    for axis in range(3):
        np.divide(normal[axis], length, out=unit[..., axis], casting="same_kind")
    return unit


def _tangents(xyz: Array, valid: Array, window_px: int) -> tuple[list[Array], list[Array]]:
    """Slopes of x, y, z along columns and along rows, each times the same positive number.

    Where the valid pixels of a window lie on one line, the slopes are zero.
    """
    count, u, v, uu, uv, vv = window_moments(valid.astype(np.float64), window_px, order=2)
    np.maximum(count, 1.0, out=count)
    mean_u, mean_v = u / count, v / count
    uu -= u * mean_u
    uv -= u * mean_v
    vv -= v * mean_v
    flat = uu * vv - uv * uv < 1e-6
    along_columns, along_rows = [], []
    somewhere = xyz.reshape(-1, 3)[np.argmax(valid)].astype(np.float64)
    for axis in range(3):
        values = np.where(valid, xyz[..., axis] - somewhere[axis], 0.0)
        f, fu, fv = window_moments(values, window_px, order=1)
        fu -= f * mean_u
        fv -= f * mean_v
        fu[flat] = fv[flat] = 0.0
        along_columns.append(fu * vv - fv * uv)
        along_rows.append(fv * uu - fu * uv)
    return along_columns, along_rows


def window_moments(values: Array, window_px: int, order: int) -> list[Array]:
    """Sums over a square window of values times 1; u, v; u², uv, v², up to an order of 0 to 2.

    values : (H, W), counted as 0 beyond the edge.   u counts columns, v rows from the middle.
    """
    padded = np.pad(values, window_px // 2)
    by_u = _line_moments(padded.T, window_px, order)
    plain = _line_moments(by_u[0].T, window_px, order)
    sums = [plain[0]]
    if order >= 1:
        first = _line_moments(by_u[1].T, window_px, order - 1)
        sums += [first[0], plain[1]]
    if order == 2:
        second = _line_moments(by_u[2].T, window_px, 0)
        sums += [second[0], first[1], plain[2]]
    return sums


def _line_moments(padded: Array, window_px: int, order: int) -> list[Array]:
    """Sums down the rows of values times 1, k, k² up to an order, k the offset in the window.

    Offsets of both signs are paired; slices beat a filter call at these sizes.
    """
    half = window_px // 2
    length = padded.shape[0] - 2 * half
    sums = [padded[half : half + length].copy(order="K")]
    sums += [np.zeros_like(sums[0]) for _ in range(order)]
    for k in range(1, half + 1):
        after, before = padded[half + k : half + k + length], padded[half - k : half - k + length]
        even = after + before
        sums[0] += even
        if order >= 1:
            sums[1] += k * (after - before)
        if order >= 2:
            sums[2] += k**2 * even
    return sums
