"""Thresholds, p-values and promises against the worked numbers of the metrics card."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspector_core.decision.thresholds import (
    from_scores,
    gumbel_point,
    needed_for,
    p_value,
    promise,
    upper_bound,
)

SCORES = st.lists(st.floats(0.2, 5.0), min_size=1, max_size=120)


@pytest.mark.parametrize(
    ("n", "exceeded", "upper"),
    [(10, 0, 0.2589), (20, 0, 0.1391), (30, 0, 0.0950), (59, 0, 0.0495), (100, 0, 0.0295),
     (100, 1, 0.0466), (100, 5, 0.1023), (299, 0, 0.0100), (500, 5, 0.0209), (1000, 10, 0.0169)],
)  # fmt: skip
def test_that_bounds_are_clopper_pearson(n, exceeded, upper):
    assert upper_bound(exceeded, n) == pytest.approx(upper, abs=6e-5)


@pytest.mark.parametrize(("rate", "n"), [(0.05, 59), (0.02, 149), (0.01, 299), (0.005, 598)])
def test_that_the_parts_needed_for_a_promise_are_exact(rate, n):
    assert needed_for(rate) == n


@pytest.mark.parametrize(
    ("n", "above"), [(59, 0), (93, 1), (100, 1), (200, 4), (300, 8), (500, 16)]
)
def test_that_from_59_parts_on_an_order_statistic_carries_the_promise(n, above):
    scores = [1 + k / n for k in range(n)]
    t2 = from_scores(scores).t2
    assert t2 == pytest.approx(scores[n - 1 - above])
    assert promise(scores, t2).upper_95 <= 0.05


@given(SCORES)
def test_that_no_calibration_part_is_rejected_below_59(scores):
    scores = scores[:58]
    limits = from_scores(scores)
    assert promise(scores, limits.t2).exceeded == 0
    assert limits.t1 <= limits.t2
    assert limits.t2 >= max(scores)


@given(SCORES, st.floats(0.0, 6.0))
def test_that_p_never_falls_below_one_over_n_plus_one(scores, score):
    p = p_value(score, scores)
    assert 1 / (len(scores) + 1) <= p <= 1
    assert p_value(score + 1, scores) <= p


def test_that_ten_parts_cannot_say_less_than_nine_percent():
    assert p_value(99.0, [1.0] * 10) == pytest.approx(1 / 11)


def test_that_the_gumbel_fit_finds_the_tail_of_gumbel_scores():
    drawn = np.random.Generator(np.random.PCG64(1)).gumbel(1.0, 0.2, 20000)
    expected = 1.0 - 0.2 * np.log(-np.log(0.99))
    assert gumbel_point(drawn, 0.99) == pytest.approx(expected, abs=0.02)


def test_that_the_promise_is_a_sentence_with_its_numbers():
    text = promise([1.0] * 40, 1.5).sentence
    assert "7.2 %" in text
    assert "0 of 40" in text
    assert "95 % confidence" in text


def test_that_nothing_is_promised_without_held_out_parts():
    assert promise([], 1.0).upper_95 == 1.0
    assert "nothing can be promised" in promise([], 1.0).sentence
