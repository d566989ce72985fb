"""The surface a part lies on: a seeded RANSAC plane, accepted only when the scene lies on one side."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from inspector_core.types import Array, Plane

_SAMPLE = 1000
"""Points that hypotheses are judged on; the plane is refitted on ten times as many."""
_TRIPLES = 200
_BORDER_PX = 10
"""Width of the rim that most often shows the table (published: 10 pixels)."""
_BORDER_SHARE = 0.5
_INLIER_SHARE = 0.15
_BELOW_SHARE = 0.03
"""Beyond this share of points under it, a plane is no table but a face of the part."""
_BELOW_COST = 4.0


@dataclass(frozen=True, slots=True)
class PlaneFit:
    """A background plane with its evidence: shares of the valid points on it and under it."""

    plane: Plane
    on_share: float
    below_share: float
    rms_mm: float


def view_ray(xyz: Array) -> Array:
    """(3,) or (H, W, 3) direction from the camera to the points.

    In a camera frame all depths are positive and rays start at the origin; where a reader has moved
    the origin into the part, the rays are taken as parallel to z.
    xyz : (N, 3) or (H, W, 3) mm, NaN = missing.
    """
    z = xyz[..., 2]
    z = z[np.isfinite(z)]
    if z.size and np.quantile(z[:: max(1, z.size // 4096)], 0.01) > 0:
        return xyz
    return np.array([0.0, 0.0, 1.0])


def fit_plane(points: Array, ray: Array) -> Plane:
    """Least-squares plane through (N, 3) points in mm, its normal against the viewing ray (3,)."""
    centre = points.mean(axis=0, dtype=np.float64)
    offsets = points.astype(np.float64) - centre
    normal = np.linalg.eigh(offsets.T @ offsets)[1][:, 0]
    if normal @ ray > 0:
        normal = -normal
    return Plane((float(normal[0]), float(normal[1]), float(normal[2])), float(-normal @ centre))


def background_plane(xyz: Array, valid: Array, tolerance_mm: float, seed: int) -> PlaneFit | None:
    """The table under the part, or None when no plane explains the scene.

    xyz : (H, W, 3) float32 mm.   valid : (H, W) bool.
    Hypotheses come from three rim points first, from any three points next. A plane is accepted
    when enough points lie within the tolerance and hardly any lie under it, so a part's own face is
    not taken for the table. Same input and seed, same plane.
    """
    rng = np.random.default_rng(seed)
    rows, columns = np.nonzero(valid)
    rim = np.flatnonzero(
        (rows < rows[0] + _BORDER_PX)
        | (rows > rows[-1] - _BORDER_PX)
        | (columns < columns.min() + _BORDER_PX)
        | (columns > columns.max() - _BORDER_PX)
    )

    def points(chosen: Array) -> Array:
        return np.asarray(xyz[rows[chosen], columns[chosen]].astype(np.float64))

    fitted = points(_spread(np.arange(len(rows)), 10 * _SAMPLE))
    judged = fitted[_spread(np.arange(len(fitted)), _SAMPLE)]
    ray = _mean_ray(fitted)
    for candidates, share in (
        (points(_spread(rim, _SAMPLE)), _BORDER_SHARE),
        (judged, _INLIER_SHARE),
    ):
        guess = _best_hypothesis(candidates, judged, ray, tolerance_mm, rng)
        if guess is None:
            continue
        fit = _refined(guess, fitted, ray, tolerance_mm)
        on_candidates = np.mean(np.abs(fit.plane.height(candidates)) < tolerance_mm)
        if on_candidates >= share and fit.below_share <= _BELOW_SHARE:
            return fit
    return None


def _mean_ray(points: Array) -> Array:
    ray = view_ray(points)
    return np.asarray(ray.mean(axis=0) if ray.ndim == 2 else ray)


def _spread(numbers: Array, count: int) -> Array:
    """About `count` of the numbers, evenly spread."""
    step = max(1, len(numbers) // count)
    return numbers[step // 2 :: step]


def _best_hypothesis(
    candidates: Array, judged: Array, ray: Array, tolerance_mm: float, rng: np.random.Generator
) -> Plane | None:
    """The plane through three candidates with most judged points on it and few under it."""
    if len(candidates) < 3:
        return None
    corners = candidates[rng.integers(len(candidates), size=(_TRIPLES, 3))]
    normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    lengths = np.linalg.norm(normals, axis=1)
    usable = lengths > 1e-9
    if not usable.any():
        return None
    normals = normals[usable] / lengths[usable, None]
    normals[normals @ ray > 0] *= -1.0
    offsets = -np.einsum("ij,ij->i", normals, corners[usable, 0])
    heights = judged @ normals.T + offsets
    on = np.count_nonzero(np.abs(heights) < tolerance_mm, axis=0)
    below = np.count_nonzero(heights < -3.0 * tolerance_mm, axis=0)
    best = int(np.argmax(on - _BELOW_COST * below))
    normal = normals[best]
    return Plane((float(normal[0]), float(normal[1]), float(normal[2])), float(offsets[best]))


def _refined(plane: Plane, points: Array, ray: Array, tolerance_mm: float) -> PlaneFit:
    """Refit on the points within the tolerance, then within three times their own spread."""
    reach = tolerance_mm
    for _ in range(4):
        heights = plane.height(points)
        near = np.abs(heights) < reach
        if np.count_nonzero(near) < 3:
            break
        plane = fit_plane(points[near], ray)
        spread = 1.4826 * float(np.median(np.abs(plane.height(points[near]))))
        reach = min(tolerance_mm, max(3.0 * spread, 0.05 * tolerance_mm))
    heights = plane.height(points)
    near = np.abs(heights) < tolerance_mm
    return PlaneFit(
        plane,
        on_share=float(near.mean()),
        below_share=float(np.mean(heights < -3.0 * tolerance_mm)),
        rms_mm=float(np.sqrt(np.mean(heights[near] ** 2))) if near.any() else float("inf"),
    )
