"""A part as a picture for networks trained on photographs: its colour, its normals, its height.

Geometry shown as normals is what an ImageNet network can read; raw depth is not, for pose and curvature
outweigh a defect. Both pictures are therefore freed from the part's tilt or its smooth form.
"""

from __future__ import annotations

from typing import Literal, get_args

import numpy as np

from inspector_core.geometry.normals import surface_normals
from inspector_core.geometry.smoothing import smooth
from inspector_core.types import Array, FloatArray, Modality, Registered

Look = Literal["rgb", "normals", "height"]
LOOKS: tuple[Look, ...] = get_args(Look)
RELIEF_SIGMAS_PX = (2.0, 6.0, 18.0)
"""Of the picture's longer side of 320 pixels: what is smaller than these stands out in a channel."""
RELIEF_MM = 0.5
"""Height at which the height picture ends, unless a method says otherwise."""
_REFERENCE_PX = 320
_NORMAL_WINDOW_PX = 5


def modality_of(look: Look) -> Modality:
    """The map that a look gives evidence for."""
    return "rgb" if look == "rgb" else "shape"


def picture_of(part: Registered, look: Look, relief_mm: float = RELIEF_MM) -> FloatArray | None:
    """(H, W, 3) float32 in 0..1, None where the part lacks what the look needs.

    rgb : the part's colour with its gain.
    normals : right, up, towards the viewer as red, green, blue; the mean normal of the part is turned
    to the viewer; (0.5, 0.5, 1) off the part and where nothing was measured.
    height : height above the smoothed surface at three scales, 0.5 = none, ends at ± relief_mm.
    """
    if look == "rgb":
        return part.colour()
    if part.sample.xyz is None or not part.valid.any():
        return None
    return _normals(part) if look == "normals" else _relief(part, relief_mm)


def _normals(part: Registered) -> FloatArray:
    assert part.sample.xyz is not None
    normals = part.normals
    if normals is None:
        # those of the sensor are finer than any that are fitted to its points
        normals = part.sample.normals
    if normals is None:
        seen = part.valid & part.foreground
        normals = surface_normals(part.sample.xyz, seen, _NORMAL_WINDOW_PX)
    known = part.foreground & np.isfinite(normals).all(axis=2) & normals.any(axis=2)
    upright = normals[known] @ _turned_to_viewer(normals[known].mean(axis=0)).T
    picture = np.empty((*part.shape, 3), np.float32)
    picture[:] = (0.5, 0.5, 1.0)
    # the camera's y runs down and its z away from the viewer
    picture[known] = 0.5 + 0.5 * upright * np.array([1, -1, -1], np.float32)
    return np.clip(picture, 0, 1, out=picture)


def _turned_to_viewer(mean: Array) -> FloatArray:
    """(3, 3) rotation that brings a mean normal to (0, 0, -1), along the shortest way."""
    length = float(np.linalg.norm(mean))
    if length < 1e-6:
        return np.eye(3, dtype=np.float32)
    a, b = mean / length, np.array([0.0, 0.0, -1.0])
    v, c = np.cross(a, b), float(a @ b)
    if c < -0.999:
        return np.eye(3, dtype=np.float32)
    skew = np.array([[0, -v[2], v[1]], [v[2], 0, -v[0]], [-v[1], v[0], 0]])
    return np.asarray(np.eye(3) + skew + skew @ skew / (1 + c), np.float32)


def _relief(part: Registered, relief_mm: float) -> FloatArray:
    assert part.sample.xyz is not None
    towards = part.height if part.height is not None else -part.sample.xyz[..., 2]
    known = part.foreground & np.isfinite(towards)
    picture = np.full((*part.shape, 3), 0.5, np.float32)
    per_px = max(part.shape) / _REFERENCE_PX
    for channel, sigma in enumerate(RELIEF_SIGMAS_PX):
        above = towards - smooth(towards, known, sigma * per_px)
        picture[known, channel] = 0.5 + above[known] / (2 * relief_mm)
    return np.clip(picture, 0, 1, out=picture)
