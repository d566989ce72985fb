"""Tiny parts made from their seed alone: a block with a hole and two stripes on a table."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from inspector_core.types import Intrinsics, Sample, SampleRef

SIZE = 96
FOCAL = 330.0
DISTANCE = 300.0


def make(seed: int, *, size: int = SIZE, dent_mm: float = 0.0, stain: bool = False) -> Sample:
    """A block of 40 x 28 x 8 mm seen from 300 mm, slightly turned and shifted by its seed."""
    rng = np.random.Generator(np.random.PCG64(seed))
    angle, shift = rng.normal(0, 0.1), rng.normal(0, 1.0, 2)
    focal = FOCAL * size / SIZE
    v, u = np.mgrid[:size, :size].astype(np.float64)
    centre = (size - 1) / 2
    x0, y0 = (u - centre) / focal * DISTANCE, (v - centre) / focal * DISTANCE
    px = np.cos(angle) * (x0 - shift[0]) + np.sin(angle) * (y0 - shift[1])
    py = -np.sin(angle) * (x0 - shift[0]) + np.cos(angle) * (y0 - shift[1])
    top = (np.abs(px) < 20) & (np.abs(py) < 14) & (np.hypot(px - 8, py) > 4)
    height = np.where(top, 8 + 0.02 * px, 0.0)
    bowl = np.clip(1 - ((px + 9) ** 2 + (py + 3) ** 2) / 9, 0, None)
    height = height - dent_mm * bowl + rng.normal(0, 0.02, height.shape)
    z = DISTANCE - height
    xyz = np.stack([(u - centre) / focal * z, (v - centre) / focal * z, z], axis=2)
    grey = np.where(top, 150.0, 60.0) + np.where(top & (np.abs(py) % 8 < 2), 40.0, 0.0)
    rgb = np.repeat(grey[..., None], 3, axis=2) + rng.normal(0, 2, (*grey.shape, 3))
    if stain:
        rgb[np.hypot(px + 9, py - 5) < 3] *= (0.5, 0.35, 0.3)
    truth = (bowl * dent_mm > 0.1) | (stain & (np.hypot(px + 9, py - 5) < 3))
    return Sample(
        id=f"tiny/{seed:03d}",
        rgb=np.clip(rgb, 0, 255).astype(np.uint8),
        xyz=xyz.astype(np.float32),
        truth=truth,
        label="defect" if truth.any() else "good",
        intrinsics=Intrinsics(size, size, focal, focal, centre, centre),
    )


def read(ref: SampleRef) -> Sample:
    """The reader of tiny parts: everything is in the options."""
    options = dict(ref.options)
    drop = options.pop("drop", "")
    sample = replace(make(**options), id=ref.id, split=ref.split)
    if drop == "points":
        return replace(sample, xyz=np.full_like(sample.xyz, np.nan))
    return replace(sample, **{drop: None}) if drop else sample


def refs(count: int, first: int = 0, split: str = "train", **options: object) -> list[SampleRef]:
    """References to tiny parts with consecutive seeds."""
    label = "defect" if options.get("dent_mm") or options.get("stain") else "good"
    return [
        SampleRef(f"{split}/{label}/{seed:03d}", split, label, {}, read, {"seed": seed, **options})
        for seed in range(first, first + count)
    ]
