"""Patches: which cells they are, what they hold, the way back to pixels."""

from __future__ import annotations

import numpy as np
import pytest

from inspector_core.features.patches import (
    SHAPE_CHANNELS,
    Descriptors,
    ShapeChoices,
    cell_size,
    patches_of,
)
from inspector_core.geometry.prepare import prepare
from inspector_core.types import Sample
from tests.core.geometry.scenes import box_heights, cloud

CELL = 4


@pytest.fixture(scope="module")
def block():
    """A block of 50 x 60 pixels whose right third has no readings; a picture beside the cloud."""
    heights = box_heights(box=(30, 80, 40, 100))
    xyz = cloud(
        heights
        + np.where(heights > 0, 0.02, 0) * np.random.default_rng(0).normal(size=heights.shape)
    )
    xyz[34:76, 80:96] = np.nan
    rgb = np.full((*heights.shape, 3), 120, np.uint8)
    return prepare(Sample("block", rgb=rgb, xyz=xyz))


@pytest.fixture(scope="module")
def patches(block):
    return patches_of(block, CELL, ShapeChoices(neighbours=30), None)


@pytest.mark.parametrize(
    ("cells", "size"), [(60, 2), (30, 2), (15, 4), (8, 8), (6, 8), (5, 12), (1, 60)]
)
def test_that_cells_span_the_longer_side(cells, size):
    mask = np.zeros((100, 100), bool)
    mask[20:70, 20:80] = True
    assert cell_size(mask, cells) == size


def test_that_patches_cover_the_part(block, patches):
    assert len(patches) == patches.inside.sum()
    assert patches.fill.sum() * CELL**2 == pytest.approx(block.foreground.sum(), rel=0.02)
    assert patches.fill.max() == pytest.approx(1.0)


def test_that_support_is_high_with_readings_and_low_without(block, patches):
    support = patches.to_source(patches.descriptors.support, block.shape)
    assert support[55, 60] > 0.99
    assert support[55, 88] < 0.01
    measured = patches.to_source(patches.descriptors.measured.astype(float), block.shape)
    assert measured[55, 60] == 1
    assert measured[55, 88] == 0


def test_that_shape_is_zero_without_readings(patches):
    shape = patches.descriptors.shape
    assert shape.shape == (len(patches), SHAPE_CHANNELS)
    assert not shape[~patches.descriptors.measured].any()
    np.testing.assert_allclose(shape[patches.descriptors.measured, :33].sum(axis=1), 600, rtol=1e-4)


def test_that_patches_are_found_by_pixel(patches):
    rows, columns = np.nonzero(patches.inside)
    for x, y in ((41, 31), (70, 55), (98, 78)):
        number = patches.at(x, y)
        centre = patches.grid.affine @ [columns[number], rows[number], 1]
        assert np.abs(centre - [x, y]).max() <= CELL / 2
    assert patches.at(0, 0) is None
    assert patches.at(139, 119) is None


def test_that_a_picture_alone_has_no_shape_and_a_cloud_alone_no_colour(block):
    picture = prepare(Sample("p", rgb=block.sample.rgb))
    found = patches_of(picture, CELL, ShapeChoices(), None).descriptors
    assert found.shape is None
    assert not found.support.any()
    assert not found.measured.any()
    bare = prepare(Sample("c", xyz=block.sample.xyz))
    assert patches_of(bare, CELL, ShapeChoices(neighbours=30), None).descriptors.colour is None


def test_that_joining_keeps_what_all_parts_have(patches):
    one = patches.descriptors
    colourless = Descriptors(None, one.shape, one.support, one.measured)
    joined = Descriptors.joined([one.only(np.arange(3)), colourless.only(np.arange(2))])
    assert len(joined) == 5
    assert joined.colour is None
    np.testing.assert_array_equal(joined.shape[3:], one.shape[:2])


def test_that_both_searches_describe_a_block_alike(block, patches):
    tree = patches_of(block, CELL, ShapeChoices(neighbours=30, search="tree"), None).descriptors
    inner = patches.descriptors.support > 0.99
    difference = np.abs(tree.shape[inner, :33] - patches.descriptors.shape[inner, :33]).mean()
    assert difference < 5.0
