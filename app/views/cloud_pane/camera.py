"""A turntable camera: spins about the scan's viewing axis, tilts, and stays upright.

The scan's frame is x right, y down, z away from the camera that took it, in mm. Tilt 0 is that
camera's own direction; a positive tilt looks from the picture's lower edge.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from inspector_core.types import Array

VIEW_ANGLE = 28.0
FIRST_TILT = 35.0
_FILL = 0.8
_STEEPEST = 88.0


@dataclass(frozen=True, slots=True)
class Camera:
    """centre : (x, y, z) mm, the point it turns about.   distance : mm.   spin, tilt : degrees."""

    centre: tuple[float, float, float] = (0.0, 0.0, 0.0)
    distance: float = 100.0
    spin: float = 0.0
    tilt: float = FIRST_TILT

    def axes(self) -> Array:
        """(3, 3): rows are the directions right, down and away on the screen."""
        a, t = math.radians(self.spin), math.radians(self.tilt)
        right = np.array([math.cos(a), math.sin(a), 0.0])
        down = np.array([-math.sin(a), math.cos(a), 0.0])
        away = np.array([0.0, 0.0, 1.0])
        tilted_away = math.cos(t) * away - math.sin(t) * down
        tilted_down = math.cos(t) * down + math.sin(t) * away
        return np.stack([right, tilted_down, tilted_away])

    def position(self) -> Array:
        """(3,) mm, where the eye is."""
        return np.asarray(self.centre) - self.axes()[2] * self.distance

    def to_eye(self, xyz: Array) -> Array:
        """(N, 3) mm to (N, 3) in the eye's frame: right, down, away; away is positive before it."""
        axes = self.axes()
        origin = axes @ np.asarray(self.centre) - np.array([0.0, 0.0, self.distance])
        return xyz @ axes.T.astype(xyz.dtype) - origin.astype(xyz.dtype)

    def project(self, xyz: Array, width: float, height: float) -> Array:
        """(N, 3) mm to (N, 3): screen x, screen y, distance along the view; behind the eye is NaN."""
        eye = self.to_eye(xyz)
        depth = np.where(eye[:, 2] > 1e-6, eye[:, 2], np.nan)
        scale = focal_px(height) / depth
        return np.stack(
            [width / 2 + eye[:, 0] * scale, height / 2 + eye[:, 1] * scale, depth], axis=1
        )

    def mm_per_px(self, height: float) -> float:
        """Size of a screen pixel at the centre."""
        return self.distance / focal_px(height)

    def turned(self, spin: float, tilt: float) -> Camera:
        """Turned by so many degrees."""
        bounded = min(max(self.tilt + tilt, -_STEEPEST), _STEEPEST)
        return replace(self, spin=(self.spin + spin) % 360.0, tilt=bounded)

    def nearer(self, factor: float) -> Camera:
        """Magnified by a factor."""
        return replace(self, distance=min(max(self.distance / factor, 0.5), 1e5))

    def shifted(self, dx: float, dy: float, height: float) -> Camera:
        """The picture moved by screen pixels."""
        right, down, _ = self.axes()
        centre = np.asarray(self.centre) - (right * dx + down * dy) * self.mm_per_px(height)
        return replace(self, centre=_triple(centre))

    def about(self, point: Array) -> Camera:
        """Turning about another point, which moves to the middle of the screen."""
        return replace(self, centre=_triple(point))

    def near_to(self, points: Array, height: float) -> Camera:
        """Turning about the middle of some points, (N, 3) mm, with as much again around them."""
        reach = max(float(np.ptp(points, axis=0).max()), 4.0)
        distance = 3.0 * reach * focal_px(height) / height
        return replace(self.about(np.median(points, axis=0)), distance=distance)


def first_view(xyz: Array, width: float, height: float) -> Camera:
    """The scan camera's view tilted by 35°, the points filling 80 % of the pane.

    xyz : (N, 3) mm of the part itself, N > 0.
    """
    step = max(1, len(xyz) // 20_000)
    points = xyz[::step].astype(np.float64)
    low, high = np.percentile(points, (0.5, 99.5), axis=0)
    camera = Camera(centre=_triple((low + high) / 2), distance=0.0)
    for _ in range(2):
        eye = camera.to_eye(points)
        # put the middle of what is seen, not of the box, into the middle of the pane
        middle = (eye.min(axis=0) + eye.max(axis=0)) / 2
        camera = replace(camera, centre=_triple(np.asarray(camera.centre) + middle @ camera.axes()))
    eye = camera.to_eye(points)
    room = np.array([_FILL * width / 2, _FILL * height / 2]) / focal_px(height)
    needed = np.abs(eye[:, :2]) / room - eye[:, 2:]
    return replace(camera, distance=max(float(needed.max()), 1.0))


def focal_px(height: float) -> float:
    """Focal length in screen pixels for a pane of this height."""
    return height / 2 / math.tan(math.radians(VIEW_ANGLE / 2))


def _triple(point: Array) -> tuple[float, float, float]:
    return float(point[0]), float(point[1]), float(point[2])
