"""M3DM's banks and decision: the published code's own numbers, and what ours promise beyond them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inspector_core.detectors.m3dm.banks import (
    BANKS,
    NOBODY,
    BankChoices,
    PatchBank,
    held_out_distances,
    learn_banks,
    part_score,
)
from inspector_core.detectors.m3dm.decision import Decision, least_varying, one_class
from inspector_core.detectors.patchcore import drawn
from inspector_core.device import Plan
from inspector_core.progress import drain
from tests.core.detectors.seeded import golden, uniform

PUBLISHED = BankChoices(stats="published", sizes="published", chosen_in="published", zero_row=True)
FACTORS = {"shape": 1.0, "rgb": 0.1, "fused": 1.0}
KEYS = {"shape": "xyz", "rgb": "rgb", "fused": "fusion"}
ROWS = slice(80, 101)


def plan_for(_):
    return Plan("cpu", 1000)


@pytest.fixture(scope="module")
def want():
    return golden("m3dm_score")


def part(number, *, defect=False):
    """Features of one part of the golden, as its recipe says."""
    kinds = {"shape": ("x", 3136, 12), "rgb": ("r", 784, 10), "fused": ("f", 3136, 14)}
    found = {}
    for name, (key, count, width) in kinds.items():
        own = uniform(f"m3.{key}.{number}", (count, width))
        common = uniform(f"m3.{key}b", (count, width))
        found[name] = np.float32(0.25) * own + common
    if defect:
        found["shape"].reshape(56, 56, -1)[20:24, 30:35] += np.float32(0.8)
        found["rgb"].reshape(28, 28, -1)[10:12, 15:18] += np.float32(0.6)
        found["fused"].reshape(56, 56, -1)[20:24, 30:35] += np.float32(0.7)
    i, j = np.mgrid[:56, :56]
    outside = ((j - 27.5) / 20) ** 2 + ((i - 27.5) / 16) ** 2 >= 1
    found["shape"][outside.ravel()] = 0
    return found


@pytest.fixture(scope="module")
def good():
    return [part(number) for number in range(3)]


@pytest.fixture(scope="module")
def banks(good):
    features = {name: np.concatenate([one[name] for one in good]) for name in BANKS}
    owner = {name: np.repeat(np.arange(3), len(good[0][name])) for name in BANKS}
    return drain(learn_banks(features, owner, PUBLISHED, plan_for))


def judged(banks, features):
    """Distances by bank and re-weighted scores by bank."""
    distances, scores = {}, {}
    for name, bank in banks.items():
        scaled = bank.scaled(features[name])
        distances[name], index = bank.search(scaled, plan_for(None))
        crowd = bank.crowd(plan_for(None))
        scores[name] = part_score(scaled, distances[name], index, bank, crowd, "project")
    return distances, scores


def maps_of(distances):
    """(224, 224) by bank, blurred as published."""
    return {
        name: drawn(values.reshape((int(len(values) ** 0.5),) * 2), (224, 224), 4, "btf")
        for name, values in distances.items()
    }


@pytest.fixture(scope="module")
def unusual(banks):
    return judged(banks, part(9, defect=True))


@pytest.fixture(scope="module")
def learnt(banks, good):
    """Distances and scores of the learnt parts themselves."""
    return [judged(banks, one) for one in good]


def test_that_units_are_the_published_mixture(banks, want):
    found = [
        value
        for name in ("shape", "rgb", "fused")
        for value in (banks[name].mean[0], banks[name].deviation[0])
    ]
    np.testing.assert_allclose(found, want["stats"], rtol=1e-5)


@pytest.mark.parametrize("name", BANKS)
def test_that_the_coreset_is_chosen_in_the_published_order(banks, good, want, name):
    order = want[f"coreset_{KEYS[name]}"]
    features = np.concatenate([one[name] for one in good])
    published = banks[name].scaled(features[order])
    ours = banks[name].rows
    assert len(ours) == want["bank_sizes"][["shape", "rgb", "fused"].index(name)]
    np.testing.assert_array_equal(ours[: min(200, len(order))], published[:200])
    same = {row.tobytes() for row in ours} & {row.tobytes() for row in published}
    assert len(same) >= 0.99 * len({row.tobytes() for row in published})


def test_that_the_row_of_zeros_belongs_to_nobody(banks):
    assert banks["shape"].owner[-1] == NOBODY
    assert not banks["shape"].rows[-1].any()
    assert (banks["rgb"].owner != NOBODY).all()


@pytest.mark.parametrize("name", BANKS)
def test_that_distances_are_the_published_ones(unusual, want, name):
    np.testing.assert_allclose(unusual[0][name], want[f"min_dist_{KEYS[name]}"], atol=2e-5)


def test_that_part_scores_are_the_published_ones(unusual, want):
    np.testing.assert_allclose([unusual[1][name] for name in BANKS], want["s"], atol=1e-5)


def test_that_the_blurred_map_is_the_published_one(unusual, want):
    found = maps_of(unusual[0])["shape"]
    np.testing.assert_allclose(found[ROWS], want["map_xyz_rows"], atol=1e-4)


def test_that_the_published_decision_over_scores_is_met(learnt, unusual, banks, want):
    values = {name: np.array([scores[name] for _, scores in learnt]) for name in BANKS}
    rows = np.stack([FACTORS[name] * values[name] for name in BANKS], axis=1)
    np.testing.assert_allclose(rows, want["train_s"], atol=1e-5)
    decision = one_class(values, FACTORS)
    factors = [FACTORS[name] for name in BANKS]
    np.testing.assert_allclose(decision.weights, want["svm_coef"] * factors, rtol=1e-3)
    assert decision.value(unusual[1]) == pytest.approx(want["fused_score"][0], rel=1e-3)
    _, usual = judged(banks, part(8))
    assert decision.value(usual) == pytest.approx(want["good_score"][0], rel=1e-3)
    assert decision.inverted() == ()


def test_that_the_published_decision_over_pixels_is_met(learnt, unusual, want):
    drawn_maps = [maps_of(distances) for distances, _ in learnt]
    pixels = {name: np.concatenate([maps[name].ravel() for maps in drawn_maps]) for name in BANKS}
    decision = one_class(pixels, FACTORS)
    factors = [FACTORS[name] for name in BANKS]
    np.testing.assert_allclose(decision.weights, want["seg_coef"] * factors, rtol=1e-3)
    found = decision.value(maps_of(unusual[0]))
    np.testing.assert_allclose(found[ROWS], want["fused_map_rows"], atol=1e-3)


def small_features(n_parts=4, count=40, seed=0):
    rng = np.random.default_rng(seed)
    widths = {"shape": 6, "rgb": 5, "fused": 11}
    features = {
        name: (at + rng.normal(scale=at + 1, size=(n_parts * count, width))).astype(np.float32)
        for at, (name, width) in enumerate(widths.items())
    }
    return features, dict.fromkeys(BANKS, np.repeat(np.arange(n_parts), count))


def test_that_each_bank_has_its_own_units_and_a_tenth_of_its_own_patches():
    features, owner = small_features()
    banks = drain(learn_banks(features, owner, BankChoices(), plan_for))
    for name, bank in banks.items():
        scaled = bank.scaled(features[name])
        assert scaled.mean() == pytest.approx(0, abs=1e-5)
        assert scaled.std() == pytest.approx(1, abs=1e-2)
        assert len(bank.rows) == 16


def test_that_a_bank_never_holds_more_rows_than_allowed():
    features, owner = small_features()
    choices = BankChoices(coreset=1.0, most_rows=7)
    banks = drain(learn_banks(features, owner, choices, plan_for))
    assert [len(bank.rows) for bank in banks.values()] == [7, 7, 7]


def test_that_shares_are_of_all_patches_where_some_were_left_out():
    features, owner = small_features()
    whole = dict.fromkeys(BANKS, 500)
    banks = drain(learn_banks(features, owner, BankChoices(), plan_for, whole=whole))
    assert [len(bank.rows) for bank in banks.values()] == [50, 50, 50]


def test_that_wide_features_are_chosen_in_fewer_directions_and_kept_whole():
    rows = np.random.default_rng(0).normal(size=(60, 300)).astype(np.float32)
    owner = {"rgb": np.zeros(60, np.int64)}
    (bank,) = drain(learn_banks({"rgb": rows}, owner, BankChoices(0.2), plan_for)).values()
    assert bank.rows.shape == (12, 300)
    distances, _ = bank.search(bank.scaled(rows), plan_for(None))
    assert (distances == 0).sum() == 12


def test_that_a_bank_comes_back_from_its_tensors():
    features, owner = small_features()
    bank = drain(learn_banks(features, owner, BankChoices(), plan_for))["rgb"]
    again = PatchBank.from_tensors("rgb", bank.tensors("rgb"))
    assert all((getattr(again, f) == getattr(bank, f)).all() for f in ("rows", "owner", "mean"))


@settings(max_examples=10, deadline=None)
@given(st.integers(1, 50))
def test_that_portions_do_not_change_what_is_found(chunk):
    features, owner = small_features(2, 20)
    bank = drain(learn_banks({"rgb": features["rgb"]}, owner, BankChoices(0.3), plan_for))["rgb"]
    queries = bank.scaled(np.random.default_rng(chunk).normal(size=(50, 5)))
    whole = bank.search(queries, Plan("cpu", 50))
    parts = bank.search(queries, Plan("cpu", chunk))
    assert (whole[0] == parts[0]).all()
    assert (whole[1] == parts[1]).all()


def test_that_held_out_patches_never_meet_their_own_part():
    features, owner = small_features()
    bank = drain(learn_banks(features, owner, BankChoices(0.5), plan_for))["shape"]
    scaled = bank.scaled(features["shape"])
    own, _ = bank.search(scaled, plan_for(None))
    others, meets = drain(held_out_distances(bank, scaled, owner["shape"], plan_for))
    assert (bank.owner[meets] != owner["shape"]).all()
    assert (others >= own - 1e-6).all()
    assert (own == 0).sum() == len(bank.rows)
    assert others.min() > 0


def test_that_the_double_division_nearly_switches_re_weighting_off():
    features, owner = small_features(seed=3)
    bank = drain(learn_banks(features, owner, BankChoices(0.5), plan_for))["shape"]
    scaled = bank.scaled(features["shape"][:30] + 3)
    found = (*bank.search(scaled, plan_for(None)), bank, bank.crowd(plan_for(None)))
    plain = part_score(scaled, *found, "none")
    assert part_score(scaled, *found, "published_double") == pytest.approx(
        plain / 1000 * 0.5, rel=2e-3
    )
    assert 0 < part_score(scaled, *found, "project") < plain


def test_that_a_far_outlier_has_a_finite_score():
    bank = PatchBank(np.eye(4), np.arange(4), np.zeros(1), np.ones(1))
    queries = np.full((1, 4), 1e4, np.float32)
    found = bank.search(queries, plan_for(None))
    score = part_score(queries, *found, bank, bank.crowd(plan_for(None)), "project")
    assert np.isfinite(score)


def values(seed, count=200):
    rng = np.random.default_rng(seed)
    mixing = rng.normal(size=(3, 3))
    rows = 5 + rng.normal(size=(count, 3)) @ mixing * rng.uniform(0.1, 10, 3)
    return {name: np.maximum(rows[:, at], 0) for at, name in enumerate(BANKS)}


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 200))
def test_that_no_weight_is_negative_and_no_bank_alone_varies_less(seed, n_parts):
    decision = least_varying(values(seed), n_parts)
    assert (decision.weights >= 0).all()
    assert (decision.weights * decision.deviations).sum() == pytest.approx(1)


def test_that_the_least_varying_weights_are_least_among_many():
    found = values(4)
    decision = least_varying(found, 10**9)
    rows = np.stack([found[name] for name in BANKS], axis=1) / decision.deviations
    least = (rows @ (decision.weights * decision.deviations)).std()
    for shares in np.random.default_rng(0).dirichlet(np.ones(3), 500):
        assert (rows @ shares).std() >= least - 1e-9


def test_that_banks_saying_the_same_share_a_weight():
    rng = np.random.default_rng(0)
    same, other = 9 + rng.normal(size=(2, 500))
    decision = least_varying({"shape": same, "rgb": other, "fused": same + 1e-3}, 10_000)
    assert decision.weights[1] == pytest.approx(decision.weights[0] + decision.weights[2], rel=0.1)


def test_that_units_of_a_bank_change_nothing():
    found = values(7)
    plain = least_varying(found, 9)
    scaled = least_varying({**found, "rgb": 1000 * found["rgb"]}, 9)
    np.testing.assert_allclose(
        plain.value(found), scaled.value({**found, "rgb": 1000 * found["rgb"]}), rtol=1e-5
    )


def test_that_a_missing_bank_keeps_the_level_of_the_whole():
    found = values(1)
    decision = least_varying(found, 20)
    whole, alone = decision.value(found), decision.value({"rgb": found["rgb"]})
    assert alone.mean() == pytest.approx(whole.mean(), rel=0.02)
    assert alone.std() == pytest.approx(whole.std(), rel=0.1)
    assert (alone >= 0).all()
    with pytest.raises(ValueError, match="none of shape, rgb, fused"):
        decision.value({})


def test_that_one_part_or_equal_values_give_finite_weights():
    one = {name: np.array([2.0]) for name in BANKS}
    decision = least_varying(one, 1)
    assert np.isfinite(decision.weights).all()
    assert decision.value(one) > 0


def test_that_an_inverted_bank_is_told():
    decision = Decision(("rgb", "shape"), [1, -0.5], [1, 1], [1, 1], [1, 1])
    assert decision.inverted() == ("shape",)


def test_that_a_decision_comes_back_from_its_tensors():
    decision = least_varying(values(2), 5)
    again = Decision.from_tensors("maps", BANKS, decision.tensors("maps"))
    assert (again.value(values(3)) == decision.value(values(3))).all()
