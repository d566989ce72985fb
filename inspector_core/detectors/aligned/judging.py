"""From placed good parts to what each place does: shape, colour, readings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from inspector_core.detectors.aligned.deep import typical_peak
from inspector_core.detectors.aligned.drift import Drift
from inspector_core.detectors.aligned.model import (
    READING_FLOOR,
    READING_SCALES,
    Alignment,
    GoodParts,
    Judge,
    Model,
    Readings,
    reading_windows,
)
from inspector_core.detectors.aligned.palette import Palette, channel_scale, evened
from inspector_core.detectors.aligned.places import Placed
from inspector_core.detectors.place_statistics import GoodFields, SpreadGathering, spread_of
from inspector_core.geometry.stacks import Ticks, median_of, told
from inspector_core.geometry.surface_grid import SurfaceGrid
from inspector_core.progress import Job, Progress
from inspector_core.types import Array, BoolArray, FloatArray

SCALES = (0.7, 1.5, 3.0)
"""Scales in cells at which differences are averaged: a defect is found at the scale of its size."""
UNKNOWN_SPREAD_MM = 0.1
UNKNOWN_COLOUR = 2.0
"""Spreads assumed while a single good part says nothing about them (mm; typical differences)."""


class Steps:
    """Counts steps of learning."""

    def __init__(self, total: int) -> None:
        self.total, self.done = total, 0

    def next(self, note: str = "") -> Progress:
        """One step further."""
        self.done = min(self.done + 1, self.total)
        return Progress("Learning", self.done, self.total, note)

    def now(self) -> Progress:
        """Still at the same step."""
        return Progress("Learning", self.done, self.total)


def judged(
    names: tuple[str, ...],
    placed: list[Placed],
    grid: SurfaceGrid,
    footprint: BoolArray,
    alignment: Alignment,
    count: int,
    steps: Steps,
) -> Job[tuple[Model, float | None]]:
    """The model that follows from good parts placed on their shared surface.

    count : modes of variation wanted.   Beside it the typical highest evidence of colour that a good
    part shows to a model of the others; None without pictures or with a single part.
    """
    residuals = np.stack([entry.residual[None] for entry in placed])
    weights = [entry.weight for entry in placed]
    unknown = (UNKNOWN_SPREAD_MM,)
    shape, left = yield from _judge(residuals, weights, footprint, unknown, count, steps)
    surface = np.full(footprint.shape, UNKNOWN_SPREAD_MM, np.float32)
    if left:
        values = np.stack([entry[0] for entry in left])
        surface = yield from told(spread_of(values, np.stack(weights), footprint), steps.now)
    palette, colour, colours, peak = yield from _colour(placed, footprint, count, steps)
    readings = yield from told(_readings(placed), steps.now)
    good = GoodParts.packed(names, residuals[:, 0], grid.lattice.cell, colours)
    yield steps.now()
    model = Model(
        grid=grid,
        footprint=footprint,
        alignment=alignment,
        shape=shape,
        surface_spread=surface,
        readings=readings,
        palette=palette,
        colour=colour,
        good=good,
    )
    coverage = float(np.median([model.coverage_of(entry) for entry in placed]))
    return replace(model, alignment=replace(alignment, coverage=coverage)), peak


def _judge(
    fields: Array,
    weights: Sequence[Array],
    footprint: BoolArray,
    unknown: tuple[float, ...],
    count: int,
    steps: Steps,
) -> Job[tuple[Judge, list[FloatArray]]]:
    """Modes of the fields (n, C, h, w), spread of every part against the others, and what is left."""
    good = yield from told(GoodFields.gathered(fields, count), steps.now)
    left = []
    for number in range(len(fields) if len(fields) > 1 else 0):
        yield steps.next()
        left.append(good.left_out(number))
    usual = _usual(left, footprint, channels=len(unknown))
    gathering = SpreadGathering(SCALES, usual, unknown, footprint)
    for residual, weight in zip(left, weights, strict=False):
        yield steps.now()
        gathering.add(residual, weight)
    spread = yield from told(gathering.spread(), steps.now)
    return Judge(good.modes(), spread, usual), left


def _usual(left: list[FloatArray], footprint: BoolArray, channels: int) -> tuple[float, ...]:
    """Typical absolute residual per channel on the part, from left-out parts."""
    found = []
    for channel in range(channels):
        values = [np.abs(entry[channel][footprint])[::3] for entry in left]
        every = np.concatenate(values) if values else np.zeros(0)
        every = every[np.isfinite(every)]
        found.append(1.4826 * float(np.median(every)) if every.size else 0.0)
    return tuple(found)


def _colour(
    placed: list[Placed], footprint: BoolArray, count: int, steps: Steps
) -> Job[tuple[Palette | None, Judge | None, Array | None, float | None]]:
    """Colour model, the settled colours (n, 3, h, w), and good parts' typical highest evidence.

    The reference is taken twice: patterns that drift from part to part blur their own median.
    """
    seen = [entry.colour for entry in placed if entry.colour is not None]
    if len(seen) < len(placed):
        return None, None, None, None
    first = yield from told(median_of(np.stack(seen)), steps.now)
    colours = np.empty((len(seen), *first.shape), np.float32)
    for number, colour in enumerate(seen):
        yield steps.now()
        colours[number] = evened(colour, first, footprint)
    blurry = yield from told(median_of(colours), steps.now)
    drift = Drift.onto(blurry, channel_scale(colours, blurry, footprint), footprint)
    for number, colour in enumerate(colours):
        yield steps.now()
        colours[number] = drift.undone(colour)
    reference = yield from told(median_of(colours), steps.now)
    palette = Palette(reference, channel_scale(colours, reference, footprint), footprint)
    fields = np.empty_like(colours)
    for number, colour in enumerate(seen):
        yield steps.now()
        fields[number] = palette.field(colour)
    weights = [entry.visible.astype(np.float32) for entry in placed]
    unknown = (UNKNOWN_COLOUR,) * 3
    judge, left = yield from _judge(fields, weights, footprint, unknown, count, steps)
    highest = []
    for residual, weight in zip(left, weights, strict=False):
        yield steps.now()
        highest.append(judge.spread.evidence(residual, weight, judge.usual))
    return palette, judge, colours, typical_peak(highest, footprint) if highest else None


def _readings(placed: list[Placed]) -> Ticks[Readings]:
    """Mean readings and, from parts left out in turn, how much they scatter."""
    from scipy.ndimage import gaussian_filter

    n = len(placed)
    mean = np.asarray(sum(entry.reading for entry in placed) / np.float32(n))
    yield
    squares = np.zeros((len(READING_SCALES), *mean.shape), np.float32)
    for entry in placed if n > 1 else []:
        off = (entry.reading - mean) * np.float32(n / (n - 1))
        for scale, layer in enumerate(reading_windows(off, entry.visible)):
            squares[scale] += layer**2 / n
        yield
    steadied = np.stack([gaussian_filter(layer, 1.5) for layer in squares])
    return Readings(mean, np.sqrt(steadied + np.float32(READING_FLOOR**2)))
