"""How much evidence counts by what disturbances show."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inspector_core.detectors.unaligned.worth import worth


def test_that_evidence_which_shows_disturbances_as_good_pixels_is_worth_a_tenth():
    rarities = np.random.default_rng(0).exponential(size=200)
    assert worth(rarities * 0.9) == 0.1


def test_that_evidence_which_shows_them_four_times_as_rare_is_worth_three_quarters():
    assert worth([4.0] * 10) == pytest.approx(0.75)


def test_that_few_disturbances_decide_nothing():
    assert worth([0.1] * 5) == 1.0
    assert worth([]) == 1.0


@settings(max_examples=50, deadline=None)
@given(st.lists(st.floats(0, 10), min_size=6, max_size=30), st.floats(0, 3))
def test_that_worth_grows_with_what_is_shown(shown, more):
    assert 0.1 <= worth(shown) <= worth([value + more for value in shown]) < 1.0
