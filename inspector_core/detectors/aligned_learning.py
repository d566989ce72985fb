"""Learning for `aligned`: the surface that the good parts share, then what each place does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from inspector_core.detectors.aligned_model import (
    READING_FLOOR,
    GoodParts,
    Judge,
    Model,
    Palette,
    Readings,
    evened,
    reading_windows,
)
from inspector_core.detectors.aligned_places import Placed, Placer, part_points
from inspector_core.detectors.contract import Context
from inspector_core.detectors.place_statistics import GoodFields, SpreadGathering, spread_of
from inspector_core.errors import InputError
from inspector_core.geometry.measure import pitch_mm
from inspector_core.geometry.registration import (
    FINE,
    Fit,
    Freedom,
    TurnSearch,
    moved,
    refine,
    register,
    spread_sample,
)
from inspector_core.geometry.surface_grid import (
    Lattice,
    SurfaceGrid,
    column_median,
    mean_surface,
    share_of,
)
from inspector_core.progress import Job, Progress
from inspector_core.types import Array, FloatArray, Registered, Sample, SampleRef

MOST_CELLS = 250_000
MARGIN_CELLS = 10
ROUNDS = 2
SHAPE_SCALES = (0.7, 1.5, 3.0)
COLOUR_SCALES = (1.0, 2.0, 4.0)
"""Scales in cells at which differences are averaged: a defect is found at the scale of its size."""
UNKNOWN_SPREAD_MM = 0.1
UNKNOWN_COLOUR = 2.0
"""Spreads assumed while a single good part says nothing about them (mm; typical differences)."""
_MISFIT = 0.6
_POOR_OVERLAP = 0.3
_MARGIN_SHARE = 0.08


@dataclass(frozen=True, slots=True)
class GoodPart:
    """A good part cropped to what matters, its points in the resting frame, and its pose."""

    part: Registered
    points: FloatArray
    rest: Array
    fit: Fit

    @property
    def name(self) -> str:
        return self.part.sample.id

    def cloud(self) -> FloatArray:
        """All readings, table included, (N, 3) in the reference frame."""
        xyz = self.part.sample.xyz
        assert xyz is not None
        return np.asarray(moved(xyz[self.part.valid], self.fit.pose @ self.rest))

    def on_part(self) -> Array:
        """(N,) bool for `cloud`: readings on the part itself."""
        return np.asarray(self.part.foreground[self.part.valid])


def learnt(
    refs: Sequence[SampleRef],
    context: Context,
    *,
    cell_mm: float,
    count: int,
    freedom: Freedom | None,
    most_parts: int,
) -> Job[Model]:
    """Learn from good parts; yields progress in steps well under a second.

    Parts that cannot be read, or that do not lie on the others, are left out with a reason. Raises
    InputError when nothing can be learnt or the parts do not align.
    """
    steps = _Steps(5 * min(len(refs), most_parts))
    parts, left_out = yield from _prepared(_chosen(refs, most_parts), context, steps)
    if freedom is None:
        freedom = "table" if all(good.part.plane is not None for good in parts) else "free"
    parts, misfits = yield from _aligned(parts, cell_mm, freedom, steps)
    left_out += misfits
    parts, grid = yield from _settled(parts, cell_mm, freedom, steps)
    clouds = [good.cloud() for good in parts]
    footprint = share_of(grid.lattice, clouds, [good.on_part() for good in parts]) > 0.5
    placer = Placer(grid, TurnSearch(parts[0].points[:3]), freedom)
    placed = []
    for good in parts:
        yield steps.next()
        placed.append(placer.place(good.part, replace(good.fit, pose=good.fit.pose @ good.rest)))
    return (yield from _judged(parts, placed, grid, footprint, freedom, count, steps, left_out))


class _Steps:
    """Counts steps of learning."""

    def __init__(self, total: int) -> None:
        self.total, self.done = total, 0

    def next(self, note: str = "") -> Progress:
        self.done = min(self.done + 1, self.total)
        return Progress("Learning", self.done, self.total, note)


def _chosen(refs: Sequence[SampleRef], most: int) -> list[SampleRef]:
    """At most so many, evenly spread over the list."""
    if len(refs) <= most:
        return list(refs)
    return [refs[index] for index in np.linspace(0, len(refs) - 1, most).round().astype(int)]


def _prepared(
    refs: Sequence[SampleRef], context: Context, steps: _Steps
) -> Job[tuple[list[GoodPart], list[tuple[str, str]]]]:
    parts, left_out = [], []
    for ref in refs:
        yield steps.next()
        try:
            part = _cropped(context.prepare(ref.load()))
            points, rest = part_points(part)
        except InputError as error:
            if len(refs) == 1:
                raise
            left_out.append((ref.id, error.sentence))
            yield steps.next(f"left out: {error.sentence}")
            continue
        parts.append(GoodPart(part, points, rest, Fit(np.eye(4), 1.0, 0.0)))
    if not parts:
        raise InputError(
            f"none of the {len(refs)} good parts has a usable cloud ({left_out[0][1]})",
            cure="add clouds, or learn with the detector btf",
        )
    return parts, left_out


def _cropped(part: Registered) -> Registered:
    """The part and some table around it; most of a picture is neither."""
    rows, columns = (
        np.nonzero(part.foreground.any(axis=1))[0],
        np.nonzero(part.foreground.any(0))[0],
    )
    if not rows.size:
        return part
    box = []
    for span, size in ((rows, part.shape[0]), (columns, part.shape[1])):
        margin = 12 + round(_MARGIN_SHARE * (span[-1] - span[0]))
        box.append(slice(max(0, span[0] - margin), min(size, span[-1] + 1 + margin)))
    window = (box[0], box[1])
    old = part.sample
    sample = Sample(
        id=old.id,
        rgb=None if old.rgb is None else old.rgb[window].copy(),
        xyz=None if old.xyz is None else old.xyz[window].copy(),
    )
    return Registered(
        sample,
        part.valid[window].copy(),
        part.foreground[window].copy(),
        part.plane,
        gain=part.gain,
    )


def _typical(parts: Sequence[GoodPart]) -> int:
    """The part whose size and height are closest to the median: a safe first reference."""
    facts = np.array(
        [
            [len(good.points), good.points[:, 2].mean(), np.quantile(good.points[:, 2], 0.95)]
            for good in parts
        ]
    )
    off = np.abs(facts - np.median(facts, axis=0))
    return int((off / np.maximum(np.median(off, axis=0), 1e-6)).sum(axis=1).argmin())


def _cell_size(parts: Sequence[GoodPart], wanted: float) -> float:
    """The pixels' own spacing, coarser only where that would make too many cells."""
    pitches = []
    for good in parts[:8]:
        xyz = good.part.sample.xyz
        assert xyz is not None
        pitches.append(pitch_mm(xyz, good.part.foreground & good.part.valid) or 0.0)
    span = np.ptp(parts[0].points[:, :2], axis=0) + 1e-3
    finest = float(np.sqrt(span.prod() / MOST_CELLS))
    return max(wanted or float(np.median(pitches)), finest)


def _aligned(
    parts: list[GoodPart], cell_mm: float, freedom: Freedom, steps: _Steps
) -> Job[tuple[list[GoodPart], list[tuple[str, str]]]]:
    """All parts laid onto a typical one; those that do not fit are told apart."""
    first = parts[_typical(parts)]
    cell = _cell_size([first], cell_mm)
    grid = mean_surface(_lattice([first], cell), [first.cloud()])
    search = TurnSearch(first.points)
    fits = []
    for good in parts:
        yield steps.next()
        fits.append(register(good.points, grid, search, freedom))
    usual = float(np.median([fit.overlap for fit in fits]))
    if len(parts) > 2 and usual < _POOR_OVERLAP:
        raise InputError(
            f"the good parts do not lie on one another (half of them overlap by less than "
            f"{100 * usual:.0f} %)",
            cure="learn these parts with the detector btf",
        )
    kept, left_out = [], []
    for good, fit in zip(parts, fits, strict=True):
        if good is not first and fit.overlap < _MISFIT * usual:
            reason = f"{good.name} does not lie on the other good parts ({100 * fit.overlap:.0f} %)"
            left_out.append((good.name, reason))
            yield steps.next(f"left out: {reason}")
        else:
            kept.append(replace(good, fit=fit))
    return kept, left_out


def _settled(
    parts: list[GoodPart], cell_mm: float, freedom: Freedom, steps: _Steps
) -> Job[tuple[list[GoodPart], SurfaceGrid]]:
    """Mean surface and poses in turns, so that no single part is the reference."""
    cell = _cell_size(parts, cell_mm)
    for _ in range(ROUNDS):
        lattice = _lattice(parts, cell)
        yield steps.next()
        grid = mean_surface(lattice, [good.cloud() for good in parts])
        again = []
        for good in parts:
            yield steps.next()
            points = spread_sample(good.points, 2500)
            again.append(replace(good, fit=refine(points, grid, good.fit.pose, freedom, FINE)))
        parts = again
    return parts, mean_surface(lattice, [good.cloud() for good in parts])


def _lattice(parts: Sequence[GoodPart], cell: float) -> Lattice:
    some = [moved(spread_sample(good.points, 4000), good.fit.pose)[:, :2] for good in parts]
    low, high = np.quantile(np.concatenate(some), [0.0005, 0.9995], axis=0)
    return Lattice.around(low, high, cell, MARGIN_CELLS * cell)


def _judged(
    parts: list[GoodPart],
    placed: list[Placed],
    grid: SurfaceGrid,
    footprint: Array,
    freedom: Freedom,
    count: int,
    steps: _Steps,
    left_out: list[tuple[str, str]],
) -> Job[Model]:
    """What each place does, from the placed parts."""
    residuals = np.stack([entry.residual[None] for entry in placed])
    weights = [entry.weight for entry in placed]
    shape, spread = yield from _shape_judge(residuals, weights, footprint, count, steps)
    palette, colour, usual, colours = yield from _colour_judge(placed, footprint, count, steps)
    draft = Model(
        grid=grid,
        footprint=footprint,
        freedom=freedom,
        overlap=float(np.median([good.fit.overlap for good in parts])),
        coverage=1.0,
        residual_mm=float(np.median([good.fit.residual_mm for good in parts])),
        shape=shape,
        surface_spread=spread,
        readings=_readings(placed),
        palette=palette,
        colour=colour,
        colour_usual=usual,
        good=GoodParts.packed(
            tuple(good.name for good in parts), residuals[:, 0], grid.lattice.cell, colours
        ),
        left_out=tuple(left_out),
    )
    return replace(draft, coverage=float(np.median([draft.coverage_of(e) for e in placed])))


def _shape_judge(
    residuals: Array, weights: list[Array], footprint: Array, count: int, steps: _Steps
) -> Job[tuple[Judge, FloatArray]]:
    fields = GoodFields(residuals, count)
    left = []
    if len(residuals) > 1:
        for number in range(len(residuals)):
            yield steps.next()
            left.append(fields.left_out(number))
    usual = _usual(left, footprint)
    gathering = SpreadGathering(SHAPE_SCALES, usual, (UNKNOWN_SPREAD_MM,), footprint)
    for residual, weight in zip(left, weights, strict=False):
        yield steps.next()
        gathering.add(residual, weight)
    spread = gathering.spread()
    if left:
        surface = spread_of(np.stack([entry[0] for entry in left]), np.stack(weights), footprint)
    else:
        surface = np.full(footprint.shape, UNKNOWN_SPREAD_MM, np.float32)
    return Judge(fields.modes(), spread, usual), surface


def _usual(left: list[FloatArray], footprint: Array) -> tuple[float, ...]:
    """Typical absolute residual per channel on the part, from left-out parts."""
    if not left:
        return (0.0,) * 3
    values = np.stack([np.abs(entry[:, footprint]) for entry in left])
    return tuple(
        float(1.4826 * np.median(channel[np.isfinite(channel)]))
        if np.isfinite(channel).any()
        else 0.0
        for channel in np.moveaxis(values, 1, 0)
    )


def _colour_judge(
    placed: list[Placed], footprint: Array, count: int, steps: _Steps
) -> Job[tuple[Palette | None, Judge | None, float, Array | None]]:
    """Colour model, a good part's typical largest evidence, and the evened colours (n, 3, h, w)."""
    seen = [entry.colour for entry in placed if entry.colour is not None]
    if len(seen) < len(placed):
        return None, None, 1.0, None
    first = column_median(np.stack(seen))
    colours = np.stack([evened(colour, first, footprint) for colour in seen])
    reference = column_median(colours)
    palette = Palette(reference, _channel_scale(colours, reference, footprint), footprint)
    fields = GoodFields(np.stack([palette.field(colour) for colour in seen]), count)
    left = []
    if len(seen) > 1:
        for number in range(len(seen)):
            yield steps.next()
            left.append(fields.left_out(number))
    usual = _usual(left, footprint)
    gathering = SpreadGathering(COLOUR_SCALES, usual, (UNKNOWN_COLOUR,) * 3, footprint)
    weights = [entry.visible.astype(np.float32) for entry in placed]
    for residual, weight in zip(left, weights, strict=False):
        yield steps.next()
        gathering.add(residual, weight)
    judge = Judge(fields.modes(), gathering.spread(), usual)
    largest = []
    for residual, weight in zip(left[:10], weights, strict=False):
        yield steps.next()
        evidence = judge.spread.evidence(residual, weight, usual)
        largest.append(float(evidence[footprint].max()))
    return palette, judge, float(np.median(largest)) if largest else 1.0, colours


def _channel_scale(colours: Array, reference: Array, footprint: Array) -> tuple[float, ...]:
    """Typical difference of good parts from the reference per channel, never below half a step."""
    off = np.abs(colours - reference)[:, :, footprint]
    scale = []
    for channel in range(3):
        values = off[:, channel]
        values = values[np.isfinite(values)]
        scale.append(max(0.5, 1.4826 * float(np.median(values)) if values.size else 0.0))
    return tuple(scale)


def _readings(placed: list[Placed]) -> Readings:
    """Mean readings and, from parts left out in turn, how much they scatter."""
    from scipy.ndimage import gaussian_filter

    shares = np.stack([entry.reading for entry in placed])
    n, mean = len(shares), shares.mean(axis=0)
    squares = np.zeros((2, *mean.shape), np.float32)
    if n > 1:
        for entry, share in zip(placed, shares, strict=True):
            off = (share - mean) * np.float32(n / (n - 1))
            for scale, layer in enumerate(reading_windows(off, entry.visible)):
                squares[scale] += layer**2 / n
    steadied = np.stack([gaussian_filter(layer, 1.5) for layer in squares])
    return Readings(mean, np.sqrt(steadied + np.float32(READING_FLOOR**2)))
