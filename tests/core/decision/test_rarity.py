"""How rare a value is among good parts, and what it is worth against defects."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inspector_core.decision.rarity import Curve, Digest, answer, chained, rarity


def exponential(seed, n=20_000):
    return np.random.Generator(np.random.PCG64(seed)).exponential(size=n)


def test_that_the_rarity_of_exponential_noise_is_the_value_itself():
    curve = rarity([Digest.of(exponential(seed)) for seed in range(5)])
    at = np.array([0.5, 1.0, 2.0, 4.0, 7.0, 12.0])
    assert curve(at) == pytest.approx(at, rel=0.12)


def test_that_every_part_counts_alike_however_many_pixels_it_has():
    low, high = np.linspace(0, 1, 20_000), np.linspace(10, 11, 200)
    curve = rarity([Digest.of(low), Digest.of(high)])
    assert float(curve(np.array([5.0]))[0]) == pytest.approx(np.log(2), abs=0.1)


def test_that_a_digest_keeps_the_distribution_and_the_largest_value():
    values = exponential(3)
    digest = Digest.of(np.where(np.arange(values.size) % 7 == 0, np.nan, values))
    assert digest.share.sum() == pytest.approx(1)
    assert (digest.values * digest.share).sum() == pytest.approx(1, abs=0.05)
    assert (digest.share[digest.values > 3]).sum() == pytest.approx(np.exp(-3), rel=0.1)
    assert digest.values.max() == np.delete(values, np.s_[::7]).max()


@settings(max_examples=40, deadline=None)
@given(st.lists(st.floats(0, 50, width=32), min_size=1, max_size=60), st.floats(0, 100, width=32))
def test_that_a_larger_value_is_never_less_rare(values, other):
    curve = rarity([Digest.of(np.array(values))])
    low, high = sorted((values[0], other))
    assert curve(np.array([low]))[0] <= curve(np.array([high]))[0]


def test_that_good_parts_without_any_evidence_leave_a_usable_curve():
    curve = rarity([Digest.of(np.zeros(500)), Digest.of(np.full(10, np.nan))])
    nothing, something, more = curve(np.array([0.0, 1.0, 2.0]))
    assert nothing < something < more


def test_that_a_map_that_sees_no_disturbance_counts_for_little():
    blind = answer(exponential(1, 2000), np.full(2000, 48 / 2000))
    sharp = answer(10 * exponential(2, 2000), np.full(2000, 48 / 2000))
    rare = np.array([5.0, 7.0])
    assert (np.abs(blind(rare)) < 1.2).all()
    assert (sharp(rare) > blind(rare) + 1).all()


def test_that_the_answer_is_the_log_ratio_of_the_densities():
    shown = np.random.Generator(np.random.PCG64(0)).gamma(9, 0.5, 4000)
    curve = answer(shown, np.full(4000, 500 / 4000))
    at = np.array([2.25, 3.25, 4.25, 5.25])
    density = np.exp(8 * np.log(at) - 2 * at + 9 * np.log(2)) / 40320
    assert curve(at) == pytest.approx(np.log(density) + at, abs=0.35)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.floats(0, 90), min_size=2, max_size=40))
def test_that_an_answer_always_rises(rarities):
    curve = answer(np.array(rarities), np.ones(len(rarities)))
    assert (np.diff(curve.value) > 0).all()


def test_that_chained_curves_apply_one_after_the_other():
    first = Curve(np.array([0.0, 1, 3]), np.array([0.0, 2, 3]))
    second = Curve(np.array([0.0, 1, 2.5]), np.array([5.0, 6, 9]))
    at = np.array([-1.0, 0.2, 0.7, 1.5, 2.9, 4.0])
    assert chained(first, second)(at) == pytest.approx(second(first(at)), abs=1e-5)


def test_that_a_curve_survives_json_and_a_garbled_one_is_refused():
    curve = rarity([Digest.of(exponential(0, 300))])
    again = Curve.of_document(curve.document())
    assert (again.at == curve.at).all()
    with pytest.raises(ValueError, match="curve"):
        Curve.of_document({"at": [1.0, 0.0], "value": [0.0, 1.0]})


def test_that_unknown_values_stay_unknown():
    curve = Curve(np.array([0.0, 1]), np.array([0.0, 2]))
    assert np.isnan(curve(np.array([np.nan]))[0])
    assert curve(np.array([2.0, -1.0])) == pytest.approx([4, -2])
