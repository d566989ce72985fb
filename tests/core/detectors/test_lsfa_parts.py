"""LSFA's adaptor, losses, queue and training: the published pieces' numbers, and the guards of ours."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from inspector_core.detectors.crossmodal.partners import BOTH, FORWARD
from inspector_core.detectors.crossmodal.patch_training import (
    Descent,
    contrast,
    contrast_both_ways,
)
from inspector_core.detectors.lsfa.adaptor import (
    adapted,
    adapted_features,
    attention_heads,
    initial,
    layout,
    projected,
)
from inspector_core.detectors.lsfa.drawing import GoodPart, adapted_parts, drawn
from inspector_core.detectors.lsfa.losses import (
    Queue,
    alignment,
    compactness,
    global_features,
    pairwise_distance,
)
from inspector_core.detectors.lsfa.patches import turned_tiles
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


def good(*args, **kwargs):
    return [GoodPart(pair) for pair in pairs(*args, **kwargs)]


def tensor(name, shape, low=-1.0, high=1.0):
    return torch.from_numpy(uniform(name, shape, low, high))


def test_that_the_adaptor_is_the_published_one(want):
    weights = {name: param(name, shape) for name, shape in layout({"rgb": 48}).items()}
    both = tensor("lsfa.x", (2, 30, 48)).flatten(0, 1)
    found = adapted(weights, "rgb", both, counts=[30, 30], heads=6)
    np.testing.assert_allclose(found.view(2, 30, 48), want["adapted"], atol=2e-5)
    alone = adapted_features(weights, "rgb", both[30:].numpy(), heads=6)
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


def test_that_rows_of_infinite_length_are_not_met():
    bank = torch.tensor([[0.0], [5.0], [9.0]])
    squares = torch.tensor([torch.inf, 25, 81])
    assert compactness(torch.tensor([[1.0]]), bank, squares).item() == pytest.approx(4)


def test_that_a_part_is_drawn_to_patches_of_others_alone():
    queue = Queue(4, 1, "cpu")
    queue.push(torch.tensor([[1.0], [2.0]]), 7)
    assert queue.drawn_in(torch.tensor([[1.5]]), 7) == 0.0
    queue.push(torch.tensor([[5.0]]), 8)
    assert queue.drawn_in(torch.tensor([[1.5]]), 7).item() == pytest.approx(3.5)
    assert queue.drawn_in(torch.tensor([[1.5]]), 9).item() == pytest.approx(0.5)


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


def test_that_parts_adapted_together_do_not_see_each_other():
    weights = initial({"rgb": 12}, seed=0, start="random")
    one, other = (torch.from_numpy(uniform(name, (9, 12))) for name in ("one", "other"))
    for count in (9, 5):
        both = adapted(weights, "rgb", torch.cat([one, other[:count]]), counts=[9, count])
        np.testing.assert_allclose(both[:9], adapted(weights, "rgb", one), atol=1e-6)
        np.testing.assert_allclose(both[9:], adapted(weights, "rgb", other[:count]), atol=1e-6)


def test_that_what_lies_beside_is_looked_at_and_not_given_back():
    weights = initial({"rgb": 12}, seed=0, start="random")
    rows, beside = uniform("rows", (7, 12)), uniform("beside", (4, 12))
    alone = adapted_features(weights, "rgb", rows)
    seen = adapted_features(weights, "rgb", rows, beside=beside)
    assert seen.shape == alone.shape
    assert np.abs(seen - alone).max() > 1e-3


@pytest.mark.parametrize("widths", [(10, 14), (14, 10), (40, 50)])
@pytest.mark.parametrize("shares", [BOTH, FORWARD])
def test_that_the_narrow_way_aligns_as_the_projections_do(widths, shares):
    weights = initial({"rgb": widths[0], "xyz": widths[1]}, seed=0, shared=32)
    for name, value in weights.items():
        value.requires_grad_("head" in name)
    rgb, xyz = (tensor(f"a.{at}", (20, width)).requires_grad_() for at, width in enumerate(widths))
    ours, theirs = projected(weights, "rgb", rgb), projected(weights, "xyz", xyz)
    if shares == BOTH:
        plain = (contrast(ours, theirs, 0.5) + contrast(theirs, ours, 0.5)) / 2
    else:
        plain = contrast(ours, theirs, 0.5)
    found = alignment(weights, ("rgb", rgb), ("xyz", xyz), 0.5, shares)
    assert found.item() == pytest.approx(plain.item(), abs=1e-5)
    moved = [rgb, xyz, *(value for value in weights.values() if value.requires_grad)]
    for mine, wanted in zip(
        *(torch.autograd.grad(one, moved) for one in (found, plain)), strict=True
    ):
        np.testing.assert_allclose(mine, wanted, atol=1e-6)


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
    many = 1000 + 1e-3 * torch.randn(700, 3, generator=torch.Generator().manual_seed(0))
    apart = torch.cdist(many.double(), many.double(), compute_mode="donot_use_mm_for_euclid_dist")
    assert pairwise_distance(many) == pytest.approx(float(apart.sum()) / (700 * 699), rel=1e-3)


def test_that_held_out_parts_are_a_share_and_none_of_too_few():
    learnt, held = held_out_parts(10, 0.2, 0)
    assert len(held) == 2
    assert sorted(learnt + held) == list(range(10))
    assert held_out_parts(3, 0.2, 0) == ([0, 1, 2], [])
    assert held_out_parts(10, 0.0, 0)[1] == []


def test_that_training_brings_held_out_good_parts_nearer():
    choices = replace(QUICK, steps=20, rate=0.01)
    trained = drain(train_adaptors(good(6, 40, scale=0.1), choices))
    values = [look.compactness for look in trained.looks]
    assert min(values) < 0.7 * values[0]
    assert "held-out good parts at" in trained.note


ALONE = replace(QUICK, steps=40, rate=0.01, warm_up=0.0, look_every=5, patience=100, lambda_clc=0.0)


def test_that_the_guard_stops_compactness_alone_and_lets_alignment_go_on():
    # to a tenth takes more steps than a quick test has: the heavy test below goes there
    alone = replace(ALONE, collapse=0.6)
    parts = good(6, 40, scale=0.1)
    trained = drain(train_adaptors(parts, alone))
    assert trained.ended == "collapse"
    assert "the patches drew together" in trained.note
    assert smallest_spread(trained) < 0.6
    kept = torch.from_numpy(adapted_features(trained.weights, "rgb", parts[0].pair.rgb))
    given = pairwise_distance(torch.from_numpy(parts[0].pair.rgb))
    assert pairwise_distance(kept) > 0.6 * given, "weights from before the collapse are kept"
    steps = len(trained.losses)
    held = drain(train_adaptors(parts, replace(alone, lambda_clc=1.0, steps=steps)))
    assert held.ended == "steps"
    assert smallest_spread(held) > 1


@pytest.mark.heavy
def test_that_compactness_alone_ends_below_a_tenth_of_the_first_spread():
    alone = replace(ALONE, steps=300, rate=0.03, parts=3, patches=60)
    trained = drain(train_adaptors(good(8), alone))
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


def test_that_steps_are_taken_down_the_mean_of_what_was_gathered():
    weights = {"w": torch.tensor([3.0])}
    descent = Descent(weights, 0.1)
    assert descent.gathered((weights["w"] ** 2).sum(), 0.25) == 9
    descent.gathered((5 * weights["w"]).sum(), 0.5)
    assert weights["w"].grad.item() == pytest.approx(0.25 * 6 + 0.5 * 5)
    descent.stepped(0.1)
    assert weights["w"].grad is None
    assert weights["w"].item() == pytest.approx(2.9, abs=0.01)


def test_that_accumulating_takes_fewer_steps_over_the_same_parts():
    twice = replace(QUICK, steps=3, accumulate=2, compact_after=0, look_every=100)
    trained = drain(train_adaptors(good(5, 40), twice))
    once = drain(train_adaptors(good(5, 40), replace(twice, steps=6, accumulate=1)))
    assert len(trained.losses) == 3
    # nothing was learnt before the first step: its loss is that of the first two draws
    unmoved = drain(train_adaptors(good(5, 40), replace(twice, steps=6, accumulate=1, rate=0.0)))
    assert trained.losses[0] == pytest.approx(sum(unmoved.losses[:2]) / 2)
    assert trained.losses[-1] != once.losses[-1]


def turned(part, noise):
    """The part with colour of a turned picture that is its own, less or more disturbed."""
    rng = np.random.default_rng(0)
    rgb = part.pair.rgb + noise * rng.normal(size=part.pair.rgb.shape).astype(np.float32)
    return replace(part, turned=(rgb, None))


def test_that_rotation_counts_where_it_has_a_weight_and_nowhere_else():
    short = replace(QUICK, steps=6, look_every=100)
    plain, disturbed = good(5, 40), [turned(part, 0.5) for part in good(5, 40)]
    off = drain(train_adaptors(disturbed, short))
    assert off.losses == drain(train_adaptors(plain, short)).losses
    on = drain(train_adaptors(disturbed, replace(short, rotation=0.05)))
    more = drain(train_adaptors(disturbed, replace(short, rotation=0.5)))
    assert off.losses[0] < on.losses[0] < more.losses[0]
    calm = drain(
        train_adaptors([turned(part, 0.0) for part in plain], replace(short, rotation=0.5))
    )
    assert calm.losses[0] < more.losses[0]


def test_that_rotation_teaches_colour_to_overlook_the_turning():
    parts = [turned(part, 1.0) for part in good(6, 80)]
    choices = replace(QUICK, steps=20, rate=0.01, patches=80, compact_after=100, held_out=0.0)
    left = []
    for weight in (0.0, 3.0):
        trained = drain(train_adaptors(parts, replace(choices, rotation=weight)))
        straight, other = (
            torch.from_numpy(adapted_features(trained.weights, "rgb", rows))
            for rows in (parts[0].pair.rgb, parts[0].turned[0])
        )
        left.append(alignment(trained.weights, ("rgb", straight), ("rgb", other)).item())
    assert left[1] < left[0] - 0.05


def test_that_what_lies_around_is_drawn_in_proportion_and_adapted_with_the_part():
    (part,) = good(1, 40)
    colour = uniform("around", (20, 10))
    around = replace(
        part, around=(colour, np.zeros((1, 14), np.float32)), turned=(part.pair.rgb, colour)
    )
    some = drawn(around, 10, np.random.default_rng(0), "cpu")
    assert some.judged == 10
    assert [len(some.sides["rgb"]), len(some.sides["xyz"]), len(some.turned)] == [15, 15, 15]
    assert not some.sides["xyz"][10:].any()
    weights = initial({"rgb": 10, "xyz": 14}, seed=0, start="random")
    both = adapted_parts(weights, "rgb", [some, some])
    alone = drawn(part, 10, np.random.default_rng(0), "cpu")
    assert torch.equal(some.sides["rgb"][:10], alone.sides["rgb"])
    assert both.shape == (20, 10)
    assert torch.equal(both[:10], both[10:])
    assert not torch.allclose(both[:10], adapted_parts(weights, "rgb", [alone]), atol=1e-4)
    short = replace(QUICK, steps=4, rotation=0.05)
    trained = drain(train_adaptors([around] * 4, short))
    assert np.isfinite(trained.losses).all()


def test_that_tiles_are_turned_by_right_angles_each_by_itself():
    picture = np.arange(3 * 12 * 18, dtype=np.float32).reshape(3, 12, 18)
    found = turned_tiles(picture, np.random.default_rng(0))
    assert (found[:, :, 16:] == picture[:, :, 16:]).all(), "no whole tile is left there"
    turns = []
    for row in range(0, 12, 4):
        for column in range(0, 16, 4):
            before = picture[:, row : row + 4, column : column + 4]
            after = found[:, row : row + 4, column : column + 4]
            (count,) = [k for k in range(4) if (np.rot90(before, k, axes=(1, 2)) == after).all()]
            turns.append(count)
    assert set(turns) == {0, 1, 2, 3}
    assert (turned_tiles(picture, np.random.default_rng(0)) == found).all()


def test_that_the_same_seed_trains_the_same_adaptors_and_another_does_not():
    short = replace(QUICK, steps=8, centres=3)
    first, again, other = (
        drain(train_adaptors(good(5, 40), replace(short, seed=seed))) for seed in (1, 1, 2)
    )
    assert first.losses == again.losses
    assert all(torch.equal(first.weights[name], again.weights[name]) for name in first.weights)
    assert first.losses != other.losses


@pytest.mark.parametrize("n_parts", [1, 2])
def test_that_few_parts_train_without_a_judge_and_say_so(n_parts):
    trained = drain(train_adaptors(good(n_parts, 30), replace(QUICK, steps=6)))
    assert trained.ended == "steps"
    assert "no part was held out" in trained.note
    assert len(trained.losses) == 6


def test_that_a_half_precision_cache_trains_nearly_the_same():
    short = replace(QUICK, steps=10, compact_after=1)
    plain = pairs(5, 40)
    half = [
        replace(p, rgb=p.rgb.astype(np.float16), shape=p.shape.astype(np.float16)) for p in plain
    ]
    first, second = (
        drain(train_adaptors([GoodPart(pair) for pair in parts], short)).losses
        for parts in (plain, half)
    )
    np.testing.assert_allclose(first, second, rtol=5e-3)


def test_that_training_can_be_stopped_within_a_step():
    job = train_adaptors(good(5, 40), QUICK)
    steps = [next(job).done for _ in range(5)]
    assert steps[:4] == [0, 0, 0, 1]
    job.close()
