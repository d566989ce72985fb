"""Learning for `aligned`: the surface that the good parts share, then what each place does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from inspector_core.detectors.aligned.deep import FEWEST_PARTS, learnt_deep, thinned
from inspector_core.detectors.aligned.judging import Steps, judged
from inspector_core.detectors.aligned.model import Alignment, Model
from inspector_core.detectors.aligned.places import Places, part_points
from inspector_core.detectors.aligned.sight import Sight
from inspector_core.detectors.contract import Context
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
from inspector_core.geometry.stacks import told
from inspector_core.geometry.surface_grid import Lattice, SurfaceGrid, mean_surface, share_of
from inspector_core.progress import Job
from inspector_core.types import Array, FloatArray, Registered, Sample, SampleRef

MOST_CELLS = 250_000
MARGIN_CELLS = 10
ROUNDS = 2
_MISFIT = 0.6
"""A good part that overlaps less than this share of what is usual is left out."""
_POOR_OVERLAP = 0.7
"""Good parts that overlap less than this do not align."""
_MARGIN_SHARE, _MARGIN_PX = 0.08, 12
"""Table kept around a part."""


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
    network: str | None,
    longer_px: int,
) -> Job[Model]:
    """Learn from good parts; yields progress in steps of about a second at most.

    network : looks at colour beside the plain comparison, None for no network.   longer_px : of the
    flat picture that it is shown.

    Parts that cannot be read, or that do not lie on the others, are left out with a reason. Raises
    InputError when nothing can be learnt or the parts do not align.
    """
    steps = Steps((5 if network is None else 7) * min(len(refs), most_parts))
    parts, left_out = yield from _prepared(thinned(refs, most_parts), context, steps)
    if freedom is None:
        freedom = "table" if all(good.part.plane is not None for good in parts) else "free"
    parts, misfits = yield from _aligned(parts, cell_mm, freedom, steps)
    left_out += misfits
    parts, grid = yield from _settled(parts, cell_mm, freedom, steps)
    shares = share_of(
        grid.lattice, (good.cloud() for good in parts), (good.on_part() for good in parts)
    )
    footprint = (yield from told(shares, steps.now)) > 0.5
    places = Places(grid)
    placed = []
    for good in parts:
        yield steps.next()
        placed.append(places.place(good.part, replace(good.fit, pose=good.fit.pose @ good.rest)))
    alignment = Alignment(
        freedom,
        overlap=float(np.median([good.fit.overlap for good in parts])),
        residual_mm=float(np.median([good.fit.residual_mm for good in parts])),
    )
    names = tuple(good.name for good in parts)
    model, peak = yield from judged(names, placed, grid, footprint, alignment, count, steps)
    if network is not None and peak is not None and len(parts) >= FEWEST_PARTS:
        shape = (footprint.shape[0], footprint.shape[1])
        sight = Sight.onto(network, shape, longer_px, context)
        pairs = [(good.part, entry) for good, entry in zip(parts, placed, strict=True)]
        deep = yield from told(learnt_deep(sight, pairs, footprint, peak), steps.next)
        model = replace(model, deep=deep)
    return replace(model, left_out=tuple(left_out))


def _prepared(
    refs: Sequence[SampleRef], context: Context, steps: Steps
) -> Job[tuple[list[GoodPart], list[tuple[str, str]]]]:
    parts, left_out, first = [], [], ""
    for ref in refs:
        yield steps.next()
        try:
            part = _cropped(context.prepare(ref.load()))
            points, rest = part_points(part)
        except InputError as error:
            if len(refs) == 1:
                raise
            left_out.append((ref.id, error.sentence))
            first = first or error.message
            yield steps.next(f"left out: {error.sentence}")
            continue
        parts.append(GoodPart(part, points, rest, Fit(np.eye(4), 1.0, 0.0)))
    if not parts:
        raise InputError(
            f"none of the {len(refs)} good parts has a usable cloud ({first})",
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
        margin = _MARGIN_PX + round(_MARGIN_SHARE * (span[-1] - span[0]))
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
    parts: list[GoodPart], cell_mm: float, freedom: Freedom, steps: Steps
) -> Job[tuple[list[GoodPart], list[tuple[str, str]]]]:
    """All parts laid onto a typical one; those that do not fit are told apart."""
    first = parts[_typical(parts)]
    cell = _cell_size([first], cell_mm)
    grid = yield from told(mean_surface(_lattice([first], cell), [first.cloud()]), steps.now)
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
    parts: list[GoodPart], cell_mm: float, freedom: Freedom, steps: Steps
) -> Job[tuple[list[GoodPart], SurfaceGrid]]:
    """Mean surface and poses in turns, so that no single part is the reference."""
    cell = _cell_size(parts, cell_mm)
    for _ in range(ROUNDS):
        grid = yield from _shared_surface(parts, cell, steps)
        again = []
        for good in parts:
            yield steps.next()
            points = spread_sample(good.points, 2500)
            again.append(replace(good, fit=refine(points, grid, good.fit.pose, freedom, FINE)))
        parts = again
    grid = yield from _shared_surface(parts, cell, steps)
    return parts, grid


def _shared_surface(parts: Sequence[GoodPart], cell: float, steps: Steps) -> Job[SurfaceGrid]:
    clouds = (good.cloud() for good in parts)
    return (yield from told(mean_surface(_lattice(parts, cell), clouds), steps.now))


def _lattice(parts: Sequence[GoodPart], cell: float) -> Lattice:
    some = [moved(spread_sample(good.points, 4000), good.fit.pose)[:, :2] for good in parts]
    low, high = np.quantile(np.concatenate(some), [0.0005, 0.9995], axis=0)
    return Lattice.around(low, high, cell, MARGIN_CELLS * cell)
