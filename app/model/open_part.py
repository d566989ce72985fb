"""One part as it is open in the window: arrays to show and what decides about it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from app.model.part_view import Outline, PartView
from inspector_core.types import Array, Registered, Result, SampleRef, Thresholds, Verdict

if TYPE_CHECKING:
    from inspector_core.decision.decide import Decider, Decision


@dataclass(frozen=True, slots=True, eq=False)
class OpenPart:
    """A loaded part.

    registered : the prepared part, None when it could not be prepared.
    decider : decides at any limits; None without a recipe or maps.
    result : what inspecting it gave, None before.   recipe_sha256 : with which recipe, or empty.
    """

    ref: SampleRef
    view: PartView
    registered: Registered | None = None
    decider: Decider | None = None
    result: Result | None = None
    recipe_sha256: str = ""
    _polygons: dict[tuple[int, ...], tuple[Array, ...]] = field(default_factory=dict)

    def decide(self, limits: Thresholds) -> Decision | None:
        """The decision at these limits, None where there is nothing to decide with."""
        return None if self.decider is None else self.decider.at(limits)

    def outlines(self, decision: Decision | None, limits: Thresholds) -> list[Outline]:
        """Borders of a decision's defects; traced once per defect."""
        from inspector_core.reports.outlines import region_outline, simplified

        found = []
        for defect in () if decision is None else decision.defects:
            key = (*defect.peak_px, *defect.bbox_px, defect.region.area_px)
            if key not in self._polygons:
                border = region_outline(defect.region)
                self._polygons[key] = tuple(simplified(polygon) for polygon in border)
            verdict = Verdict.REJECT if defect.score >= limits.t2 else Verdict.REVIEW
            found.append(Outline(defect.number, self._polygons[key], verdict=verdict))
        return found
