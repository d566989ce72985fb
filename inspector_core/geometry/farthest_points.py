"""Farthest point sampling: each chosen point is the one farthest from all chosen before it.

The published computation is the CUDA kernel of erikwijmans/Pointnet2_PyTorch@b5ceb6d (float32, squared
distances, running minimum); everything it does is followed here, what is odd about it on request.
"""

from __future__ import annotations

from typing import Literal

import numpy as np

from inspector_core.errors import InputError
from inspector_core.types import Array, FloatArray

Start = Literal["first", "farthest"]
Ties = Literal["published", "first"]

NEAR_ORIGIN_M2 = 1e-3
"""The kernel takes points this near the origin (squared, 3.2 cm) for padding and never chooses them."""
_UNSEEN = 1e10
_THREADS = 512


def farthest_points(
    points: Array,
    count: int,
    *,
    start: Start = "first",
    skip_near_origin: bool = False,
    ties: Ties = "first",
) -> Array:
    """(count,) int64 numbers of points that cover a cloud, in the order of choice.

    points : (N, 3), metres where `skip_near_origin` matters, no NaN.   start : "first" is point 0,
    "farthest" the one farthest from the centroid, which a stray point in the first row does not move.
    skip_near_origin : as published, never choose points with x² + y² + z² <= 1e-3 (but as a start).
    ties : among equally far points the "first", or the "published" order of the kernel's threads:
    smallest number modulo min(512, 2^floor(log2 N)), then smallest number. (The kernel joins its threads
    in pairs, which orders exact ties between them otherwise again; scans have none.)
    When all points are used the first-ranked one repeats. Raises InputError without points.
    """
    if len(points) == 0:
        raise InputError(
            "the cloud has no measured point on the part",
            cure="check exposure and distance of the sensor, or inspect the colour alone",
        )
    plain = np.asarray(points, np.float32)
    first = 0 if start == "first" else _outermost(plain)
    order = _ranked(plain, skip_near_origin, ties)
    chosen = np.empty(count, np.int64)
    chosen[:1] = first
    if len(order) == 0:
        chosen[:] = first
        return chosen
    x, y, z = (np.ascontiguousarray(plain[order, axis]) for axis in range(3))
    nearest = np.full(len(order), _UNSEEN, np.float32)
    total, square = np.empty_like(x), np.empty_like(x)
    last = plain[first]
    for step in range(1, count):
        np.square(np.subtract(x, last[0], out=total), out=total)
        np.square(np.subtract(y, last[1], out=square), out=square)
        total += square
        np.square(np.subtract(z, last[2], out=square), out=square)
        total += square
        np.minimum(nearest, total, out=nearest)
        place = nearest.argmax()
        chosen[step] = order[place]
        last = x[place], y[place], z[place]
    return chosen


def _outermost(points: FloatArray) -> int:
    away = points - points.mean(axis=0, dtype=np.float64)
    return int(np.square(away).sum(axis=1).argmax())


def _ranked(points: FloatArray, skip_near_origin: bool, ties: Ties) -> Array:
    """Numbers of the points that may be chosen, the one that wins a tie first."""
    number = np.arange(len(points))
    if ties == "published":
        threads = min(_THREADS, 1 << (len(points).bit_length() - 1))
        number = number[np.argsort(number % threads, kind="stable")]
    if skip_near_origin:
        x, y, z = points[number].T
        # the kernel compares with the double 1e-3
        number = number[((x * x + y * y) + z * z).astype(np.float64) > NEAR_ORIGIN_M2]
    return number
