"""Laying one part onto another: the part's own frame, any rotation at first, then iterative closest point.

A pose is a (4, 4) float64 matrix; `moved(points, pose)` takes points from the first frame to the
second. All lengths are mm. Nothing here draws random numbers.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from inspector_core.geometry.surface_grid import SurfaceGrid
from inspector_core.types import Array, FloatArray, Plane

Freedom = Literal["table", "free"]
"""table: turned and shifted on the table; free: all six degrees of freedom."""


def moved(points: Array, pose: Array) -> Array:
    """(..., 3) points in the second frame, in their own dtype."""
    turn = np.ascontiguousarray(pose[:3, :3].T, points.dtype)
    result = (points.reshape(-1, 3) @ turn).reshape(points.shape)
    # axis by axis: numpy is slow on rows of three numbers
    for axis in range(3):
        result[..., axis] += points.dtype.type(pose[axis, 3])
    return np.asarray(result)


def turned(angle: float) -> Array:
    """Pose that turns about z by an angle in radians."""
    pose = np.eye(4)
    pose[:2, :2] = [[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]
    return pose


def resting_pose(points: Array, plane: Plane | None) -> Array:
    """Camera frame to the part's own: z is height above the table, the origin under the centroid.

    points : (N, 3) mm of the part.   plane : what it lies on; None stands for a plane across the
    viewing axis through the centroid. x follows the camera's x, y points up in the picture.
    """
    centre = points.mean(axis=0, dtype=np.float64)
    up = np.array([0.0, 0.0, -1.0]) if plane is None else np.asarray(plane.normal, float)
    offset = -float(up @ centre) if plane is None else plane.offset
    across = np.array([1.0, 0.0, 0.0]) - up * up[0]
    across /= np.linalg.norm(across)
    pose = np.eye(4)
    pose[:3, :3] = np.stack([across, np.cross(up, across), up])
    pose[:3, 3] = -pose[:3, :3] @ (centre - up * (up @ centre + offset))
    return pose


_COARSE_POINTS = 10_000


class TurnSearch:
    """All turns and shifts of a part at once: correlation of coarse height maps by FFT.

    points : (N, 3) of the reference in its resting frame.
    """

    turns = 90
    side = 96

    def __init__(self, points: Array) -> None:
        from scipy import fft

        radius = float(np.sqrt((points[:, :2].astype(np.float64) ** 2).sum(axis=1).max()))
        self.cell = 2 * 1.15 * max(radius, 1e-6) / (0.62 * self.side)
        thinned = spread_sample(points, _COARSE_POINTS)
        images = np.stack(
            [
                self._image(moved(thinned, turned(2 * np.pi * turn / self.turns)))
                for turn in range(self.turns)
            ]
        )
        self._spectra = np.conj(fft.rfft2(images))
        self._energy = (images.astype(np.float64) ** 2).sum(axis=(1, 2))

    def _image(self, points: Array) -> FloatArray:
        from scipy.ndimage import gaussian_filter

        side = self.side
        cells = np.rint(points[:, :2] / self.cell + side / 2).astype(np.int64)
        inside = ((cells >= 0) & (cells < side)).all(axis=1)
        number = cells[inside, 1] * side + cells[inside, 0]
        count = np.bincount(number, minlength=side * side)
        total = np.bincount(number, points[inside, 2], minlength=side * side)
        image = (total / np.maximum(count, 1)).astype(np.float32).reshape(side, side)
        return np.asarray(gaussian_filter(image, 0.7))

    def candidates(self, points: Array, count: int = 3) -> list[Array]:
        """Poses that lay the points (N, 3) roughly onto the reference, most similar first."""
        from scipy import fft

        image = self._image(spread_sample(points, _COARSE_POINTS))
        match = fft.irfft2(fft.rfft2(image)[None] * self._spectra, s=(self.side, self.side))
        difference = self._energy - 2 * match.reshape(self.turns, -1).max(axis=1)
        places = match.reshape(self.turns, -1).argmax(axis=1)
        found = []
        for _ in range(count):
            turn = int(difference.argmin())
            if not np.isfinite(difference[turn]):
                break
            found.append(self._pose(turn, int(places[turn])))
            apart = np.abs((np.arange(self.turns) - turn + self.turns // 2) % self.turns)
            difference[np.abs(apart - self.turns // 2) <= self.turns // 15] = np.inf
        return found

    def _pose(self, turn: int, place: int) -> Array:
        shift = np.array(divmod(place, self.side)[::-1], float)
        shift[shift > self.side / 2] -= self.side
        pose = np.eye(4)
        pose[:2, 3] = -shift * self.cell
        return turned(-2 * np.pi * turn / self.turns) @ pose


@dataclass(frozen=True, slots=True)
class Fit:
    """A pose with its quality.

    overlap : share of the points within the last stage's reach of the surface.
    residual_mm : median distance of those along the normal.
    """

    pose: Array
    overlap: float
    residual_mm: float


@dataclass(frozen=True, slots=True)
class Stage:
    """One stage of iterative closest point: how far to look and how tolerant to be, in cells."""

    reach: int
    stride: int
    steps: int
    tolerance: float


_SETTLED = 0.02
"""A stage ends when a step moves the part by less than this share of the stage's tolerance."""
COARSE = (Stage(3, 4, 6, 6.0), Stage(3, 2, 4, 3.0))
FINE = (Stage(2, 2, 6, 1.6), Stage(2, 1, 10, 0.5))


def spread_sample(points: Array, count: int) -> Array:
    """At most `count` of the points, evenly spread over their order."""
    if len(points) <= count:
        return points
    return points[np.arange(count, dtype=np.int64) * len(points) // count]


def refine(
    points: Array, grid: SurfaceGrid, start: Array, freedom: Freedom, stages: tuple[Stage, ...]
) -> Fit:
    """Iterative closest point, point to plane, with weights that fade out with the distance.

    points : (N, 3) float32.   start : pose to begin with.
    """
    pose, cell = start, grid.lattice.cell
    corners = _corners(points)
    overlap, residual = 0.0, float("inf")
    for stage in stages:
        for _ in range(stage.steps):
            here = moved(points, pose)
            number, squared = grid.nearest(here, stage.reach, stage.stride)
            near = squared < (stage.reach * stage.stride * cell) ** 2
            overlap = float(near.mean()) if len(points) else 0.0
            if near.sum() < 12:
                return Fit(pose, 0.0, float("inf"))
            base, normal = grid.points(number[near])
            step, residual = _step(here[near], base, normal, stage.tolerance * cell, freedom)
            before, pose = moved(corners, pose), step @ pose
            if np.abs(moved(corners, pose) - before).max() < _SETTLED * stage.tolerance * cell:
                break
    return Fit(pose, overlap, residual)


def _step(
    points: Array, base: Array, normal: Array, tolerance: float, freedom: Freedom
) -> tuple[Array, float]:
    """Pose of one Gauss-Newton step, and the median distance before it."""
    distance = np.einsum("ij,ij->i", points - base, normal).astype(np.float64)
    weight = 1 / (1 + (distance / tolerance) ** 2) ** 2
    centre = points.mean(axis=0, dtype=np.float64)
    (x, y, z), (u, v, w) = (points - centre).T, normal.T.astype(np.float64)
    if freedom == "table":
        chosen, rows = [2, 3, 4], np.stack([x * v - y * u, u, v])
    else:
        turning = [y * w - z * v, z * u - x * w, x * v - y * u]
        chosen, rows = [0, 1, 2, 3, 4, 5], np.stack([*turning, u, v, w])
    weighted = rows * weight
    found = np.linalg.lstsq(weighted @ rows.T, -weighted @ distance, rcond=1e-9)[0]
    motion = np.zeros(6)
    motion[chosen] = found
    step = np.eye(4)
    step[:3, :3] = _rotation(motion[:3])
    step[:3, 3] = centre - step[:3, :3] @ centre + motion[3:]
    return step, float(np.median(np.abs(distance)))


def _corners(points: Array) -> Array:
    """(4, 3) float64 outermost places of the points, which tell how far a step moves the part."""
    if not len(points):
        return np.zeros((1, 3))
    low, high = points.min(axis=0), points.max(axis=0)
    corners = [low, high, [low[0], high[1], low[2]], [high[0], low[1], high[2]]]
    return np.array(corners, np.float64)


def _rotation(vector: Array) -> Array:
    """Rotation matrix of a rotation vector (Rodrigues)."""
    angle = float(np.linalg.norm(vector))
    x, y, z = vector / angle if angle > 0 else vector
    cross = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    return np.asarray(np.eye(3) + np.sin(angle) * cross + (1 - np.cos(angle)) * cross @ cross)


def register(
    points: Array, grid: SurfaceGrid, search: TurnSearch, freedom: Freedom, fine_points: int = 2500
) -> Fit:
    """Lay a part's points (N, 3), resting frame, onto the reference surface, from any turn.

    Three starts from the height maps, each refined on few points; the one that overlaps best is
    refined on many.
    """
    few = spread_sample(points, 400)
    starts = [refine(few, grid, pose, freedom, COARSE) for pose in search.candidates(points)]
    best = max(starts, key=lambda fit: fit.overlap - fit.residual_mm / (4 * grid.lattice.cell))
    return refine(spread_sample(points, fine_points), grid, best.pose, freedom, FINE)
