"""The words of a batch's first pages, the same for PDF and HTML."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from inspector_core import palette
from inspector_core.reports.model import ReportModel
from inspector_core.reports.pages import how_decided
from inspector_core.reports.words import (
    number,
    part_title,
    percent,
    printable,
    probability,
    quantity,
    verdict_counts,
)
from inspector_core.types import Result, Verdict


@dataclass(frozen=True, slots=True)
class PartLine:
    """One part in the batch table."""

    result: Result
    title: str
    word: str
    score: str
    p: str
    defects: str
    largest: str
    label: str


@dataclass(frozen=True, slots=True)
class SummaryText:
    """Everything the batch page says in words."""

    counts: tuple[tuple[Verdict, str, int, str], ...]
    how: tuple[str, ...]
    kinds: tuple[tuple[str, int, int], ...]
    lines: tuple[PartLine, ...]
    refused: tuple[tuple[str, str], ...]


def summary_text(model: ReportModel) -> SummaryText:
    """The words of the batch page."""
    counts = verdict_counts([result.verdict for result in model.results])
    total = len(model.results)
    return SummaryText(
        counts=tuple(
            (verdict, palette.WORD[verdict], n, percent(n / total)) for verdict, n in counts.items()
        ),
        how=how_decided(model),
        kinds=_kinds(model.results),
        lines=tuple(part_line(result) for result in model.ordered),
        refused=tuple(
            (part_title(result.id), printable(result.error or result.reason))
            for result in model.ordered
            if result.verdict is Verdict.NOT_INSPECTED
        ),
    )


def _kinds(results: Sequence[Result]) -> tuple[tuple[str, int, int], ...]:
    """Suggested name, defects, parts; the most frequent first."""
    defects: Counter[str] = Counter()
    parts: Counter[str] = Counter()
    for result in results:
        names = [printable(defect.name) or "unnamed" for defect in result.defects]
        defects.update(names)
        parts.update(set(names))
    return tuple(
        (name, n, parts[name]) for name, n in sorted(defects.items(), key=lambda e: (-e[1], e[0]))
    )


def part_line(result: Result) -> PartLine:
    """One part's row in the batch table."""
    areas = [defect.area_mm2 for defect in result.defects if defect.area_mm2 is not None]
    largest = max(areas, key=lambda area: area.value, default=None)
    return PartLine(
        result=result,
        title=part_title(result.id),
        word=palette.WORD[result.verdict],
        score="–" if result.score is None else number(result.score),
        p="–" if result.p_value is None else probability(result.p_value),
        defects=str(len(result.defects)) if result.score is not None else "–",
        largest="–" if largest is None else quantity(largest)[0],
        label=printable(result.label or ""),
    )
