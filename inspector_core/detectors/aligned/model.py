"""What `aligned` has learnt: the good surface and, per place, what good parts do there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from inspector_core.detectors.aligned.deep import Deep
from inspector_core.detectors.aligned.palette import Palette
from inspector_core.detectors.aligned.places import CLIP_CELLS, Placed
from inspector_core.detectors.contract import Context, State
from inspector_core.detectors.place_statistics import Modes, Spread, rounded
from inspector_core.geometry.blurring import blurred
from inspector_core.geometry.registration import Freedom
from inspector_core.geometry.surface_grid import Lattice, SurfaceGrid
from inspector_core.types import Array, BoolArray, FloatArray

READING_SCALES = (1.5, 3.0)
"""Scales in cells at which readings that should not be there, or lack, are looked for."""
READING_FLOOR = 0.15
"""Spread of readings that is always allowed: scanners lose some."""
_HEIGHT_STEPS = 32_000
_NOTHING = np.iinfo(np.int16).min


@dataclass(frozen=True, slots=True)
class Judge:
    """One modality: the good field's modes, and the spread of what they leave.

    usual : per channel, the good parts' typical residual.
    """

    modes: Modes
    spread: Spread
    usual: tuple[float, ...]

    def leftover(self, values: Array) -> tuple[FloatArray, FloatArray]:
        """Field (C, h, w) minus the good field most like it, and that good field."""
        expected = self.modes.expected(values)
        return np.asarray(values - expected), expected

    def tensors(self, name: str) -> dict[str, Array]:
        return {
            f"{name}_mean": self.modes.mean.astype(np.float16),
            f"{name}_cells": self.modes.cells.astype(np.uint8),
            f"{name}_basis": self.modes.basis.astype(np.float16),
            f"{name}_variance": self.modes.variance.astype(np.float64),
            f"{name}_spread": self.spread.layers.astype(np.float16),
        }

    def facts(self) -> dict[str, Any]:
        return {
            "noise": self.modes.noise,
            "usual": list(self.usual),
            "scales": list(self.spread.scales),
        }

    @classmethod
    def restored(cls, name: str, tensors: Mapping[str, Array], facts: Mapping[str, Any]) -> Judge:
        modes = Modes(
            mean=tensors[f"{name}_mean"].astype(np.float32),
            cells=tensors[f"{name}_cells"].astype(bool),
            basis=tensors[f"{name}_basis"].astype(np.float32),
            variance=tensors[f"{name}_variance"],
            noise=float(facts["noise"]),
        )
        layers = np.maximum(tensors[f"{name}_spread"].astype(np.float32), np.float32(1e-6))
        return cls(modes, Spread(tuple(facts["scales"]), layers), tuple(facts["usual"]))


@dataclass(frozen=True, slots=True)
class Readings:
    """Where the scanner reads good parts: mean share (h, w), and spreads (S, h, w) per scale."""

    mean: Array
    spread: Array

    def evidence(self, reading: Array, visible: BoolArray) -> FloatArray:
        """(h, w): readings where good parts have none, or gaps where they have readings, in spreads."""
        largest = np.zeros(self.mean.shape, np.float32)
        for layer, off in zip(
            self.spread, reading_windows(reading - self.mean, visible), strict=True
        ):
            np.maximum(largest, np.abs(off) / layer, out=largest)
        return rounded(largest)


def reading_windows(off: Array, visible: BoolArray) -> list[FloatArray]:
    """Mean difference in readings at each scale."""
    off = np.where(visible, off, np.float32(0))
    return [blurred(off, sigma) for sigma in READING_SCALES]


@dataclass(frozen=True, slots=True)
class GoodParts:
    """What is kept of every good part, to show the most similar one: half-size cells.

    names : (n) part ids.   heights : (n, h/2, w/2) int16, residuals in `unit` mm, the smallest value
    is "unknown".   colours : (n, 3, h/2, w/2) uint8 CIELAB (L 2.55, a + 128, b + 128), or None.
    """

    names: tuple[str, ...]
    heights: Array
    unit: float
    colours: Array | None

    @classmethod
    def packed(
        cls, names: tuple[str, ...], residuals: Array, cell: float, colours: Array | None
    ) -> GoodParts:
        unit = CLIP_CELLS * cell / _HEIGHT_STEPS
        small = halved(residuals)
        heights = np.where(np.isfinite(small), np.rint(small / unit), _NOTHING).astype(np.int16)
        if colours is None:
            return cls(names, heights, unit, None)
        return cls(names, heights, unit, _bytes(halved(colours)))

    def height(self, rows: slice, columns: slice) -> FloatArray:
        """(n, rows, columns) residuals in mm, NaN = unknown."""
        values = self.heights[:, rows, columns]
        return np.where(values == _NOTHING, np.nan, values * self.unit).astype(np.float32)

    def colour(self, rows: slice, columns: slice) -> FloatArray | None:
        """(n, 3, rows, columns) CIELAB."""
        if self.colours is None:
            return None
        values = self.colours[:, :, rows, columns].astype(np.float32)
        return values / _LAB_SCALE - _LAB_SHIFT


_LAB_SCALE = np.array([2.55, 1.0, 1.0], np.float32)[:, None, None]
_LAB_SHIFT = np.array([0.0, 128.0, 128.0], np.float32)[:, None, None]


def _bytes(lab: Array) -> Array:
    values = (np.nan_to_num(lab) + _LAB_SHIFT) * _LAB_SCALE
    return np.clip(np.rint(values), 0, 255).astype(np.uint8)


def halved(values: Array) -> FloatArray:
    """(..., h, w) to (..., h/2, w/2): mean of the known values of 2 x 2 cells, NaN without any."""
    height, width = values.shape[-2] // 2 * 2, values.shape[-1] // 2 * 2
    blocks = values[..., :height, :width].reshape(*values.shape[:-2], height // 2, 2, width // 2, 2)
    known = np.isfinite(blocks)
    count = known.sum(axis=(-3, -1))
    total = np.where(known, blocks, 0).sum(axis=(-3, -1), dtype=np.float32)
    return np.where(count > 0, total / np.maximum(count, 1), np.float32(np.nan)).astype(np.float32)


@dataclass(frozen=True, slots=True)
class Alignment:
    """How the good parts lie on the surface.

    freedom : how parts may move.   overlap : median share of a part's points near the surface.
    residual_mm : median distance of those.   coverage : median share of the surface's usually
    measured cells that a part covers.
    """

    freedom: Freedom
    overlap: float
    residual_mm: float
    coverage: float = 1.0


@dataclass(frozen=True, slots=True)
class Model:
    """Everything that scoring needs.

    footprint : (h, w) bool, cells of the part.   surface_spread : (h, w) mm, local standard
    deviation of the good surface once the common modes are taken off.
    palette, colour : None where the good parts had no pictures.   deep : None without a network.
    left_out : (part, reason) of good parts that could not be used.
    """

    grid: SurfaceGrid
    footprint: BoolArray
    alignment: Alignment
    shape: Judge
    surface_spread: Array
    readings: Readings
    palette: Palette | None
    colour: Judge | None
    good: GoodParts
    left_out: tuple[tuple[str, str], ...] = field(default=())
    deep: Deep | None = None

    def coverage_of(self, placed: Placed) -> float:
        """Share of the part's usually measured cells where this part has a surface nearby."""
        near = np.abs(placed.residual) < 0.5 * CLIP_CELLS * self.grid.lattice.cell
        wanted = self.footprint & (self.readings.mean > 0.5)
        return float((near & wanted).sum() / max(1, int(wanted.sum())))

    def state(self) -> State:
        """Named arrays and plain facts; `restored` makes the same model of them."""
        lattice = self.grid.lattice
        tensors = {
            "heights": self.grid.heights,
            "footprint": self.footprint.astype(np.uint8),
            "surface_spread": self.surface_spread.astype(np.float16),
            "readings_mean": self.readings.mean.astype(np.float16),
            "readings_spread": self.readings.spread.astype(np.float16),
            "good_heights": self.good.heights,
            **self.shape.tensors("shape"),
        }
        facts: dict[str, Any] = {
            "lattice": [lattice.x0, lattice.y0, lattice.cell],
            "alignment": asdict(self.alignment),
            "shape": self.shape.facts(),
            "good_names": list(self.good.names),
            "left_out": [list(entry) for entry in self.left_out],
        }
        if self.palette is not None and self.colour is not None:
            tensors |= self.colour.tensors("colour")
            tensors["colour_reference"] = self.palette.reference.astype(np.float16)
            assert self.good.colours is not None
            tensors["good_colours"] = self.good.colours
            facts["colour"] = {
                **self.colour.facts(),
                "channel_scale": list(self.palette.scale),
            }
        if self.deep is not None:
            tensors |= self.deep.tensors()
            facts["deep"] = self.deep.sight.facts()
        return State(tensors, facts)

    @classmethod
    def restored(cls, state: State, context: Context) -> Model:
        """The model of a state; WeightsError when it needs a network that is not here."""
        tensors, facts = state.tensors, state.facts
        heights = tensors["heights"]
        x0, y0, cell = facts["lattice"]
        footprint = tensors["footprint"].astype(bool)
        about = facts.get("colour")
        palette = colour = None
        if about is not None:
            reference = tensors["colour_reference"].astype(np.float32)
            palette = Palette(reference, tuple(about["channel_scale"]), footprint)
            colour = Judge.restored("colour", tensors, about)
        readings = Readings(
            tensors["readings_mean"].astype(np.float32),
            tensors["readings_spread"].astype(np.float32),
        )
        good = GoodParts(
            tuple(facts["good_names"]),
            tensors["good_heights"],
            CLIP_CELLS * cell / _HEIGHT_STEPS,
            tensors.get("good_colours"),
        )
        return cls(
            grid=SurfaceGrid(Lattice(x0, y0, cell, heights.shape), heights),
            footprint=footprint,
            alignment=Alignment(**facts["alignment"]),
            shape=Judge.restored("shape", tensors, facts["shape"]),
            surface_spread=tensors["surface_spread"].astype(np.float32),
            readings=readings,
            palette=palette,
            colour=colour,
            good=good,
            left_out=tuple((name, reason) for name, reason in facts["left_out"]),
            deep=Deep.restored(tensors, facts["deep"], context) if "deep" in facts else None,
        )
