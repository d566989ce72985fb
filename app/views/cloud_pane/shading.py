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


def shade_rows(shade: Array, grey: Array | None, foreground: Array | None) -> Array:
    """(H, W) uint8 0..63: the grey base under a map; relief times the picture's brightness.

    shade, grey : (H, W) float32 0..1, grey None without a picture.   foreground : (H, W) bool or None;
    the rest is dimmed.
    """
    base = shade * np.float32(_GREY_BASE)
    if grey is not None:
        base = base * (np.float32(0.45) + np.float32(0.75) * grey)
    base = _dim(base, foreground)
    return (np.clip(base, 0.0, 1.0) * np.float32(SHADES - 1) + np.float32(0.5)).astype(np.uint8)


def picture_colours(rgb: Array, shade: Array, foreground: Array | None) -> Array:
    """(H, W, 3) uint8: the picture's own colours with a little relief."""
    strength = _dim(np.float32(0.55) + np.float32(0.6) * shade, foreground)
    return np.minimum(rgb.astype(np.float32) * strength[..., None], 255.0).astype(np.uint8)


def value_rows(values: Array, low: float, high: float) -> Array:
    """(H, W) float to (H, W) uint8 1..255; 0 = no value."""
    rows = np.maximum(indices(values, low, high), 1)
    rows[~np.isfinite(values)] = 0
    return rows


def colour_table(lut: Array, relief_share: float) -> Array:
    """(256 * 64, 3) uint8: row value * 64 + shade.

    lut : (256, 4) uint8 RGBA over the grey base; row 0 is always clear.
    relief_share : how much of the shade darkens the map's own colour (0 = flat, for exact reading).
    """
    alpha = lut[:, 3].astype(np.float32) / 255
    alpha[0] = 0.0
    grey = np.linspace(0.0, 255.0, SHADES, dtype=np.float32)
    lit = np.float32(1.0 - relief_share) + np.float32(relief_share) * np.minimum(grey / 140, 1.15)
    over = lut[:, None, :3] * lit[None, :, None] * alpha[:, None, None]
    under = grey[None, :, None] * (1 - alpha)[:, None, None]
    return np.minimum(over + under + 0.5, 255.0).astype(np.uint8).reshape(-1, 3)


@dataclass(frozen=True, slots=True, eq=False)
class Colouring:
    """Colours of all points of a grid, looked up only for those that are drawn.

    table : (N, 3) uint8.   rows : (H * W,) rows of the table, or None where the table itself has one
    row for each point.
    """

    table: Array
    rows: Array | None = None

    def of(self, index: Array) -> Array:
        """(M,) point numbers to (M, 3) uint8."""
        rows = index if self.rows is None else self.rows[index]
        colours: Array = np.take(self.table, rows, axis=0)
        return colours


def table_rows(values: Array | None, shades: Array) -> Array:
    """(H * W,) uint16 rows of `colour_table`; values None = nothing but relief."""
    if values is None:
        return shades.astype(np.uint16).ravel()
    return (values.astype(np.uint16) * SHADES + shades).ravel()


def _dim(strength: Array, foreground: Array | None) -> Array:
    if foreground is None:
        return strength
    return np.where(foreground, strength, strength * np.float32(_DIMMED))
