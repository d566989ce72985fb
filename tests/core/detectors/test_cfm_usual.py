"""What is usual of both distances, and both joined by it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspector_core.detectors.cfm.usual import Usual, weighed


def seen_and_missed(seed, noise, pixels=500, channels=8):
    """Features (P, D), and their distances from predictions that miss them by some noise."""
    rng = np.random.default_rng(seed)
    seen = rng.normal(size=(pixels, channels))
    predicted = seen + noise * rng.normal(size=seen.shape)
    unit = [of / np.linalg.norm(of, axis=1, keepdims=True) for of in (seen, predicted)]
    return np.linalg.norm(unit[0] - unit[1], axis=1), seen


def test_that_a_perfect_prediction_explains_everything():
    _, seen = seen_and_missed(0, 0.0)
    usual = Usual.of([(np.zeros(len(seen)), seen)])
    assert usual.explained == 1.0
    assert usual.distance > 0


def test_that_the_best_constant_explains_nothing():
    rng = np.random.default_rng(1)
    seen = rng.normal(size=(400, 5)) + np.array([3, 0, 0, 0, 0])
    unit = seen / np.linalg.norm(seen, axis=1, keepdims=True)
    constant = unit.mean(axis=0) / np.linalg.norm(unit.mean(axis=0))
    apart = np.linalg.norm(unit - constant, axis=1)
    assert Usual.of([(apart, seen)]).explained == pytest.approx(0, abs=1e-6)
    assert Usual.of([(1.2 * apart, seen)]).explained == 0.0


@given(st.integers(0, 20), st.floats(0.05, 0.5))
def test_that_less_noise_explains_more_and_parts_can_come_one_by_one(seed, noise):
    apart, seen = seen_and_missed(seed, noise)
    worse, _ = seen_and_missed(seed, 2 * noise)
    usual = Usual.of([(apart, seen)])
    assert usual.explained > Usual.of([(worse, seen)]).explained
    halves = Usual.of([(apart[:200], seen[:200]), (apart[200:], seen[200:])])
    assert halves.explained == pytest.approx(usual.explained, abs=1e-9)
    assert halves.distance == pytest.approx(float(np.median(apart)))


@given(st.floats(0, 2), st.floats(0, 2), st.floats(0.01, 1), st.floats(0.01, 1))
def test_that_a_larger_distance_never_lowers_the_joined_map(rgb, shape, explained, other):
    usual = Usual(0.3, explained), Usual(0.2, other)
    here = weighed(np.array([rgb]), np.array([shape]), *usual)
    more = weighed(np.array([rgb + 0.5]), np.array([shape]), *usual)
    assert more[0] > here[0] >= 1


def test_that_what_explains_more_counts_more():
    strong, weak = Usual(0.2, 0.8), Usual(0.2, 0.1)
    (by_shape,) = weighed(np.array([0.2]), np.array([1.0]), weak, strong)
    (by_colour,) = weighed(np.array([1.0]), np.array([0.2]), weak, strong)
    assert by_shape > 5 * by_colour
    even = weighed(np.array([0.4]), np.array([1.0]), strong, strong)
    np.testing.assert_allclose(even, np.sqrt((1 + 4) * (1 + 25)), rtol=1e-6)
