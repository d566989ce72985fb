"""Colours of cloud points: relief from the normals, picture colour or a map on top.

A point's colour is one row of a small table, chosen by its map value and its shade; a moved threshold
changes the table, not the points.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from inspector_core.colormaps import indices
from inspector_core.types import Array

SHADES = 64
_DIMMED = 0.42
_GREY_BASE = 0.72
_GREY_STRENGTH = np.linspace(0.45, 1.2, 256, dtype=np.float32)


def shade_rows(shade: Array, grey: Array | None, foreground: Array | None) -> Array:
    """(H, W) uint8 0..63: the grey base under a map; relief times the picture's brightness.

    shade : (H, W) float32 0..1.   grey : (H, W) uint8, None without a picture.   foreground : (H, W)
    bool or None; the rest is dimmed.
    """
    base = shade * np.float32(_GREY_BASE)
    if grey is not None:
        base = base * _GREY_STRENGTH[grey]
    base = _dim(base, foreground)
    return (np.clip(base, 0.0, 1.0) * np.float32(SHADES - 1) + np.float32(0.5)).astype(np.uint8)


def picture_colours(rgb: Array, shade: Array, foreground: Array | None) -> Array:
    """(H, W) uint32: the picture's own colours with a little relief, packed as Qt keeps them."""
    strength = _dim(np.float32(0.55) + np.float32(0.6) * shade, foreground)
    sixteenths = np.minimum(strength * np.float32(256), np.float32(511)).astype(np.uint32)
    red, green, blue = (np.minimum((rgb[..., i] * sixteenths) >> 8, 255) for i in range(3))
    return _packed(red, green, blue)


def value_rows(values: Array, low: float, high: float) -> Array:
    """(H, W) float to (H, W) uint8 1..255; 0 = no value."""
    rows = np.maximum(indices(values, low, high), 1)
    rows[~np.isfinite(values)] = 0
    return rows


def colour_table(lut: Array, relief_share: float) -> Array:
    """(256 * 64,) uint32 colours as Qt packs them: row value * 64 + shade.

    lut : (256, 4) uint8 RGBA over the grey base; row 0 is always clear.
    relief_share : how much of the shade darkens the map's own colour (0 = flat, for exact reading).
    """
    alpha = lut[:, 3].astype(np.float32) / 255
    alpha[0] = 0.0
    grey = np.linspace(0.0, 255.0, SHADES, dtype=np.float32)
    lit = np.float32(1.0 - relief_share) + np.float32(relief_share) * grey / np.float32(255)
    over = lut[:, None, :3] * lit[None, :, None] * alpha[:, None, None]
    under = grey[None, :, None] * (1 - alpha)[:, None, None]
    mixed = np.minimum(over + under + np.float32(0.5), 255.0).astype(np.uint32).reshape(-1, 3)
    return _packed(mixed[:, 0], mixed[:, 1], mixed[:, 2])


@dataclass(frozen=True, slots=True, eq=False)
class Colouring:
    """Colours of all points of a grid, looked up only for those that are seen.

    table : (N,) uint32.   shades, values : (H * W,) uint8 that choose the row of `colour_table`, or
    None where the table itself has one row for each point; values None = nothing but relief.
    """

    table: Array
    shades: Array | None = None
    values: Array | None = None

    def of(self, numbers: Array) -> Array:
        """Point numbers to uint32 colours of the same shape."""
        if self.shades is None:
            return np.take(self.table, numbers)
        rows = np.take(self.shades, numbers)
        if self.values is not None:
            rows = np.take(self.values, numbers).astype(np.uint16) * SHADES + rows
        return np.take(self.table, rows)


def _packed(red: Array, green: Array, blue: Array) -> Array:
    opaque = np.uint32(0xFF000000)
    packed: Array = opaque | (red << 16) | (green << 8) | blue
    return packed.astype(np.uint32)


def _dim(strength: Array, foreground: Array | None) -> Array:
    if foreground is None:
        return strength
    return np.where(foreground, strength, strength * np.float32(_DIMMED))
