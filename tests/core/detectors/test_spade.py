"""SPADE against numbers of the published behaviour (tests/goldens/spade)."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import numpy as np
import pytest

from inspector_core.detectors.contract import Context
from inspector_core.detectors.spade import (
    SPADE,
    SPADESettings,
    cell_distances,
    cells_of,
    image_score,
    joined,
)
from inspector_core.device import Hardware, Plan
from inspector_core.geometry.prepare import prepare
from inspector_core.memory.nearest import several_nearest
from inspector_core.progress import drain
from inspector_core.settings import build
from tests.contracts.tiny_parts import refs
from tests.core.detectors.random_weights import MOBILENET, random_weights

CONTEXT = Context(prepare=partial(prepare, seed=0), machine=Hardware(), seed=0)
STAGES = (1, 2, 3)
TESTS = range(2)


@pytest.fixture(scope="module")
def golden():
    path = Path(__file__).resolve().parents[2] / "goldens" / "spade" / "spade.npz"
    with np.load(path) as arrays:
        return dict(arrays)


def distances(golden, image, stage, *, published):
    parts = golden["knn_index"][image]
    gallery = np.concatenate(
        [cells_of(golden[f"train_layer{stage}"][p], column_first=published) for p in parts]
    )
    queries = golden[f"test_layer{stage}"][image]
    found = cell_distances(cells_of(queries), gallery, CONTEXT, published=published)
    return found.reshape(queries.shape[1:])


@pytest.mark.parametrize("image", TESTS)
def test_that_the_most_similar_parts_and_both_part_scores_are_found(golden, image):
    query = golden["test_avgpool"][image : image + 1]
    far, index = several_nearest(query, golden["train_avgpool"], 5, Plan("cpu", 8))
    np.testing.assert_array_equal(index[0], golden["knn_index"][image])
    np.testing.assert_allclose(far[0], golden["knn_dist"][image], rtol=1e-5)
    for squared, key in ((False, "published_mean_euclid"), (True, "paper_mean_squared")):
        found = image_score(far[0], squared=squared)
        np.testing.assert_allclose(found, golden[f"image_score_{key}"][image], rtol=1e-5)


@pytest.mark.parametrize(("how", "power"), [("mean", 1), ("mean_squared", 2)])
def test_that_the_map_ends_at_the_parts_own_score_where_that_decides(tmp_path, how, power):
    settings = {"stages": "1", "size_px": 96, "neighbours": 2, "part_score": how}
    with random_weights(tmp_path, MOBILENET):
        detector = SPADE(build(SPADESettings, settings))
        scorer = detector.restore(drain(detector.learn(refs(3), CONTEXT)), CONTEXT)
        part = CONTEXT.prepare(refs(1, first=9, stain=True)[0].load())
        tops = {name: np.nanmax(values) for name, values in scorer.score(part).arrays().items()}
        (seen,) = scorer.views.see([part])
    for look, name in (("rgb", "rgb"), ("normals", "shape")):
        known = scorer.judges[look].tensors["global"]
        far = np.linalg.norm(known - seen.stages[look][-1].mean(axis=(1, 2)), axis=1)
        want = np.mean(np.sort(far)[:2] ** power)
        np.testing.assert_allclose(tops[name], want, rtol=1e-3)


@pytest.mark.parametrize("image", TESTS)
@pytest.mark.parametrize("mode", ["correct", "published"])
def test_that_cells_and_maps_are_those_of_both_modes(golden, image, mode):
    found = []
    for stage in STAGES:
        one = distances(golden, image, stage, published=mode == "published")
        np.testing.assert_allclose(one, golden[f"{mode}_dist_layer{stage}_{image}"], rtol=1e-5)
        found.append(one)
    from scipy.ndimage import gaussian_filter

    soft = gaussian_filter(joined(found, (64, 64)), 4.0, mode="reflect")
    np.testing.assert_allclose(soft, golden[f"{mode}_map64"][image], rtol=1e-5)
