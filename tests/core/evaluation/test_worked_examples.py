"""Small examples that were solved by hand, and the published table of bounds."""

from __future__ import annotations

import numpy as np
import pytest

from inspector_core.decision.thresholds import needed_for, p_value, upper_bound
from inspector_core.evaluation.metrics import auroc, average_precision, best_f1
from inspector_core.evaluation.pixels import read_pixels, read_truth
from inspector_core.evaluation.ranking import of_scores, pooled
from inspector_core.evaluation.region_overlap import aupro, curve, sampled_aupro

SCORES = np.array(
    [[[9, 8, 3, 2], [7, 1, 4, 5]], [[6, 6, 0, 2], [3, 1, 7.5, 0]]],
    np.float32,
)
MASKS = np.array(
    [[[1, 1, 0, 0], [1, 1, 0, 0]], [[1, 0, 0, 0], [0, 1, 0, 0]]],
    bool,
)
"""Image 2's two defect pixels touch by a corner: one region, so there are two in all."""


@pytest.fixture
def parts():
    everywhere = np.ones((2, 4), bool)
    return [
        read_pixels(score, read_truth(mask, everywhere), everywhere)
        for score, mask in zip(SCORES, MASKS, strict=True)
    ]


def test_that_corner_contact_joins_a_region(parts):
    assert [part.n_components for part in parts] == [1, 1]
    assert pooled(parts).n_normal == 10


def test_that_the_curve_has_the_hand_computed_points(parts):
    x, y = curve(pooled(parts))
    points = {(round(a, 9), round(b, 9)) for a, b in zip(x, y, strict=True)}
    by_hand = {(0, 0.125), (0, 0.25), (0.1, 0.25), (0.1, 0.375), (0.2, 0.625), (0.8, 1.0), (1, 1)}
    assert by_hand <= points


def test_that_area_under_the_curve_is_that_computed_by_hand(parts):
    by_hand = (0.1 * 0.25 + 0.1 * (0.375 + 0.625) / 2 + 0.1 * 0.625) / 0.3
    assert aupro(pooled(parts)) == pytest.approx((by_hand, 0.25, 0.25, 0.25), abs=1e-12)
    assert sampled_aupro(parts, "btf100") == pytest.approx(
        (0.479167, 0.3125, 0.28125, 0.25625), abs=1e-6
    )


def test_that_pixel_metrics_are_those_computed_by_hand(parts):
    ranking = pooled(parts)
    best = best_f1(ranking)
    assert auroc(ranking) == pytest.approx(41.5 / 60)
    assert average_precision(ranking) == pytest.approx(0.712302, abs=1e-6)
    assert (best.value, best.threshold) == (pytest.approx(2 / 3), 6.0)
    assert (best.precision, best.recall) == (pytest.approx(4 / 6), pytest.approx(4 / 6))


def test_that_part_scores_count_ties_as_half():
    assert auroc(of_scores([0.1, 0.4, 0.4, 0.5], [0.4, 0.6, 0.9])) == pytest.approx(10 / 12)


@pytest.mark.parametrize(
    ("n", "x", "percent"),
    [(10, 0, 25.89), (20, 0, 13.91), (30, 0, 9.50), (59, 0, 4.95), (100, 0, 2.95), (100, 1, 4.66),
     (100, 5, 10.23), (299, 0, 1.00), (500, 5, 2.09), (1000, 10, 1.69)],
)  # fmt: skip
def test_that_the_false_reject_bound_is_the_exact_one(n, x, percent):
    assert 100 * upper_bound(x, n) == pytest.approx(percent, abs=0.005)


@pytest.mark.parametrize(
    ("n", "smallest"), [(10, 0.0909), (20, 0.0476), (30, 0.0323), (100, 0.0099)]
)
def test_that_no_p_value_lies_below_what_n_parts_can_show(n, smallest):
    assert p_value(np.inf, list(range(n))) == pytest.approx(smallest, abs=5e-5)


def test_that_a_tied_calibration_score_counts_against_the_part():
    assert p_value(2.0, [1.0, 2.0, 3.0]) == pytest.approx(3 / 4)


@pytest.mark.parametrize(("rate", "parts_needed"), [(0.05, 59), (0.01, 299)])
def test_that_a_rate_needs_so_many_good_parts(rate, parts_needed):
    assert needed_for(rate) == parts_needed
