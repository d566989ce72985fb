"""Pinhole camera, pose of the part, and casting of the pixels' rays onto a height field."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from inspector_core.synthetic.grid import Grid, Lookup
from inspector_core.synthetic.noise import Field, Streams
from inspector_core.types import Intrinsics

NOMINAL_DISTANCE_MM = 380.0
_FOCAL_PER_PIXEL = 1270.0 / 400.0  # focal length over picture width: 0.299 mm a pixel at 400 x 400
_BISECTIONS = 4
_SECANTS = 2
_BLOCK = 8  # nodes a side of the blocks whose highest point bounds the march


def intrinsics(size: int) -> Intrinsics:
    """The camera for a square picture; the field of view does not depend on the size."""
    focal = _FOCAL_PER_PIXEL * size
    return Intrinsics(size, size, focal, focal, (size - 1) / 2, (size - 1) / 2)


@dataclass(frozen=True)
class Pose:
    """Where the part lies: camera point = rotation @ part point + translation, in mm.

    rotation_deg : turn in the table's plane.   tilt_deg : camera axis against the table's normal.
    """

    rotation: Field
    translation: Field
    rotation_deg: float
    tilt_deg: float

    @classmethod
    def drawn(cls, streams: Streams) -> Pose:
        """A random pose: +-15 degrees, +-2 mm, tilt 3 to 13 degrees, distance +-4 mm."""
        rng = streams("pose")
        turn = rng.uniform(-15, 15)
        tilt, towards = rng.uniform(3, 13), rng.uniform(0, 2 * np.pi)
        shift = rng.uniform(-2, 2, 2)
        distance = NOMINAL_DISTANCE_MM + rng.uniform(-4, 4)
        c, s = np.cos(np.radians(turn)), np.sin(np.radians(turn))
        in_plane = np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]])
        to_camera = np.diag([1.0, -1.0, -1.0])
        axis = np.array([np.cos(towards), np.sin(towards), 0.0])
        rotation = _turn_about(axis, np.radians(tilt)) @ to_camera @ in_plane
        translation = np.array([shift[0], shift[1], distance])
        return cls(rotation, translation, float(turn), float(tilt))

    @property
    def camera(self) -> Field:
        """(3,) the camera's centre in the part frame, mm."""
        return np.asarray(-self.rotation.T @ self.translation)

    def to_camera(self, x: Field, y: Field, z: Field) -> tuple[Field, Field, Field]:
        """Part coordinates to camera coordinates, mm."""
        r, t = self.rotation, self.translation
        bands = [r[i, 0] * x + r[i, 1] * y + r[i, 2] * z + t[i] for i in range(3)]
        return bands[0], bands[1], bands[2]

    def to_picture(self, camera: Intrinsics, x: Field, y: Field, z: Field) -> tuple[Field, Field]:
        """Part coordinates to pixel coordinates u, v."""
        across, down, away = self.to_camera(x, y, z)
        return camera.fx * across / away + camera.cx, camera.fy * down / away + camera.cy


def _turn_about(axis: Field, angle: float) -> Field:
    x, y, z = axis
    cross = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    return np.asarray(np.eye(3) + np.sin(angle) * cross + (1 - np.cos(angle)) * cross @ cross)


@dataclass(frozen=True)
class Rays:
    """The pixels' rays in the part frame, written over the height h above the table.

    Every ray is x = foot_x + h * lean_x, y = foot_y + h * lean_y; all (H, W).   steepest : the
    largest lean of the whole picture, also in a block of it.
    """

    foot_x: Field
    foot_y: Field
    lean_x: Field
    lean_y: Field
    steepest: float

    @classmethod
    def of(cls, camera: Intrinsics, pose: Pose) -> Rays:
        u = (np.arange(camera.width) - camera.cx) / camera.fx
        v = ((np.arange(camera.height) - camera.cy) / camera.fy)[:, None]
        r, centre = pose.rotation, pose.camera
        dx, dy, dz = (r[0, i] * u + r[1, i] * v + r[2, i] for i in range(3))
        lean_x, lean_y = dx / dz, dy / dz
        steepest = max(float(np.abs(lean_x).max()), float(np.abs(lean_y).max()))
        foot_x, foot_y = centre[0] - centre[2] * lean_x, centre[1] - centre[2] * lean_y
        return cls(foot_x, foot_y, lean_x, lean_y, steepest)

    def cut(self, chosen: tuple[slice, slice] | npt.NDArray[np.bool_]) -> Rays:
        """The rays of a block of pixels, or of those where a mask is true."""
        feet = self.foot_x[chosen], self.foot_y[chosen]
        return Rays(*feet, self.lean_x[chosen], self.lean_y[chosen], self.steepest)

    def at(self, height: Field) -> tuple[Field, Field]:
        """x and y where each ray passes a height."""
        return self.foot_x + height * self.lean_x, self.foot_y + height * self.lean_y


def cast(height: Field, grid: Grid, rays: Rays) -> Field:
    """(H, W) height above the table of the point that each pixel sees, mm; 0 on the table.

    Marches down from the highest point that the ray can meet, then halves and takes secants. The
    levels of the march are the same for all rays and surfaces, so that a ray which no change of the
    surface touches finds the same point to the last bit.
    """
    step = 1.5 * grid.cell / max(rays.steepest, 0.05)
    reach = rays.steepest * float(height.max()) + 2 * grid.cell
    bound = _bound(height, grid, reach, rays)
    seen = np.zeros(bound.shape)
    busy = bound > 0
    level, met = _march(height, grid, rays.cut(busy), bound[busy], step)
    busy[busy] = met
    seen[busy] = _refine(height, grid, rays.cut(busy), level[met], step)
    return np.maximum(seen, 0.0)


def _bound(height: Field, grid: Grid, reach: float, rays: Rays) -> Field:
    """Highest point within `reach` mm of each ray's foot."""
    from scipy.ndimage import maximum_filter

    n = len(height)
    blocks = -(-n // _BLOCK)
    padded = np.zeros((blocks * _BLOCK,) * 2)
    padded[:n, :n] = height
    highest = padded.reshape(blocks, _BLOCK, blocks, _BLOCK).max(axis=(1, 3))
    highest = maximum_filter(highest, 2 * int(np.ceil(reach / (grid.cell * _BLOCK))) + 1)
    column = ((rays.foot_x - grid.axis[0]) / (grid.cell * _BLOCK)).astype(np.intp)
    row = ((rays.foot_y - grid.axis[0]) / (grid.cell * _BLOCK)).astype(np.intp)
    return np.asarray(highest[np.clip(row, 0, blocks - 1), np.clip(column, 0, blocks - 1)])


def _march(
    height: Field, grid: Grid, rays: Rays, bound: Field, step: float
) -> tuple[Field, npt.NDArray[np.bool_]]:
    """Level at which each ray first is below the surface (nearest nodes), and whether it ever is."""
    n = len(height)
    flat, scale, middle = height.reshape(-1), 1 / grid.cell, (n - 1) / 2 + 0.5
    # levels lie off the round numbers that milled faces have: last bits must not decide
    level = (np.ceil(bound / step) + 0.137) * step
    met, going, h = np.zeros(len(bound), bool), np.arange(len(bound)), level.copy()
    foot_x, foot_y = rays.foot_x * scale + middle, rays.foot_y * scale + middle
    lean_x, lean_y = rays.lean_x * scale, rays.lean_y * scale
    while len(going):
        column = np.clip(foot_x + h * lean_x, 0, n - 1).astype(np.intp)
        row = np.clip(foot_y + h * lean_y, 0, n - 1).astype(np.intp)
        surface = flat.take(row * n + column)
        blocked = (surface >= h) & (surface > 0)
        level[going[blocked]], met[going[blocked]] = h[blocked], True
        free = ~blocked & (h > 0)
        going, h = going[free], np.maximum(h[free] - step, 0)
        foot_x, foot_y = foot_x[free], foot_y[free]
        lean_x, lean_y = lean_x[free], lean_y[free]
    return level, met


def _refine(height: Field, grid: Grid, rays: Rays, level: Field, step: float) -> Field:
    """The crossing around a level of the march, on the bilinear surface."""
    below, above = level - 0.5 * step, level + 1.5 * step

    def gap(h: Field) -> Field:
        return h - Lookup(grid, *rays.at(h))(height)

    for _ in range(_BISECTIONS):
        middle = 0.5 * (below + above)
        free = gap(middle) > 0
        above, below = np.where(free, middle, above), np.where(free, below, middle)
    low, high = gap(below), gap(above)
    h = above
    for _ in range(_SECANTS):
        h = above - high * (above - below) / np.maximum(high - low, 1e-9)
        h = np.clip(h, np.minimum(below, above), np.maximum(below, above))
        value = gap(h)
        free = value > 0
        above, high = np.where(free, h, above), np.where(free, value, high)
        below, low = np.where(free, below, h), np.where(free, low, value)
    return h
