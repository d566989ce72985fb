"""Results as JSON documents and back, without their maps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

import numpy as np

from inspector_core.types import (
    Defect,
    Measure,
    NearestGood,
    Region,
    Result,
    Source,
    Thresholds,
    Verdict,
)


def result_to_json(result: Result) -> dict[str, Any]:
    """Everything but the maps; unknown is None."""
    return {
        "id": result.id,
        "split": result.split,
        "label": result.label,
        "verdict": result.verdict.value,
        "reason": result.reason,
        "sources": [[source.path, source.sha256] for source in result.sources],
        "size": list(result.size),
        "scores": dict(result.scores),
        "p_value": result.p_value,
        "thresholds": [result.thresholds.t1, result.thresholds.t2] if result.thresholds else None,
        "usual": dict(result.usual),
        "defects": [_defect_to_json(defect) for defect in result.defects],
        "nearest": _nearest_to_json(result.nearest),
        "timings_s": dict(result.timings_s),
        "quality": dict(result.quality),
        "notes": list(result.notes),
        "unit": result.unit,
        "recipe_sha256": result.recipe_sha256,
        "software": result.software,
        "device": result.device,
        "error": result.error,
    }


def result_from_json(document: Mapping[str, Any]) -> Result:
    """The result that `result_to_json` wrote; KeyError, TypeError or ValueError when it is garbled."""
    thresholds = document["thresholds"]
    return Result(
        id=document["id"],
        split=document["split"],
        label=document["label"],
        verdict=Verdict(document["verdict"]),
        reason=document["reason"],
        sources=tuple(Source(path, sha256) for path, sha256 in document["sources"]),
        size=(int(document["size"][0]), int(document["size"][1])),
        scores=document["scores"],
        p_value=document["p_value"],
        thresholds=Thresholds(*thresholds) if thresholds else None,
        usual=document["usual"],
        defects=tuple(_defect_from_json(entry) for entry in document["defects"]),
        nearest=_nearest_from_json(document.get("nearest")),
        timings_s=document["timings_s"],
        quality=document["quality"],
        notes=tuple(document["notes"]),
        unit=document["unit"],
        recipe_sha256=document["recipe_sha256"],
        software=document["software"],
        device=document["device"],
        error=document["error"],
    )


def _nearest_to_json(nearest: NearestGood | None) -> dict[str, Any] | None:
    if nearest is None:
        return None
    return {
        "id": nearest.id,
        "at_px": list(nearest.at_px),
        "height_mm": nearest.height_mm,
        "words": nearest.words,
    }


def _nearest_from_json(document: Mapping[str, Any] | None) -> NearestGood | None:
    if document is None:  # also in stores written before this was kept
        return None
    x, y = document["at_px"]
    words = document.get("words", "")  # stores of earlier versions have none
    return NearestGood(document["id"], (int(x), int(y)), document["height_mm"], words)


def _defect_to_json(defect: Defect) -> dict[str, Any]:
    document: dict[str, Any] = {}
    for entry in fields(Defect):
        value = getattr(defect, entry.name)
        if isinstance(value, Region):
            value = {"size": list(value.size), "runs": value.runs.tolist()}
        elif isinstance(value, Measure):
            value = [value.value, value.uncertainty]
        elif isinstance(value, tuple):
            value = list(value)
        document[entry.name] = value
    return document


def _defect_from_json(document: Mapping[str, Any]) -> Defect:
    values = dict(document)
    region = values["region"]
    height, width = region["size"]
    runs = np.asarray(region["runs"], np.int32).reshape(-1, 2)
    values["region"] = Region((int(height), int(width)), runs)
    for name in ("area_mm2", "length_mm", "width_mm", "height_mm", "volume_mm3"):
        values[name] = None if values[name] is None else Measure(*values[name])
    for name in ("bbox_px", "peak_px", "centroid_mm"):
        values[name] = None if values[name] is None else tuple(values[name])
    return Defect(**values)
