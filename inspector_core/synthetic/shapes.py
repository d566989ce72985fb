"""Outlines as signed distances and the edge profiles that turn them into height fields.

Distances are mm, negative inside an outline. Formulas: the usual two-dimensional distance functions.
"""

from __future__ import annotations

import numpy as np

from inspector_core.synthetic.noise import Field


def ramp(value: Field, low: float, high: float) -> Field:
    """Smooth step from 0 at `low` to 1 at `high` (either may be the larger one)."""
    t = np.clip((value - low) / (high - low), 0.0, 1.0)
    return t * t * (3 - 2 * t)


def circle(x: Field, y: Field, centre: tuple[float, float], radius: float) -> Field:
    """Distance to a circle."""
    return np.hypot(x - centre[0], y - centre[1]) - radius


def box(
    x: Field, y: Field, centre: tuple[float, float], half: tuple[float, float], radius: float
) -> Field:
    """Distance to a rectangle with rounded corners."""
    across = np.abs(x - centre[0]) - half[0] + radius
    along = np.abs(y - centre[1]) - half[1] + radius
    outside = np.hypot(np.maximum(across, 0), np.maximum(along, 0))
    return outside + np.minimum(np.maximum(across, along), 0) - radius


def segment(
    x: Field, y: Field, start: tuple[float, float], end: tuple[float, float], radius: float
) -> Field:
    """Distance to a straight stroke with round ends (an obround)."""
    along_x, along_y = end[0] - start[0], end[1] - start[1]
    squared = along_x**2 + along_y**2
    t = np.clip(((x - start[0]) * along_x + (y - start[1]) * along_y) / squared, 0, 1)
    return np.hypot(x - start[0] - t * along_x, y - start[1] - t * along_y) - radius


def join(a: Field, b: Field, blend: float) -> Field:
    """Union of two outlines with a fillet of about `blend` mm in the corner."""
    mix = np.clip(0.5 + 0.5 * (b - a) / blend, 0, 1)
    return b + mix * (a - b) - blend * mix * (1 - mix)


def higher(a: Field, b: Field, fillet: float) -> Field:
    """Larger of two heights with a fillet of about `fillet` mm where they meet."""
    mix = np.clip(0.5 + 0.5 * (a - b) / fillet, 0, 1)
    return b + mix * (a - b) + fillet * mix * (1 - mix)


WALL_MM = 0.35
"""Walls lean by this much over their height: a height field has no upright ones."""


def wall(distance: Field) -> Field:
    """Factor on a height: 1 inside an outline, 0 outside, falling along the wall."""
    return np.clip(1 - distance / WALL_MM, 0, 1)


def rounded_edge(distance: Field, top: float, radius: float) -> Field:
    """Height of a plate with its upper edge rounded, going on level outside the outline."""
    inside = np.clip(radius + distance, 0, radius)
    return top - radius + np.sqrt(radius**2 - inside**2)


def bored(height: Field, distance: Field, floor: float, chamfer: float) -> Field:
    """The height with a hole down to `floor` and a chamfer around its mouth."""
    mouth = np.where(distance < chamfer, height - np.clip(chamfer - distance, 0, chamfer), height)
    sunk = mouth + (floor - mouth) * wall(distance + WALL_MM)
    return np.minimum(height, sunk)


_STROKES = {
    "R": (
        (0, 0, 0, 4),
        (0, 4, 1.6, 4),
        (1.6, 4, 2, 3),
        (2, 3, 1.6, 2),
        (1.6, 2, 0, 2),
        (1, 2, 2, 0),
    ),
    "B": (
        (0, 0, 0, 4),
        (0, 4, 1.6, 4),
        (1.6, 4, 1.6, 2.2),
        (0, 2.1, 1.7, 2.1),
        (1.9, 2, 1.9, 0),
        (1.9, 0, 0, 0),
    ),
    "4": ((1.5, 0, 1.5, 4), (1.5, 4, 0, 1.3), (0, 1.3, 2.1, 1.3)),
    "7": ((0, 4, 2, 4), (2, 4, 0.6, 0)),
    "-": ((0.2, 2, 1.8, 2),),
}


def lettering(x: Field, y: Field, text: str, corner: tuple[float, float], size: float) -> Field:
    """Distance to the centre line of single-stroke letters, `size` mm high, from lower left."""
    unit = size / 4.0
    nearest = np.full(x.shape, 1e3)
    for place, letter in enumerate(text):
        left = corner[0] + place * 3.0 * unit
        for x0, y0, x1, y1 in _STROKES[letter]:
            start = (left + x0 * unit, corner[1] + y0 * unit)
            end = (left + x1 * unit, corner[1] + y1 * unit)
            nearest = np.minimum(nearest, segment(x, y, start, end, 0.0))
    return nearest
