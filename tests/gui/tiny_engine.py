"""The real engine on parts of 96 pixels with a detector that is two averages: quick and exact."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from app.worker.jobs import NO_CARD, CoreEngine
from inspector_core.detectors.aligned.trial import Trial
from inspector_core.detectors.contract import Context
from inspector_core.device import Hardware
from inspector_core.errors import InputError
from inspector_core.progress import Job, Progress
from inspector_core.types import Sample, SampleRef, Scan

FLAT = "tests.core.flat_detector:Flat"
ROOT = "/tiny/blocks"


SIZE = 96


def block(ref: SampleRef) -> Sample:
    """A block of 40 x 28 x 8 mm in the same place every time, with noise from its seed.

    Options: seed, dent_mm (depth of a bowl of 6 mm), stain, shape (False: picture only), masks (False:
    nobody annotated the defects).
    """
    options = ref.options
    rng = np.random.Generator(np.random.PCG64(options["seed"]))
    v, u = np.mgrid[:SIZE, :SIZE].astype(np.float64)
    x, y = (u - SIZE / 2) * 0.7, (v - SIZE / 2) * 0.7
    top = (np.abs(x) < 20) & (np.abs(y) < 14)
    bowl = np.clip(1 - ((x + 9) ** 2 + (y + 3) ** 2) / 9, 0, None)
    height = np.where(top, 8.0, 0.0) - options.get("dent_mm", 0.0) * bowl
    height = height + rng.normal(0, 0.02, height.shape)
    xyz = np.stack([x, y, 300.0 - height], axis=2).astype(np.float32)
    stain = options.get("stain", False) & (np.hypot(x + 9, y - 5) < 3)
    grey = np.where(top, 150.0, 60.0)[..., None] * np.where(stain[..., None], (0.5, 0.35, 0.3), 1)
    rgb = np.clip(grey + rng.normal(0, 2, (SIZE, SIZE, 3)), 0, 255).astype(np.uint8)
    defect = stain | (bowl * options.get("dent_mm", 0.0) > 0)
    return Sample(
        ref.id,
        rgb=rgb,
        truth=defect if options.get("masks", True) and defect.any() else None,
        xyz=xyz if options.get("shape", True) else None,
        label=ref.label,
        split=ref.split,
    )


def unreadable(ref: SampleRef) -> Sample:
    """The reader of a part whose file is damaged."""
    raise InputError(f"{ref.id}: file ends early (1 of 2 MB)", cure="copy it again")


def refs(
    count: int, first: int, split: str, label: str = "good", **options: object
) -> list[SampleRef]:
    """References to blocks with consecutive seeds."""
    return [
        SampleRef(f"{split}/{label}/{seed:03d}", split, label, {}, block, {"seed": seed, **options})
        for seed in range(first, first + count)
    ]


def tiny_scan(*, broken: int = 0, **options: object) -> Scan:
    """A folder: good parts to learn from, held-out ones, good and dented and stained ones to test."""
    parts = [
        *refs(8, 0, "train", **options),
        *refs(8, 20, "validation", **options),
        *refs(4, 40, "test", **options),
        *refs(3, 50, "test", "dent", dent_mm=0.5, **options),
        *refs(3, 60, "test", "stain", stain=True, **options),
        *(
            SampleRef(f"test/broken/{i:03d}", "test", "broken", {}, unreadable)
            for i in range(broken)
        ),
    ]
    unit = "mm" if options.get("shape", True) else ""
    return Scan(ROOT, "tiny", tuple(parts), image_size=(SIZE, SIZE), unit=unit)


def at_a_glance(_refs: Sequence[SampleRef], _context: Context) -> Job[Trial]:
    """Blocks lie on one another: said without the seconds that it takes to look."""
    yield Progress("Looking")
    return Trial(8, 8, 8, (0.99,) * 7, 0.4, 0.1)


class TinyEngine(CoreEngine):
    """Scans give tiny parts, whatever the folder; everything else is the program's own.

    scanned : what the next scan gives.   asked_reading : layout and settings of the last one.
    """

    def __init__(self) -> None:
        super().__init__("cpu", Hardware())
        self.scanned = tiny_scan()
        self.asked_reading: tuple[str | None, Mapping[str, Any] | None] = (None, None)

    def prepare(self) -> Job[tuple[str, str]]:
        yield Progress("Preparing the engine")
        return "CPU · 2 cores", NO_CARD

    def scan(
        self, folder: Path, layout: str | None = None, options: Mapping[str, Any] | None = None
    ) -> Job[Scan]:
        self.asked_reading = (layout, options)
        yield Progress("Reading the folder")
        if "missing" in str(folder):
            raise InputError(f"{folder} does not exist", cure="check the name of the folder")
        return self.scanned
