"""CFM's maps: what is joined, blurred, divided, left out."""

from __future__ import annotations

import numpy as np
import pytest

from inspector_core.detectors.cfm.maps import (
    aggregate,
    blurred,
    filled_in,
    normalised,
    on_grid,
    part_score,
    strided,
)


@pytest.mark.parametrize(
    ("how", "want"), [("product", 2.0), ("sum", 4.5), ("max", 4.0), ("2d", 4.0), ("3d", 0.5)]
)
def test_that_distances_are_joined_as_asked(how, want):
    assert aggregate(np.array([4.0]), np.array([0.5]), how).tolist() == [want]


def test_that_a_maximum_can_be_taken_in_units_of_good_parts():
    assert aggregate(np.array([4.0]), np.array([0.5]), "max", (8.0, 0.1)).tolist() == [5.0]


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
    assert part_score(values, "published") == pytest.approx(3.0)
    assert part_score(values, "none") == 6.0


def test_that_a_map_without_evidence_scores_zero():
    for values in (np.zeros((3, 3)), np.full((3, 3), np.nan)):
        for how in ("none", "published"):
            assert part_score(values, how) == 0.0
    assert not normalised(np.zeros((3, 3))).overlap.any()


def test_that_every_second_pixel_is_judged_and_the_others_lie_between():
    size = (20, 24)
    pixels = np.arange(size[0] * size[1])
    kept = strided(pixels, size, 2)
    assert len(kept) == len(pixels) / 4
    row, column = np.mgrid[: size[0], : size[1]]
    ramp = (row + 2 * column).astype(np.float32)
    found = filled_in(on_grid(ramp.ravel()[kept], pixels[kept], size), np.ones(size, bool), 2)
    # a linear map is met exactly between judged pixels; the rim has one on one side alone
    np.testing.assert_allclose(found[1:-1, 1:-1], ramp[1:-1, 1:-1], atol=1e-4)
    assert np.isfinite(found).all()


def test_that_a_stride_of_one_changes_nothing():
    pixels = np.flatnonzero(a_disc())
    assert strided(pixels, (64, 64), 1).tolist() == list(range(len(pixels)))
    values = on_grid(np.arange(len(pixels), dtype=np.float32), pixels, (64, 64))
    np.testing.assert_array_equal(filled_in(values, a_disc(), 1), values)


def test_that_pixels_far_from_any_judged_one_take_the_nearest():
    judged = np.zeros((9, 30), bool)
    judged[4] = True
    values = np.full((9, 30), np.nan, np.float32)
    values[4, 0], values[4, 29] = 1, 5
    found = filled_in(values, judged, 4)
    assert found[4, 10] == 1
    assert found[4, 20] == 5
    assert np.isnan(found[3]).all()


def test_that_a_part_smaller_than_the_stride_is_judged_whole():
    assert strided(np.array([0, 1]), (40, 40), 8).tolist() == [0, 1]
