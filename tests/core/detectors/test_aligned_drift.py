"""Patterns that lie a little beside their usual place are brought back; defects stay where they are."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter, shift

from inspector_core.detectors.aligned.drift import MOST_CELLS, Drift

SIZE = (90, 110)
WITHIN = np.ones(SIZE, bool)
SCALE = (1.0, 1.0, 1.0)


def pattern(seed=0):
    """(3, h, w) a printed pattern of soft blots."""
    noise = np.random.default_rng(seed).normal(size=SIZE)
    blots = gaussian_filter(noise, 3.0)
    return (20 * np.stack([blots, 0.5 * blots, -blots]) / blots.std()).astype(np.float32)


def off(colour, reference):
    """Largest difference away from the border."""
    return float(np.abs(colour - reference)[:, 8:-8, 8:-8].max())


@pytest.mark.parametrize("by", [(0.6, 0.0), (-1.2, 0.9), (1.8, -1.5)])
def test_that_a_print_put_on_beside_its_place_is_brought_back(by):
    reference = pattern()
    drifted = np.stack([shift(channel, by, order=3, mode="nearest") for channel in reference])
    back = Drift.onto(reference, SCALE, WITHIN).undone(drifted)
    assert off(back, reference) < 0.2 * off(drifted, reference)


def test_that_two_regions_may_drift_apart():
    reference = pattern(1)
    left = np.stack([shift(channel, (0, 0.9), order=3, mode="nearest") for channel in reference])
    right = np.stack([shift(channel, (0, -0.9), order=3, mode="nearest") for channel in reference])
    drifted = np.where(np.arange(SIZE[1]) < 55, left, right)
    back = Drift.onto(reference, SCALE, WITHIN).undone(drifted)
    outer = np.r_[8:25, 85:102]
    assert np.abs(back - reference)[:, 8:-8, outer].mean() < 0.35 * (
        np.abs(drifted - reference)[:, 8:-8, outer].mean()
    )


def test_that_a_stain_keeps_its_place_and_strength():
    reference = pattern(2)
    rows, columns = np.indices(SIZE)
    stain = 15 * np.exp(-((rows - 45) ** 2 + (columns - 55) ** 2) / 20.0)
    seen = reference - np.array([1, 0.2, 0.1])[:, None, None].astype(np.float32) * stain
    left = Drift.onto(reference, SCALE, WITHIN).undone(seen.astype(np.float32)) - reference
    assert left[0, 45, 55] == pytest.approx(-15, abs=3)
    assert np.abs(left[:, :25, :25]).max() < 3


def test_that_an_even_surface_is_left_alone():
    plain = np.full((3, *SIZE), 40, np.float32)
    spotted = plain.copy()
    spotted[:, 40:46, 50:56] += 12
    drift = Drift.onto(plain, SCALE, WITHIN)
    assert np.array_equal(drift.undone(spotted), spotted)


def test_that_colours_that_were_not_seen_stay_unknown_and_spoil_nothing():
    reference = pattern(3)
    seen = reference.copy()
    seen[:, 30:40, 30:40] = np.nan
    back = Drift.onto(reference, SCALE, WITHIN).undone(seen)
    assert np.isnan(back[:, 32:38, 32:38]).all()
    assert np.isfinite(back[:, :28, :]).all()
    assert off(np.nan_to_num(back[:, :28]), np.nan_to_num(reference[:, :28])) < 1.0


def test_that_nothing_moves_farther_than_prints_do():
    reference = pattern(4)
    far = np.stack([np.roll(channel, 12, axis=1) for channel in reference])
    back = Drift.onto(reference, SCALE, WITHIN).undone(far)
    reach = int(np.ceil(MOST_CELLS))
    windows = np.stack(
        [
            np.roll(far, (dy, dx), (1, 2))
            for dy in range(-reach, reach + 1)
            for dx in range(-reach, reach + 1)
        ]
    )
    inner = np.s_[:, 8:-8, 8:-8]
    assert (back >= windows.min(axis=0) - 1e-3)[inner].all()
    assert (back <= windows.max(axis=0) + 1e-3)[inner].all()
