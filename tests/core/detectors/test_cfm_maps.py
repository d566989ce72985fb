"""CFM's maps: what is joined, blurred, divided, left out."""

from __future__ import annotations

import numpy as np
import pytest

from inspector_core.detectors.cfm.maps import (
    aggregate,
    blurred,
    normalised,
    on_grid,
)


@pytest.mark.parametrize(
    ("how", "want"), [("product", 2.0), ("sum", 4.5), ("max", 4.0), ("2d", 4.0), ("3d", 0.5)]
)
def test_that_distances_are_joined_as_asked(how, want):
    assert aggregate(np.array([4.0]), np.array([0.5]), how).tolist() == [want]


def test_that_pixels_that_are_not_judged_are_unknown():
    found = on_grid(np.array([1.0, 2.0]), np.array([1, 5]), (2, 3))
    np.testing.assert_array_equal(found, [[np.nan, 1, np.nan], [np.nan, np.nan, 2]])


def a_disc(side=64, radius=20):
    row, column = np.mgrid[:side, :side] - (side - 1) / 2
    return np.hypot(row, column) < radius


def test_that_an_exact_blur_keeps_a_constant_and_stays_within_the_part():
    disc = a_disc()
    found = blurred(np.where(disc, 3.0, np.nan), "exact", 4.0)
    np.testing.assert_allclose(found[disc], 3.0, rtol=1e-5)
    assert np.isnan(found[~disc]).all()


def test_that_the_published_blur_fades_at_the_rim_and_bleeds_over_it():
    disc = a_disc(side=90)
    found = blurred(np.where(disc, 3.0, np.nan), "published", 4.0)
    assert found[disc].min() < 2.0
    assert found[~disc].max() > 1.0
    assert np.isfinite(found).all()
    # untouched pixels are exactly zero, for the published scores divide by the mean of the others
    assert (found == 0).any()


def test_that_the_published_blur_spreads_as_a_gaussian_of_4_69_pixels():
    point = np.zeros((81, 81))
    point[40, 40] = 1
    found = blurred(point, "published", 1.0).astype(float)
    row = np.arange(81) - 40
    assert found.sum() == pytest.approx(1, rel=1e-6)
    assert (found.sum(1) * row**2).sum() == pytest.approx(22, rel=1e-5)


def test_that_the_three_published_units_are_what_their_names_say():
    values = np.array([[0.0, 0.0], [2.0, 6.0]])
    found = normalised(values)
    np.testing.assert_allclose(found.overlap, values / 4)
    np.testing.assert_allclose(found.pixels, values / np.sqrt(2), rtol=1e-6)
    assert found.score == pytest.approx(3.0)


def test_that_a_map_without_evidence_scores_zero():
    for values in (np.zeros((3, 3)), np.full((3, 3), np.nan)):
        assert normalised(values).score == 0.0
    assert not normalised(np.zeros((3, 3))).overlap.any()
