"""A baked butter biscuit: scalloped edge, docking holes, a raised ring; every one bakes differently."""

from __future__ import annotations

import numpy as np

from inspector_core.synthetic import shapes
from inspector_core.synthetic.grid import Grid
from inspector_core.synthetic.noise import Field, Streams, grain, smooth_noise, wander
from inspector_core.synthetic.surface import Colour, Family, Surface

_LOBES = 18
_PALE: Colour = (0.74, 0.50, 0.235)
_GOLDEN: Colour = (0.55, 0.285, 0.090)
_BROWN: Colour = (0.27, 0.110, 0.032)


def _outline(grid: Grid, streams: Streams, radius: float) -> tuple[Field, Field]:
    """Distance from the middle, and the edge's own distance in the same direction, both mm."""
    rng = streams("outline")
    around = np.linspace(-np.pi, np.pi, 2049)
    turn = around / (2 * np.pi)
    stretch = rng.uniform(0.0, 0.035) * np.cos(2 * (around - rng.uniform(0, np.pi)))
    uneven = 0.013 * wander(rng, turn, 4, 1.0)
    phase = around * _LOBES / 2 + rng.uniform(-0.05, 0.05) + 0.12 * wander(rng, turn, 5, 1.0)
    depth = 1.9 * (1 + 0.18 * wander(rng, turn, 6, 1.0))
    scallop = depth * np.sqrt(np.cos(phase) ** 2 + 0.02)
    edge = radius * (1 + stretch + uneven) - 1.6 + scallop
    return np.hypot(grid.x, grid.y), np.interp(np.arctan2(grid.y, grid.x), around, edge)


def _docking(grid: Grid, streams: Streams) -> Field:
    """(n, n) mm below the surface of the docking holes and their soft rims."""
    rng = streams("docking")
    depth = np.zeros(grid.x.shape)
    rings = ((1, 0.0, 0.0), (6, 8.3, 0.0), (12, 16.6, 0.26))
    for count, radius, phase in rings:
        for index in range(count):
            angle = 2 * np.pi * index / count + phase
            x = radius * np.cos(angle) + rng.uniform(-0.45, 0.45)
            y = radius * np.sin(angle) + rng.uniform(-0.45, 0.45)
            wide = rng.uniform(0.85, 1.1)
            here = grid.window((x, y), 6.0)
            distance = np.hypot(grid.x[here] - x, grid.y[here] - y)
            depth[here] += rng.uniform(2.4, 3.2) * shapes.ramp(distance, wide + 0.35, wide - 0.35)
            depth[here] += 0.25 * np.exp(-((distance / (2.2 * wide)) ** 2))
    return depth


def _crumb(grid: Grid, streams: Streams) -> Field:
    """(n, n) mm of the baked surface: swelling, grain and small open pores."""
    swell = 0.14 * smooth_noise(streams("swell"), grid.axis, 5.0)
    coarse = 0.05 * smooth_noise(streams("coarse"), grid.axis, 1.2)
    pores = grain(streams("pores"), swell.shape, 0.4 / grid.cell)
    fine = 0.03 * np.roll(pores, (71, 113), (0, 1))
    return swell + coarse + fine - 0.10 * np.clip(pores - 1.7, 0, 1.2)


def _dimensions(rng: np.random.Generator) -> dict[str, float]:
    return {
        "radius": float(33.0 + rng.uniform(-0.9, 0.9)),
        "thickness": float(7.6 + rng.uniform(-0.5, 0.5)),
        "dome": float(0.9 + rng.uniform(-0.4, 0.4)),
        "ring": float(0.45 + rng.uniform(-0.08, 0.08)),
        "bake": float(np.clip(rng.normal(0, 0.6), -1, 1)),
    }


def build(streams: Streams, grid: Grid) -> Surface:
    """One biscuit, about 66 mm across and 8 mm high."""
    size = _dimensions(streams("dimensions"))
    distance, edge = _outline(grid, streams, size["radius"])
    inward = edge - distance
    shoulder = np.clip(inward / 4.2, 0, 1)
    body = (size["thickness"] - 2.4) * np.sqrt(shoulder * (2 - shoulder)) + 2.4
    dome = size["dome"] * np.clip(1 - (distance / size["radius"]) ** 2, 0, 1)
    ring = np.exp(-(((distance - 0.72 * size["radius"]) / 1.3) ** 2))
    warp = 0.12 * smooth_noise(streams("warp"), grid.axis, 16.0)
    crumb, docking = _crumb(grid, streams), _docking(grid, streams)
    top = body + dome + size["ring"] * ring + warp + crumb - docking
    height = shapes.wall(-inward) * np.maximum(top, 1.2)
    bake = (
        0.40
        + 0.16 * size["bake"]
        + 0.55 * np.exp(-np.clip(inward, 0, None) / 2.6)
        + 0.12 * smooth_noise(streams("oven"), grid.axis, 9.0)
        + 0.07 * smooth_noise(streams("toast"), grid.axis, 1.6)
        + 0.9 * crumb
        + 0.12 * ring
        - 0.12 * np.clip(docking, 0, 1.5)
    )
    fine = grain(streams("fleck"), height.shape, 0.3 / grid.cell)
    return Surface(
        grid=grid,
        height=height,
        micro=0.012 * np.roll(fine, (59, 97), (0, 1)),
        albedo=_toasted(np.clip(bake, 0, 1.4), 1 + 0.055 * fine),
        rough=np.full(height.shape, 0.75),
        metal=np.zeros(height.shape),
        dimensions_mm=size,
    )


def _toasted(bake: Field, fleck: Field) -> tuple[Field, Field, Field]:
    """Dough colour for a degree of baking: pale at 0, golden at 0.6, brown at 1.4."""
    low, high = np.clip(bake / 0.6, 0, 1), np.clip((bake - 0.6) / 0.8, 0, 1)
    bands = [
        (pale + low * (golden - pale) + high * (brown - golden)) * fleck
        for pale, golden, brown in zip(_PALE, _GOLDEN, _BROWN, strict=True)
    ]
    return bands[0], bands[1], bands[2]


FAMILY = Family(
    name="biscuit",
    title="baked biscuit with a scalloped edge (organic, no two alike)",
    build=build,
    half_mm=45.0,
    table=(0.050, 0.072, 0.100),
    core=(0.82, 0.63, 0.36),
    core_metal=0.0,
    stains=((0.55, 0.48, 0.42), (0.70, 0.45, 0.40), (0.35, 0.28, 0.24)),
    wrong_colours=((0.42, 0.33, 0.30), (1.35, 1.55, 2.0), (0.75, 1.15, 0.85)),
    holes=("pit", "bite"),
)
