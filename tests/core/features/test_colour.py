"""The colour descriptor: known colours, the part alone, brightness."""

from __future__ import annotations

import numpy as np
import pytest

from inspector_core.features.colour import (
    CHANNELS,
    EVENNESS,
    brightness,
    cielab,
    colour_descriptor,
    evening_gain,
)
from inspector_core.geometry.organised import CellGrid

CELL = 4


def scene(seed=0, size=(40, 48)):
    rng = np.random.default_rng(seed)
    rgb = rng.uniform(0.3, 0.6, (*size, 3)).astype(np.float32)
    mask = np.zeros(size, bool)
    mask[8:32, 8:40] = True
    return rgb, mask, CellGrid.around(mask, CELL)


@pytest.mark.parametrize(
    ("rgb", "lab"),
    [
        ((1, 1, 1), (100, 0, 0)),
        ((0, 0, 0), (0, 0, 0)),
        ((1, 0, 0), (53.24, 80.09, 67.20)),
        ((0, 0, 1), (32.30, 79.19, -107.86)),
        ((0.5, 0.5, 0.5), (53.39, 0, 0)),
    ],
)
def test_that_known_colours_have_their_cielab_values(rgb, lab):
    np.testing.assert_allclose(cielab(np.array(rgb)), lab, atol=0.05)


def test_that_cielab_agrees_with_scikit_image():
    from skimage.color import rgb2lab

    colours = np.random.default_rng(0).random((20, 20, 3))
    np.testing.assert_allclose(cielab(colours), rgb2lab(colours), atol=0.05)


def test_that_the_table_does_not_matter():
    rgb, mask, grid = scene()
    other = rgb.copy()
    other[~mask] = [1.0, 0.0, 0.2]
    np.testing.assert_array_equal(
        colour_descriptor(rgb, mask, grid), colour_descriptor(other, mask, grid)
    )


def test_that_a_plain_part_shows_its_colour_and_no_detail():
    _, mask, grid = scene()
    rgb = np.full((40, 48, 3), 0.5, np.float32)
    found = colour_descriptor(rgb, mask, grid)
    assert found.shape == (*grid.shape, CHANNELS)
    np.testing.assert_allclose(found[..., 0], 53.39, atol=0.02)
    np.testing.assert_allclose(found[..., 3:], 0, atol=0.02)


def test_that_a_spot_shows_where_it_is():
    _, mask, grid = scene()
    rgb = np.full((40, 48, 3), 0.5, np.float32)
    plain = colour_descriptor(rgb, mask, grid)
    rgb[17:19, 21:23] = [0.8, 0.5, 0.5]
    change = np.linalg.norm(colour_descriptor(rgb, mask, grid) - plain, axis=2)
    row, column = np.unravel_index(np.argmax(change), change.shape)
    x, y = grid.affine @ [column, row, 1]
    assert abs(x - 21.5) <= CELL
    assert abs(y - 17.5) <= CELL
    assert change[0, 0] < 0.1 * change.max()


def test_that_directed_and_undirected_gradients_differ():
    _, mask, grid = scene()
    stripes = np.zeros((40, 48, 3), np.float32) + 0.5
    stripes[:, ::4] = 0.7
    directed = colour_descriptor(stripes, mask, grid)
    speckle = np.random.default_rng(0).uniform(0.4, 0.7, (40, 48, 1)).astype(np.float32)
    undirected = colour_descriptor(np.repeat(speckle, 3, axis=2), mask, grid)
    ratio = [np.median(np.expm1(f[..., 12]) / np.expm1(f[..., 11])) for f in (directed, undirected)]
    assert ratio[0] > 0.95
    assert ratio[1] < 0.8


def test_that_a_darker_picture_is_evened_out_within_limits():
    rgb, mask, grid = scene()
    linear = rgb**2.2
    darker = (0.85 * linear) ** (1 / 2.2)
    gain = evening_gain(brightness(darker, mask), brightness(rgb, mask))
    assert gain == pytest.approx(1 / 0.85, rel=0.03)
    plain = colour_descriptor(rgb, mask, grid)
    np.testing.assert_allclose(colour_descriptor(darker, mask, grid, gain), plain, atol=1.0)
    assert evening_gain(0.1, 0.9) == EVENNESS
    assert evening_gain(0.0, 0.5) == 1.0


def test_that_cells_without_the_part_are_zero():
    rgb, mask, _ = scene()
    grid = CellGrid.around(mask, CELL, margin=1)
    found = colour_descriptor(rgb, mask, grid)
    assert not found[0].any()
    assert found[1].any()


def test_that_large_pictures_are_described_like_small_ones():
    rgb, mask, _ = scene()
    plain = colour_descriptor(rgb, mask, CellGrid.around(mask, 6))
    twice = [np.repeat(np.repeat(array, 2, axis=0), 2, axis=1) for array in (rgb, mask)]
    found = colour_descriptor(*twice, CellGrid.around(twice[1], 12))
    np.testing.assert_allclose(found, plain, atol=1e-3)
