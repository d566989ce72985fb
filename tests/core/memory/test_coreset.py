"""Greedy k-centre selection: by thought on small sets, against the published order on random ones."""

from __future__ import annotations

import zlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inspector_core.device import Plan
from inspector_core.memory import coreset as module
from inspector_core.memory.coreset import greedy_coreset
from inspector_core.memory.nearest import nearest, other_neighbours
from inspector_core.memory.reweight import reweighting
from inspector_core.progress import drain

GOLDEN = Path(__file__).resolve().parents[2] / "goldens" / "btf_score" / "golden.npz"
PLAN = Plan("cpu", 500)


def uniform(name, shape, low=-1.0, high=1.0):
    """The golden's own recipe for inputs."""
    rng = np.random.Generator(np.random.PCG64([0, zlib.crc32(name.encode())]))
    return (low + (high - low) * rng.random(shape)).astype(np.float32)


def chosen(features, count, **how):
    return drain(greedy_coreset(np.asarray(features, np.float32), count, PLAN, **how)).tolist()


def test_that_the_ends_of_a_ramp_come_first_then_its_middle():
    ramp = np.arange(9.0)[:, None]
    assert chosen(ramp, 3) == [0, 8, 4]
    assert sorted(chosen(ramp, 9)) == list(range(9))


def test_that_equal_patches_need_one_row():
    assert chosen(np.ones((20, 4)), 10) == [0]
    assert chosen(np.repeat([[0.0], [5.0]], 8, axis=0), 10) == [0, 8]


def test_that_nothing_is_chosen_from_nothing():
    assert chosen(np.zeros((0, 3)), 5) == []


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 999), st.integers(2, 30))
def test_that_no_patch_is_farther_than_the_last_choice_was(seed, count):
    features = np.random.default_rng(seed).normal(size=(40, 3))
    order = chosen(features, count)
    assert len(set(order)) == count
    gaps = np.linalg.norm(features[:, None] - features[order][None], axis=2)
    cover = np.minimum.accumulate(gaps, axis=1).max(axis=0)
    assert (np.diff(cover) <= 1e-6).all(), "each choice tightens the cover"
    for step in range(1, count):
        picked = np.linalg.norm(features[order[step]] - features[order[:step]], axis=1).min()
        assert picked == pytest.approx(cover[step - 1], rel=1e-4)


def test_that_the_published_order_is_met_exactly():
    with np.load(GOLDEN) as golden:
        plain = chosen(uniform("btf.lib2", (600, 33), 0, 100), 60)
        assert plain == golden["coreset_plain"].tolist()
        projected = chosen(uniform("btf.lib", (600, 400)), 60, projection="published", seed=0)
        assert projected == golden["coreset_projected"].tolist()


def test_that_too_few_channels_are_chosen_without_projection():
    features = uniform("few", (600, 33))
    assert chosen(features, 20, projection="published") == chosen(features, 20)


def test_that_the_choice_yields_and_can_be_stopped(monkeypatch):
    monkeypatch.setattr(module, "_STEP_S", 0.0)
    job = greedy_coreset(uniform("many", (400, 5)), 100, PLAN)
    first = next(job)
    assert (first.done, first.total) == (8, 100)
    assert next(job).done == 16
    job.close()


def test_that_reweighted_scores_equal_the_published_ones():
    bank = uniform("btf.bank", (300, 40))
    patches = bank[np.arange(784) % 300] * np.float32(0.97)
    patches = (patches + np.float32(0.05) * uniform("btf.test", (784, 40))).reshape(28, 28, 40)
    patches[10:13, 14:18] += 0.5
    patches = patches.reshape(784, 40)
    distance, index = nearest(patches, bank, PLAN)
    factor = reweighting(patches, distance, index, bank, other_neighbours(bank, 2, PLAN))
    worst = int(distance.argmax())
    with np.load(GOLDEN) as golden:
        np.testing.assert_allclose(distance, golden["min_dist"], atol=5e-5)
        np.testing.assert_allclose(
            [distance[worst], factor[worst]], golden["score_parts"], atol=1e-5
        )
        assert distance[worst] * factor[worst] == pytest.approx(float(golden["score"]), abs=1e-5)


def test_that_far_outliers_do_not_overflow():
    bank = uniform("bank", (30, 4))
    queries = np.full((1, 4), 1e6, np.float32)
    distance, index = nearest(queries, bank, PLAN)
    factor = reweighting(queries, distance, index, bank, other_neighbours(bank, 2, PLAN))
    assert 0.0 <= factor[0] <= 1.0
