"""Small folders, recipes and results for the window's models."""

from __future__ import annotations

import numpy as np

from inspector_core.detectors.contract import State
from inspector_core.recipe import Recipe
from inspector_core.types import Calibration, Result, Sample, SampleRef, Scan, Thresholds, Verdict


def read(ref: SampleRef) -> Sample:
    """A grey picture of 8x8 pixels."""
    return Sample(ref.id, rgb=np.full((8, 8, 3), 90, np.uint8), split=ref.split, label=ref.label)


def make_scan(*ids: str) -> Scan:
    """A folder whose parts are named "split/label/name"."""
    refs = tuple(
        SampleRef(name, name.split("/")[0], name.split("/")[1], {"rgb": f"/none/{name}.png"}, read)
        for name in ids
    )
    return Scan("/parts/casting", "mvtec3d", refs, image_size=(8, 8), unit="m")


def make_recipe(scores: tuple[float, ...], t1: float, t2: float, learnt: int = 20) -> Recipe:
    """A recipe that holds nothing but its calibration."""
    names = tuple(f"validation/good/{i:03d}" for i in range(len(scores)))
    usual = {"rgb": 1.0, "shape": 1.0, "fused": 1.0}
    return Recipe(
        name="test",
        detector="aligned",
        settings={},
        prepare={},
        state=State({}),
        calibration=Calibration(usual, names, scores, Thresholds(t1, t2)),
        fingerprint={},
        learn_parts=tuple(f"train/good/{i:03d}" for i in range(learnt)),
        sha256="0123456789",
    )


def make_result(part_id: str, score: float | None, limits: Thresholds) -> Result:
    """A result with nothing but its score; None = not inspected."""
    split, label, _ = part_id.split("/")
    if score is None:
        return Result(part_id, split, label, Verdict.NOT_INSPECTED, "", error="empty file.")
    word = (
        Verdict.REJECT
        if score >= limits.t2
        else Verdict.REVIEW
        if score >= limits.t1
        else Verdict.ACCEPT
    )
    return Result(
        part_id, split, label, word, "", scores={"fused": score}, p_value=0.1, thresholds=limits
    )
