"""What a report says, gathered once; the exporters only set it in type.

Results are held without maps. Pictures are pulled one part at a time through `ReportModel.load` while
an exporter needs them, so a report on a thousand parts needs the memory of one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from inspector_core.decision.thresholds import Promise, promise
from inspector_core.errors import InputError
from inspector_core.files import json_bytes, sha256_bytes
from inspector_core.recipe import Recipe
from inspector_core.reports.document import document_of, identity
from inspector_core.reports.names import file_names
from inspector_core.reports.words import printable
from inspector_core.software import label, versions
from inspector_core.types import (
    AnomalyMaps,
    Array,
    Calibration,
    LengthUnit,
    Result,
    Sample,
    Thresholds,
    Verdict,
)

PAGE_ORDER = (Verdict.REJECT, Verdict.REVIEW, Verdict.NOT_INSPECTED, Verdict.ACCEPT)


@dataclass(frozen=True, slots=True)
class PartMaterial:
    """What a report draws of one part; pulled when it is drawn, dropped afterwards.

    maps : as the result or the store holds them (raw values), or None.
    foreground : (H, W) bool; without it the pixels that the maps cover.
    gain : factor on the picture's brightness, the recipe's.
    """

    sample: Sample
    maps: AnomalyMaps | None = None
    foreground: Array | None = None
    gain: float = 1.0


@dataclass(frozen=True, slots=True)
class RecipeFacts:
    """What a report says about the recipe.

    reasons : why its detector was chosen, empty where somebody named it.
    """

    name: str
    detector: str
    sha256: str
    seed: int
    settings: Mapping[str, Any]
    prepare: Mapping[str, Any]
    n_learnt: int
    calibration: Calibration
    fingerprint: Mapping[str, Any]
    created: str
    reasons: tuple[str, ...] = ()

    @classmethod
    def of(cls, recipe: Recipe) -> RecipeFacts:
        return cls(
            name=recipe.name,
            detector=recipe.detector,
            sha256=recipe.sha256,
            seed=recipe.seed,
            settings=dict(recipe.settings),
            prepare=dict(recipe.prepare),
            n_learnt=len(recipe.learn_parts),
            calibration=recipe.calibration,
            fingerprint=dict(recipe.fingerprint),
            created=recipe.created,
            reasons=recipe.reasons,
        )


@dataclass(frozen=True, slots=True)
class ReportModel:
    """One report, whatever the format.

    report_id : first 16 hex digits of the SHA-256 over everything but times.
    issued : ISO 8601, UTC.   thresholds : those in force for these results.
    promise : what they mean for good parts.   results : without maps, in the order they were given.
    names : part id to the stem of its files ("parts/test/dent/004").
    load : part id to its material; raises InspectorError where the part cannot be read any more.
    document : results.json as plain values.   document_sha256 : of the bytes of that file.
    """

    title: str
    report_id: str
    issued: str
    software: str
    versions: Mapping[str, str]
    device: str
    unit: LengthUnit
    recipe: RecipeFacts
    thresholds: Thresholds
    promise: Promise
    results: tuple[Result, ...]
    names: Mapping[str, str]
    load: Callable[[str], PartMaterial]
    document: Mapping[str, Any]
    document_sha256: str

    @property
    def is_batch(self) -> bool:
        """More than one part: a summary comes first, and accepted parts stand in its table only."""
        return len(self.results) > 1

    @property
    def limits_moved(self) -> bool:
        """The thresholds in force are not the recipe's: the promise holds for fixed ones only."""
        return self.thresholds != self.recipe.calibration.thresholds

    @property
    def provisional(self) -> bool:
        return self.recipe.calibration.provisional

    @property
    def display_top(self) -> float:
        """Upper end of every map's colours, in times the usual; fixed by the recipe."""
        return 2 * self.recipe.calibration.thresholds.t2

    @property
    def ordered(self) -> tuple[Result, ...]:
        """Rejects, reviews, not inspected, accepts; each by falling score."""
        return tuple(
            sorted(
                self.results,
                key=lambda r: (PAGE_ORDER.index(r.verdict), -(r.score or 0.0), r.id),
            )
        )

    def has_page(self, result: Result) -> bool:
        """Whether a part gets a page of its own: rejects and reviews, or the only part."""
        return not self.is_batch or result.verdict in (Verdict.REJECT, Verdict.REVIEW)


def build(
    results: Sequence[Result],
    recipe: Recipe,
    load: Callable[[str], PartMaterial],
    *,
    title: str = "Inspection report",
    issued: datetime | None = None,
) -> ReportModel:
    """The report on these results; `load` is asked for a part only while it is drawn.

    Raises InputError for no results, for a part that occurs twice, and for results that were decided
    at different limits (their counts would mean nothing).
    """
    light = tuple(result.without_maps() for result in results)
    title = printable(title)
    _check(light)
    facts = RecipeFacts.of(recipe)
    limits = next((r.thresholds for r in light if r.thresholds), recipe.thresholds)
    pledge = promise(facts.calibration.scores, limits.t2)
    moment = (issued or datetime.now(UTC)).astimezone(UTC).isoformat(timespec="seconds")
    used = versions()
    document = document_of(light, facts, limits, pledge, used)
    document["report"] = {"id": identity(document), "title": title, "issued": moment}
    return ReportModel(
        title=title,
        report_id=document["report"]["id"],
        issued=moment,
        software=printable(light[0].software or label()),
        versions=used,
        device=next((r.device for r in light if r.device), ""),
        unit=light[0].unit,
        recipe=facts,
        thresholds=limits,
        promise=pledge,
        results=light,
        names=file_names([result.id for result in light]),
        load=load,
        document=document,
        document_sha256=sha256_bytes(json_bytes(document)),
    )


def _check(results: Sequence[Result]) -> None:
    if not results:
        raise InputError("there are no results to report", cure="inspect a part first")
    ids = [result.id for result in results]
    if len(set(ids)) != len(ids):
        twice = next(part_id for part_id in ids if ids.count(part_id) > 1)
        raise InputError(f"{twice} occurs twice in the results", cure="report each part once")
    limits = {(r.thresholds.t1, r.thresholds.t2) for r in results if r.thresholds}
    if len(limits) > 1:
        raise InputError(
            "these results were decided at different limits",
            cure="inspect the parts again with one recipe",
        )
