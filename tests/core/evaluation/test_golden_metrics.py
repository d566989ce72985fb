"""Metrics against numbers that the published codes and scikit-learn gave on the same small sets."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from inspector_core.evaluation.metrics import auroc, average_precision, best_f1
from inspector_core.evaluation.pixels import read_pixels, read_truth
from inspector_core.evaluation.ranking import lowest_of, of_scores, pooled
from inspector_core.evaluation.region_overlap import LIMITS, aupro, curve, sampled_aupro
from inspector_core.evaluation.resampling import aupro_replicates, shares
from inspector_core.files import sha256_file

GOLDEN = Path(__file__).parents[2] / "goldens" / "case01_metrics"
STORED = json.loads((GOLDEN / "metrics.json").read_text("utf-8"))
EXPECTED = STORED["expected"]


@pytest.fixture(scope="module")
def arrays():
    with np.load(GOLDEN / "metrics.npz") as archive:
        yield {name: archive[name] for name in archive.files}


def parts_of(arrays, name):
    scores, masks = arrays[f"{name}__scores"], arrays[f"{name}__masks"]
    everywhere = np.ones(scores.shape[1:], bool)
    return [
        read_pixels(score, read_truth(mask, everywhere), everywhere)
        for score, mask in zip(scores, masks, strict=True)
    ]


def table_of(parts, points=2000):
    names = [str(number) for number in range(len(parts))]
    return shares(parts, names, pooled(parts), lowest_of(parts), points)


def by_limit(areas):
    return {str(limit): area for limit, area in zip(LIMITS, areas, strict=True)}


@pytest.mark.parametrize("name", EXPECTED)
def test_that_the_exact_estimator_reproduces_the_golden_areas(name, arrays):
    areas = by_limit(aupro(pooled(parts_of(arrays, name))))
    assert areas == pytest.approx(EXPECTED[name]["exact_float64_aupro"], abs=1e-12)
    assert areas == pytest.approx(EXPECTED[name]["official_aupro"], abs=1e-6)
    assert areas == pytest.approx(EXPECTED[name]["anomalib_2026_aupro"], abs=1e-5)


@pytest.mark.parametrize(
    ("estimator", "key"),
    [("btf100", "btf_m3dm_shapeguided_aupro_100thr"), ("cfm99", "cfm_aupro_99thr")],
)
@pytest.mark.parametrize("name", EXPECTED)
def test_that_published_estimators_are_reproduced(name, estimator, key, arrays):
    areas = by_limit(sampled_aupro(parts_of(arrays, name), estimator))
    assert areas == pytest.approx(EXPECTED[name][key], abs=1e-9)


@pytest.mark.parametrize("name", EXPECTED)
def test_that_pixel_metrics_equal_scikit_learns(name, arrays):
    expected = EXPECTED[name]
    ranking = pooled(parts_of(arrays, name))
    best = best_f1(ranking)
    assert auroc(ranking) == pytest.approx(expected["p_auroc"], abs=1e-9)
    assert average_precision(ranking) == pytest.approx(expected["p_ap"], abs=1e-9)
    assert best.value == pytest.approx(expected["p_f1max"], abs=1e-9)
    assert best.threshold == pytest.approx(expected["p_f1max_threshold"], abs=1e-9)
    assert ranking.n_normal == expected["n_ok_pixels"]
    assert ranking.n_components == expected["n_components_8"]


@pytest.mark.parametrize("name", EXPECTED)
def test_that_part_metrics_equal_scikit_learns(name, arrays):
    expected = EXPECTED[name]
    scores = arrays[f"{name}__image_scores"]
    bad = arrays[f"{name}__masks"].any(axis=(1, 2))
    ranking = of_scores(scores[~bad], scores[bad])
    if expected["i_auroc"] is None:
        assert "i_auroc_official" not in expected
        assert auroc(ranking) is None
        assert average_precision(ranking) is None
        assert best_f1(ranking) is None
        return
    assert auroc(ranking) == pytest.approx(expected["i_auroc"], abs=1e-9)
    assert auroc(ranking) == pytest.approx(expected["i_auroc_official"], abs=1e-6)
    assert average_precision(ranking) == pytest.approx(expected["i_ap"], abs=1e-9)
    assert best_f1(ranking).value == pytest.approx(expected["i_f1max"], abs=1e-9)
    assert best_f1(ranking).threshold == pytest.approx(expected["i_f1max_threshold"], abs=1e-9)


@pytest.mark.parametrize("name", EXPECTED)
def test_that_every_corner_of_the_curve_is_a_golden_point(name, arrays):
    golden = np.stack([arrays[f"{name}__fpr"], arrays[f"{name}__pro"]], axis=1)
    corners = np.stack(curve(pooled(parts_of(arrays, name))), axis=1)
    known = {tuple(point) for point in np.round(golden, 10).tolist()} | {(0.0, 0.0), (1.0, 1.0)}
    assert {tuple(point) for point in np.round(corners, 10).tolist()} <= known


@pytest.mark.parametrize("name", EXPECTED)
def test_that_every_golden_point_lies_on_the_curve(name, arrays):
    x, y = curve(pooled(parts_of(arrays, name)))
    fpr, pro = arrays[f"{name}__fpr"], arrays[f"{name}__pro"]
    # along x + y the curve has no vertical piece
    np.testing.assert_allclose(np.interp(fpr + pro, x + y, x), fpr, rtol=0, atol=1e-12)
    np.testing.assert_allclose(np.interp(fpr + pro, x + y, y), pro, rtol=0, atol=1e-12)


@pytest.mark.parametrize("name", EXPECTED)
def test_that_every_stated_figure_is_compared(name):
    """A figure that another golden file brings must be asserted or refused here."""
    compared = {
        "official_aupro", "exact_float64_aupro", "anomalib_2026_aupro",
        "btf_m3dm_shapeguided_aupro_100thr", "cfm_aupro_99thr", "n_ok_pixels", "n_components_8",
        "p_auroc", "p_ap", "p_f1max", "p_f1max_threshold",
        "i_auroc", "i_auroc_official", "i_ap", "i_f1max", "i_f1max_threshold",
    }  # fmt: skip
    other_rules = {"anomalib_2025_aupro", "exact_float64_aupro_4conn", "n_components_4"}
    assert set(EXPECTED[name]) <= compared | other_rules


def test_that_the_golden_arrays_are_those_the_figures_were_made_from():
    assert sha256_file(GOLDEN / "metrics.npz") == STORED["sha256"]


def test_that_weighted_replicates_equal_the_golden_bootstrap(arrays):
    drawn = arrays["medium__bootstrap_multiplicities"]
    areas = aupro_replicates(table_of(parts_of(arrays, "medium")), drawn)
    np.testing.assert_allclose(areas, arrays["medium__bootstrap_aupro"], rtol=0, atol=1e-12)


def test_that_thinning_the_curve_stays_within_its_stated_error(arrays):
    parts = parts_of(arrays, "medium")
    drawn = np.ones((1, len(parts)))
    exact = aupro(pooled(parts))
    for points in (50, 100, 200):
        rough = aupro_replicates(table_of(parts, points), drawn)[0]
        assert np.abs(rough - exact).max() <= 1 / (2 * points)
