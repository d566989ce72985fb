"""A painted cast bracket with machined faces: ring boss, slotted pad, pocket, ribs, counterbores."""

from __future__ import annotations

import numpy as np

from inspector_core.synthetic import shapes
from inspector_core.synthetic.grid import Grid
from inspector_core.synthetic.noise import Field, Streams, grain, smooth_noise
from inspector_core.synthetic.surface import Colour, Family, Surface

_PAINT_LOW: Colour = (0.036, 0.086, 0.118)
_PAINT_HIGH: Colour = (0.060, 0.128, 0.170)
_METAL: Colour = (0.56, 0.55, 0.53)
_BOSS = (-20.0, 11.0)
_BOSS_RADIUS = 12.4
_SLOT = ((27.0, -15.0), (27.0, -1.0))
_SCREWS = ((-33.0, -20.5), (8.0, 22.0), (12.0, -22.5))
_RIBS = ((13.0, 3.0), (-33.0, -9.0))


def _dimensions(rng: np.random.Generator) -> dict[str, float]:
    """The individual's true dimensions, all inside their tolerances."""

    def near(nominal: float, tolerance: float) -> float:
        return float(nominal + np.clip(rng.normal(0, tolerance / 2), -tolerance, tolerance))

    return {
        "plate": near(7.0, 0.10),
        "boss": near(17.0, 0.15),
        "bore_radius": near(7.5, 0.04),
        "rib": near(13.0, 0.20),
        "pocket_depth": near(3.2, 0.12),
        "pocket_shift_x": near(0.0, 0.25),
        "pocket_shift_y": near(0.0, 0.25),
        "pad": near(8.6, 0.10),
        "screw_depth": near(2.6, 0.08),
        "screw_radius": near(2.7, 0.04),
        "outline": near(0.0, 0.12),
        "skin": near(1.0, 0.25),
    }


def _outline(grid: Grid, size: dict[str, float]) -> Field:
    x, y = grid.x, grid.y
    foot = shapes.box(x, y, (0.0, -12.0), (40.0, 17.0), 8.0)
    head = shapes.box(x, y, (-18.0, 9.0), (22.0, 21.0), 12.0)
    ear = shapes.segment(x, y, (-6.0, 14.0), (8.0, 22.0), 8.0)
    return shapes.join(shapes.join(foot, head, 4.0), ear, 5.0) - size["outline"]


def _casting(grid: Grid, size: dict[str, float], streams: Streams) -> Field:
    """The raw casting before machining: plate, boss, ribs, pads, pocket, raised letters, skin."""
    outline = _outline(grid, size)
    height = shapes.rounded_edge(outline, size["plate"], 1.6)
    _raise_boss_and_ribs(grid, height, size)
    _sink_pocket(grid, height, size)
    for centre in _SCREWS:
        here = grid.window(centre, 7.5)
        pad = shapes.circle(grid.x[here], grid.y[here], centre, 6.4)
        level = np.where(pad < 1, size["plate"] + 0.5 - 2 * np.maximum(pad, 0), 0)
        height[here] = np.maximum(height[here], level)
    here = grid.window((7.0, -9.3), 12.0)
    letters = shapes.lettering(grid.x[here], grid.y[here], "RB-74", (-2.0, -11.6), 4.8)
    height[here] += 0.5 * shapes.ramp(letters, 0.85, 0.35)
    skin = 0.03 * grain(streams("skin"), height.shape, 0.5 / grid.cell)
    skin += 0.03 * smooth_noise(streams("waves"), grid.axis, 6.0)
    return shapes.wall(outline) * (height + size["skin"] * skin)


def _raise_boss_and_ribs(grid: Grid, height: Field, size: dict[str, float]) -> None:
    here = grid.window(_BOSS, 34.0)
    x, y = grid.x[here], grid.y[here]
    ring = shapes.circle(x, y, _BOSS, _BOSS_RADIUS + 0.1)
    top = shapes.rounded_edge(ring, size["boss"] + 0.4, 1.0)
    boss = np.where(ring < 0, top, np.maximum(size["boss"] - 8 * ring, -5))
    height[here] = shapes.higher(height[here], boss, 1.8)
    reach = np.clip(ring, 0, None)
    for end in _RIBS:
        line = shapes.segment(x, y, _BOSS, end, 2.0)
        crest = size["rib"] - 0.32 * reach - 0.35 * np.clip(line + 1.2, 0, 1.2)
        rib = crest - 5.0 * np.clip(line, 0, None)
        height[here] = shapes.higher(height[here], rib, 1.4)


def _sink_pocket(grid: Grid, height: Field, size: dict[str, float]) -> None:
    middle = (-5.0 + size["pocket_shift_x"], -21.0 + size["pocket_shift_y"])
    here = grid.window(middle, 11.0)
    edge = shapes.box(grid.x[here], grid.y[here], middle, (8.0, 4.8), 2.2)
    floor = size["plate"] - size["pocket_depth"]
    sunk = floor + 4.0 * np.clip(edge + 0.5, 0, 9)
    height[here] = np.minimum(height[here], np.where(edge < 1.5, sunk, 99.0))


def _machine(grid: Grid, height: Field, size: dict[str, float]) -> Field:
    """Cuts faces and holes into the casting, in place; the share of bare metal at each node."""
    bare = np.zeros(height.shape)
    here = grid.window(_BOSS, 13.0)
    x, y = grid.x[here], grid.y[here]
    ring = shapes.circle(x, y, _BOSS, _BOSS_RADIUS)
    _face(height[here], bare[here], ring, size["boss"])
    bore = shapes.circle(x, y, _BOSS, size["bore_radius"])
    bare[here] = np.where(bore < 0.9, 1.0, bare[here])
    height[here] = shapes.bored(height[here], bore, 0.0, 0.9)
    for angle in np.radians((20, 140, 260)):
        centre = (_BOSS[0] + 10.0 * float(np.cos(angle)), _BOSS[1] + 10.0 * float(np.sin(angle)))
        tapped = shapes.circle(x, y, centre, 1.05)
        height[here] = shapes.bored(height[here], tapped, size["boss"] - 9, 0.3)
    here = grid.window((27.0, -8.0), 16.0)
    x, y = grid.x[here], grid.y[here]
    pad = shapes.segment(x, y, *_SLOT, 7.4)
    raised = size["pad"] - np.clip(pad + 0.5, 0, 0.5)
    height[here] = np.where(pad < 0, np.maximum(height[here], raised), height[here])
    _face(height[here], bare[here], pad + 0.5, size["pad"])
    height[here] = shapes.bored(height[here], shapes.segment(x, y, *_SLOT, 3.3), 0.0, 0.6)
    for centre in _SCREWS:
        here = grid.window(centre, 6.0)
        x, y = grid.x[here], grid.y[here]
        seat = shapes.circle(x, y, centre, 4.6)
        bare[here] = np.where(seat < 0.05, 1.0, bare[here])
        level = size["plate"] + 0.5 - size["screw_depth"]
        sunk = shapes.bored(height[here], seat, level, 0.0)
        through = shapes.circle(x, y, centre, size["screw_radius"])
        height[here] = shapes.bored(sunk, through, 0.0, 0.3)
    return bare


def _face(height: Field, bare: Field, region: Field, level: float) -> None:
    """Mills everything inside the region down to the level, in place."""
    cut = (region < 0) & (height > level - 0.3)
    np.minimum(height, level, out=height, where=cut)
    bare[cut] = 1.0


def _tool_marks(grid: Grid, bare: Field, streams: Streams) -> Field:
    """Height of the turning and milling marks in mm: circles on the boss, arcs elsewhere."""
    rng = streams("tool")
    milled_from = 52.0 + rng.uniform(-2, 2)
    chatter = 0.7 * smooth_noise(rng, grid.axis, 2.0) + rng.uniform(0, 6.28)
    cut = bare > 0
    x, y = grid.x[cut], grid.y[cut]
    turned, milled = np.hypot(x - _BOSS[0], y - _BOSS[1]), np.hypot(x - 27.0, y - milled_from)
    phase = np.where(turned < _BOSS_RADIUS, turned / 1.2, milled / 1.5)
    marks = np.zeros(bare.shape)
    marks[cut] = 0.013 * np.sin(2 * np.pi * phase + chatter[cut])
    return marks + 0.006 * bare * smooth_noise(rng, grid.axis, 1.2)


def build(streams: Streams, grid: Grid) -> Surface:
    """One bracket, about 80 x 60 x 17 mm."""
    size = _dimensions(streams("dimensions"))
    height = _casting(grid, size, streams)
    bare = _machine(grid, height, size)
    rng = streams("paint")
    fine = grain(rng, bare.shape, 0.5 / grid.cell)
    cloud = 0.10 * smooth_noise(rng, grid.axis, 7.0) + 0.10 * fine
    share = np.clip(0.5 + 0.15 * rng.normal() + cloud, 0, 1)
    worn = np.clip(0.93 + 0.05 * smooth_noise(rng, grid.axis, 1.5), 0.7, 1.0)
    albedo = []
    for low, high, metal in zip(_PAINT_LOW, _PAINT_HIGH, _METAL, strict=True):
        paint = low + (high - low) * share
        albedo.append(paint + bare * (metal * worn - paint))
    orange_peel = 0.005 * np.roll(fine, (83, 131), (0, 1)) * (1 - bare)
    return Surface(
        grid=grid,
        height=height,
        micro=_tool_marks(grid, bare, streams) + orange_peel,
        albedo=(albedo[0], albedo[1], albedo[2]),
        rough=0.50 - 0.16 * bare,
        metal=bare,
        dimensions_mm=size,
    )


FAMILY = Family(
    name="bracket",
    title="painted cast bracket with machined faces (rigid)",
    build=build,
    half_mm=48.0,
    table=(0.130, 0.122, 0.112),
    core=(0.62, 0.61, 0.59),
    core_metal=0.75,
    stains=((0.60, 0.52, 0.38), (0.45, 0.42, 0.40), (1.7, 1.65, 1.5)),
    wrong_colours=((1.9, 1.15, 0.55), (1.5, 1.45, 1.4), (0.55, 0.62, 0.85)),
    holes=("pit", "chip", "drilled"),
)
