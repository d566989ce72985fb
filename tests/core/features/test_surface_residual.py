"""Local quadratic fits: what a smooth surface explains and what stands out of it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inspector_core.features.surface_residual import surface_fits

SIZE = 41
PITCH = 0.5
V, U = (axis.astype(np.float64) * PITCH for axis in np.mgrid[:SIZE, :SIZE])
WHOLE = np.ones((SIZE, SIZE), bool)
MIDDLE = SIZE // 2 * SIZE + SIZE // 2


def bowl(height, sigma_mm):
    away = (U - U[0, SIZE // 2]) ** 2 + (V - V[SIZE // 2, 0]) ** 2
    return height * np.exp(-away / (2 * sigma_mm**2))


def test_that_a_tilted_quadratic_surface_leaves_nothing_over():
    depth = 300 + 0.4 * U - 0.2 * V + 0.01 * U**2 - 0.006 * U * V + 0.004 * V**2
    fit = surface_fits(depth, WHOLE, 3.0, PITCH)
    assert np.abs(fit.residual).max() < 2e-3
    assert fit.roughness.max() < 2e-3


@pytest.mark.parametrize("height", [0.4, -0.4])
def test_that_a_bump_is_positive_and_a_dent_negative_where_it_lies(height):
    depth = 300 + 0.1 * U - bowl(height, 0.8)
    fit = surface_fits(depth, WHOLE, 6.0, PITCH)
    assert np.abs(fit.residual).argmax() == MIDDLE
    assert np.sign(fit.residual[MIDDLE]) == np.sign(height)
    assert abs(fit.residual[MIDDLE]) > 0.5 * abs(height)


def test_that_a_dent_does_not_bend_the_fit_that_shows_it():
    rng = np.random.default_rng(0)
    flat = 300 + rng.normal(0, 0.01, WHOLE.shape)
    dent = bowl(0.4, 1.2)
    found = surface_fits(flat + dent, WHOLE, 6.0, PITCH).residual[MIDDLE]
    # a plain least squares fit would follow it by more than a third
    assert found == pytest.approx(-0.4, rel=0.25)


def test_that_fits_are_given_where_nothing_was_measured_too():
    mask = WHOLE.copy()
    mask[18:23, 18:23] = False
    depth = np.where(mask, 300 + 0.01 * V**2, np.nan)
    fit = surface_fits(depth, mask, 4.0, PITCH, at=WHOLE)
    assert len(fit.residual) == WHOLE.sum()
    assert fit.residual[MIDDLE] == 0
    assert fit.share[MIDDLE] < 0.9 * np.median(fit.share)
    assert fit.mean_curvature[MIDDLE] == pytest.approx(-0.01, rel=0.1)


def test_that_a_ball_bends_by_one_over_its_radius_everywhere_alike():
    radius = 30.0
    away = (U - U[0, SIZE // 2]) ** 2 + (V - V[SIZE // 2, 0]) ** 2
    depth = 300 - np.sqrt(radius**2 - away)
    fit = surface_fits(depth, WHOLE, 3.0, PITCH)
    assert fit.mean_curvature[MIDDLE] == pytest.approx(-1 / radius, rel=0.05)
    assert fit.curvature_gap[MIDDLE] < 0.1 / radius


def test_that_a_ridge_bends_one_way_only():
    depth = 300 + (U - U[0, SIZE // 2]) ** 2 / 40
    fit = surface_fits(depth, WHOLE, 3.0, PITCH)
    assert abs(fit.mean_curvature[MIDDLE]) == pytest.approx(1 / 40, rel=0.05)
    assert fit.curvature_gap[MIDDLE] == pytest.approx(1 / 40, rel=0.05)


def test_that_missing_readings_weigh_nothing():
    mask = WHOLE.copy()
    mask[10:14, 8:30] = False
    depth = 300 + 0.3 * U + 0.01 * V**2
    wild = np.where(mask, depth, np.nan)
    fit = surface_fits(wild, mask, 3.0, PITCH)
    assert len(fit.residual) == mask.sum()
    assert np.abs(fit.residual).max() < 2e-3
    assert fit.share.min() < 0.7 < fit.share.max()


def test_that_readings_on_one_line_still_have_finite_fits():
    mask = np.zeros_like(WHOLE)
    mask[20, 5:30] = True
    fit = surface_fits(300 + 0.2 * U, mask, 3.0, PITCH)
    assert all(np.isfinite(getattr(fit, name)).all() for name in fit.__slots__)


@settings(max_examples=15, deadline=None)
@given(st.floats(0.2, 20.0), st.integers(0, 1000))
def test_that_lengths_follow_the_unit_and_curvatures_its_inverse(scale, seed):
    rng = np.random.default_rng(seed)
    depth = 100 + bowl(0.5, 1.0) + rng.normal(0, 0.05, WHOLE.shape)
    one = surface_fits(depth, WHOLE, 2.0, PITCH)
    other = surface_fits(scale * depth, WHOLE, 2.0, scale * PITCH)
    np.testing.assert_allclose(other.residual, scale * one.residual, atol=2e-3 * scale)
    np.testing.assert_allclose(other.mean_curvature * scale, one.mean_curvature, atol=2e-2)


def test_that_mirroring_the_surface_mirrors_its_fits():
    rng = np.random.default_rng(1)
    depth = 300 + rng.normal(0, 0.1, WHOLE.shape)
    one = surface_fits(depth, WHOLE, 2.0, PITCH)
    other = surface_fits(depth[:, ::-1], WHOLE, 2.0, PITCH)
    for name in one.__slots__:
        mirrored = getattr(other, name).reshape(SIZE, SIZE)[:, ::-1].ravel()
        np.testing.assert_allclose(mirrored, getattr(one, name), atol=2e-3)
