"""Two classes of tiny pictures in MVTec AD's layout, and a suite over them that takes a moment."""

from __future__ import annotations

import numpy as np
import pytest

from inspector_core import engine
from inspector_core.benchmark.inputs import Hashes
from inspector_core.benchmark.jobs import planned
from inspector_core.benchmark.output import OutputFolder
from inspector_core.benchmark.running import run
from inspector_core.benchmark.suite import dataset, method, suite
from inspector_core.device import Hardware
from inspector_core.progress import drain, never
from tests.faults import makers

SIDE = 32
LEARNT, TESTED = 5, 2
QUICK = {"cells": 8}


def picture(seed, spot=False):
    """Noise on grey stripes; a dark square where there is a spot."""
    rng = np.random.default_rng(seed)
    values = 120 + 30 * (np.arange(SIDE) % 8 < 4)[None, :, None] + rng.normal(0, 4, (SIDE, SIDE, 3))
    if spot:
        values[10:18, 12:20] -= 70
    return np.clip(values, 0, 255).astype(np.uint8)


def write_class(root, seed=0):
    """5 good pictures to learn from, 2 good and 2 with a spot to test."""
    mask = np.zeros((SIDE, SIDE), np.uint8)
    mask[10:18, 12:20] = 255
    for number in range(LEARNT):
        makers.write_png(root / "train" / "good" / f"{number:03}.png", picture(seed + number))
    for number in range(TESTED):
        good, bad = seed + 100 + number, seed + 200 + number
        makers.write_png(root / "test" / "good" / f"{number:03}.png", picture(good))
        makers.write_png(root / "test" / "spot" / f"{number:03}.png", picture(bad, spot=True))
        makers.write_png(root / "ground_truth" / "spot" / f"{number:03}_mask.png", mask)
    return root


@pytest.fixture
def pictures(tmp_path):
    """A folder of the classes "bolt" and "nut"."""
    root = tmp_path / "screws"
    write_class(root / "nut")
    write_class(root / "bolt", seed=1000)
    return root


@pytest.fixture(autouse=True)
def no_graphics_card(monkeypatch):
    monkeypatch.setattr(engine, "hardware", Hardware)


def small_suite(root, **options):
    """`btf` on both classes, or what the options say."""
    options = {"seeds": (0,), "shots": ("all",), "device": "cpu", "settings": QUICK, **options}
    settings = options.pop("settings")
    return suite([dataset(root)], [method("btf", settings)], **options)


def jobs_of(root, memory, **options):
    return drain(planned(small_suite(root, **options), Hashes(memory / "hashes.json")))


def run_all(jobs, folder, stop=never, **options):
    return drain(run(jobs, OutputFolder.prepared(folder), **options), stop=stop)
