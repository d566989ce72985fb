"""Descriptors of a surface: where they are taken and what they do not depend on."""

from __future__ import annotations

import numpy as np

from inspector_core.features.surface_descriptor import CHANNELS, Sampling, surface_descriptors
from inspector_core.types import Registered, Sample

SIZE = 33
PLAIN = Sampling(stride=1, step=2, resolution_mm=0.05)


def part(depth, foreground=None):
    """A parallel view: x and y are half millimetres."""
    height, width = depth.shape
    v, u = np.mgrid[:height, :width] * 0.5
    xyz = np.stack([u, v, depth], axis=2).astype(np.float32)
    valid = np.isfinite(xyz).all(axis=2)
    foreground = np.ones(depth.shape, bool) if foreground is None else foreground
    return Registered(Sample("a", xyz=xyz), valid, foreground)


def rough(seed=0):
    return 300 + np.random.default_rng(seed).normal(0, 0.2, (SIZE, SIZE))


def test_that_every_second_reading_of_the_part_is_described_in_the_order_of_rows():
    foreground = np.zeros((SIZE, SIZE), bool)
    foreground[4:20, 6:31] = True
    rows, cells, grid = surface_descriptors(part(rough(), foreground), PLAIN)
    assert rows.shape == (8 * 13, CHANNELS)
    assert cells.shape == (8, 13)
    assert cells.all()
    assert (grid.top, grid.left, grid.cell_px) == (4, 6, 2)


def test_that_a_described_place_lies_in_its_own_cell():
    depth = np.full((SIZE, SIZE), 300.0)
    depth[12, 18] -= 1.0
    rows, cells, grid = surface_descriptors(part(depth), PLAIN)
    spike = np.zeros(cells.shape, np.float32)
    spike[cells] = np.abs(rows[:, 0])
    row, column = np.unravel_index(spike.argmax(), spike.shape)
    assert (grid.top + row * grid.cell_px, grid.left + column * grid.cell_px) == (12, 18)


def test_that_turning_a_part_by_a_quarter_turns_its_descriptors_with_it():
    depth = rough(3)
    straight, cells, _ = surface_descriptors(part(depth), PLAIN)
    turned, _, _ = surface_descriptors(part(np.rot90(depth)), PLAIN)
    there = np.rot90(np.arange(len(straight)).reshape(cells.shape)).ravel()
    np.testing.assert_allclose(turned, straight[there], atol=5e-3)


def test_that_readings_that_are_missing_are_described_by_what_lies_around_them():
    depth = rough()
    depth[:, :10] = np.nan
    rows, cells, _ = surface_descriptors(part(depth), PLAIN)
    measured = np.zeros(cells.shape)
    measured[cells] = rows[:, -1] > 0
    assert not measured[:, :5].any()
    assert measured[:, 5:].all()
    assert np.isfinite(rows).all()


def test_that_a_part_without_readings_has_no_descriptors():
    assert surface_descriptors(part(np.full((SIZE, SIZE), np.nan)), PLAIN) is None
    picture = Sample("p", rgb=np.zeros((SIZE, SIZE, 3), np.uint8))
    nothing = np.zeros((SIZE, SIZE), bool)
    assert surface_descriptors(Registered(picture, nothing, ~nothing), PLAIN) is None


def test_that_a_stride_reads_fewer_rows_and_keeps_cells_in_source_pixels():
    rows, cells, grid = surface_descriptors(part(rough()), Sampling(2, 2, 0.05))
    assert grid.cell_px == 4
    assert cells.shape == (9, 9)
    assert len(rows) == 81
