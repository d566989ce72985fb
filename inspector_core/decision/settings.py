"""Declared settings of the decision."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from inspector_core.settings import setting

DEFAULT_AREA_PX = 9


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionSettings:
    """How large a region must be before its value counts, and which parts set the limits."""

    minimum_area_mm2: float = setting(
        0.0,
        low=0.0,
        high=10_000.0,
        unit="mm²",
        help="Regions smaller than this never decide; 0 = what 3×3 pixels cover.",
    )

    joined_by: Literal["evidence", "stronger"] = setting(
        "evidence",
        choices=("evidence", "stronger"),
        help="The fused map of colour and shape: by how much more often defects show a value than good "
        "parts do, learnt on held-out good parts and on disturbances painted on them; or the stronger "
        "of both, each in times the usual. One map alone stays as it is.",
    )

    held_out: float = setting(
        0.2,
        low=0.0,
        high=0.5,
        published=0.0,
        help="Share of the good parts held out to set the limits, where the folder has no validation "
        "parts; 0 learns from all, and then nothing is accepted.",
    )

    in_turn: bool = setting(
        True,
        published=False,
        help="Hold out every good part in turn instead of a share, with detectors that can judge a part "
        "as if they had not learnt it: all parts are learnt from, and all set the limits.",
    )

    def minimum_area_px(self, mm_per_px: float | None) -> int:
        """The area in pixels of a part with this pitch; 3×3 pixels where no area or pitch is known."""
        if self.minimum_area_mm2 <= 0 or mm_per_px is None:
            return DEFAULT_AREA_PX
        return max(1, round(self.minimum_area_mm2 / mm_per_px**2))
