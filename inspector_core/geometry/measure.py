"""Measuring on the scanned surface: area, smallest rectangle, a good surface fitted to a ring."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from inspector_core.types import Array, BoolArray

_PITCH_POINTS = 8_000
"""About this many points tell the distance between neighbours."""


def vertex_areas(xyz: Array) -> Array:
    """Surface area that each point stands for, (H, W) float64 in mm²; NaN where not measured.

    xyz : (H, W, 3) mm, NaN = missing.
    A third of every grid triangle that touches the point, scaled up where neighbours are missing, so
    that the areas of the points of a region add up to the region's area, small regions included
    (summing only whole triangles inside loses half of a region of a dozen pixels).
    """
    points = np.asarray(xyz, np.float64)
    height, width = points.shape[:2]
    total = np.zeros((height, width))
    present = np.zeros((height, width))
    for first in (0, 1):  # both diagonals of each grid square, averaged: no preferred direction
        for corners in _triangles(first):
            a, b, c = (points[r : height - 1 + r, k : width - 1 + k] for r, k in corners)
            area = np.linalg.norm(np.cross(b - a, c - a), axis=2) / 2
            known = np.isfinite(area)
            share = np.where(known, area, 0.0) / 6
            for r, k in corners:
                total[r : height - 1 + r, k : width - 1 + k] += share
                present[r : height - 1 + r, k : width - 1 + k] += known
    with np.errstate(invalid="ignore", divide="ignore"):
        areas = total * (12 / present)
    return np.asarray(np.where((present > 0) & np.isfinite(points).all(axis=2), areas, np.nan))


def _triangles(diagonal: int) -> tuple[tuple[tuple[int, int], ...], ...]:
    if diagonal == 0:
        return ((0, 0), (0, 1), (1, 0)), ((1, 1), (0, 1), (1, 0))
    return ((0, 0), (0, 1), (1, 1)), ((0, 0), (1, 0), (1, 1))


def pitch_mm(xyz: Array, within: Array | None = None) -> float | None:
    """Median distance of horizontally and vertically neighbouring points in mm; None without any.

    xyz : (H, W, 3) mm.   within : (H, W) bool, points to look at (all when None). Of a large cloud
    only some rows and columns are looked at, evenly spread: the median needs no more.
    """
    wanted = np.ones(xyz.shape[:2], bool) if within is None else within
    step = max(1, round(float(wanted.sum()) / _PITCH_POINTS))
    apart = []
    for points, here in ((xyz, wanted), (xyz.swapaxes(0, 1), wanted.T)):
        points, here = points[::step], here[::step]
        rows, columns = np.nonzero(here[:, 1:] & here[:, :-1])
        apart.append(points[rows, columns + 1] - points[rows, columns])
    steps = np.linalg.norm(np.concatenate(apart), axis=1)
    steps = steps[np.isfinite(steps)]
    return float(np.median(steps)) if steps.size else None


@dataclass(frozen=True, slots=True)
class Rectangle:
    """Smallest rectangle around points in their own best plane, mm; length >= width."""

    length: float
    width: float


def best_plane_axes(points: Array) -> tuple[Array, Array]:
    """Centroid (3,) and axes (3, 3) of points (N, 3): rows are long, short and normal direction."""
    centre = points.mean(axis=0)
    _, _, axes = np.linalg.svd(points - centre, full_matrices=False)
    if axes.shape[0] < 3:
        axes = np.linalg.qr(np.vstack([axes, np.eye(3)]).T)[0].T[:3]
    return centre, axes


def smallest_rectangle(points: Array, pitch: float) -> Rectangle:
    """points : (N, 3) mm, N >= 1.   pitch : what one point covers, added to both sides."""
    centre, axes = best_plane_axes(np.asarray(points, np.float64))
    flat = (points - centre) @ axes[:2].T
    hull = _hull(flat)
    edges = np.diff(np.vstack([hull, hull[:1]]), axis=0)
    angles = np.unique(np.arctan2(edges[:, 1], edges[:, 0]) % (np.pi / 2))
    best: tuple[float, float] | None = None
    for angle in angles if angles.size else np.zeros(1):
        turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
        width, height = np.ptp(hull @ turn.T, axis=0) + pitch
        if best is None or width * height < best[0] * best[1]:
            best = (float(width), float(height))
    assert best is not None
    return Rectangle(max(best), min(best))


def _hull(flat: Array) -> Array:
    from scipy.spatial import ConvexHull, QhullError

    if len(flat) < 3:
        return flat
    try:
        return np.asarray(flat[ConvexHull(flat).vertices])
    except QhullError:  # all points on one line
        order = np.argsort(flat[:, 0])
        return np.asarray(flat[order[[0, -1]]])


def ring_deviation(xyz: Array, region: Array, ring: Array) -> Array | None:
    """Signed distance of the region's points from a surface fitted to the ring around it.

    xyz : (H, W, 3) mm.   region, ring : (H, W) bool.
    Returns (H, W) float32 mm, NaN outside both; positive towards the camera (smaller z). The surface
    is a quadratic over the ring's own best plane, fitted robustly (Cauchy weights, five rounds).
    None when the ring has fewer than 12 points.
    """
    measured = np.isfinite(xyz).all(axis=2)
    around = ring & ~region & measured
    if around.sum() < 12:
        return None
    centre, axes = best_plane_axes(np.asarray(xyz[around], np.float64))
    if axes[2, 2] > 0:  # the normal points towards the camera, that is against z
        axes = axes * np.array([[1.0], [1.0], [-1.0]])
    local_ring = (np.asarray(xyz[around], np.float64) - centre) @ axes.T
    scale = np.abs(local_ring[:, :2]).max() or 1.0
    design = _quadratic(local_ring[:, :2] / scale)
    weights = np.ones(len(design))
    for _ in range(5):
        root = np.sqrt(weights)[:, None]
        solution, *_ = np.linalg.lstsq(design * root, local_ring[:, 2] * root[:, 0], rcond=None)
        residual = local_ring[:, 2] - design @ solution
        sigma = 1.4826 * np.median(np.abs(residual)) + 1e-6
        weights = 1 / (1 + (residual / (2.4 * sigma)) ** 2)
    wanted = (region | around) & measured
    local = (np.asarray(xyz[wanted], np.float64) - centre) @ axes.T
    deviation = np.full(region.shape, np.nan, np.float32)
    deviation[wanted] = local[:, 2] - _quadratic(local[:, :2] / scale) @ solution
    return deviation


def _quadratic(uv: Array) -> Array:
    u, v = uv[:, 0], uv[:, 1]
    return np.stack([np.ones_like(u), u, v, u * u, u * v, v * v], axis=1)


def grown(mask: Array, steps: int) -> BoolArray:
    """The mask widened by so many pixels (8-neighbourhood)."""
    from scipy import ndimage

    if steps <= 0:
        return np.asarray(mask, bool)
    size = 2 * steps + 1
    return np.asarray(ndimage.maximum_filter(mask, size=size, mode="constant", cval=False), bool)
