"""Parts on their way into an evaluation: checked, reduced to finite values, kept by number."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from inspector_core.errors import InputError, InspectorError
from inspector_core.evaluation.figures import NO_MODEL, Entry
from inspector_core.evaluation.pixels import PartPixels, read_pixels, read_truth
from inspector_core.evaluation.spill import Spill
from inspector_core.types import MODALITIES, AnomalyMaps, Array

_NAMED = 10
"""So many parts are named in a note."""


@dataclass(frozen=True, slots=True)
class ScoredPart:
    """One part with its maps, as the engine hands it over.

    label : "good", a defect type, or None (then it cannot count).
    truth : (H, W) bool or None where nothing is annotated.   foreground : (H, W) bool.
    maps : raw maps with `fused` filled.   scores : modality to part score in times the usual.
    seconds : what scoring took.
    """

    id: str
    label: str | None
    truth: Array | None
    foreground: Array
    maps: AnomalyMaps
    scores: Mapping[str, float]
    seconds: float


@dataclass(frozen=True, slots=True)
class FailedPart:
    """A part that could not be scored, with the sentence that says why."""

    id: str
    label: str | None
    error: str


@dataclass(frozen=True, slots=True)
class _Kept:
    """A map's pixels without the defect-free scores, and their number in the spill."""

    rest: PartPixels
    number: int


class Ledger:
    """Parts as they come in, reduced to what the figures need."""

    def __init__(self, spill: Spill, scope: str, seed: int) -> None:
        self._spill = spill
        self._scope = scope
        self._seed = seed
        self._lowest: dict[str, float] = {}
        self._seconds: list[float] = []
        self._remarks: dict[str, list[str]] = {}
        self._kept: list[dict[str, _Kept]] = []
        self.entries: list[Entry] = []
        self.failed: list[tuple[str, str]] = []

    def add(self, part: ScoredPart | FailedPart) -> None:
        """Take in the next part."""
        if isinstance(part, FailedPart):
            self.failed.append((part.id, part.error))
            return
        if not all(np.isfinite(value) for value in part.scores.values()):
            raise InspectorError(
                f"{part.id}: the part score is not a number", cure="report this as a fault"
            )
        self._seconds.append(part.seconds)
        if part.label is None:
            self._remark("without a label, not counted", part.id)
            return
        kept = self._keep(part) if self._usable(part) else {}
        own = part.maps.part_score
        self.entries.append(Entry(part.id, part.label, dict(part.scores), len(self._kept), own))
        self._kept.append(kept)

    def _usable(self, part: ScoredPart) -> bool:
        annotated = part.truth is not None and bool(part.truth.any())
        if part.label == "good" and annotated:
            self._remark("good but with a mask, counted for part scores only", part.id)
        elif part.label != "good" and not annotated:
            self._remark("defective but without a mask, counted for part scores only", part.id)
        return (part.label != "good") == annotated

    def _keep(self, part: ScoredPart) -> dict[str, _Kept]:
        truth = read_truth(part.truth, part.foreground, self._scope)
        kept: dict[str, _Kept] = {}
        for name in MODALITIES:
            values = part.maps.get(name)
            if values is not None:
                pixels = read_pixels(values, truth, part.foreground, f"{part.id}, {name}")
                self._lowest[name] = min(self._lowest.get(name, np.inf), pixels.lowest)
                kept[name] = self._stored(pixels)
                if NO_MODEL not in kept:
                    rng = np.random.Generator(np.random.PCG64([self._seed, len(self._kept)]))
                    kept[NO_MODEL] = self._stored(pixels.randomised(rng))
        return kept

    def _stored(self, pixels: PartPixels) -> _Kept:
        rest = replace(pixels, normal=np.empty(0, np.float32))
        return _Kept(rest, self._spill.put(pixels.normal))

    def has(self, entry: int, modality: str) -> bool:
        """Whether an entry's pixels of this map count."""
        return modality in self._kept[entry]

    def pixels(self, entry: int, modality: str) -> PartPixels:
        """The whole pixels of an entry's map again."""
        kept = self._kept[entry][modality]
        return replace(kept.rest, normal=self._spill.get(kept.number))

    def _remark(self, what: str, part: str) -> None:
        self._remarks.setdefault(what, []).append(part)

    def require_parts(self) -> None:
        """Raise InputError when no part counts."""
        if self.failed and not self.entries:
            part, error = self.failed[0]
            why = error if part in error else f"{part}: {error}"
            raise InputError(f"none of the {len(self.failed)} parts could be scored; {why}")
        if not self.entries:
            raise InputError(
                "there is no part to evaluate",
                cure="choose a folder whose test parts are labelled good or by defect type",
            )

    def modalities(self) -> tuple[str, ...]:
        """The maps and scores that any part has, the deciding one first."""
        present = {name for entry in self.entries for name in entry.scores}
        present.update(name for kept in self._kept for name in kept)
        return tuple(name for name in ("fused", "rgb", "shape") if name in present)

    def lowest(self, modality: str) -> float:
        """What a pixel without a value is worth in this map."""
        value = self._lowest.get(modality, 0.0)
        return value if np.isfinite(value) else 0.0

    def seconds_per_part(self) -> tuple[float, float] | None:
        """Median and 95 % point, None without parts."""
        if not self._seconds:
            return None
        median, p95 = np.quantile(self._seconds, [0.5, 0.95])
        return float(median), float(p95)

    def notes(self) -> list[str]:
        """What was left out, one sentence each."""
        return [
            f"{len(ids)} part{'s' if len(ids) > 1 else ''} {what}: {', '.join(ids[:_NAMED])}"
            + (f" and {len(ids) - _NAMED} more" if len(ids) > _NAMED else "")
            for what, ids in self._remarks.items()
        ]


class KeptPixels(Sequence[PartPixels]):
    """The pixels of one map over some parts, read back one part at a time."""

    def __init__(self, ledger: Ledger, entries: Sequence[Entry], modality: str) -> None:
        self._ledger = ledger
        self._modality = modality
        self.entries = [entry for entry in entries if ledger.has(entry.number, modality)]

    def __len__(self) -> int:
        return len(self.entries)

    def __getitem__(self, index: Any) -> Any:
        return self._ledger.pixels(self.entries[index].number, self._modality)
