"""Squares for CLIP: where they lie, what they show, and the way back to a grid."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from inspector_core.features.squares import CELLS, Squares

SHAPE = (300, 500)


def side_lengths(squares):
    top, left, bottom, right = squares.framing.box
    return bottom - top, right - left


@given(
    top=st.integers(0, 250), left=st.integers(0, 450), height=st.integers(1, 50),
    width=st.integers(1, 50), margin=st.floats(0, 0.5),
)  # fmt: skip
@settings(max_examples=50, deadline=None)
def test_that_a_small_part_is_shown_in_a_true_square_that_holds_it(
    top, left, height, width, margin
):
    box = (top, left, min(300, top + height), min(500, left + width))
    squares = Squares.around(SHAPE, [box], margin)
    found = squares.framing.box
    rows, columns = side_lengths(squares)
    assert rows == columns
    assert found[0] <= box[0] < box[2] <= found[2] <= 300
    assert found[1] <= box[1] < box[3] <= found[3] <= 500


def test_that_a_part_longer_than_the_picture_is_high_is_stretched_over_all_rows():
    squares = Squares.around(SHAPE, [(100, 20, 200, 480)], 0.0)
    assert squares.framing.box == (0, 20, 300, 480)


def test_that_the_published_square_is_what_a_resize_and_a_centre_crop_show():
    rng = np.random.default_rng(0)
    small = rng.integers(0, 255, (24, 32, 3), np.uint8)
    picture = np.asarray(Image.fromarray(small).resize((640, 480), Image.Resampling.BICUBIC))
    resized = Image.fromarray(picture).resize((320, 240), Image.Resampling.BICUBIC)
    expected = np.asarray(resized)[:, 40:280] / 255.0
    shown = Squares.centre((480, 640)).cut(picture.astype(np.float32) / 255)
    assert shown.shape == (1, 3, 240, 240)
    away = np.abs(shown[0].transpose(1, 2, 0) - expected)
    assert np.median(away) < 0.003
    assert away[4:-4, 4:-4].max() < 0.01


def test_that_windows_show_the_quarters_of_a_picture_and_their_patches_fit_together():
    picture = np.zeros((480, 480, 3), np.float32)
    picture[:240, 240:] = 1.0
    squares = Squares.whole((480, 480), windows=2)
    tiles = squares.cut(picture)
    assert tiles.shape == (4, 3, 240, 240)
    assert tiles.mean(axis=(1, 2, 3)).tolist() == pytest.approx([0, 1, 0, 0], abs=0.02)
    patches = torch.from_numpy(tiles[:, 0]).unfold(1, 16, 16).unfold(2, 16, 16).mean((3, 4))
    grid = squares.joined(patches.flatten(1).numpy())
    assert grid.shape == (2 * CELLS, 2 * CELLS)
    assert (grid[:14, 16:] > 0.99).all()
    assert (grid[16:] < 0.01).all()


def test_that_the_same_place_is_found_in_a_picture_of_another_size():
    squares = Squares.around(SHAPE, [(50, 100, 150, 200)], 0.0)
    twice = squares.of_shape((600, 1000))
    assert twice.framing.box == tuple(2 * edge for edge in squares.framing.box)
    assert twice.framing.size == squares.framing.size
    assert squares.of_shape(SHAPE) is squares


def test_that_squares_return_from_their_facts():
    squares = Squares.around(SHAPE, [(50, 100, 150, 200)], 0.1, windows=3)
    assert Squares.from_facts(squares.facts()) == squares
