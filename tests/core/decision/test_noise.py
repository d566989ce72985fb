"""The noise level around each pixel."""

from __future__ import annotations

import numpy as np
import pytest

from inspector_core.decision.noise import LIMITS, level, steadied, usual_level


def noise(seed=0, size=(120, 160)):
    return np.random.Generator(np.random.PCG64(seed)).exponential(size=size).astype(np.float32)


def test_that_a_noisier_part_is_brought_to_the_usual_level():
    usual = usual_level(level(noise(0)))
    once, twice = steadied(noise(1), usual), steadied(1.8 * noise(1), usual)
    assert twice == pytest.approx(once, rel=1e-4)


def test_that_a_small_defect_keeps_its_value():
    values = noise()
    usual = usual_level(level(values))
    defect = values.copy()
    defect[50:62, 70:84] = 40
    assert steadied(defect, usual)[50:62, 70:84].min() > 0.9 * 40


def test_that_a_defect_as_large_as_the_part_is_never_more_than_halved():
    values = noise()
    usual = usual_level(level(values))
    assert steadied(values + 30, usual).min() >= 30 / LIMITS[1]


def test_that_one_half_may_be_noisier_than_the_other():
    values = noise(size=(100, 300))
    usual = usual_level(level(values))
    values[:, 150:] *= 1.9
    steady = steadied(values, usual)
    assert 1 < steady[:, 220:].mean() / steady[:, :80].mean() < 1.3


def test_that_what_is_outside_the_part_neither_counts_nor_gets_a_level():
    values = np.full((80, 90), np.nan, np.float32)
    values[20:50, 30:70] = 3
    found = level(values)
    assert (np.isfinite(found) == np.isfinite(values)).all()
    assert found[20:50, 30:70] == pytest.approx(np.full((30, 40), 3), rel=1e-5)
    assert np.isnan(level(np.full((4, 5), np.nan))).all()


def test_that_values_stay_where_good_parts_show_nothing():
    values = noise()
    assert (steadied(values, 0.0) == values).all()
