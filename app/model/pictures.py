"""Arrays made visible: the picture as the screen takes it, the grey under a map, relief of a surface."""

from __future__ import annotations

import numpy as np

from inspector_core.colormaps import GREY_LEVEL
from inspector_core.types import Array

_UNDER_MAP = np.rint(np.arange(256) * GREY_LEVEL).astype(np.uint8)
_LIGHT = np.array([-0.42, -0.52, -0.74], np.float32)
_AMBIENT = 0.34
_UNKNOWN_SHADE = 0.55
_DARK, _WELL_LIT, _MOST_GAIN = 0.4, 0.7, 8.0
"""Of a picture's brightest hundredth: below the first it is brightened to the second."""


def screen_picture(rgb: Array, gain: float = 1.0) -> Array:
    """(H, W, 3) uint8 or uint16 to (H, W, 3) uint8, brightened by a factor for display only."""
    eight = (rgb >> 8).astype(np.uint8) if rgb.dtype == np.uint16 else rgb
    if gain == 1.0:
        return eight
    scale = 255.0 / np.iinfo(rgb.dtype).max * gain
    table = np.minimum(np.arange(256 if rgb.dtype == np.uint8 else 65536) * scale, 255.0)
    brightened: Array = table.astype(np.uint8)[rgb]
    return brightened


def display_gain(rgb: Array, gain: float = 1.0) -> float:
    """Factor, 1 to 8, that makes a dark picture readable on the screen; 1 for one that is not dark.

    rgb : (H, W, 3) uint8 or uint16.   gain : factor by which it is brightened already.
    """
    step = max(1, min(rgb.shape[:2]) // 200)
    light = np.percentile(rgb[::step, ::step].max(axis=2), 99) / np.iinfo(rgb.dtype).max * gain
    if light >= _DARK:
        return 1.0
    return float(min(_WELL_LIT / max(light, 1e-6), _MOST_GAIN))


def luminance(picture: Array) -> Array:
    """(H, W, 3) uint8 to (H, W) uint8."""
    red, green, blue = (picture[..., i].astype(np.uint16) for i in range(3))
    return ((red * 54 + green * 183 + blue * 19) >> 8).astype(np.uint8)


def under_map(grey: Array) -> Array:
    """(H, W) uint8 at 55 % brightness, so that hue belongs to the map alone."""
    dimmed: Array = _UNDER_MAP[grey]
    return dimmed


def relief(normals: Array) -> Array:
    """(H, W, 3) unit normals towards the camera to (H, W) float32 brightness 0..1, light from top left."""
    light = _LIGHT / np.linalg.norm(_LIGHT)
    # by component: a product with a 3-vector is several times slower for many short rows
    facing = sum(normals[..., i] * light[i] for i in range(3))
    facing = np.clip(facing, 0.0, 1.0)
    shade = np.float32(_AMBIENT) + np.float32(1.0 - _AMBIENT) * facing
    return np.nan_to_num(shade, nan=_UNKNOWN_SHADE)


def grid_normals(xyz: Array) -> Array:
    """(H, W, 3) mm to (H, W, 3) float32 normals towards the camera for display only, NaN where unknown.

    Differences over five pixels, so that the sensor's noise does not become grain.
    """
    normals = np.full(xyz.shape, np.nan, np.float32)
    # by component: numpy's cross product and norm are several times slower for many short rows
    ax, ay, az = (xyz[4:, 2:-2, i] - xyz[:-4, 2:-2, i] for i in range(3))
    bx, by, bz = (xyz[2:-2, 4:, i] - xyz[2:-2, :-4, i] for i in range(3))
    cross = (ay * bz - az * by, az * bx - ax * bz, ax * by - ay * bx)
    with np.errstate(invalid="ignore", divide="ignore"):
        length = np.sqrt(sum(axis * axis for axis in cross))
        for i, axis in enumerate(cross):
            normals[2:-2, 2:-2, i] = axis / length
    return normals
