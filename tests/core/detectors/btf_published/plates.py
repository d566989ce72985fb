"""Plates on a table, with dents and stains, learnt in BTF's published form."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from inspector_core.detectors.btf.detector import BTF, BTFSettings
from inspector_core.detectors.contract import Context
from inspector_core.device import Hardware
from inspector_core.geometry.prepare import prepare
from inspector_core.progress import drain
from inspector_core.settings import build
from inspector_core.types import Sample, SampleRef
from tests.core.detectors.random_weights import MOBILENET
from tests.core.geometry.scenes import cloud

CORESET = 0.05
SIZE, TILT = (96, 110), (4, -3)
PART = np.s_[30:66, 35:75]
STRAY = np.s_[5:9, 90:95]
CONTEXT = Context(prepare=prepare, machine=Hardware(), seed=0)


def plate(seed, dent=False, stain=False):
    """A ribbed plate 8 mm above a table, a crumb of 8 mm in the corner; a dent at (40, 48)."""
    rng = np.random.default_rng(seed)
    rows, columns = np.mgrid[: SIZE[0], : SIZE[1]]
    heights = np.zeros(SIZE)
    heights[PART] = (8 + 1.2 * np.sin(columns / 5.0) + 0.03 * rng.normal(size=SIZE))[PART]
    heights[STRAY] = 8
    grey = 120 + 12 * rng.normal(size=SIZE)
    rgb = np.stack([grey, 0.9 * grey, 0.8 * grey], axis=2)
    if dent:
        heights -= 1.5 * np.exp(-((rows - 40) ** 2 + (columns - 48) ** 2) / 10.0)
    if stain:
        rgb[50:56, 55:62] = (30, 20, 160)
    picture = np.clip(rgb, 0, 255).astype(np.uint8)
    return Sample(f"plate/{seed}", rgb=picture, xyz=cloud(heights, tilt_deg=TILT))


GOOD = tuple(plate(seed) for seed in range(2))
SAMPLES = {}


def read(ref):
    return SAMPLES[ref.id]


def references(samples=GOOD):
    SAMPLES.update({sample.id: sample for sample in samples})
    return [SampleRef(sample.id, "train", "good", {}, read) for sample in samples]


def learnt(samples=GOOD, context=CONTEXT, **settings):
    given = {"compat": "published", "network": MOBILENET, "coreset": CORESET, **settings}
    detector = BTF(build(BTFSettings, given))
    state = drain(detector.learn(references(samples), context))
    return state, detector.restore(state, context)


def without(sample, name):
    return replace(sample, id=f"{sample.id} without {name}", **{name: None})


def lone(heights, name):
    return Sample(name, xyz=cloud(heights, tilt_deg=TILT))
