"""One set of colour tables for window, pictures and reports.

Maps are shown in times the usual, from 0 to a fixed top; a signed height in mm is shown from -x to x
with the diverging table. Nothing here looks at the values it colours to choose a range.
"""

from __future__ import annotations

from functools import cache

import numpy as np

from inspector_core.assets import resource
from inspector_core.types import Array, frozen_array

NAMES = ("inferno", "cividis", "grey")
"""Tables for maps: lightness grows with the value."""
DIVERGING = "height"
"""The table for a signed height: blue below, white at zero, orange above."""
GREY_LEVEL = 0.55
"""Brightness of the grey picture under a map, so that hue belongs to the map alone."""


@cache
def table(name: str = "inferno") -> Array:
    """(256, 3) uint8, row 0 for the lowest value; KeyError for an unknown name."""
    if name not in (*NAMES, DIVERGING):
        raise KeyError(name)
    lines = resource("colormaps", f"{name}.txt").read_text(encoding="ascii").split()
    values = np.frombuffer(bytes.fromhex("".join(line[1:] for line in lines)), np.uint8)
    return frozen_array(values.reshape(256, 3))


def overlay_table(name: str, t1: float, t2: float, top: float, opacity: float = 1.0) -> Array:
    """(256, 4) uint8 for a map over its picture; row i stands for i / 255 * top times the usual.

    Opacity follows the evidence: 0 below half of T1, then rising evenly, full (times `opacity`) at T2.
    """
    values = np.linspace(0.0, top, 256)
    start = t1 / 2
    share = (values - start) / max(t2 - start, 1e-9)
    alpha = np.clip(share, 0.0, 1.0) * float(np.clip(opacity, 0.0, 1.0))
    return np.concatenate([table(name), np.round(alpha[:, None] * 255).astype(np.uint8)], axis=1)


def indices(values: Array, low: float, high: float) -> Array:
    """Rows of a table for values: (...) float to (...) uint8, clipped to low..high; NaN gives row 0."""
    if not high > low:
        raise ValueError("high is above low")
    scaled = np.rint((values - np.float32(low)) * np.float32(255.0 / (high - low)))
    # fmax takes the number where the other is NaN; a window calls this for every part it opens
    return np.minimum(np.fmax(scaled, 0), 255).astype(np.uint8)


def colourise(values: Array, name: str, low: float, high: float) -> Array:
    """(H, W) float to (H, W, 4) uint8; values outside low..high take the end colours, NaN is clear."""
    rows = indices(values, low, high)
    alpha = np.where(np.isnan(values), 0, 255).astype(np.uint8)
    return np.concatenate([table(name)[rows], alpha[..., None]], axis=-1)


def signed_range_mm(mm_per_px: float | None) -> float:
    """Half range of a signed height's colours, in mm: fixed by the recipe's camera, never by a part.

    The largest of 1, 2, 5 times a power of ten that is not above four pixels; 1 mm when unknown.
    """
    if mm_per_px is None or not mm_per_px > 0:
        return 1.0
    power = 10.0 ** np.floor(np.log10(4 * mm_per_px))
    return float(
        next(s * power for s in (5.0, 2.0, 1.0) if s * power <= 4 * mm_per_px * (1 + 1e-9))
    )


def blend(under: Array, over: Array) -> Array:
    """(..., 3) uint8 picture with a (..., 4) uint8 overlay laid on it."""
    alpha = over[..., 3:].astype(np.uint16)
    mixed = under.astype(np.uint16) * (255 - alpha) + over[..., :3].astype(np.uint16) * alpha
    return ((mixed + 127) // 255).astype(np.uint8)


def grey_picture(rgb: Array, level: float = GREY_LEVEL) -> Array:
    """(H, W, 3) uint8 picture as (H, W, 3) uint8 grey at a share of its brightness."""
    luma = rgb.astype(np.float32) @ np.array([0.2126, 0.7152, 0.0722], np.float32)
    grey = (luma * np.float32(level) + np.float32(0.5)).astype(np.uint8)
    return np.repeat(grey[..., None], 3, axis=-1)
