"""Aligned evidence: each place of a part against the same place of the good parts.

Ours, not from a paper (method card: aligned). A part is laid onto the surface that the good parts
share; at every place its distance from that surface, its colour and its readings are compared with
what good parts do there: mean, common modes of variation, and the spread that is left.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import ClassVar, Literal

import numpy as np

from inspector_core.detectors.aligned.deep import deep_bytes
from inspector_core.detectors.aligned.learning import MOST_CELLS, learnt
from inspector_core.detectors.aligned.model import Model, halved
from inspector_core.detectors.aligned.palette import Palette
from inspector_core.detectors.aligned.places import Placed, Places, part_points
from inspector_core.detectors.contract import Context, DetectorInfo, Explanation, State
from inspector_core.detectors.view_choice import chosen_network
from inspector_core.detectors.view_settings import SMALL_FIRST, NetworkSettings
from inspector_core.device import Cost
from inspector_core.errors import InputError, WeightsError
from inspector_core.features import weights
from inspector_core.geometry.registration import TurnSearch, register
from inspector_core.progress import Job
from inspector_core.settings import setting
from inspector_core.types import AnomalyMaps, Array, BoolArray, FloatArray, Registered, SampleRef

_MISSING_CELLS = 2.0
_WINDOW = 2
"""Half-size cells to each side that the nearest good part is judged on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AlignedSettings:
    """Settings of `aligned`; the defaults were chosen on painted good parts, not on test parts."""

    cell_mm: float = setting(
        0.0,
        low=0.0,
        high=100.0,
        unit="mm",
        help="Side of a place on the surface; 0 takes the distance between the scanner's points.",
    )
    modes: int = setting(
        8,
        low=0,
        high=40,
        help="Common ways in which good parts vary that are allowed for, at most a third of the parts.",
    )
    motion: Literal["auto", "table", "free"] = setting(
        "auto",
        choices=("auto", "table", "free"),
        help="How parts may lie: turned and shifted on the table, or tilted too; "
        "auto: on the table wherever one is seen.",
    )
    most_parts: int = setting(
        40, low=1, high=200, help="Good parts learnt from; more are thinned out evenly."
    )
    backbone: str = setting(
        "auto",
        help="Pretrained network that looks at colour too, as `relief weights list` names it; auto takes "
        "the best that is on this machine, none compares plain colours only.",
    )
    size_px: int = setting(
        448,
        low=64,
        high=1536,
        unit="px",
        help="Longer side of the flat picture that the network is shown.",
    )
    same_part: float = setting(
        0.75,
        low=0.0,
        high=1.0,
        help="A part is refused when it overlaps less than this share of what good parts do.",
    )


class Aligned:
    """The detector: declares itself, learns, restores."""

    info: ClassVar[DetectorInfo] = DetectorInfo(
        name="aligned",
        title="Aligned comparison",
        summary="Lays every part onto the good parts' surface and compares each place with the same "
        "place of the good parts: distance in mm, colour, missing readings.",
        source="Relief Inspector's own method",
        modalities=("rgb", "shape"),
        requires=("shape",),
        settings=AlignedSettings,
        suits="Rigid parts that look alike from part to part, with a cloud.",
        knows_deviation=True,
    )

    def __init__(self, settings: AlignedSettings) -> None:
        self.settings = settings

    def cost(self, n_parts: int, size: tuple[int, int]) -> Cost:
        """Cropped parts while learning, the layers per cell that their statistics need, the network."""
        n, pixels = min(n_parts, self.settings.most_parts), size[0] * size[1]
        cells = min(pixels, MOST_CELLS)
        fixed = 40 * pixels + n * (16 * pixels + 130 * cells)
        network = self._network()
        if network is not None:
            fixed += 4 * (weights.entry_of(network).megabytes << 20)
            fixed += deep_bytes(n, min(self.settings.size_px, 2 * max(size)))
        return Cost(fixed_bytes=fixed)

    def learn(self, parts: Sequence[SampleRef], context: Context) -> Job[State]:
        """Align the good parts, learn what each place does."""
        chosen = self.settings
        model = yield from learnt(
            parts,
            context,
            cell_mm=chosen.cell_mm,
            count=chosen.modes,
            freedom=None if chosen.motion == "auto" else chosen.motion,
            most_parts=chosen.most_parts,
            network=self._network(),
            longer_px=chosen.size_px,
        )
        return model.state()

    def _network(self) -> str | None:
        """The network that looks at colour, None for none; WeightsError when the one named is not here."""
        if self.settings.backbone == "none":
            return None
        try:
            return chosen_network(NetworkSettings(backbone=self.settings.backbone), SMALL_FIRST)
        except WeightsError:
            if self.settings.backbone == "auto":
                return None
            raise

    def restore(self, state: State, context: Context) -> AlignedScorer:
        """A scorer from what was learnt."""
        return AlignedScorer(Model.restored(state, context), self.settings)


class AlignedScorer:
    """Scores parts one by one; keeps the last part, placed and in the reference's light, for `explain`."""

    def __init__(self, model: Model, settings: AlignedSettings) -> None:
        self.model, self.settings = model, settings
        self._places = Places(model.grid)
        points, _ = model.grid.points(np.flatnonzero(model.footprint & model.grid.known))
        self._search = TurnSearch(points)
        self._usual_spread = np.float32(np.median(model.shape.spread.layers))
        # kept: new threads would set up their memory and torch's helpers anew for every part
        self._beside = ThreadPoolExecutor(2, thread_name_prefix="relief-aligned")
        self._last: tuple[Registered, Placed] | None = None
        self._light: tuple[Placed, FloatArray] | None = None

    def score(self, part: Registered) -> AnomalyMaps:
        """Maps in spreads of good parts, deviation and spread in mm.

        Beyond the foreground the maps are finite where material of good parts is missing. Raises
        InputError for a part without a cloud and for one that does not lie on the good parts.
        """
        placed = self._placed(part)
        # network, plain colour and shape need nothing of each other
        deep = self._beside.submit(self._deep_evidence, part, placed)
        plain = self._beside.submit(self._colour_evidence, placed)
        return self._maps(part, placed, plain, deep)

    def _maps(
        self,
        part: Registered,
        placed: Placed,
        plain: Future[FloatArray | None],
        deep: Future[FloatArray | None],
    ) -> AnomalyMaps:
        model, residual = self.model, placed.residual[None]
        left, expected = model.shape.leftover(residual)
        evidence = model.shape.spread.evidence(left, placed.weight, model.shape.usual)
        readings = model.readings.evidence(placed.reading, placed.visible)
        shape = placed.to_picture(np.maximum(evidence, readings))
        shape += self._beyond(placed)
        inside = part.foreground[placed.window]
        domain = inside | self._missing(placed, inside)
        rgb = _colour_map(placed, plain.result(), deep.result())
        deviation = placed.deviation - placed.to_picture(expected[0])
        spread = np.where(np.isfinite(deviation), placed.to_picture(model.surface_spread), np.nan)
        whole = _Canvas(part, placed.window)
        return AnomalyMaps(
            rgb=None if rgb is None else whole.painted(rgb, domain, outside=0.0),
            shape=whole.painted(shape, domain, outside=float(shape.max())),
            deviation_mm=whole.painted(deviation, domain, outside=np.nan),
            spread_mm=whole.painted(spread, domain, outside=np.nan),
            notes=() if rgb is not None or model.colour is None else ("No picture: shape only.",),
        )

    def explain(self, part: Registered, pixel: tuple[int, int]) -> Explanation | None:
        """The good part most like this one around a pixel (x, y), and what differs there."""
        placed = self._placed(part)
        row, column = pixel[1] - placed.window[0].start, pixel[0] - placed.window[1].start
        if not (0 <= row < placed.rows.shape[0] and 0 <= column < placed.rows.shape[1]):
            return None
        good = self.model.good
        size = good.heights.shape[1:]
        cell = (
            int((float(placed.rows[row, column]) + 0.5) // 2),
            int((float(placed.columns[row, column]) + 0.5) // 2),
        )
        if not (0 <= cell[0] < size[0] and 0 <= cell[1] < size[1]):
            return None
        around = tuple(slice(max(0, at - _WINDOW), at + _WINDOW + 1) for at in cell)
        here = halved(placed.residual)[around]
        heights = good.height(*around)
        difference = _mean_square((here - heights) / max(self.model.alignment.residual_mm, 1e-3))
        palette, colour = self.model.palette, good.colour(*around)
        if palette is not None and colour is not None and placed.colour is not None:
            lab = halved(self._settled(palette, placed))[(slice(None), *around)]
            scale = np.asarray(palette.scale, np.float32)[:, None, None]
            difference = difference + _mean_square((lab - colour) / scale)
        nearest = int(difference.argmin())
        own = (cell[0] - around[0].start, cell[1] - around[1].start)
        height = float(placed.deviation[row, column]) - _closest_known(heights[nearest], own)
        return Explanation(good.names[nearest], height if np.isfinite(height) else None)

    def _placed(self, part: Registered) -> Placed:
        if self._last is not None and self._last[0] is part:
            return self._last[1]
        points, rest = part_points(part)
        usual = self.model.alignment
        fit = register(points, self.model.grid, self._search, usual.freedom)
        self._same_part(part, fit.overlap, usual.overlap)
        placed = self._places.place(part, replace(fit, pose=fit.pose @ rest))
        self._same_part(part, self.model.coverage_of(placed), usual.coverage)
        self._last = (part, placed)
        return placed

    def _same_part(self, part: Registered, share: float, usual: float) -> None:
        if share < self.settings.same_part * usual:
            raise InputError(
                f"{part.sample.id} does not lie on the good parts: {100 * share:.0f} % of it fits, "
                f"{100 * usual:.0f} % is usual",
                cure="check that it is the same part and the right side is up",
            )

    def _colour_evidence(self, placed: Placed) -> FloatArray | None:
        """(h, w) of the cells, by plain comparison of colours."""
        palette, judge = self.model.palette, self.model.colour
        if palette is None or judge is None or placed.colour is None:
            return None
        left, _ = judge.leftover(palette.off(self._settled(palette, placed)))
        return judge.spread.evidence(left, placed.visible.astype(np.float32), judge.usual)

    def _deep_evidence(self, part: Registered, placed: Placed) -> FloatArray | None:
        """(h, w) of the cells, by what the network sees."""
        if self.model.deep is None or placed.colour is None:
            return None
        return self.model.deep.evidence(part, placed)

    def _settled(self, palette: Palette, placed: Placed) -> FloatArray:
        """The part's colours (3, h, w) made comparable with the good parts'; it must have some."""
        if self._light is None or self._light[0] is not placed:
            assert placed.colour is not None
            self._light = (placed, palette.settled(placed.colour))
        return self._light[1]

    def _beyond(self, placed: Placed) -> FloatArray:
        """Evidence of pixels that show no place of the reference: how far beside it, in spreads."""
        lattice = self.model.grid.lattice
        rows = np.maximum(-placed.rows, placed.rows - (lattice.shape[0] - 1))
        columns = np.maximum(-placed.columns, placed.columns - (lattice.shape[1] - 1))
        off = np.maximum(np.maximum(rows, columns), 0) * np.float32(lattice.cell)
        return np.asarray(off / self._usual_spread, np.float32)

    def _missing(self, placed: Placed, inside: Array) -> BoolArray:
        """Pixels beyond the foreground where good parts have material.

        Either something far below the good surface is seen there (a piece has broken off) or nothing
        is measured, so that the preparation could not know; colour can still tell.
        """
        from scipy.ndimage import maximum_filter

        bare = (placed.to_picture(self.model.footprint) > 0.5) & ~inside
        far = np.float32(-_MISSING_CELLS * self.model.grid.lattice.cell)
        known = np.isfinite(placed.deviation)
        low = bare & known & (np.where(known, placed.deviation, 0) < far)
        return np.asarray(bare & (~known | (maximum_filter(low.astype(np.uint8), 5) > 0)))


@dataclass(frozen=True, slots=True)
class _Canvas:
    """Maps of the whole picture from those of the window."""

    part: Registered
    window: tuple[slice, slice]

    def painted(self, values: Array, domain: BoolArray, outside: float) -> FloatArray:
        """(H, W) float32: values where the domain is, `outside` on the rest of the foreground."""
        result = np.full(self.part.shape, np.nan, np.float32)
        result[self.part.foreground] = outside
        result[self.window] = np.where(domain, values, np.float32(np.nan))
        return result


def _colour_map(
    placed: Placed, plain: FloatArray | None, deep: FloatArray | None
) -> FloatArray | None:
    """Both kinds of evidence (h, w) joined, at the window's pixels; None without a picture."""
    if plain is None:
        return None
    return placed.to_picture(plain if deep is None else np.hypot(plain, deep))


def _closest_known(values: Array, cell: tuple[int, int]) -> float:
    """The finite value (h, w) closest to a cell (row, column); NaN where there is none."""
    rows, columns = np.nonzero(np.isfinite(values))
    if not rows.size:
        return float("nan")
    best = np.hypot(rows - cell[0], columns - cell[1]).argmin()
    return float(values[rows[best], columns[best]])


def _mean_square(values: Array) -> FloatArray:
    """(n, ...) to (n,): mean of the known squares; where nothing is known, the largest of all."""
    squares = (values**2).reshape(len(values), -1)
    known = np.isfinite(squares)
    mean = np.where(known, squares, 0).sum(axis=1) / np.maximum(known.sum(axis=1), 1)
    return np.asarray(np.where(known.any(axis=1), mean, mean.max() + 1), np.float32)
