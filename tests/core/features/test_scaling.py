"""Standardising: unit spread, unit norm, constants left in peace."""

from __future__ import annotations

import numpy as np
import pytest

from inspector_core.features.scaling import Standard


def test_that_good_patches_have_mean_zero_and_a_norm_of_one():
    features = np.random.default_rng(0).normal([5, -3, 100], [2, 0.1, 30], (4000, 3))
    scaled = Standard.of(features).apply(features)
    assert scaled.mean(axis=0) == pytest.approx(0, abs=1e-4)
    assert (scaled**2).sum(axis=1).mean() == pytest.approx(1.0, abs=1e-3)


def test_that_a_constant_channel_is_not_blown_up():
    features = np.stack([np.arange(10.0), np.full(10, 7.0)], axis=1)
    scaled = Standard.of(features).apply(features + np.array([0.0, 1e-4]))
    assert np.abs(scaled[:, 1]).max() < 0.1


def test_that_identity_leaves_values_as_they_are():
    features = np.random.default_rng(0).random((5, 33)).astype(np.float32)
    np.testing.assert_allclose(Standard.identity(33).apply(features), features, rtol=1e-6)


def test_that_a_standard_returns_from_its_tensors():
    standard = Standard.of(np.random.default_rng(1).random((9, 4)))
    again = Standard.from_tensors("colour", standard.tensors("colour"))
    assert again.mean.tobytes() == standard.mean.tobytes()
    assert again.spread.tobytes() == standard.spread.tobytes()
