"""Grids: nearest resize, cells around the part, enlargement back, holes."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inspector_core.geometry.organised import CellGrid, Holes, holes, nearest_index, resize_nearest


@settings(max_examples=50, deadline=None)
@given(st.integers(1, 900), st.integers(1, 300))
def test_that_centre_sampling_is_symmetric(size, target):
    index = nearest_index(size, target)
    assert ((index >= 0) & (index < size)).all()
    position = (np.arange(target) + 0.5) * size / target
    assert np.abs(index + 0.5 - position).max() <= 0.5 + 1e-9


def test_that_published_sampling_takes_the_upper_left():
    assert nearest_index(8, 2, published=True).tolist() == [0, 4]
    assert nearest_index(8, 2).tolist() == [2, 6]


def test_that_resizing_invents_no_point():
    xyz = np.arange(7 * 9 * 3, dtype=np.float32).reshape(7, 9, 3)
    small = resize_nearest(xyz, (3, 4))
    assert small.shape == (3, 4, 3)
    assert {tuple(p) for p in small.reshape(-1, 3)} <= {tuple(p) for p in xyz.reshape(-1, 3)}
    assert (resize_nearest(xyz, (7, 9)) == xyz).all()


def test_that_holes_are_counted_on_the_part_alone():
    foreground = np.zeros((10, 10), bool)
    foreground[2:8, 2:8] = True
    valid = np.ones((10, 10), bool)
    valid[0] = False
    valid[3, 3] = valid[4, 4] = valid[6, 6:8] = valid[7, 7] = False
    assert holes(valid, foreground) == Holes(share=5 / 36, count=2, largest_px=3)
    assert holes(np.ones((10, 10), bool), foreground) == Holes(0.0, 0, 0)


def around(top, left, height, width, cell_px, margin=0, size=(60, 70)):
    mask = np.zeros(size, bool)
    mask[top : top + height, left : left + width] = True
    return mask, CellGrid.around(mask, cell_px, margin)


@settings(max_examples=40, deadline=None)
@given(
    st.integers(0, 30),
    st.integers(0, 30),
    st.integers(1, 30),
    st.integers(1, 30),
    st.integers(1, 9),
    st.integers(0, 2),
)
def test_that_the_grid_covers_the_part_and_little_more(top, left, height, width, cell, margin):
    mask, grid = around(top, left, height, width, cell, margin)
    assert grid.crop(mask).sum() == mask.sum()
    assert grid.rows * cell < height + cell + 2 * margin * cell
    assert grid.columns * cell < width + cell + 2 * margin * cell


def test_that_a_crop_may_reach_beyond_the_picture():
    grid = CellGrid(top=-2, left=67, rows=2, columns=2, cell_px=3)
    crop = grid.crop(np.ones((60, 70), np.float32), fill=np.nan)
    assert crop.shape == (6, 6)
    assert np.isnan(crop[:2]).all()
    assert (crop[2:, :3] == 1).all()
    assert np.isnan(crop[:, 3:]).all()


def test_that_the_affine_leads_to_cell_centres():
    grid = CellGrid(top=5, left=10, rows=4, columns=4, cell_px=3)
    assert (grid.affine @ [0, 0, 1]).tolist() == [11, 6]
    assert (grid.affine @ [2, 1, 1]).tolist() == [17, 9]


def test_that_cell_means_ignore_what_has_no_weight():
    grid = CellGrid(0, 0, 1, 2, 2)
    values = np.array([[1, np.nan, 5, 7], [3, np.nan, np.nan, np.nan]], np.float32)[..., None]
    weight = np.array([[1, 0, 1, 3], [1, 0, 0, 0]])
    mean, total = grid.mean(values, weight)
    assert mean[..., 0].tolist() == [[2.0, 6.5]]
    assert total.tolist() == [[2.0, 4.0]]
    assert grid.mean(values, weight * 0)[0].tolist() == [[[0.0], [0.0]]]


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 7), st.floats(-3, 3), st.floats(-3, 3), st.floats(-9, 9))
def test_that_enlarging_a_linear_field_gives_the_field(cell, a, b, c):
    _, grid = around(12, 15, 25, 30, cell, margin=1)
    rows, columns = np.mgrid[: grid.rows, : grid.columns]
    x = grid.affine[0, 0] * columns + grid.affine[0, 2]
    y = grid.affine[1, 1] * rows + grid.affine[1, 2]
    big = grid.enlarge(a * x + b * y + c, (60, 70))
    y, x = np.mgrid[12:37, 15:45]
    np.testing.assert_allclose(big[12:37, 15:45], a * x + b * y + c, rtol=1e-4, atol=1e-3)


def test_that_enlarging_never_leaves_the_range_of_known_cells():
    _, grid = around(10, 10, 20, 20, 4)
    cells = np.random.default_rng(0).uniform(1, 2, grid.shape)
    cells[1, 2] = cells[0] = np.nan
    big = grid.enlarge(cells, (60, 70))
    known = np.isfinite(big)
    assert big[known].min() >= np.nanmin(cells) - 1e-6
    assert big[known].max() <= np.nanmax(cells) + 1e-6
    assert not known[grid.top].any(), "above the first known row there is nothing to go by"
    assert known[grid.top + 4 : 40].all(), "a single unknown cell is bridged"


def test_that_a_single_cell_fills_all():
    grid = CellGrid(0, 0, 1, 1, 5)
    assert grid.enlarge(np.array([[3.0]]), (5, 5)) == pytest.approx(3.0)
