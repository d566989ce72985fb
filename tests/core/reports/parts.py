"""A small report to test with: tiny parts, artificial maps, defects whose numbers are known."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np

from inspector_core.detectors.contract import State
from inspector_core.recipe import Recipe
from inspector_core.reports import PartMaterial, ReportModel, build
from inspector_core.types import (
    AnomalyMaps,
    Calibration,
    Defect,
    Measure,
    Region,
    Result,
    Sample,
    Source,
    Thresholds,
    Verdict,
)
from tests.contracts.tiny_parts import make

ISSUED = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)
LIMITS = Thresholds(1.2, 1.5)
SIZE = 64
USUAL = {"rgb": 2.0, "shape": 4.0, "fused": 0.5}
VERDICTS = (Verdict.REJECT, Verdict.ACCEPT, Verdict.REVIEW, Verdict.REJECT, Verdict.NOT_INSPECTED)


def recipe(n_good: int = 10, **changes: object) -> Recipe:
    """A recipe with ten held-out good parts."""
    scores = tuple(float(value) for value in np.linspace(0.7, 1.4, n_good))
    values = {
        "name": "casting",
        "detector": "aligned",
        "settings": {"bins": 4, "colour": True},
        "prepare": {"background": "auto"},
        "state": State({}),
        "calibration": Calibration(
            USUAL, tuple(f"good/{k}" for k in range(n_good)), scores, LIMITS
        ),
        "fingerprint": {"mm_per_px": 0.9},
        "learn_parts": tuple(f"train/good/{k:03d}" for k in range(24)),
        "created": "2026-11-20T09:00:00+00:00",
        "sha256": "ab" * 32,
    }
    return Recipe(**(values | changes))


def sample(part_id: str, seed: int = 1) -> Sample:
    """A tiny part with a dent."""
    made = make(seed, size=SIZE, dent_mm=1.0)
    sources = (Source(f"{part_id}.png", "1" * 64), Source(f"{part_id}.tiff", "2" * 64))
    return Sample(part_id, made.rgb, made.xyz, truth=made.truth, label="dent", sources=sources)


def maps_of(part: Sample) -> AnomalyMaps:
    """Raw maps: 1.8 times the usual where the truth is, 0.3 elsewhere on the part."""
    on_part = part.xyz[..., 2] < 296
    level = np.where(part.truth, 1.8, 0.3).astype(np.float32)
    level[~on_part] = np.nan
    deviation = np.where(part.truth, np.float32(-0.6), np.float32(0.01))
    deviation[~on_part] = np.nan
    return AnomalyMaps(
        rgb=level * np.float32(USUAL["rgb"] / 2),
        shape=level * np.float32(USUAL["shape"]),
        fused=level * np.float32(USUAL["fused"]),
        deviation_mm=deviation,
    )


def defect(part: Sample, number: int = 1, **changes: object) -> Defect:
    """The dent with made-up measures."""
    rows, columns = np.nonzero(part.truth)
    values = {
        "number": number,
        "region": Region.from_mask(part.truth),
        "bbox_px": (columns.min(), rows.min(), columns.max(), rows.max()),
        "peak_px": (int(columns.mean()), int(rows.mean())),
        "score": 1.8,
        "score_rgb": 0.9,
        "score_shape": 1.8,
        "colour_share": 0.08,
        "name": "dent",
        "extent_rule": "deviation above 0.1 mm",
        "centroid_mm": (-9.04, -3.06, 292.44),
        "area_mm2": Measure(23.4567, 0.6123),
        "length_mm": Measure(6.1234, 0.2),
        "width_mm": Measure(4.9, 0.2),
        "height_mm": Measure(-0.6234, 0.0123),
        "volume_mm3": Measure(8.765, 0.321),
    }
    return Defect(**(values | changes))


def result(part: Sample, verdict: Verdict = Verdict.REJECT, **changes: object) -> Result:
    """The part's result; the verdict is as asked for, the score fits it."""
    score = {"reject": 1.8, "review": 1.3, "accept": 0.8}.get(verdict.value)
    inspected = score is not None
    found = (defect(part, score=score),) if inspected and score >= LIMITS.t1 else ()
    values = {
        "id": part.id,
        "split": "test",
        "label": part.label,
        "verdict": verdict,
        "reason": "1 defect above T2"
        if inspected
        else f"{part.id}: file ends early; copy it again.",
        "sources": part.sources,
        "size": part.shape,
        "scores": {"rgb": 0.9, "shape": score, "fused": score} if inspected else {},
        "p_value": 1 / 11 if inspected else None,
        "thresholds": LIMITS,
        "usual": USUAL,
        "defects": found,
        "timings_s": {"read": 0.02, "score": 0.2} if inspected else {},
        "quality": {"mm_per_px": 0.9, "missing": 0.016, "foreground_px": 900.0}
        if inspected
        else {},
        "notes": ("XYZ in metres, converted.",),
        "recipe_sha256": "ab" * 32,
        "software": "Relief Inspector 0.1.0",
        "device": "CPU · 2 cores",
        "error": "" if inspected else f"{part.id}: file ends early; copy it again.",
    }
    return Result(**(values | changes))


def material(part_id: str) -> PartMaterial:
    """The pictures of a part, made anew."""
    part = sample(part_id)
    return PartMaterial(part, maps_of(part))


def batch(ids: tuple[str, ...] = ("test/a/000", "test/a/001", "b", "c d", "e")) -> list[Result]:
    """One result per id, verdicts in turn."""
    return [result(sample(part_id), VERDICTS[k % len(VERDICTS)]) for k, part_id in enumerate(ids)]


def small(load=material) -> ReportModel:
    """A reject and an accepted part: the least batch that has a summary and a page."""
    return model([result(sample("test/a/000")), result(sample("b"), Verdict.ACCEPT)], load)


def model(results: list[Result] | None = None, load=material, **changes: object) -> ReportModel:
    """A report on a batch, issued at a fixed time."""
    return build(batch() if results is None else results, recipe(**changes), load, issued=ISSUED)
