"""PaDiM against the published code's own numbers (tests/goldens/padim)."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from inspector_core.detectors.padim import drawn_channels, embed
from inspector_core.detectors.views import smoothed
from inspector_core.device import Plan
from inspector_core.errors import InputError
from inspector_core.memory.gaussians import Gaussians, Moments, distances
from inspector_core.progress import drain

GRID = (8, 8)


def plan(_cost):
    return Plan("cpu", 20)


@pytest.fixture(scope="module")
def golden():
    path = Path(__file__).resolve().parents[2] / "goldens" / "padim" / "padim.npz"
    with np.load(path) as arrays:
        return dict(arrays)


def rows(golden, split, image, channels):
    return embed([golden[f"{split}_layer{at}"][image] for at in (1, 2, 3)], channels, GRID)


def moments(golden, count, portion=7):
    found = Moments(64, 8)
    samples = np.stack([rows(golden, "train", i, golden["idx"]) for i in range(count)])
    for first in range(0, count, portion):
        found.add(samples[first : first + portion])
    return found


def test_that_channels_are_drawn_as_the_published_code_draws_them(golden):
    for total, count, name in ((448, 100, "resnet18"), (1792, 550, "wide_resnet50_2")):
        want = golden[f"published_idx_{name}_{total}_{count}"]
        np.testing.assert_array_equal(drawn_channels(total, count, 0, "published"), want)


def test_that_channels_drawn_by_seed_differ_and_repeat():
    first = drawn_channels(448, 100, 1, "seed")
    assert first.tolist() == drawn_channels(448, 100, 1, "seed").tolist()
    assert first.tolist() != drawn_channels(448, 100, 2, "seed").tolist()
    assert len(set(first.tolist())) == 100


def test_that_stages_are_joined_as_the_published_code_joins_them(golden):
    for image in range(3):
        found = rows(golden, "test", image, np.arange(15)).T.reshape(15, *GRID)
        np.testing.assert_array_equal(found, golden["test_embedding_full"][image])


@pytest.mark.parametrize(
    ("case", "count", "epsilon"), [("n24", 24, 0.01), ("n5", 5, 0.01), ("n24_eps0", 24, 0.0)]
)
def test_that_streamed_statistics_and_distances_are_the_published_ones(
    golden, case, count, epsilon
):
    found = moments(golden, count)
    np.testing.assert_allclose(found.mean.T, golden[f"{case}_mean"], atol=1e-6)
    covariance = found.covariance(slice(None), epsilon).numpy()
    np.testing.assert_allclose(covariance, golden[f"{case}_cov"], atol=1e-5)
    gaussians = drain(found.gaussians(epsilon))
    for image in range(3):
        far = distances(rows(golden, "test", image, golden["idx"]), gaussians, plan)
        np.testing.assert_allclose(far.reshape(GRID), golden[f"{case}_dist"][image], rtol=1e-4)


@pytest.mark.parametrize("case", ["n24", "n5"])
def test_that_maps_and_part_scores_are_the_published_ones(golden, case):
    everywhere = np.ones(GRID, bool)
    for image in range(3):
        far = golden[f"{case}_dist"][image]
        plain = smoothed(far, everywhere, (32, 32), 0.0)
        np.testing.assert_allclose(plain, golden[f"{case}_map_up32"][image], atol=1e-6)
        soft = smoothed(far, everywhere, (32, 32), 4.0)
        np.testing.assert_allclose(soft, golden[f"{case}_map_up32_sigma4"][image], atol=1e-6)
        np.testing.assert_allclose(soft.max(), golden[f"{case}_image_score"][image], atol=1e-6)


def test_that_the_portions_of_parts_do_not_matter(golden):
    one, many = moments(golden, 24, portion=24), moments(golden, 24, portion=1)
    np.testing.assert_allclose(one.scatter, many.scatter, atol=1e-9)


def test_that_distances_equal_the_plain_form(golden):
    found = moments(golden, 24)
    sample = rows(golden, "test", 0, golden["idx"])
    fast = distances(sample, drain(found.gaussians(0.01)), plan)
    inverse = np.linalg.inv(found.covariance(slice(None), 0.01).numpy())
    away = sample - found.mean
    plain = np.sqrt(np.einsum("pd,pde,pe->p", away, inverse, away))
    np.testing.assert_allclose(fast, plain, rtol=1e-4)


def test_that_too_few_parts_without_epsilon_are_refused_with_a_cure(golden):
    with pytest.raises(InputError, match="5 good parts are too few for 8 channels") as caught:
        drain(moments(golden, 5).gaussians(0.0))
    assert "epsilon" in caught.value.cure


def test_that_shrinking_keeps_variances_and_weakens_correlations(golden):
    found = moments(golden, 5)
    plain = found.covariance(slice(None), 0.0).numpy()
    shrunk = found.covariance(slice(None), 0.0, shrink=True).numpy()
    diagonal = np.arange(8)
    np.testing.assert_allclose(shrunk[:, diagonal, diagonal], plain[:, diagonal, diagonal])
    off = ~np.eye(8, dtype=bool)
    assert (np.abs(shrunk[:, off]) <= np.abs(plain[:, off]) + 1e-12).all()
    assert isinstance(drain(found.gaussians(0.0, shrink=True)), Gaussians)
