"""One part's decision at given thresholds; prepared once, then a few milliseconds per threshold."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from inspector_core.decision.calibration import raw_scores
from inspector_core.decision.defects import Candidate, Evidence, additional, catalogue
from inspector_core.decision.fusion import fuse, times_usual
from inspector_core.decision.measures import Surface, measured
from inspector_core.decision.thresholds import p_value
from inspector_core.decision.verdict import reservation, verdict_of
from inspector_core.geometry.measure import pitch_mm
from inspector_core.types import (
    AnomalyMaps,
    Calibration,
    Defect,
    Registered,
    Thresholds,
    Verdict,
)


@dataclass(frozen=True, slots=True)
class Decision:
    """Verdict with its reason, scores in times the usual, p-value, defects strongest first."""

    verdict: Verdict
    reason: str
    scores: dict[str, float]
    p_value: float | None
    defects: tuple[Defect, ...]


class Decider:
    """Everything about one part that does not depend on the thresholds, computed once.

    part : the prepared part.   maps : raw maps as the detector (or the store) gave them.
    trusted : False when the recipe rests on fewer than five good parts.
    judged : modalities that the recipe judges; a part that lacks one of them is at best `review`.
    """

    def __init__(
        self,
        part: Registered,
        maps: AnomalyMaps,
        calibration: Calibration,
        *,
        trusted: bool = True,
        judged: Iterable[str] = (),
    ) -> None:
        usual = calibration.usual
        self.maps = fuse(maps, usual, calibration.evidence)
        self.calibration = calibration
        self.trusted = trusted
        self.reservation = reservation(self.maps.arrays(), judged)
        assert self.maps.fused is not None
        xyz = part.sample.xyz
        pitch = None if xyz is None else pitch_mm(xyz, part.foreground & part.valid)
        self._surface = None if xyz is None or pitch is None else Surface(xyz, pitch)
        scaled = {
            name: None if values is None else times_usual(values, usual[name])
            for name in ("rgb", "shape", "fused")
            for values in (self.maps.get(name),)
        }
        fused = scaled["fused"]
        assert fused is not None
        self.evidence = Evidence(
            fused=fused,
            rgb=scaled["rgb"],
            shape=scaled["shape"],
            deviation_mm=self.maps.deviation_mm,
            spread_mm=self.maps.spread_mm,
            pitch=pitch,
            minimum_area_px=calibration.minimum_area_px,
        )
        raw = raw_scores(self.maps, calibration.minimum_area_px)
        self.scores = {name: value / usual[name] for name, value in raw.items()}
        self._known = catalogue(self.evidence, calibration.thresholds.t1)
        self._below: tuple[float, list[Candidate]] | None = None
        self._measured: dict[tuple[int, int], Defect] = {}

    @property
    def pitch_mm(self) -> float | None:
        """Millimetres per pixel on the part, or None without a cloud."""
        return self.evidence.pitch

    def at(self, thresholds: Thresholds) -> Decision:
        """The decision at these thresholds."""
        score = self.scores["fused"]
        trusted = self.trusted and not self.reservation
        verdict = verdict_of(score, thresholds, trusted=trusted)
        defects = self._defects(thresholds.t1)
        p = p_value(score, self.calibration.scores) if self.calibration.scores else None
        reason = reason_of(verdict, score, thresholds, defects, self.reservation)
        return Decision(verdict, reason, dict(self.scores), p, defects)

    def _defects(self, t1: float) -> tuple[Defect, ...]:
        chosen = [entry for entry in self._known if entry.score >= t1]
        if t1 < self.calibration.thresholds.t1:
            if self._below is None or self._below[0] != t1:
                self._below = (t1, additional(self.evidence, self._known, t1))
            chosen += [entry for entry in self._below[1] if entry.score >= t1]
        chosen.sort(key=lambda entry: (-entry.score, entry.peak_px))
        return tuple(self._measure(rank, entry) for rank, entry in enumerate(chosen, start=1))

    def _measure(self, number: int, entry: Candidate) -> Defect:
        defect = self._measured.get(entry.peak_px)
        if defect is None:
            defect = measured(number, entry, self.evidence, self._surface)
            if entry.score >= self.calibration.thresholds.t1:
                self._measured[entry.peak_px] = defect
        return defect if defect.number == number else replace(defect, number=number)


def reason_of(
    verdict: Verdict,
    score: float,
    thresholds: Thresholds,
    defects: tuple[Defect, ...],
    reserved: str = "",
) -> str:
    """One sentence that a person can check against the numbers.

    reserved : what `reservation` says of the part.
    """
    if reserved:
        whole = verdict
        if verdict is Verdict.REVIEW and score < thresholds.t1:
            whole = Verdict.ACCEPT  # the reservation is the reason, not too few good parts
        return f"{reason_of(whole, score, thresholds, defects)}; {reserved}"
    above = sum(defect.score >= thresholds.t2 for defect in defects)
    if verdict is Verdict.REJECT:
        return f"{_count(max(1, above))} above T2 (score {score:.2f}, T2 {thresholds.t2:.2f})"
    if verdict is Verdict.REVIEW and score >= thresholds.t1:
        return (
            f"{_count(max(1, len(defects)))} between T1 and T2 "
            f"(score {score:.2f}, T1 {thresholds.t1:.2f}, T2 {thresholds.t2:.2f})"
        )
    if verdict is Verdict.REVIEW:
        return "Fewer than five good parts were learnt: nothing is accepted unseen"
    return f"Nothing above T1 (score {score:.2f}, T1 {thresholds.t1:.2f})"


def _count(number: int) -> str:
    return "1 defect" if number == 1 else f"{number} defects"
