"""LSFA's adaptor, losses, queue and training: the published pieces' numbers, and the guards of ours."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from inspector_core.detectors.crossmodal.patch_training import contrast_both_ways
from inspector_core.detectors.lsfa.adaptor import (
    adapted,
    adapted_features,
    attention_heads,
    initial,
    layout,
)
from inspector_core.detectors.lsfa.losses import (
    Queue,
    compactness,
    global_features,
    pairwise_distance,
)
from inspector_core.detectors.lsfa.training import AdaptationChoices, train_adaptors
from inspector_core.detectors.lsfa.validation import Course, Look, held_out_parts
from inspector_core.progress import drain
from tests.core.detectors.seeded import golden, pairs, param, uniform

ROOT_50 = 50**0.5
QUICK = AdaptationChoices(
    steps=60, parts=2, patches=30, rate=3e-3, compact_after=2, look_every=10, seed=1
)


@pytest.fixture(scope="module")
def want():
    return golden("lsfa_parts")


def tensor(name, shape, low=-1.0, high=1.0):
    return torch.from_numpy(uniform(name, shape, low, high))


def test_that_the_adaptor_is_the_published_one(want, monkeypatch):
    from inspector_core.detectors.lsfa import adaptor as lsfa_adaptor

    monkeypatch.setattr(lsfa_adaptor, "_HEADS", 6)
    weights = {name: param(name, shape) for name, shape in layout({"rgb": 48}).items()}
    found = adapted(weights, "rgb", tensor("lsfa.x", (2, 30, 48)))
    np.testing.assert_allclose(found, want["adapted"], atol=2e-5)
    alone = adapted_features(weights, "rgb", uniform("lsfa.x", (2, 30, 48))[1])
    np.testing.assert_allclose(alone, want["adapted"][1], atol=2e-5)


def test_that_the_contrast_both_ways_is_the_published_one(want):
    found = contrast_both_ways(tensor("lsfa.q", (50, 16)), tensor("lsfa.k", (50, 16)))
    assert found.item() == pytest.approx(float(want["contrastive"]), abs=2e-5)


def test_that_compactness_and_its_gradient_are_the_published_ones(want):
    features = tensor("lsfa.f", (40, 48), -0.8, 0.8).requires_grad_()
    bank = tensor("lsfa.bank", (70, 48), -0.8, 0.8).requires_grad_()
    found = compactness(features, bank, limit=ROOT_50)
    assert found.item() == pytest.approx(float(want["compactness"]), abs=2e-5)
    found.backward()
    norm = float(features.grad.norm())
    assert norm == pytest.approx(float(want["compactness_grad_norm"]), abs=2e-5)
    assert bank.grad is None, "what is remembered is not moved"


def test_that_the_published_limit_stops_the_gradient_and_ours_does_not(want):
    features = (12 * tensor("lsfa.f", (40, 48), -0.8, 0.8)).requires_grad_()
    bank = 12 * tensor("lsfa.bank", (70, 48), -0.8, 0.8)
    limited, true = compactness(features, bank, limit=ROOT_50), compactness(features, bank)
    found = [limited.item(), true.item()]
    np.testing.assert_allclose(found, want["compactness_clamped"], rtol=2e-5)
    limited.backward()
    assert not features.grad.any()
    true.backward()
    assert features.grad.any()


def test_that_a_patch_equal_to_a_remembered_one_has_a_finite_gradient():
    features = torch.ones(3, 4, requires_grad=True)
    compactness(features, torch.ones(2, 4)).backward()
    assert torch.isfinite(features.grad).all()


def test_that_only_allowed_rows_are_met():
    bank = torch.tensor([[0.0], [5.0], [9.0]])
    allowed = torch.tensor([False, True, True])
    assert compactness(torch.tensor([[1.0]]), bank, allowed).item() == pytest.approx(4)


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 12), st.lists(st.integers(1, 20), min_size=1, max_size=6))
def test_that_a_queue_holds_the_last_rows_and_their_owners(capacity, counts):
    queue = Queue(capacity, 1, "cpu")
    pushed, owners, at = [], [], 0
    for owner, count in enumerate(counts):
        rows = torch.arange(at, at + count, dtype=torch.float32)[:, None]
        queue.push(rows.requires_grad_(), owner)
        pushed += range(at, at + count)
        owners += [owner] * count
        at += count
    kept = sorted(zip(queue.rows[: queue.filled, 0].tolist(), queue.owner.tolist(), strict=False))
    assert [row for row, _ in kept] == pushed[-capacity:]
    assert [owner for _, owner in kept] == owners[-capacity:]
    assert queue.full == (len(pushed) >= capacity)
    assert not queue.rows.requires_grad
    assert queue.of_others(0).sum() == sum(owner != 0 for _, owner in kept)


def test_that_adaptors_begin_as_the_identity():
    weights = initial({"rgb": 10, "xyz": 14}, seed=0)
    x = torch.randn(7, 14, generator=torch.Generator().manual_seed(0))
    assert torch.equal(adapted(weights, "xyz", x), x)
    random = initial({"rgb": 10, "xyz": 14}, seed=0, start="random")
    assert not torch.allclose(adapted(random, "xyz", x), x, atol=1e-2)


@pytest.mark.parametrize(("width", "heads"), [(1152, 12), (768, 12), (152, 8), (7, 7), (1, 1)])
def test_that_heads_divide_the_width(width, heads):
    assert attention_heads(width) == heads


def test_that_the_order_of_patches_does_not_matter_to_the_adaptor():
    weights = initial({"rgb": 12, "xyz": 12}, seed=0, start="random")
    rows = np.random.default_rng(0).normal(size=(9, 12)).astype(np.float32)
    order = np.random.default_rng(1).permutation(9)
    mixed = adapted_features(weights, "rgb", rows[order])
    np.testing.assert_allclose(mixed, adapted_features(weights, "rgb", rows)[order], atol=1e-5)


def test_that_global_regions_are_shared_by_both_modalities():
    rng = np.random.default_rng(0)
    region = np.repeat([0, 1, 2], [20, 30, 10])
    places = np.eye(3)[region] * 10
    rgb = torch.tensor(places + 0.1 * rng.normal(size=(60, 3)), dtype=torch.float32)
    shape = torch.tensor(places[:, :2] + 0.1 * rng.normal(size=(60, 2)), dtype=torch.float32)
    mine, theirs = global_features(rgb, shape, 3)
    found = {tuple(np.rint(row.numpy() / 10).astype(int)) for row in mine}
    assert found == {(1, 0, 0), (0, 1, 0), (0, 0, 1)}
    np.testing.assert_allclose(mine[:, :2], theirs, atol=0.2)
    whole = global_features(rgb, shape, 1)
    np.testing.assert_allclose(whole[0][0], rgb.mean(dim=0), atol=1e-5)


def test_that_the_mean_distance_between_patches_is_told():
    assert pairwise_distance(torch.tensor([[0.0], [3.0], [6.0]])) == pytest.approx(4)
    assert pairwise_distance(torch.ones(4, 2)) == 0


def test_that_held_out_parts_are_a_share_and_none_of_too_few():
    learnt, held = held_out_parts(10, 0.2, 0)
    assert len(held) == 2
    assert sorted(learnt + held) == list(range(10))
    assert held_out_parts(3, 0.2, 0) == ([0, 1, 2], [])
    assert held_out_parts(10, 0.0, 0)[1] == []


def test_that_training_brings_held_out_good_parts_nearer():
    choices = replace(QUICK, steps=20, rate=0.01)
    trained = drain(train_adaptors(pairs(6, 40, scale=0.1), choices))
    values = [look.compactness for look in trained.looks]
    assert min(values) < 0.7 * values[0]
    assert "held-out good parts at" in trained.note


ALONE = replace(QUICK, steps=40, rate=0.01, warm_up=0.0, look_every=5, patience=100, lambda_clc=0.0)


def test_that_the_guard_stops_compactness_alone_and_lets_alignment_go_on(monkeypatch):
    from inspector_core.detectors.lsfa import validation as lsfa_validation

    # to a tenth takes more steps than a quick test has: the heavy test below goes there
    monkeypatch.setattr(lsfa_validation, "COLLAPSED", 0.6)
    parts = pairs(6, 40, scale=0.1)
    trained = drain(train_adaptors(parts, ALONE))
    assert trained.ended == "collapse"
    assert "the patches drew together" in trained.note
    assert smallest_spread(trained) < 0.6
    kept = torch.from_numpy(adapted_features(trained.weights, "rgb", parts[0].rgb))
    given = pairwise_distance(torch.from_numpy(parts[0].rgb))
    assert pairwise_distance(kept) > 0.6 * given, "weights from before the collapse are kept"
    steps = len(trained.losses)
    held = drain(train_adaptors(parts, replace(ALONE, lambda_clc=1.0, steps=steps)))
    assert held.ended == "steps"
    assert smallest_spread(held) > 1


@pytest.mark.heavy
def test_that_compactness_alone_ends_below_a_tenth_of_the_first_spread():
    alone = replace(ALONE, steps=300, rate=0.03, parts=3, patches=60)
    trained = drain(train_adaptors(pairs(8), alone))
    assert trained.ended == "collapse"
    assert smallest_spread(trained) < 0.1


def test_that_a_tenth_of_the_first_spread_is_a_collapse():
    course = Course(patience=9)
    spreads = [(2.0, 4.0), (0.21, 4.0), (2.0, 0.41), (2.0, 0.39)]
    ended = [
        course.seen(Look(step, 1.0, {"rgb": rgb, "xyz": xyz}), {}, counts=True)
        for step, (rgb, xyz) in enumerate(spreads)
    ]
    assert ended == [None, None, None, "collapse"]


def smallest_spread(trained):
    """Least spread of a side at the last look, as a share of its first."""
    first, last = trained.looks[0].spread, trained.looks[-1].spread
    return min(last[side] / first[side] for side in first)


def test_that_training_ends_when_held_out_parts_gain_nothing():
    course = Course(patience=2)

    def seen(step, value, counts=True):
        look = Look(step, value, {"rgb": 1.0, "xyz": 1.0})
        return course.seen(look, {"w": torch.full((1,), float(step))}, counts=counts)

    assert seen(0, 1.0) is None
    assert [seen(step, 1.1, counts=False) for step in (1, 2, 3)] == [None] * 3
    assert seen(4, 0.9) is None
    assert seen(5, 0.95) is None
    assert seen(6, 0.8999) == "no gain"
    assert course.best["w"].item() == 4
    assert "step 4" in course.note("no gain")


def test_that_features_stay_when_no_step_helped():
    course = Course(patience=1)
    course.seen(Look(0, 0.5, {"rgb": 1.0}), {}, counts=False)
    assert course.seen(Look(20, 0.6, {"rgb": 1.0}), {}, counts=True) == "no gain"
    assert "stay as they are" in course.note("no gain")


def test_that_numbers_that_are_none_count_as_a_collapse():
    course = Course(patience=1)
    course.seen(Look(0, None, {"rgb": 1.0}), {}, counts=True)
    assert course.seen(Look(1, None, {"rgb": float("nan")}), {}, counts=True) == "collapse"


def test_that_the_same_seed_trains_the_same_adaptors_and_another_does_not():
    short = replace(QUICK, steps=8, centres=3)
    first, again, other = (
        drain(train_adaptors(pairs(5, 40), replace(short, seed=seed))) for seed in (1, 1, 2)
    )
    assert first.losses == again.losses
    assert all(torch.equal(first.weights[name], again.weights[name]) for name in first.weights)
    assert first.losses != other.losses


@pytest.mark.parametrize("n_parts", [1, 2])
def test_that_few_parts_train_without_a_judge_and_say_so(n_parts):
    trained = drain(train_adaptors(pairs(n_parts, 30), replace(QUICK, steps=6)))
    assert trained.ended == "steps"
    assert "no part was held out" in trained.note
    assert len(trained.losses) == 6


def test_that_a_half_precision_cache_trains_nearly_the_same():
    short = replace(QUICK, steps=10, compact_after=1)
    plain = pairs(5, 40)
    half = [
        replace(p, rgb=p.rgb.astype(np.float16), shape=p.shape.astype(np.float16)) for p in plain
    ]
    first, second = (drain(train_adaptors(parts, short)).losses for parts in (plain, half))
    np.testing.assert_allclose(first, second, rtol=5e-3)


def test_that_training_can_be_stopped_within_a_step():
    job = train_adaptors(pairs(5, 40), QUICK)
    steps = [next(job).done for _ in range(5)]
    assert steps[:4] == [0, 0, 0, 1]
    job.close()
