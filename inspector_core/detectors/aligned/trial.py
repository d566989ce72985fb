"""Do the good parts keep one shape? A few are laid onto one of them before a detector is chosen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from inspector_core.detectors.aligned.places import part_points
from inspector_core.detectors.contract import Context
from inspector_core.errors import InputError
from inspector_core.geometry.measure import pitch_mm
from inspector_core.geometry.registration import (
    Freedom,
    TurnSearch,
    moved,
    register,
    spread_sample,
)
from inspector_core.geometry.stacks import told
from inspector_core.geometry.surface_grid import Lattice, SurfaceGrid, mean_surface
from inspector_core.progress import Job, Progress
from inspector_core.types import Array, LengthUnit, SampleRef

TRYING = "Looking whether the good parts lie on one another"
_FEW = 8
_MOST_POINTS = 250_000
_COMPARED_POINTS = 20_000
_FINENESS, _CLOSE_POINTS = 200, 2
"""A place lies on another part that is less than this fraction of the diagonal, or so many distances
between scan points, away. Half of that tells warped tiles from bread less well: .61 against .51."""
_MARGIN_CELLS = 10


@dataclass(frozen=True, slots=True)
class Trial:
    """What a few good parts have, and how well they lie on one of them.

    n_read : parts that could be read.   n_pictures, n_clouds : those with a picture, with a usable cloud.
    shares : for each part laid onto another, the share of its points that lie within `close_mm` of
    that one's surface, ascending; empty with fewer than two clouds.
    apart_mm : the middle one of the parts' median distances from it.   unit : of both lengths.
    """

    n_read: int
    n_pictures: int
    n_clouds: int
    shares: tuple[float, ...] = ()
    close_mm: float = 0.0
    apart_mm: float = 0.0
    unit: LengthUnit = "mm"


@dataclass(frozen=True, slots=True)
class _Shape:
    """A part's points (N, 3) float32 mm in its resting frame."""

    points: Array
    pitch_mm: float
    on_table: bool


def tried(refs: Sequence[SampleRef], context: Context) -> Job[Trial]:
    """Lay a few of the parts, evenly spread over the list, onto the one of middle size.

    Parts that cannot be read are passed over: learning says so.
    """
    chosen = np.unique(np.linspace(0, len(refs) - 1, _FEW).round().astype(int)) if refs else ()
    shapes: list[_Shape] = []
    unit: LengthUnit = "mm"
    n_read = n_pictures = 0
    for number, index in enumerate(chosen):
        yield Progress(TRYING, number, 2 * len(chosen))
        try:
            part = context.prepare(refs[index].load())
        except InputError:
            continue
        n_read, unit = n_read + 1, part.sample.unit
        n_pictures += part.sample.rgb is not None
        try:
            points, _ = part_points(part)
        except InputError:
            continue
        assert part.sample.xyz is not None
        pitch = pitch_mm(part.sample.xyz, part.foreground & part.valid) or 0.0
        shapes.append(_Shape(spread_sample(points, _MOST_POINTS), pitch, part.plane is not None))
    if len(shapes) < 2:
        return Trial(n_read, n_pictures, len(shapes))
    reference, distances = yield from _laid(shapes)
    span = np.ptp(reference.points[:, :2], axis=0)
    close = max(_CLOSE_POINTS * _cell_mm(reference), float(np.hypot(*span)) / _FINENESS)
    return Trial(
        n_read,
        n_pictures,
        len(shapes),
        shares=tuple(sorted(float((entry < close).mean()) for entry in distances)),
        close_mm=close,
        apart_mm=float(np.median([np.median(entry) for entry in distances])),
        unit=unit,
    )


def _laid(shapes: Sequence[_Shape]) -> Job[tuple[_Shape, list[Array]]]:
    """The part of middle size, and how far in mm points of each other part are from it, once laid onto it."""
    done = Progress(TRYING, len(shapes), 2 * len(shapes))
    middle = sorted(range(len(shapes)), key=lambda k: len(shapes[k].points))[len(shapes) // 2]
    reference = shapes[middle]
    freedom: Freedom = "table" if all(shape.on_table for shape in shapes) else "free"
    cell = _cell_mm(reference)
    lattice = _lattice(reference.points, cell)
    grid: SurfaceGrid = yield from told(mean_surface(lattice, [reference.points]), lambda: done)
    search = TurnSearch(reference.points)
    distances = []
    for number, shape in enumerate(shapes):
        yield Progress(TRYING, len(shapes) + number, 2 * len(shapes))
        if number != middle:
            fit = register(shape.points, grid, search, freedom)
            placed = moved(spread_sample(shape.points, _COMPARED_POINTS), fit.pose)
            off = np.abs(grid.deviation(placed))
            distances.append(np.where(np.isfinite(off), off, np.inf))
    return reference, distances


def _cell_mm(shape: _Shape) -> float:
    """The distance between scan points, more where only some of the points were taken."""
    span = np.ptp(shape.points[:, :2], axis=0).astype(float) + 1e-3
    return max(shape.pitch_mm, float(np.sqrt(span.prod() / _MOST_POINTS)))


def _lattice(points: Array, cell: float) -> Lattice:
    low, high = np.quantile(points[:, :2], [0.0005, 0.9995], axis=0)
    return Lattice.around(low, high, cell, _MARGIN_CELLS * cell)
