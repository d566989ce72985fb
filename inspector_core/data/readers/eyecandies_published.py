"""The published conversion of Eyecandies depth to a cloud, number for number, to compare methods on.

Source: processing/preprocess_eyecandies.py of CVLAB-Unibo/crossmodal-feature-mapping @63288af (the
same recipe as M3DM's). Its result is in "metres" of 0.1 nominal units with axes x, z, -y; background
pixels get one constant with x exactly 0, which is no measurement: take the mask that comes with it.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from inspector_core.types import Array, BoolArray

FOCAL_PX = 711.11

_GROUND, _FAR, _SIDE = -0.02, 1.8, 1.0
_SCALE = np.array([0.1, -0.1, 0.1])
_ORDER = [0, 2, 1]


def published_depth(depth16: Array, low: float, high: float) -> npt.NDArray[np.float32]:
    """(H, W) uint16 to float32 nominal units: value / 65535 * (max - min) + min."""
    return depth16.astype(np.float32) / 65535.0 * (high - low) + low


def published_cloud(depth16: Array, low: float, high: float, pose: Array, focal: float) -> Array:
    """(H, W, 3) float64 points in world axes, nominal units.

    pose : (4, 4) world to camera (the file's convention; its inverse levels the belt).
    Principal point (W/2, H/2), integer pixel coordinates.
    """
    depth = published_depth(depth16, low, high)
    height, width = depth.shape
    projection = np.eye(4)
    projection[0, 0] = projection[1, 1] = focal
    projection[0, 2], projection[1, 2] = width / 2, height / 2
    inverse = np.linalg.inv(projection @ pose)
    columns, rows = np.meshgrid(np.arange(width), np.arange(height))
    pixels = np.stack([columns, rows, np.ones(depth.shape), 1.0 / depth], axis=2)
    return np.asarray((depth[..., None] * (pixels @ inverse.T))[..., :3])


def published_background(cloud: Array, index: int = 256) -> tuple[Array, BoolArray]:
    """The processed cloud (H, W, 3) and its background mask (H, W).

    index : flat position from either end of the two points that give the tilt (published: 256).
    After levelling, background is y > -0.02, z > 1.8 or |x| > 1.
    """
    points = cloud.reshape(-1, 3)
    origin = np.array([0.0, points[-index, 1], points[-index, 2]])
    rise, run = points[index, 1] - origin[1], points[index, 2] - origin[2]
    length = np.hypot(rise, run)
    cosine, sine = run / length, rise / length
    rotation = np.array([[1.0, 0.0, 0.0], [0.0, cosine, -sine], [0.0, sine, cosine]])
    levelled = (points - origin) @ rotation.T
    x, y, z = levelled.T
    background = (y > _GROUND) | (z > _FAR) | (np.abs(x) > _SIDE)
    levelled[background] = -origin
    processed = (levelled @ rotation + origin)[:, _ORDER] * _SCALE
    return processed.reshape(cloud.shape), np.asarray(background.reshape(cloud.shape[:2]))
