"""Weights that carry tokens to pixels: against dense tensors, the published numbers and what always holds."""

from __future__ import annotations

import zlib

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional

from inspector_core.features.token_planes import (
    bilinear_plane,
    centre_weights,
    nearest_centres,
    only_needed,
    point_plane,
    published_mask,
)
from tests.core.features.point_network import golden

SIZE = (224, 224)


@pytest.fixture(scope="module")
def case():
    """The golden and its cloud, pixels and tokens, made as its recipe says."""
    found = golden("mm_interpolate")
    row, column = np.mgrid[:224, :224].astype(float)
    x, y = (column - 111.5) * 0.0005, (row - 111.5) * 0.0005
    z = 0.40 + 0.5 * (x * x + y * y) + 0.013 * x + 0.007 * y
    inside = (x / 0.040) ** 2 + (y / 0.030) ** 2 < 1
    inside[100:106, 90:97] = False
    found["pixels"] = np.flatnonzero(inside.ravel())
    xyz = np.stack([x, y, z], axis=2).astype(np.float32)
    found["points"] = xyz.reshape(-1, 3)[found["pixels"]]
    found["centres"] = found["points"][found["center_index"]]
    rng = np.random.Generator(np.random.PCG64([0, zlib.crc32(b"cfm.xyz_tokens.0")]))
    found["tokens"] = (2 * rng.random((36, 64)) - 1).astype(np.float32).T
    return found


def published_plane(case, wanted, **how):
    return point_plane(
        case["points"], case["pixels"], case["centres"], wanted, SIZE, smoothing="published", **how
    )


def test_that_nearest_centres_and_weights_are_the_published_ones(case):
    index, weights = nearest_centres(case["points"][case["sample"]], case["centres"])
    assert (np.sort(index) == np.sort(case["nn_index"])).all()
    ours, theirs = np.argsort(index), np.argsort(case["nn_index"])
    np.testing.assert_allclose(
        np.take_along_axis(weights, ours, 1),
        np.take_along_axis(case["nn_weight"], theirs, 1),
        atol=1e-6,
    )


def test_that_features_at_points_are_the_exact_ones(case):
    found = centre_weights(case["points"], case["centres"]) @ case["tokens"]
    np.testing.assert_allclose(found[case["sample"]], case["at_points_exact"], atol=2e-5)


def test_that_the_published_distances_are_as_coarse_as_the_card_says(case):
    found = centre_weights(case["points"], case["centres"], "published") @ case["tokens"]
    apart = np.abs(found[case["sample"]] - case["at_points_published"])
    # near a centre rounding decides, and other machines round otherwise
    assert np.median(apart) < 5e-4
    assert np.mean(apart < 2e-3) > 0.98


def test_that_planes_are_the_published_ones(case):
    wanted = (case["rows"][:, None] * 224 + np.arange(224)).ravel()
    found = published_plane(case, wanted) @ case["tokens"]
    np.testing.assert_allclose(found.T.reshape(36, 9, 224), case["image224_exact"], atol=2e-5)
    found = published_plane(case, np.arange(56 * 56), cells=(56, 56)) @ case["tokens"]
    np.testing.assert_allclose(found.T.reshape(36, 56, 56), case["image56_exact"], atol=2e-5)


def test_that_the_mask_is_the_published_one_and_the_reach_of_the_plane(case):
    mask = published_mask(case["pixels"], SIZE)
    assert (mask == case["mask_published"]).all()
    reached = np.diff(published_plane(case, np.arange(224 * 224)).indptr) > 0
    assert (reached == mask.ravel()).all()


def test_that_the_mask_of_cells_is_the_reach_of_their_plane(case):
    reached = np.diff(published_plane(case, np.arange(56 * 56), cells=(56, 56)).indptr) > 0
    assert (published_mask(case["pixels"], SIZE, (56, 56)).ravel() == reached).all()


def test_that_wanted_pixels_are_rows_of_the_whole(case):
    wanted = np.array([30_000, 112 * 224 + 112, 20_123])
    whole = published_plane(case, np.arange(224 * 224))
    assert (published_plane(case, wanted) != whole[wanted]).nnz == 0


def test_that_tokens_travel_as_single_floats(case):
    plane = published_plane(case, case["pixels"])
    assert plane.dtype == np.float32
    assert plane.format == "csr"


@settings(max_examples=40, deadline=None)
@given(
    grid=st.tuples(*[st.integers(1, 9)] * 2),
    size=st.tuples(*[st.integers(1, 40)] * 2),
    seed=st.integers(0, 99),
)
def test_that_bilinear_weights_equal_torch_and_sum_to_one(grid, size, seed):
    tokens = np.random.default_rng(seed).random((grid[0] * grid[1], 2), np.float32)
    picture = torch.from_numpy(tokens.T.reshape(1, 2, *grid).copy())
    dense = functional.interpolate(picture, size=size, mode="bilinear", align_corners=False)
    plane = bilinear_plane(grid, size, np.arange(size[0] * size[1]))
    np.testing.assert_allclose(plane @ tokens, dense[0].flatten(1).T, atol=1e-5)
    np.testing.assert_allclose(plane.sum(axis=1), 1, atol=1e-6)


def test_that_bilinear_rows_come_in_the_order_of_the_pixels():
    whole = bilinear_plane((4, 5), (20, 30), np.arange(600))
    wanted = np.array([599, 0, 321])
    assert (bilinear_plane((4, 5), (20, 30), wanted) != whole[wanted]).nnz == 0


@st.composite
def scans(draw):
    """A grid with some measured pixels, their points, and some of these as centres."""
    height, width = draw(st.integers(3, 12)), draw(st.integers(3, 12))
    rng = np.random.default_rng(draw(st.integers(0, 999)))
    measured = np.flatnonzero(rng.random(height * width) < draw(st.floats(0.2, 1.0)))
    if len(measured) == 0:
        measured = np.array([0])
    row, column = np.divmod(measured, width)
    points = np.stack([column, row, rng.random(len(row))], axis=1).astype(np.float32) / 1000
    centres = points[rng.permutation(len(points))[: draw(st.integers(1, 8))]]
    return (height, width), measured, points, centres


def dense(size, measured, at_points, cells):
    """Published smoothing of a dense picture of features (N, C), one row for each output pixel."""
    picture = torch.zeros(1, at_points.shape[1], *size)
    picture.flatten(2)[0][:, measured] = torch.from_numpy(at_points.T.copy())
    pooled = functional.avg_pool2d(picture, 3, stride=1)
    return functional.adaptive_avg_pool2d(pooled, cells)[0].flatten(1).T.numpy()


@settings(max_examples=40, deadline=None)
@given(scan=scans(), side=st.integers(1, 14), seed=st.integers(0, 99))
def test_that_published_smoothing_equals_dense_pooling(scan, side, seed):
    size, measured, points, centres = scan
    tokens = np.random.default_rng(seed).random((len(centres), 3), np.float32)
    cells = (side, 15 - side)
    plane = point_plane(
        points, measured, centres, np.arange(side * (15 - side)), size,
        smoothing="published", cells=cells,
    )  # fmt: skip
    at_points = centre_weights(points, centres) @ tokens
    np.testing.assert_allclose(plane @ tokens, dense(size, measured, at_points, cells), atol=1e-5)


@settings(max_examples=40, deadline=None)
@given(scan=scans(), smoothing=st.sampled_from(["normalised", "none"]))
def test_that_weights_of_measured_pixels_sum_to_one(scan, smoothing):
    size, measured, points, centres = scan
    plane = point_plane(points, measured, centres, measured, size, smoothing=smoothing)
    np.testing.assert_allclose(plane.sum(axis=1), 1, atol=1e-5)
    assert (plane.data >= 0).all()


@settings(max_examples=40, deadline=None)
@given(scan=scans())
def test_that_normalised_means_are_over_measured_pixels_alone(scan):
    size, measured, points, centres = scan
    tokens = np.random.default_rng(0).random((len(centres), 2), np.float32)
    at_points = centre_weights(points, centres) @ tokens
    found = point_plane(points, measured, centres, measured, size) @ tokens
    row, column = np.divmod(measured, size[1])
    for pixel in range(len(measured)):
        around = (abs(row - row[pixel]) <= 1) & (abs(column - column[pixel]) <= 1)
        np.testing.assert_allclose(found[pixel], at_points[around].mean(axis=0), atol=1e-5)


@settings(max_examples=20, deadline=None)
@given(scan=scans())
def test_that_without_smoothing_a_pixel_has_its_own_points_features(scan):
    size, measured, points, centres = scan
    plane = point_plane(points, measured, centres, measured, size, smoothing="none")
    assert abs(plane - centre_weights(points, centres)).max() < 1e-6


def test_that_cells_are_means_over_their_measured_pixels():
    size, measured = (4, 4), np.array([0, 1, 5, 15])
    points = np.array([[0, 0, 0], [1, 0, 0], [1, 1, 0], [3, 3, 0]], np.float32)
    tokens = np.eye(4, dtype=np.float32)
    plane = point_plane(
        points, measured, points, np.arange(4), size, smoothing="none", cells=(2, 2)
    )
    expected = [[1 / 3, 1 / 3, 1 / 3, 0], [0] * 4, [0] * 4, [0, 0, 0, 1]]
    np.testing.assert_allclose(plane @ tokens, expected, atol=1e-6)


def test_that_a_pixel_without_points_near_takes_nothing():
    points = np.zeros((1, 3), np.float32)
    plane = point_plane(points, np.array([0]), points, np.array([0, 24]), (5, 5))
    assert plane[0].nnz == 1
    assert plane[1].nnz == 0


def test_that_a_point_on_a_centre_takes_its_token_with_both_distances():
    rng = np.random.default_rng(0)
    points = rng.integers(0, 8, (20, 3)).astype(np.float32)
    centres = np.unique(points, axis=0)
    for distances in ("exact", "published"):
        index, weights = nearest_centres(points, centres, distances)
        assert (centres[index[:, 0]] == points).all()
        assert (weights[:, 0] > 0.999).all()


@pytest.mark.parametrize("distances", ["exact", "published"])
@pytest.mark.parametrize("count", [1, 2])
def test_that_fewer_than_three_centres_are_enough(count, distances):
    points = np.random.default_rng(0).random((6, 3), np.float32)
    weights = centre_weights(points, points[:count], distances)
    assert weights.shape == (6, count)
    np.testing.assert_allclose(weights.sum(axis=1), 1, atol=1e-6)


@settings(max_examples=30, deadline=None)
@given(pixels=st.sets(st.integers(0, 99), min_size=1, max_size=30), rows=st.integers(2, 6))
def test_that_tokens_nobody_takes_from_are_left_out(pixels, rows):
    plane = bilinear_plane((rows, 4), (10, 10), np.array(sorted(pixels)))
    needed, smaller = only_needed(plane)
    assert smaller.shape == (len(pixels), len(needed))
    tokens = np.random.default_rng(0).normal(size=(rows * 4, 3)).astype(np.float32)
    assert np.array_equal(smaller @ tokens[needed], plane @ tokens)
    others = np.setdiff1d(np.arange(rows * 4), needed)
    assert plane[:, others].nnz == 0
