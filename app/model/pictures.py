"""Arrays made visible: the picture as the screen takes it, the grey under a map, relief of a surface."""

from __future__ import annotations

import numpy as np

from inspector_core.colormaps import GREY_LEVEL
from inspector_core.types import Array

_LUMA = np.array([0.2126, 0.7152, 0.0722], np.float32)
_LIGHT = np.array([-0.42, -0.52, -0.74], np.float32)
_AMBIENT = 0.34
_UNKNOWN_SHADE = 0.55


def screen_picture(rgb: Array, gain: float = 1.0) -> Array:
    """(H, W, 3) uint8 or uint16 to (H, W, 3) uint8, brightened by a factor for display only."""
    eight = (rgb >> 8).astype(np.uint8) if rgb.dtype == np.uint16 else rgb
    if gain == 1.0:
        return eight
    scale = 255.0 / np.iinfo(rgb.dtype).max * gain
    table = np.minimum(np.arange(256 if rgb.dtype == np.uint8 else 65536) * scale, 255.0)
    brightened: Array = table.astype(np.uint8)[rgb]
    return brightened


def luminance(picture: Array) -> Array:
    """(H, W, 3) uint8 to (H, W) float32, 0..1."""
    return (picture.reshape(-1, 3) @ (_LUMA / 255)).reshape(picture.shape[:2])


def under_map(grey: Array) -> Array:
    """(H, W) brightness 0..1 to (H, W) uint8 at 55 %, so that hue belongs to the map alone."""
    return (np.clip(grey, 0.0, 1.0) * np.float32(255 * GREY_LEVEL) + np.float32(0.5)).astype(
        np.uint8
    )


def relief(normals: Array) -> Array:
    """(H, W, 3) unit normals towards the camera to (H, W) float32 brightness 0..1, light from top left."""
    light = _LIGHT / np.linalg.norm(_LIGHT)
    facing = np.clip((normals.reshape(-1, 3) @ light).reshape(normals.shape[:2]), 0.0, 1.0)
    shade = np.float32(_AMBIENT) + np.float32(1.0 - _AMBIENT) * facing
    return np.nan_to_num(shade, nan=_UNKNOWN_SHADE)


def grid_normals(xyz: Array) -> Array:
    """(H, W, 3) mm to (H, W, 3) float32 normals towards the camera for display only, NaN where unknown.

    Differences over five pixels, so that the sensor's noise does not become grain.
    """
    normals = np.full(xyz.shape, np.nan, np.float32)
    along_x = xyz[2:-2, 4:] - xyz[2:-2, :-4]
    along_y = xyz[4:, 2:-2] - xyz[:-4, 2:-2]
    cross = np.cross(along_y, along_x)
    length = np.linalg.norm(cross, axis=2, keepdims=True)
    with np.errstate(invalid="ignore", divide="ignore"):
        normals[2:-2, 2:-2] = cross / length
    return normals
