"""A pressed, glazed tile: basket-weave relief with a printed medallion, flat but for its texture."""

from __future__ import annotations

import numpy as np

from inspector_core.synthetic import shapes
from inspector_core.synthetic.grid import Grid
from inspector_core.synthetic.noise import Field, Streams, grain, smooth_noise
from inspector_core.synthetic.surface import Colour, Family, Surface

_HALF = 37.0
_CELL = 9.25  # eight weave cells a side
_STRANDS = 3
_CREAM: Colour = (0.56, 0.50, 0.385)
_COBALT: Colour = (0.012, 0.036, 0.185)
_OCHRE: Colour = (0.42, 0.19, 0.035)


def _weave(x: Field, y: Field) -> Field:
    """(n, n) 0..1 height of a basket weave: cells of three strands, turned from cell to cell."""
    column, row = x / _CELL, y / _CELL
    inside_x, inside_y = column - np.floor(column), row - np.floor(row)
    turned = (np.floor(column) + np.floor(row)) % 2 == 0
    along = np.where(turned, inside_x, inside_y)
    across = np.where(turned, inside_y, inside_x) * _STRANDS
    profile = 2 * (across - np.floor(across)) - 1
    strand = np.sqrt(np.clip(1 - 0.94 * profile**2, 0, 1))
    arch = 1 - np.abs(2 * along - 1) ** 3.5
    return np.clip(strand * (0.30 + 0.70 * arch), 0, 1)


def _print(x: Field, y: Field) -> tuple[Field, Field]:
    """Ink coverage 0..1 of cobalt and ochre: a medallion of petals, corner arcs, a border line."""
    radius, angle = np.hypot(x, y), np.arctan2(y, x)
    petals = 12.5 + 5.0 * np.cos(4 * angle)
    cobalt = shapes.ramp(np.abs(radius - petals), 1.5, 1.0)
    cobalt = np.maximum(cobalt, shapes.ramp(np.abs(radius - 22.5), 1.25, 0.8))
    corner = np.hypot(np.abs(x) - _HALF, np.abs(y) - _HALF)
    cobalt = np.maximum(cobalt, shapes.ramp(np.abs(corner - 15.0), 1.4, 0.9))
    cobalt = np.maximum(cobalt, shapes.ramp(corner, 6.0, 5.4))
    frame = np.maximum(np.abs(x), np.abs(y))
    cobalt = np.maximum(cobalt, shapes.ramp(np.abs(frame - 34.3), 0.75, 0.4))
    ochre = shapes.ramp(radius, 5.6, 5.0)
    leaf = np.hypot(np.abs(x) - 14.5, np.abs(y) - 14.5)
    ochre = np.maximum(ochre, shapes.ramp(leaf, 2.6, 2.1) * (radius > 16))
    return cobalt, ochre


def build(streams: Streams, grid: Grid) -> Surface:
    """One tile, 74 x 74 x 6.5 mm."""
    rng = streams("dimensions")
    size = {
        "thickness": float(6.5 + rng.uniform(-0.12, 0.12)),
        "relief": float(0.55 + rng.uniform(-0.05, 0.05)),
        "cut_x": float(rng.uniform(-0.5, 0.5)),
        "cut_y": float(rng.uniform(-0.5, 0.5)),
        "print_x": float(rng.uniform(-0.35, 0.35)),
        "print_y": float(rng.uniform(-0.35, 0.35)),
        "bow": float(rng.uniform(-0.25, 0.25)),
        "glaze": float(rng.normal(0, 0.03)),
    }
    x, y = grid.x, grid.y
    outline = shapes.box(x, y, (0.0, 0.0), (_HALF, _HALF), 1.6)
    outline = outline + 0.05 * smooth_noise(streams("edge"), grid.axis, 4.0)
    weave = _weave(x - size["cut_x"], y - size["cut_y"])
    border = shapes.ramp(outline, -0.6, -2.2)
    flood = 0.02 * smooth_noise(streams("flood"), grid.axis, 1.4)
    bow = size["bow"] * (1 - (x**2 + y**2) / (2 * _HALF**2))
    relief = size["relief"] * (weave - 0.6) * border + flood + bow
    height = shapes.wall(outline) * (shapes.rounded_edge(outline, size["thickness"], 1.3) + relief)
    return Surface(
        grid=grid,
        height=height,
        micro=0.0020 * grain(streams("skin"), height.shape, 0.4 / grid.cell),
        albedo=_glazed(grid, weave * border + 0.6 * (1 - border), size, streams),
        rough=np.clip(0.40 + 0.02 * smooth_noise(streams("shine"), grid.axis, 3.0), 0.3, 0.5),
        metal=np.zeros(height.shape),
        dimensions_mm=size,
    )


def _glazed(
    grid: Grid, weave: Field, size: dict[str, float], streams: Streams
) -> tuple[Field, Field, Field]:
    """Glaze colour: thin and warm on the strands, pooled and greyer between, with the print."""
    cobalt, ochre = _print(grid.x - size["print_x"], grid.y - size["print_y"])
    density = 0.93 + 0.05 * smooth_noise(streams("ink"), grid.axis, 1.0)
    density = np.clip(density + 0.04 * smooth_noise(streams("ink bed"), grid.axis, 10.0), 0, 1)
    tone = 1 + size["glaze"] + 0.022 * smooth_noise(streams("glaze"), grid.axis, 6.0)
    pooled = 0.80 + 0.24 * weave
    speck = 1 - 0.16 * np.clip(grain(streams("speck"), weave.shape, 0.3 / grid.cell) - 2.0, 0, 1)
    bands = []
    for index in range(3):
        colour = _CREAM[index] * tone * pooled ** (1.0, 1.1, 1.35)[index] * speck
        for ink, cover in ((_OCHRE, ochre), (_COBALT, cobalt)):
            colour = colour + density * cover * (ink[index] * pooled - colour)
        bands.append(colour)
    return bands[0], bands[1], bands[2]


FAMILY = Family(
    name="tile",
    title="glazed tile with a woven relief and a print (textured, flat)",
    build=build,
    half_mm=45.0,
    table=(0.085, 0.085, 0.082),
    core=(0.52, 0.30, 0.19),
    core_metal=0.0,
    stains=((0.72, 0.58, 0.40), (0.50, 0.48, 0.46), (0.80, 0.62, 0.58)),
    wrong_colours=((0.62, 0.80, 0.95), (1.25, 0.85, 0.60), (0.60, 0.60, 0.62)),
    holes=("pit", "chip", "drilled"),
)
