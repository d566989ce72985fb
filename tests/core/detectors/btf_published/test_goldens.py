"""BTF's published chain against the goldens."""

from __future__ import annotations

import zlib
from pathlib import Path

import numpy as np
import pytest

from inspector_core.detectors.btf import published_sight as btf_published_sight
from inspector_core.detectors.btf.published import published_score
from inspector_core.detectors.btf.published_sight import PublishedSight
from inspector_core.detectors.patchcore import drawn
from inspector_core.device import Plan
from inspector_core.geometry.prepare import prepare
from inspector_core.memory.nearest import nearest
from inspector_core.types import Sample
from tests.core.detectors.btf_published.plates import CONTEXT

GOLDENS = Path(__file__).resolve().parents[3] / "goldens"
PLAN = Plan("cpu", 500)


def golden_rows():
    """Bank and patches of the golden by its own recipe."""

    def uniform(name, shape):
        rng = np.random.Generator(np.random.PCG64([0, zlib.crc32(name.encode())]))
        return (2 * rng.random(shape) - 1).astype(np.float32)

    bank = uniform("btf.bank", (300, 40))
    patches = bank[np.arange(784) % 300] * np.float32(0.97)
    patches = (patches + np.float32(0.05) * uniform("btf.test", (784, 40))).reshape(28, 28, 40)
    patches[10:13, 14:18] += 0.5
    return bank, patches.reshape(784, 40)


def test_that_distances_score_and_map_equal_the_published_ones():
    bank, patches = golden_rows()
    distance, index = nearest(patches, bank, PLAN)
    with np.load(GOLDENS / "btf_score" / "golden.npz") as golden:
        np.testing.assert_allclose(distance, golden["min_dist"], atol=5e-5)
        score = published_score(patches, distance, index, bank, PLAN)
        assert score == pytest.approx(float(golden["score"]), abs=1e-5)
        small = drawn(golden["min_dist"].reshape(28, 28), (224, 224), 4.0, "btf")
        np.testing.assert_array_equal(small, golden["map_published"])


def test_that_a_bank_of_two_rows_weighs_nothing():
    bank, patches = golden_rows()
    distance, index = nearest(patches, bank[:2], PLAN)
    assert published_score(patches, distance, index, bank[:2], PLAN) == distance.max()


class Watching:
    """A network that keeps what it is shown."""

    def __init__(self):
        self.shown = None

    def on(self, _device):
        return self

    def maps(self, batch):
        import torch

        self.shown = batch[0]
        return [torch.zeros(1, 4, 28, 28), torch.zeros(1, 4, 14, 14)]


def test_that_cloud_and_picture_are_prepared_as_the_golden(monkeypatch):
    with np.load(GOLDENS / "mm_preprocess" / "golden.npz") as arrays:
        golden = dict(arrays)
    missing = ~golden["xyz"].any(axis=2, keepdims=True)
    xyz = np.where(missing, np.nan, 1000 * golden["xyz"]).astype(np.float32)
    sample = Sample("golden", rgb=golden["rgb"], xyz=xyz)
    watching, described = Watching(), []

    def keep(points, _neighbours):
        described.append(points)
        return np.zeros((len(points), 33), np.float32)

    monkeypatch.setattr(btf_published_sight.fpfh, "published_fpfh", keep)
    seen = PublishedSight(watching, True, "grid", 100, CONTEXT).see(prepare(sample))
    assert seen.square.offset == tuple(golden["padded_offset"])
    assert seen.square.side == 200
    points = golden["resized"].reshape(3, -1)[:, golden["valid_index"]].T
    np.testing.assert_allclose(described[0], points, rtol=3e-7)
    np.testing.assert_array_equal(
        np.rint(255 * watching.shown).transpose(1, 2, 0), golden["rgb_m3dm_224"]
    )
