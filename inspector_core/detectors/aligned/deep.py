"""Deep colour: what a pretrained network sees at each place, against the good parts around that place."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np

from inspector_core.detectors.aligned.places import Placed
from inspector_core.detectors.aligned.sight import BYTES_PER_PIXEL, Sight, looked_up_at
from inspector_core.detectors.contract import Context
from inspector_core.detectors.place_bank import PlaceBank, usual_distances
from inspector_core.features.locally_aware import patch_features
from inspector_core.geometry.stacks import Ticks
from inspector_core.types import Array, BoolArray, FloatArray, Registered

T = TypeVar("T")

WIDTH = 48
"""Main directions of the features that are kept: 88 to 95 % of what good parts' features vary."""
FEWEST_PARTS = 3
MOST_PARTS = 20
"""Good parts kept in the bank, thinned out evenly: each costs time at every part that is judged."""
_BASIS_PARTS = 6
_BASIS_ROWS = 20_000
_PART_SHARE = 0.25
"""A cell of the network's grid with less of the part than this is not judged."""
_LEAST_SPREAD = 1e-3
_PEAK = 0.999
"""The share of a part's cells that lies below its typical highest evidence."""


def deep_bytes(n_parts: int, longer_px: int) -> int:
    """Memory for learning: a square picture on its way through the network, features of all parts."""
    cells = (longer_px // 4) ** 2
    return BYTES_PER_PIXEL * longer_px**2 + min(n_parts, MOST_PARTS) * cells * WIDTH * 12


@dataclass(frozen=True, slots=True)
class Encoder:
    """Features of all stages brought to one short vector per cell.

    mean : (C,) float32 of good parts.   matrix : (C, D) float32; every stage weighs the same.
    """

    mean: Array
    matrix: Array

    @classmethod
    def of(cls, rows: Array, channels: Sequence[int]) -> Encoder:
        """From (N, C) features of good parts; channels : C of each stage."""
        mean = rows.mean(axis=0, dtype=np.float64).astype(np.float32)
        spread = np.maximum(rows.std(axis=0, dtype=np.float64), _LEAST_SPREAD)
        spread *= np.concatenate([np.full(count, np.sqrt(count)) for count in channels])
        level = ((rows - mean) / spread).astype(np.float32)
        _, vectors = np.linalg.eigh((level.T @ level).astype(np.float64))
        main = vectors[:, ::-1][:, :WIDTH]
        # the sign of an eigenvector is arbitrary: the largest entry is positive
        main = main * np.sign(main[np.abs(main).argmax(axis=0), np.arange(main.shape[1])])
        return cls(mean, (main / spread[:, None]).astype(np.float32))

    def encoded(self, rows: Array, grid: tuple[int, int]) -> FloatArray:
        """(gh, gw, D) of (gh * gw, C) features."""
        return np.asarray(((rows - self.mean) @ self.matrix).reshape(*grid, -1), np.float32)


@dataclass(frozen=True, slots=True)
class Deep:
    """What good parts look like to the network at each place.

    good : (n, gh, gw, D) float16.   usual : (gh, gw) float32, distances that stand for evidence 1.
    """

    sight: Sight
    encoder: Encoder
    good: Array
    within: BoolArray
    usual: Array
    bank: PlaceBank

    def evidence(self, part: Registered, placed: Placed) -> FloatArray:
        """(h, w) of the reference's cells: distance to the nearest good parts over what is usual there.

        0 where nothing is seen or judged.
        """
        rows = patch_features(self.sight.stages(part, placed), self.sight.grid, 1)
        distances = self.bank.distances(self.encoder.encoded(rows, self.sight.grid))
        shape = (placed.visible.shape[0], placed.visible.shape[1])
        fine = looked_up_at(self.sight.grid, shape)(distances / self.usual)
        return np.asarray(fine * placed.visible, np.float32)

    def tensors(self) -> dict[str, Array]:
        return {
            "deep_mean": self.encoder.mean,
            "deep_matrix": self.encoder.matrix,
            "deep_good": self.good[:, self.within],
            "deep_within": self.within.astype(np.uint8),
            "deep_usual": self.usual.astype(np.float32),
        }

    @classmethod
    def restored(
        cls, tensors: Mapping[str, Array], facts: Mapping[str, Any], context: Context
    ) -> Deep:
        """From `tensors()` and the sight's facts; WeightsError when its network is missing or another."""
        within = tensors["deep_within"].astype(bool)
        kept = tensors["deep_good"]
        good = np.zeros((len(kept), *within.shape, kept.shape[-1]), np.float16)
        good[:, within] = kept
        return cls(
            sight=Sight.restored(facts, context),
            encoder=Encoder(tensors["deep_mean"], tensors["deep_matrix"]),
            good=good,
            within=within,
            usual=tensors["deep_usual"],
            bank=PlaceBank.of(good, within),
        )


def learnt_deep(
    sight: Sight,
    parts: Sequence[tuple[Registered, Placed]],
    footprint: BoolArray,
    peak: float,
) -> Ticks[Deep]:
    """From at least `FEWEST_PARTS` good parts.

    peak : the evidence that the highest places of good parts shall have, that of plain colour, so that
    both can be joined.
    """
    shape = (footprint.shape[0], footprint.shape[1])
    within = looked_up_at(shape, sight.grid)(footprint.astype(np.float32)) > _PART_SHARE
    parts = thinned(parts, MOST_PARTS)

    def seen(part: Registered, placed: Placed) -> FloatArray:
        return patch_features(sight.stages(part, placed), sight.grid, 1)

    encoder = yield from _encoder(sight, [*thinned(parts, _BASIS_PARTS)], within, seen)
    good = np.zeros((len(parts), *sight.grid, encoder.matrix.shape[1]), np.float16)
    for number, (part, placed) in enumerate(parts):
        good[number] = encoder.encoded(seen(part, placed), sight.grid)
        good[number][~within] = 0
        yield
    bank = PlaceBank.of(good, within)
    distances = np.empty((len(parts), *sight.grid), np.float32)
    for number, features in enumerate(good):
        distances[number] = bank.distances(features.astype(np.float32), leave_out=number)
        yield
    usual = usual_distances(distances, within)
    own = typical_peak([entry / usual for entry in distances], within)
    return Deep(sight, encoder, good, within, usual * np.float32(own / max(peak, 1e-6)), bank)


def _encoder(
    sight: Sight,
    parts: Sequence[tuple[Registered, Placed]],
    within: BoolArray,
    seen: Callable[[Registered, Placed], FloatArray],
) -> Ticks[Encoder]:
    inside = np.flatnonzero(within)
    each = inside[:: max(1, -(-len(inside) * len(parts) // _BASIS_ROWS))]
    rows = []
    for part, placed in parts:
        rows.append(seen(part, placed)[each])
        yield
    return Encoder.of(np.concatenate(rows), sight.network.channels)


def thinned(items: Sequence[T], most: int) -> Sequence[T]:
    """At most so many, evenly spread over the list."""
    if len(items) <= most:
        return items
    return [items[index] for index in np.linspace(0, len(items) - 1, most).round().astype(int)]


def typical_peak(evidence: Sequence[Array], within: BoolArray) -> float:
    """Median over parts (h, w) of the value that only a thousandth of their cells exceeds."""
    peaks = [float(np.quantile(entry[within], _PEAK)) for entry in evidence]
    return max(float(np.median(peaks)), 1e-6)
