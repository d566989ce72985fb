"""The content of results.json: the source of truth that every other form repeats.

Contract: schema `relief-results/1` (resources/schemas). Lengths in mm, areas in mm², volumes in mm³
("nominal mm" where a part says so); unknown is None; uncertainties are U with k = 2.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from inspector_core.decision.thresholds import Promise
from inspector_core.files import sha256_bytes
from inspector_core.reports.words import COVERAGE, expanded, verdict_counts
from inspector_core.types import Defect, Measure, NearestGood, Result, Thresholds

if TYPE_CHECKING:
    from inspector_core.reports.model import RecipeFacts

SCHEMA = "relief-results/1"
MEASURES = ("area_mm2", "length_mm", "width_mm", "height_mm", "volume_mm3")


def document_of(
    results: Sequence[Result],
    recipe: RecipeFacts,
    limits: Thresholds,
    promise: Promise,
    used: Mapping[str, str],
) -> dict[str, Any]:
    """Everything but the report's own id and time of issue."""
    seconds = sum(sum(result.timings_s.values()) for result in results)
    counts = verdict_counts([result.verdict for result in results])
    return {
        "schema": SCHEMA,
        "software": _software(results, used),
        "recipe": _recipe(recipe, limits, promise),
        "coverage_factor": COVERAGE,
        "parts": [_part(result) for result in results],
        "summary": {
            "parts": len(results),
            **{verdict.value: n for verdict, n in counts.items()},
            "seconds": round(seconds, 3),
        },
    }


def identity(document: Mapping[str, Any]) -> str:
    """16 hex digits that are equal for equal content, however long the work took."""
    parts = [{k: v for k, v in part.items() if k != "timings_s"} for part in document["parts"]]
    summary = {k: v for k, v in document["summary"].items() if k != "seconds"}
    content = {**document, "parts": parts, "summary": summary}
    text = json.dumps(content, sort_keys=True, ensure_ascii=True, allow_nan=False)
    return sha256_bytes(text.encode("ascii"))[:16]


def known(value: float | None) -> float | None:
    """A plain float, None for what is unknown or no number."""
    return float(value) if value is not None and math.isfinite(value) else None


def uncertainty_key(name: str) -> str:
    """ "height_mm" to "height_uncertainty_mm"."""
    word, unit = name.split("_")
    return f"{word}_uncertainty_{unit}"


def _software(results: Sequence[Result], used: Mapping[str, str]) -> dict[str, Any]:
    device = next((result.device for result in results if result.device), None)
    facts: dict[str, Any] = {
        "version": used["relief-inspector"],
        "python": used["python"],
        "torch": used["torch"],
        "device": device,
    }
    return facts | {name: value for name, value in used.items() if name != "relief-inspector"}


def _recipe(recipe: RecipeFacts, limits: Thresholds, promise: Promise) -> dict[str, Any]:
    calibration = recipe.calibration
    own = calibration.thresholds
    return {
        "name": recipe.name,
        "detector": recipe.detector,
        "reasons": list(recipe.reasons),
        "sha256": recipe.sha256,
        "seed": recipe.seed,
        "created": recipe.created or None,
        "settings": dict(recipe.settings),
        "prepare": dict(recipe.prepare),
        "thresholds": {"t1": float(limits.t1), "t2": float(limits.t2)},
        "recipe_thresholds": {"t1": float(own.t1), "t2": float(own.t2)},
        "provisional": calibration.provisional,
        "parts": {"learn": recipe.n_learnt, "calibrate": len(calibration.scores)},
        "calibration": {
            "usual": {name: float(value) for name, value in calibration.usual.items()},
            "scores": [float(score) for score in calibration.scores],
            "minimum_area_px": calibration.minimum_area_px,
            "in_turn": calibration.in_turn,
        },
        "promise": {
            "false_reject_upper_95": float(promise.upper_95),
            "exceeded": int(promise.exceeded),
            "n": promise.n,
            "sentence": promise.sentence,
        },
    }


def _part(result: Result) -> dict[str, Any]:
    quality = result.quality
    return {
        "id": result.id,
        "split": result.split or None,
        "label": result.label,
        "inputs": [{"path": s.path, "sha256": s.sha256} for s in result.sources],
        "size": [result.size[1], result.size[0]] if result.size != (0, 0) else None,
        "unit": result.unit,
        "verdict": result.verdict.value,
        "reason": result.reason,
        "p_value": known(result.p_value),
        "scores": {name: known(result.scores.get(name)) for name in ("rgb", "shape", "fused")},
        "defects": [_defect(defect) for defect in result.defects],
        "nearest_good": _nearest(result),
        "difference": _difference(result),
        "quality": {
            name: known(quality.get(name)) for name in ("mm_per_px", "missing", "foreground_px")
        },
        "notes": list(result.notes),
        "timings_s": {name: known(value) for name, value in result.timings_s.items()},
        "error": result.error or None,
    }


def _nearest(result: Result) -> dict[str, Any] | None:
    found = nearest_at(result)
    if found is None or found[1].id is None:
        return None
    defect, nearest = found
    return {"id": nearest.id, "defect": defect.number, "height_mm": known(nearest.height_mm)}


def _difference(result: Result) -> dict[str, Any] | None:
    found = nearest_at(result)
    if found is None or not found[1].words:
        return None
    return {"defect": found[0].number, "words": found[1].words}


def nearest_at(result: Result) -> tuple[Defect, NearestGood] | None:
    """The defect at which the nearest good part was looked for, and that part or what is said instead.

    None also where limits were moved so that this place is no defect any more.
    """
    nearest = result.nearest
    if nearest is None:
        return None
    return next(((d, nearest) for d in result.defects if d.peak_px == nearest.at_px), None)


def _defect(defect: Defect) -> dict[str, Any]:
    found: dict[str, Any] = {"number": defect.number, "name": defect.name}
    for name in MEASURES:
        measure: Measure | None = getattr(defect, name)
        found[name] = None if measure is None else known(measure.value)
        found[uncertainty_key(name)] = None if measure is None else known(expanded(measure))
    return found | {
        "centroid_mm": defect.centroid_mm and [known(v) for v in defect.centroid_mm],
        "bbox_px": [int(v) for v in defect.bbox_px],
        "peak_px": [int(v) for v in defect.peak_px],
        "area_px": defect.region.area_px,
        "score": known(defect.score),
        "score_rgb": known(defect.score_rgb),
        "score_shape": known(defect.score_shape),
        "colour_share": known(defect.colour_share),
        "extent_rule": defect.extent_rule,
        "not_measurable": defect.not_measurable or None,
    }
