"""The quick forms give what the plain ones give."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inspector_core.evaluation import pooling
from inspector_core.evaluation.pixels import read_pixels, read_truth
from inspector_core.evaluation.pooling import pooled_quickly, read_maps
from inspector_core.evaluation.ranking import joined, pooled
from inspector_core.evaluation.region_overlap import aupro
from inspector_core.evaluation.selection import order_statistics
from tests.core.evaluation.test_properties import image_sets

COUNTS = ("cuts", "normal_above", "normal_reached", "defect_above", "defect_reached",
          "n_normal", "n_defect", "n_components")  # fmt: skip


def plain_aupro(scores, masks, limit):
    """All pixels joined, one argsort, cumulative sums, ties entering together."""
    from scipy import ndimage

    labelled = [ndimage.label(mask, np.ones((3, 3))) for mask in masks]
    weight = np.zeros(scores.shape)
    for number, (labels, _) in enumerate(labelled):
        weight[number] = np.where(labels, 1.0 / np.bincount(labels.ravel())[labels], 0.0)
    order = np.argsort(scores.ravel())[::-1]
    ranked, weight = scores.ravel()[order], weight.ravel()[order]
    last = np.append(ranked[1:] != ranked[:-1], True)
    normal = np.cumsum(weight == 0)
    x = np.append(0.0, normal[last] / normal[-1])
    y = np.append(0.0, np.cumsum(weight)[last] / sum(n for _, n in labelled))
    inside = int((x <= limit).sum())
    share = (limit - x[inside - 1]) / (x[inside] - x[inside - 1])
    end = y[inside - 1] + share * (y[inside] - y[inside - 1])
    return np.trapezoid(np.append(y[:inside], end), np.append(x[:inside], limit)) / limit


@given(image_sets(), st.integers(1, 100))
@settings(max_examples=40, deadline=None)
def test_that_groups_of_any_size_rank_as_parts_do(data, group):
    scores, masks = data
    parts = read_maps(scores, masks)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pooling, "GROUP_VALUES", group)
        quick = pooled_quickly(parts)
    plain = pooled(parts)
    for name in COUNTS:
        assert (np.asarray(getattr(quick, name)) == np.asarray(getattr(plain, name))).all()
    np.testing.assert_allclose(quick.overlap_above, plain.overlap_above, rtol=0, atol=1e-12)
    np.testing.assert_allclose(quick.overlap_reached, plain.overlap_reached, rtol=0, atol=1e-12)


@given(image_sets())
@settings(max_examples=40, deadline=None)
def test_that_the_quick_area_is_that_of_all_pixels_sorted_at_once(data):
    scores, masks = data
    plain = [plain_aupro(scores, masks, limit) for limit in (0.3, 0.1, 0.05, 0.01)]
    assert aupro(pooled_quickly(read_maps(scores, masks))) == pytest.approx(plain, abs=1e-12)


def test_that_a_large_noisy_set_has_the_area_of_the_plain_form():
    rng = np.random.default_rng(5)
    scores = rng.normal(0, 1, (6, 90, 110)).astype(np.float32)
    masks = np.zeros(scores.shape, bool)
    masks[3:, 20:40, 30:50] = masks[4:, 60:64, 80:100] = True
    scores[masks] += 1.2
    plain = [plain_aupro(scores, masks, limit) for limit in (0.3, 0.1, 0.05, 0.01)]
    assert aupro(pooled_quickly(read_maps(scores, masks))) == pytest.approx(plain, abs=1e-12)


def test_that_a_component_keeps_its_weight_when_parts_are_joined():
    scores = np.arange(24, dtype=np.float32).reshape(2, 3, 4)
    masks = np.zeros((2, 3, 4), bool)
    masks[0, 0, :2] = masks[1, 2, 1:] = True
    whole = joined(read_maps(scores, masks))
    assert whole.defect.tolist() == [0.0, 1.0, 21.0, 22.0, 23.0]
    assert whole.weight.tolist() == [0.5, 0.5, 1 / 3, 1 / 3, 1 / 3]
    assert (np.diff(whole.normal) > 0).all()
    assert (whole.n_components, whole.n_normal) == (2, 19)


def test_that_labelling_a_box_finds_what_labelling_the_picture_finds():
    from scipy import ndimage

    rng = np.random.default_rng(2)
    mask = np.zeros((40, 60), bool)
    mask[11:30, 7:50] = rng.random((19, 43)) < 0.2
    truth = read_truth(mask, np.ones(mask.shape, bool))
    labels, n = ndimage.label(mask, np.ones((3, 3)))
    assert (truth.components == labels).all()
    assert truth.n_components == n
    assert (truth.places == np.flatnonzero(mask)).all()
    assert truth.weight[1:].tolist() == (1 / np.bincount(labels.ravel())[1:]).tolist()


def test_that_a_hole_in_a_defect_counts_as_lowest_there():
    scores = np.ones((4, 5), np.float32)
    scores[1, 2] = np.nan
    mask = np.zeros((4, 5), bool)
    mask[1, 2:4] = True
    part = read_pixels(scores, read_truth(mask, ~np.isnan(scores)), ~np.isnan(scores))
    assert part.defect.tolist() == [-np.inf, 1.0]
    assert (part.n_normal, part.normal_outside) == (18, 0)


@given(
    st.lists(st.lists(st.integers(0, 9), max_size=40), min_size=1, max_size=8).filter(any),
    st.integers(1, 60),
    st.randoms(use_true_random=False),
)
@settings(max_examples=120, deadline=None)
def test_that_order_statistics_are_those_of_all_values_joined(lists, samples, random):
    arrays = [np.sort(np.array(values, np.float32)) for values in lists]
    everything = np.sort(np.concatenate(arrays))
    positions = np.array([random.randrange(len(everything)) for _ in range(7)])
    found = order_statistics(lambda: arrays, positions, samples)
    assert found.tolist() == everything[positions].tolist()
