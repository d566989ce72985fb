"""Units, limits and the worth of evidence from held-out good parts: scored, disturbed, scored again."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import numpy as np

from inspector_core.decision.calibration import Split, calibrate, raw_scores, usual_of
from inspector_core.decision.disturbances import painted
from inspector_core.decision.evidence import SEEN, Gathering, seen
from inspector_core.decision.fingerprint import facts_of, fingerprint_of
from inspector_core.decision.fusion import fuse
from inspector_core.decision.score import part_score
from inspector_core.decision.settings import DecisionSettings
from inspector_core.detectors.contract import Context, LeavesOut, Scorer
from inspector_core.errors import InspectorError
from inspector_core.loading import loaded
from inspector_core.progress import Job, Progress
from inspector_core.store import ResultStore
from inspector_core.types import AnomalyMaps, Calibration, Registered, Result, Verdict

CALIBRATING = "Calibrating on held-out good parts"
MOST_DISTURBED = 20
"""So many parts with twelve disturbances each say how a map answers to them."""


def calibrated(
    split: Split, scorer: Scorer, context: Context, decision: DecisionSettings, *, joins: bool
) -> Job[tuple[Calibration, dict[str, Any]]]:
    """What follows from the held-out good parts, and what a part of this kind looks like.

    joins : both maps are joined by evidence; not where the same parts were learnt, which show what
    learning remembers and not what good parts do.
    """
    with tempfile.TemporaryDirectory(prefix="relief-calibration-") as folder:
        store = ResultStore.create(Path(folder) / "maps", "")
        held = _Held(store, joins and not split.reused)
        fingerprint = yield from _scored(held, split, scorer, context)
        area = decision.minimum_area_px(fingerprint["mm_per_px"])
        single = []
        for number in range(len(held.ids)):
            single.append(raw_scores(held.maps(number), area))
            if held.joins:
                held.gathering.add_good(number, held.maps(number))
            yield held.progress()
        fingerprint["judged"] = sorted(set.intersection(*({*each} for each in single)) - {"fused"})
        usual = {name: usual_of(single, name) for name in SEEN}
        fused, evidence = (
            yield from _joined(held, area) if held.joins else _fused(held, usual, area)
        )
    usual["fused"] = usual_of([{"fused": value} for value in fused], "fused")
    found = calibrate(held.ids, fused, usual, area, evidence, in_turn=split.in_turn)
    return found, fingerprint


@dataclass(slots=True)
class _Held:
    """The held-out parts' maps on disk, and what was gathered from them.

    joins : the recipe joins colour and shape by evidence. One map alone stays as the detector gave it,
    and a detector with a fused map joins them itself.
    """

    store: ResultStore
    joins: bool
    ids: list[str] = field(default_factory=list)
    gathering: Gathering = field(default_factory=Gathering)

    def add(self, part_id: str, maps: AnomalyMaps) -> None:
        """The next part."""
        self.ids.append(part_id)
        self.store.write(Result(part_id, "", None, Verdict.NOT_INSPECTED, "", maps=maps))
        self.joins = self.joins and maps.fused is None and len(seen(maps)) == len(SEEN)
        if self.joins:
            self.gathering.add_level(maps)

    def maps(self, number: int) -> AnomalyMaps:
        """Those of a part, counted from 0."""
        maps = self.store.maps(self.ids[number])
        assert maps is not None
        return maps

    def progress(self, total: int = 0) -> Progress:
        """Parts scored so far, of `total` or of those that there are."""
        return Progress(CALIBRATING, len(self.ids), total or len(self.ids))


def _scored(held: _Held, split: Split, scorer: Scorer, context: Context) -> Job[dict[str, Any]]:
    """Score the parts, and some of them once more with disturbances; gives their fingerprint."""
    facts: list[dict[str, Any]] = []
    for item in loaded(split.calibrate, context.prepare):
        part = item.part()
        facts.append(facts_of(part))
        fingerprint = fingerprint_of(facts)
        judge = _without(scorer, item.ref.id) if split.in_turn else scorer
        maps = judge.score(part)
        held.add(item.ref.id, maps)
        yield held.progress(len(split.calibrate))
        if held.joins and len(held.ids) <= MOST_DISTURBED:
            _disturb(held, part, judge, context)
            yield held.progress(len(split.calibrate))
    return fingerprint


def _without(scorer: Scorer, learnt_id: str) -> Scorer:
    """The scorer as if this part had not been learnt; only where the detector says that it can."""
    return cast(LeavesOut, scorer).without(learnt_id)


def _disturb(held: _Held, part: Registered, scorer: Scorer, context: Context) -> None:
    """Score the part that was added last once more, with disturbances painted on it."""
    disturbed = painted(part, seed=(context.seed, len(held.ids)))
    try:
        maps = scorer.score(context.prepare(disturbed.sample))
    except InspectorError:
        return  # the disturbances made it another part for this detector; the others suffice
    held.gathering.add_disturbed(maps, disturbed)


def _joined(held: _Held, area: int) -> Job[tuple[list[float], dict[str, Any]]]:
    """Raw fused scores, each part's by what the others say, and the evidence of all."""
    summed = []
    for number in range(len(held.ids)):
        ratio = held.gathering.without(number).summed(held.maps(number))
        held.gathering.add_summed(ratio)
        summed.append(part_score(ratio, area))
        yield held.progress()
    evidence = held.gathering.evidence()
    return [float(score) for score in evidence.joint(np.array(summed))], evidence.document()


def _fused(
    held: _Held, usual: Mapping[str, float], area: int
) -> Job[tuple[list[float], dict[str, Any]]]:
    """Raw fused scores of the detector's own map or of the stronger one; no evidence."""
    fused = []
    for number in range(len(held.ids)):
        fused.append(raw_scores(fuse(held.maps(number), usual), area)["fused"])
        yield held.progress()
    return fused, {}
