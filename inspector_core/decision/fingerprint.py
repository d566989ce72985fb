"""What the good parts looked like, and whether a part can be one of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from inspector_core.errors import InputError
from inspector_core.geometry.measure import pitch_mm
from inspector_core.types import Registered

SCALE_TOLERANCE = 1.25
"""Pixel pitch may differ by this factor: working distances vary, another camera differs more."""
MISSING_MARGIN = 0.25


def facts_of(part: Registered) -> dict[str, Any]:
    """Facts of one prepared part: plain values, None = unknown."""
    sample = part.sample
    height, width = sample.shape
    facts: dict[str, Any] = {
        "size": [width, height],
        "rgb": sample.rgb is not None,
        "xyz": sample.xyz is not None,
        "unit": sample.unit,
        "foreground_px": int(part.foreground.sum()),
        "mm_per_px": None,
        "missing": None,
        "z_sign": None,
        "x_sign": None,
    }
    if sample.xyz is not None:
        measured = part.valid & part.foreground
        facts["mm_per_px"] = pitch_mm(sample.xyz, measured)
        facts["missing"] = 1 - int(measured.sum()) / max(1, facts["foreground_px"])
        facts["z_sign"] = _sign(sample.xyz[..., 2][part.valid])
        facts["x_sign"] = _sign(np.diff(sample.xyz[..., 0], axis=1))
    return facts


def fingerprint_of(parts: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The recipe's fingerprint from its good parts' facts; mixed sizes raise InputError."""
    sizes = sorted({tuple(facts["size"]) for facts in parts})
    if len(sizes) > 1:
        listed = ", ".join(f"{width}x{height}" for width, height in sizes[:4])
        raise InputError(
            f"the good parts have different picture sizes ({listed})",
            cure="learn from pictures of one size: crop or pad the others",
        )
    return {
        "size": list(sizes[0]),
        "rgb": all(facts["rgb"] for facts in parts),
        "xyz": all(facts["xyz"] for facts in parts),
        "unit": parts[0]["unit"],
        "mm_per_px": _median(parts, "mm_per_px"),
        "missing": _largest(parts, "missing"),
        "z_sign": _median(parts, "z_sign"),
        "x_sign": _median(parts, "x_sign"),
    }


def check(facts: Mapping[str, Any], learnt: Mapping[str, Any], part_id: str) -> None:
    """Raise InputError where a part cannot have come from the recipe's camera and set-up."""
    _check_scale(facts, learnt, part_id)
    for key, axis in (("z_sign", "height"), ("x_sign", "x")):
        if facts[key] and learnt[key] and facts[key] != learnt[key]:
            raise InputError(
                f"{part_id}: the {axis} sign differs from the good parts",
                cure="the cloud is flipped or mirrored: check the export",
            )
    if facts["missing"] is not None and learnt["missing"] is not None:
        limit = min(0.95, max(learnt["missing"] + MISSING_MARGIN, 3 * learnt["missing"]))
        if facts["missing"] > limit:
            raise InputError(
                f"{part_id}: {facts['missing']:.0%} of the part has no measurement, "
                f"the good parts reach {learnt['missing']:.0%}",
                cure="check the sensor and scan the part again",
            )


def _check_scale(facts: Mapping[str, Any], learnt: Mapping[str, Any], part_id: str) -> None:
    here, there = facts["mm_per_px"], learnt["mm_per_px"]
    sizes = tuple(facts["size"]), tuple(learnt["size"])
    scale_differs = (
        here is not None
        and there is not None
        and not 1 / SCALE_TOLERANCE <= here / there <= SCALE_TOLERANCE
    )
    if not scale_differs and sizes[0] == sizes[1]:
        return
    learnt_pitch = f", {there:.2g} mm/px" if there else ""
    pitch = f", {here:.2g} mm/px" if here else ""
    raise InputError(
        f"{part_id}: the recipe was learnt on {sizes[1][0]}x{sizes[1][1]}{learnt_pitch}; "
        f"this part is {sizes[0][0]}x{sizes[0][1]}{pitch}",
        cure="use the recipe of this camera, or learn again",
    )


def _sign(values: Any) -> float | None:
    finite = values[np.isfinite(values)]
    return float(np.sign(np.median(finite))) if finite.size else None


def _median(parts: Sequence[Mapping[str, Any]], key: str) -> float | None:
    values = [facts[key] for facts in parts if facts[key] is not None]
    return float(np.median(values)) if values else None


def _largest(parts: Sequence[Mapping[str, Any]], key: str) -> float | None:
    values = [facts[key] for facts in parts if facts[key] is not None]
    return float(max(values)) if values else None
