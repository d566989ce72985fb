"""What must hold for any scores."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inspector_core.evaluation.metrics import auroc, average_precision, best_f1
from inspector_core.evaluation.pixels import read_pixels, read_truth
from inspector_core.evaluation.ranking import of_scores, pooled
from inspector_core.evaluation.region_overlap import LIMITS, aupro, sampled_aupro

SHAPE = (5, 6)


@st.composite
def image_sets(draw):
    """(n, 5, 6) scores from a few levels, so that ties abound, and masks with both kinds of pixels."""
    n = draw(st.integers(1, 4))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    scores = rng.integers(0, draw(st.integers(2, 40)), (n, *SHAPE)).astype(np.float32)
    masks = rng.random((n, *SHAPE)) < draw(st.floats(0.05, 0.6))
    masks[0, 0, 0], masks[0, 4, 5] = True, False
    return scores, masks


def parts_of(scores, masks):
    everywhere = np.ones(SHAPE, bool)
    return [
        read_pixels(score, read_truth(mask, everywhere), everywhere)
        for score, mask in zip(scores, masks, strict=True)
    ]


def figures(parts):
    ranking = pooled(parts)
    best = best_f1(ranking)
    return np.array(
        [*aupro(ranking), *sampled_aupro(parts, "btf100"), auroc(ranking),
         average_precision(ranking), best.value]
    )  # fmt: skip


def area_by_brute_force(scores, masks, limit):
    """Every threshold in turn, straight from the definition."""
    from scipy import ndimage

    regions = []
    for score, mask in zip(scores, masks, strict=True):
        labels, n = ndimage.label(mask, np.ones((3, 3)))
        regions += [score[labels == k] for k in range(1, n + 1)]
    normal = scores[~masks]
    x, y = [0.0], [0.0]
    for t in np.unique(scores)[::-1]:
        x.append(float((normal >= t).mean()))
        y.append(float(np.mean([(region >= t).mean() for region in regions])))
    area = 0.0
    for x0, x1, y0, y1 in zip(x, x[1:], y, y[1:], strict=False):
        end = min(x1, limit)
        if end > x0:
            y_end = y0 + (y1 - y0) * (end - x0) / (x1 - x0)
            area += (end - x0) * (y0 + y_end) / 2
    return area / limit


@given(image_sets())
@settings(max_examples=60, deadline=None)
def test_that_the_area_follows_from_its_definition(data):
    scores, masks = data
    expected = [area_by_brute_force(scores, masks, limit) for limit in LIMITS]
    assert aupro(pooled(parts_of(scores, masks))) == pytest.approx(expected, abs=1e-12)


@given(image_sets())
@settings(max_examples=40, deadline=None)
def test_that_a_monotone_transform_of_all_scores_changes_nothing(data):
    scores, masks = data
    bent = np.exp(scores / 10).astype(np.float32) * 3 - 100
    assert figures(parts_of(bent, masks)) == pytest.approx(figures(parts_of(scores, masks)), abs=0)


@given(image_sets(), st.randoms(use_true_random=False))
@settings(max_examples=40, deadline=None)
def test_that_the_order_of_images_does_not_matter(data, random):
    scores, masks = data
    order = list(range(len(scores)))
    random.shuffle(order)
    turned = figures(parts_of(scores[order], masks[order]))
    assert turned == pytest.approx(figures(parts_of(scores, masks)), abs=1e-12)


@given(image_sets())
@settings(max_examples=40, deadline=None)
def test_that_pixels_without_a_score_count_as_the_lowest_one(data):
    scores, masks = data
    outside = np.zeros(masks.shape, bool)
    outside[:, :, :2] = True
    holed = np.where(outside, np.float32(np.nan), scores)
    filled = np.where(outside, np.nanmin(holed), scores).astype(np.float32)
    inside = ~outside[0]
    parts = [
        read_pixels(score, read_truth(mask, inside), inside)
        for score, mask in zip(holed, masks, strict=True)
    ]
    assert figures(parts) == pytest.approx(figures(parts_of(filled, masks)), abs=1e-12)


@given(
    st.lists(st.floats(-5, 5), min_size=1, max_size=30),
    st.lists(st.floats(-5, 5), min_size=1, max_size=30),
)
@settings(max_examples=60, deadline=None)
def test_that_part_metrics_agree_with_scikit_learn(good, bad):
    from sklearn.metrics import average_precision_score, roc_auc_score

    labels, scores = [0] * len(good) + [1] * len(bad), good + bad
    ranking = of_scores(good, bad)
    assert auroc(ranking) == pytest.approx(roc_auc_score(labels, scores), abs=1e-12)
    assert average_precision(ranking) == pytest.approx(average_precision_score(labels, scores))


def test_that_a_random_map_gets_half_the_limit():
    rng = np.random.default_rng(0)
    everywhere = np.ones((300, 300), bool)
    mask = np.zeros((300, 300), bool)
    for row, column in rng.integers(0, 290, (60, 2)):
        mask[row : row + 8, column : column + 8] = True
    parts = [
        read_pixels(rng.random((300, 300), np.float32), read_truth(mask, everywhere), everywhere)
        for _ in range(6)
    ]
    assert aupro(pooled(parts)) == pytest.approx([limit / 2 for limit in LIMITS], rel=0.12)
