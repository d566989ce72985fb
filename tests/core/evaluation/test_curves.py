"""Curves that are drawn: few points, close to the exact curve, and the same after storing."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inspector_core.errors import InputError
from inspector_core.evaluation import from_document, read_evaluation, write_evaluation
from inspector_core.evaluation.curves import MOST_POINTS, curves, roc, thinned
from inspector_core.evaluation.pixels import read_pixels, read_truth
from inspector_core.evaluation.ranking import of_scores, pooled
from inspector_core.evaluation.region_overlap import area_up_to, curve
from tests.core.evaluation.test_protocol import evaluate, parts


def noisy_ranking(strength, seed=0, size=120):
    rng = np.random.default_rng(seed)
    mask = np.zeros((size, size), bool)
    for row, column in rng.integers(0, size - 12, (8, 2)):
        mask[row : row + 12, column : column + 12] = True
    everywhere = np.ones((size, size), bool)
    truth = read_truth(mask, everywhere)
    maps = [rng.normal(0, 1, mask.shape) + strength * mask for _ in range(3)]
    return pooled([read_pixels(m.astype(np.float32), truth, everywhere) for m in maps])


def distance_to_polygon(points, corners):
    """Largest distance of any of the points (n, 2) from the polygon through the corners (m, 2)."""
    start, step = corners[:-1], np.diff(corners, axis=0)
    length = np.maximum((step**2).sum(axis=1), 1e-300)
    along = np.clip(((points[:, None] - start) * step).sum(axis=2) / length, 0, 1)
    nearest = start + along[..., None] * step
    return float(np.sqrt(((points[:, None] - nearest) ** 2).sum(axis=2)).min(axis=1).max())


@pytest.mark.parametrize("strength", [0.0, 0.7, 3.0])
def test_that_a_drawn_curve_lies_within_two_thousandths_of_the_exact_one(strength):
    ranking = noisy_ranking(strength)
    for exact in (curve(ranking), roc(ranking)):
        drawn = thinned(*exact)
        assert len(exact[0]) > 2 * MOST_POINTS
        assert len(drawn[0]) <= MOST_POINTS
        corners = np.stack(exact, axis=1)
        assert distance_to_polygon(corners[::7], np.stack(drawn, axis=1)) < 0.002
        assert (np.diff(drawn[0]) >= 0).all()
        assert (np.diff(drawn[1]) >= 0).all()
        assert [points[0] for points in drawn] == [0.0, 0.0]
        assert [points[-1] for points in drawn] == [1.0, 1.0]


def test_that_small_false_positive_rates_keep_enough_points():
    ranking = noisy_ranking(0.7)
    x, y = thinned(*curve(ranking))
    assert (x <= 0.05).sum() >= 40
    exact = curve(ranking)
    for limit in (0.3, 0.1, 0.05, 0.01):
        assert area_up_to(x, y, limit) == pytest.approx(area_up_to(*exact, limit), abs=0.003)


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=1, max_size=40))
@settings(max_examples=60, deadline=None)
def test_that_a_curve_of_few_corners_keeps_its_area_exactly(steps):
    total = np.maximum(np.sum(steps, axis=0), 1)
    x, y = (np.concatenate([[0.0], np.cumsum(column) / n, [1.0]]) for column, n in
            zip(np.array(steps).T, total, strict=True))  # fmt: skip
    for limit in (0.05, 0.3, 1.0):
        assert area_up_to(*thinned(x, y), limit) == pytest.approx(area_up_to(x, y, limit), abs=1e-5)


def test_that_part_scores_give_the_hand_drawn_steps():
    drawn = curves(noisy_ranking(1.0), of_scores([1.0, 2.0, 2.0, 3.0], [2.0, 4.0])).part_roc
    assert list(zip(*drawn, strict=True)) == [(0, 0), (0, 0.5), (0.25, 0.5), (0.75, 1), (1, 1)]


def test_that_curves_without_defects_are_undefined():
    good = [part for part in parts() if part.label == "good"]
    drawn = evaluate(good).curves["fused"]
    assert (drawn.pro, drawn.roc, drawn.part_roc) == (None, None, None)


def test_that_an_evaluation_read_back_equals_the_one_kept(tmp_path):
    outcome = evaluate(parts())
    path = tmp_path / "evaluation.json"
    write_evaluation(path, outcome)
    again = read_evaluation(path)
    assert again.document() == outcome.document()
    assert again.maps == outcome.maps
    assert again.parts == outcome.parts
    assert (again.curves["fused"].pro[1] == outcome.curves["fused"].pro[1]).all()
    assert again.curves["fused"].pro[0].dtype == np.float64


def test_that_undefined_figures_survive_storing():
    outcome = evaluate([part for part in parts() if part.label == "good"])
    assert from_document(json.loads(json.dumps(outcome.document()))).maps == outcome.maps


def test_that_a_document_from_before_curves_is_read_without_them():
    document = evaluate(parts()).document()
    for key in ("curves", "part_scores", "published_protocol"):
        del document[key]
    older = from_document(document)
    assert (older.parts, older.curves) == ((), {})
    assert older.maps["fused"].aupro is not None


def test_that_other_files_are_refused_by_name(tmp_path):
    path = tmp_path / "results.json"
    path.write_text('{"schema": "relief-results/1"}')
    with pytest.raises(InputError, match=r"results\.json is no evaluation"):
        read_evaluation(path)
    path.write_text("{")
    with pytest.raises(InputError, match=r"results\.json could not be read"):
        read_evaluation(path)
    path.write_text('{"schema": "relief-evaluation/1"}')
    with pytest.raises(InputError, match=r"results\.json is a damaged evaluation"):
        read_evaluation(path)
