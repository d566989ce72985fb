"""PatchCore against the published codes' own numbers (tests/goldens/patchcore), and its fast forms."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from inspector_core.detectors.patchcore import PatchCoreSettings, drawn, embed, patch_scores
from inspector_core.detectors.views import smoothed
from inspector_core.device import Plan
from inspector_core.features import locally_aware
from inspector_core.memory.coreset import farthest_from_mean, greedy_coreset, official_start
from inspector_core.memory.nearest import other_neighbours, several_nearest
from inspector_core.memory.reweight import reweighting
from inspector_core.progress import drain

PLAN = Plan("cpu", 64)
GRID = (8, 8)
IMAGES = 2


@pytest.fixture(scope="module")
def golden():
    path = Path(__file__).resolve().parents[2] / "goldens" / "patchcore" / "patchcore.npz"
    with np.load(path) as arrays:
        return dict(arrays)


def stages(golden, image):
    return [golden["feat_layer2"][image], golden["feat_layer3"][image]]


@pytest.mark.parametrize(
    ("key", "compat"),
    [("recommended", "project"), ("anomalib", "anomalib"), ("btf", "btf")],
)
def test_that_patch_features_are_those_of_each_code(golden, key, compat):
    settings = PatchCoreSettings(compat=compat)
    found = np.concatenate([embed(stages(golden, i), GRID, settings) for i in range(IMAGES)])
    np.testing.assert_allclose(found, golden[f"embed_{key}"], atol=1e-5)


@pytest.mark.parametrize(("width", "target", "patch"), [(8, 8, 3), (10, 6, 3), (8, 8, 5)])
def test_that_the_official_pooling_is_reproduced(golden, width, target, patch):
    found = [
        locally_aware.official_features(
            stages(golden, i), GRID, width=width, target=target, patch=patch
        )
        for i in range(IMAGES)
    ]
    want = golden[f"embed_official_pre{width}_tgt{target}_p{patch}"]
    np.testing.assert_allclose(np.concatenate(found), want, atol=1e-5)


@pytest.mark.parametrize(
    ("key", "how"),
    [
        ("float64_start0", {"start": 0}),
        ("float64_start123", {"start": 123}),
        ("btf_float32", {"start": 0}),
        ("official_greedy", {"initial": None}),
        ("official_approx", {"initial": "starts"}),
    ],
)
def test_that_the_coreset_is_chosen_in_the_published_order(golden, key, how):
    rows = golden["coreset_projected"]
    if "initial" in how:
        starts = golden["coreset_official_approx_start"] if how["initial"] else None
        how = {"initial": official_start(rows, starts)}
    chosen = drain(greedy_coreset(rows, 40, PLAN, **how))
    np.testing.assert_array_equal(chosen, golden[f"coreset_{key}_idx"])


def plain_greedy(rows, count, start):
    remaining = np.linalg.norm(rows - rows[start], axis=1)
    chosen = [start]
    while len(chosen) < count:
        chosen.append(int(remaining.argmax()))
        remaining = np.minimum(remaining, np.linalg.norm(rows - rows[chosen[-1]], axis=1))
    return chosen


def test_that_choosing_from_a_pool_equals_looking_at_all_rows_each_time():
    rng = np.random.default_rng(3)
    rows = rng.normal(size=(6000, 12)).astype(np.float32) * np.linspace(
        0.2, 2, 12, dtype=np.float32
    )
    fast = drain(greedy_coreset(rows, 150, PLAN, start=5))
    assert fast.tolist() == plain_greedy(rows.astype(np.float64), 150, 5)


def test_that_the_start_does_not_depend_on_the_order_of_rows(golden):
    rows = golden["coreset_features"]
    order = np.random.default_rng(0).permutation(len(rows))
    assert order[farthest_from_mean(rows[order])] == farthest_from_mean(rows)


def searched(golden, image, count=1):
    return several_nearest(golden["test_patches"][image], golden["memory_bank"], count, PLAN)


@pytest.mark.parametrize("image", range(IMAGES))
def test_that_patch_scores_are_those_of_each_code(golden, image):
    distances, index = searched(golden, image, 3)
    np.testing.assert_allclose(distances[:, 0], golden["patch_score_euclid"][image], rtol=1e-5)
    np.testing.assert_array_equal(index[:, 0], golden["patch_nn_index"][image])
    for count in (1, 3):
        found = patch_scores(distances[:, :count], "official")
        want = golden[f"patch_score_official_k{count}_squared"][image]
        np.testing.assert_allclose(found, want, rtol=1e-5)
        want = golden[f"image_score_official_k{count}_squared"][image]
        np.testing.assert_allclose(found.max(), want, rtol=1e-5)


@pytest.mark.parametrize("image", range(IMAGES))
@pytest.mark.parametrize(
    ("key", "around", "scaled"),
    [("paper_b3", 2, False), ("paper_b9_anomalib", 8, False), ("btf_b3_sqrtD", 2, True)],
)
def test_that_part_scores_are_reweighted_as_published(golden, image, key, around, scaled):
    distances, index = searched(golden, image)
    bank, top = golden["memory_bank"], int(distances[:, 0].argmax())
    crowd = other_neighbours(bank, around, PLAN)
    if not scaled:
        crowd = np.concatenate([np.arange(len(bank))[:, None], crowd], axis=1)
    queries = golden["test_patches"][image][top : top + 1]
    place = slice(top, top + 1)
    weight = reweighting(queries, distances[place, 0], index[place, 0], bank, crowd, scaled=scaled)[
        0
    ]
    np.testing.assert_allclose(weight, golden[f"weight_{key}"][image], rtol=1e-5)
    np.testing.assert_allclose(
        weight * distances[top, 0], golden[f"image_score_{key}"][image], rtol=1e-5
    )


@pytest.mark.parametrize("image", range(IMAGES))
def test_that_maps_are_drawn_as_each_code_draws_them(golden, image):
    euclid = golden["patch_score_euclid"][image].reshape(7, 7)
    squared = golden["patch_score_official_k1_squared"][image].reshape(7, 7)
    everywhere = np.ones((7, 7), bool)
    size, sigma = (56, 56), 4.0
    want = golden["map_recommended_56"][image]
    np.testing.assert_allclose(smoothed(euclid, everywhere, size, sigma), want, rtol=1e-5)
    want = golden["map_official_56"][image]
    np.testing.assert_allclose(smoothed(squared, everywhere, size, sigma), want, rtol=1e-5)
    want = golden["map_anomalib_56"][image]
    np.testing.assert_allclose(drawn(euclid, size, sigma, "anomalib"), want, rtol=1e-5)
    want = golden["map_btf_56"][image]
    found = drawn(euclid, size, sigma, "btf")
    np.testing.assert_allclose(found, want, atol=want.max() / 255)
