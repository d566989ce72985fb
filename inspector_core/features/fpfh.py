"""Fast point feature histograms (Rusu et al., 2009): 33 numbers on the shape around a point.

Three histograms of 11 bins over the angles between a point's normal and its neighbours', each
summing to 200; invariant to rotation and to the unit of length, given consistent normals.

`tree_fpfh` is the published computation (BTF: open3d, nearest neighbours of a tree); `grid_fpfh` takes
the neighbours from the organised cloud's own grid, needs no open3d, and is several times faster.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from inspector_core.types import Array, FloatArray

BINS = 11
CHANNELS = 3 * BINS
NORMAL_NEIGHBOURS = 30
NEIGHBOURS = 100
"""Published counts. On part-sized clouds they decide; the published radii do not."""
NORMAL_RADIUS_M = 0.1
RADIUS_M = 0.25
"""Published radii: neighbours farther away than this do not count."""

_COUNTED_AT_ONCE = 1 << 20


def tree_normals(
    points: Array, neighbours: int = NORMAL_NEIGHBOURS, radius: float | None = None
) -> Array:
    """(N, 3) float64 unit normals of the nearest points' covariance; their signs are arbitrary.

    points : (N, 3), any unit. The sign is open3d's, as the published code leaves it; with fewer than
    three points within reach the normal is (0, 0, 1).   radius : how far neighbours may be, in the
    points' unit; None: any distance.
    """
    import open3d

    if len(points) == 0:
        return np.zeros((0, 3))
    cloud = open3d.geometry.PointCloud(open3d.utility.Vector3dVector(points.astype(np.float64)))
    cloud.estimate_normals(_search(neighbours, radius))
    return np.asarray(cloud.normals)


def tree_fpfh(
    points: Array, normals: Array, neighbours: int = NEIGHBOURS, radius: float | None = None
) -> FloatArray:
    """(N, 33) float32 as open3d computes them from the nearest `neighbours` points, itself counted.

    points, normals : (N, 3), any unit of length.   radius : as in `tree_normals`.
    """
    import open3d

    if len(points) == 0:
        return np.zeros((0, CHANNELS), np.float32)
    cloud = open3d.geometry.PointCloud(open3d.utility.Vector3dVector(points.astype(np.float64)))
    cloud.normals = open3d.utility.Vector3dVector(normals.astype(np.float64))
    registration: Any = open3d.pipelines.registration
    found = registration.compute_fpfh_feature(cloud, _search(neighbours, radius))
    return np.ascontiguousarray(found.data.T, dtype=np.float32)


def _search(neighbours: int, radius: float | None) -> Any:
    import open3d

    if radius is None:
        return open3d.geometry.KDTreeSearchParamKNN(neighbours)
    return open3d.geometry.KDTreeSearchParamHybrid(radius=radius, max_nn=neighbours)


def published_fpfh(points: Array, neighbours: int = NEIGHBOURS) -> FloatArray:
    """(N, 33) float32 of BTF's call: normals of arbitrary sign, counts and radii as published.

    points : (N, 3) **metres**: in millimetres the radii would leave every point alone.
    """
    normals = tree_normals(points, radius=NORMAL_RADIUS_M)
    return tree_fpfh(points, normals, neighbours, RADIUS_M)


def grid_fpfh(xyz: Array, normals: Array, radius: float, reach: float) -> FloatArray:
    """(H, W, 33) float32, NaN where point or normal are missing; zeros where a point is alone.

    xyz, normals : (H, W, 3), NaN = missing.   radius : of the disc of neighbours, in grid steps
    (5.6 holds the published 99).   reach : neighbours farther than this in 3D are left out, unit of xyz.
    Each pair of points is looked at once: its three angles are the same from both ends.
    """
    from scipy.sparse import coo_matrix

    known = np.asarray(np.isfinite(xyz).all(axis=2) & np.isfinite(normals).all(axis=2))
    points = [np.ascontiguousarray(xyz[..., axis][known], np.float32) for axis in range(3)]
    directions = [np.ascontiguousarray(normals[..., axis][known], np.float32) for axis in range(3)]
    n_points = len(points[0])
    counts = np.zeros(n_points * CHANNELS, np.int64)
    pairs: list[Array] = [np.zeros((2, 0), np.int64)]
    weights: list[Array] = [np.zeros(0, np.float32)]
    waiting: list[Array] = []
    for first, second in _pairs(known, radius):
        slots, square = _pair_slots(points, directions, first, second)
        near = (square > 0) & (square <= reach**2)
        first, second, slots = first[near], second[near], slots[:, near]
        waiting += [(first * CHANNELS + slots).ravel(), (second * CHANNELS + slots).ravel()]
        if sum(map(len, waiting)) > _COUNTED_AT_ONCE:
            counts += _counted(waiting, len(counts))
        pairs.append(np.stack([first, second]))
        weights.append(1.0 / square[near])
    counts += _counted(waiting, len(counts))
    simple = _scaled(counts.reshape(n_points, CHANNELS).astype(np.float32))
    pair, weight = np.concatenate(pairs, axis=1), np.concatenate(weights)
    half = coo_matrix((weight, (pair[0], pair[1])), shape=(n_points, n_points)).tocsr()
    features = np.full((*known.shape, CHANNELS), np.nan, np.float32)
    features[known] = simple + _scaled(half @ simple + half.T @ simple)
    return features


def _counted(waiting: list[Array], length: int) -> Array:
    """How often each slot occurs in the waiting lists, which are emptied."""
    slots = np.concatenate([np.zeros(0, np.int64), *waiting])
    waiting.clear()
    return np.bincount(slots, minlength=length)


def _pairs(known: Array, radius: float) -> list[tuple[Array, Array]]:
    """Numbers of the known points that lie at each offset of half a disc, one entry per offset."""
    number = np.full(known.shape, -1, np.int64)
    number[known] = np.arange(int(known.sum()))
    reach = int(radius)
    found = []
    for down in range(reach + 1):
        for right in range(-reach, reach + 1):
            if (down == 0 and right <= 0) or down * down + right * right > radius * radius:
                continue
            height, width = known.shape
            if down >= height or abs(right) >= width:
                continue
            left = max(0, -right)
            stop = width - max(0, right)
            first = number[: height - down, left:stop]
            second = number[down:, left + right : stop + right]
            both = (first >= 0) & (second >= 0)
            found.append((first[both], second[both]))
    return found


def _pair_slots(
    points: list[Array], normals: list[Array], first: Array, second: Array
) -> tuple[Array, Array]:
    """(3, n) places in the 33 bins of the Darboux angles of point pairs, squared distances (n,).

    With unit vectors d, n₁, n₂ and a = n₁·d, b = n₂·d, c = n₁·n₂, t = (d×n₁)·n₂, all three angles
    follow without cross products: f₃ = a, f₂ = t/√(1-a²), f₁ = atan2((b - a c)/√(1-a²), c). The end
    with the smaller angle to d is the source; exchanging the ends turns (a, b) into (-b, -a).
    """
    x, y, z = (axis[second] - axis[first] for axis in points)
    u1, u2, u3 = (axis[first] for axis in normals)
    v1, v2, v3 = (axis[second] for axis in normals)
    square = x * x + y * y + z * z
    inverse = 1 / np.sqrt(np.maximum(square, np.float32(1e-30)))
    a = (u1 * x + u2 * y + u3 * z) * inverse
    b = (v1 * x + v2 * y + v3 * z) * inverse
    c = u1 * v1 + u2 * v2 + u3 * v3
    triple = x * (u2 * v3 - u3 * v2) + y * (u3 * v1 - u1 * v3) + z * (u1 * v2 - u2 * v1)
    swap = np.abs(a) < np.abs(b)
    a, b = np.where(swap, -b, a), np.where(swap, -a, b)
    sine = np.sqrt(np.maximum(1 - a * a, 0))
    undefined = sine < 1e-6
    sine[undefined] = 1.0
    angles = np.stack(
        [
            np.arctan2((b - a * c) / sine, c) * np.float32(1 / np.pi),
            triple * inverse / sine,
            a,
        ]
    )
    angles[:, undefined] = 0.0
    bins = np.clip((angles + 1) * np.float32(BINS / 2), 0, BINS - 1).astype(np.int64)
    return bins + np.array([[0], [BINS], [2 * BINS]]), square


def _scaled(histograms: Array) -> FloatArray:
    """Each third of (N, 33) summing to 100; empty ones stay empty."""
    thirds = histograms.reshape(-1, 3, BINS)
    sums = thirds.sum(axis=2, keepdims=True)
    scaled = thirds * (100.0 / np.where(sums > 0, sums, 1))
    return np.asarray(scaled.reshape(-1, CHANNELS), np.float32)


def published_pooling(
    features: Array, index: Array, shape: tuple[int, int], target: int = 28
) -> FloatArray:
    """(C, target, target) as BTF pools: mean of 3x3 without padding, then adaptive mean.

    features : (N, C) of the valid points.   index : (N,) their row-major places in `shape`. Missing
    pixels are zeros and are averaged in, so histograms at the outline sum to less than 200.
    """
    import torch
    from torch.nn.functional import adaptive_avg_pool2d, avg_pool2d

    plane = np.zeros((shape[0] * shape[1], features.shape[1]), np.float32)
    plane[index] = features
    image = torch.from_numpy(plane.T.reshape(1, -1, *shape).copy())
    return np.asarray(adaptive_avg_pool2d(avg_pool2d(image, 3, stride=1), target)[0].numpy())
