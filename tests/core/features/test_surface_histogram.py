"""Histograms of normals: where they are taken, what they see, and where they say little."""

from __future__ import annotations

import numpy as np
import pytest

from inspector_core.features.patches import SHAPE_CHANNELS
from inspector_core.features.surface_histogram import Histograms
from inspector_core.progress import drain
from inspector_core.types import Registered, Sample

SIZE = 48


def part(depth, normals=None, missing=None):
    """A parallel view of a part of 32 x 24 pixels of half a millimetre on a table."""
    v, u = np.mgrid[:SIZE, :SIZE] * 0.5
    xyz = np.stack([u, v, np.broadcast_to(depth, (SIZE, SIZE))], axis=2).astype(np.float32)
    if missing is not None:
        xyz[missing] = np.nan
    foreground = np.zeros((SIZE, SIZE), bool)
    foreground[8:32, 8:40] = True
    sample = Sample("a", xyz=xyz, normals=normals)
    return Registered(sample, np.isfinite(xyz).all(axis=2), foreground)


def wavy(seed):
    phase = np.random.default_rng(seed).uniform(0, 6)
    return 300 + 0.3 * np.sin(np.arange(SIZE) / 2 + phase)[None, :]


@pytest.fixture(scope="module")
def histograms():
    return drain(Histograms.learnt([part(wavy(n)) for n in range(3)], cell_px=4, stored=False))


def test_that_cells_on_the_part_are_described_in_the_order_of_rows(histograms):
    rows, inside, grid, weight = histograms.of(part(wavy(9)))
    assert inside.shape == (6, 8)
    assert inside.all()
    assert rows.shape == (48, SHAPE_CHANNELS)
    assert rows.dtype == np.float32
    assert (grid.top, grid.left, grid.cell_px) == (8, 8, 4)
    assert weight.shape == (48,)
    assert weight.max() <= 1


def test_that_another_texture_is_described_as_unusual(histograms):
    rough = wavy(4) + np.random.default_rng(0).normal(0, 0.2, (SIZE, SIZE))
    usual, unusual = (
        np.linalg.norm(histograms.of(part(depth))[0], axis=1).mean() for depth in (wavy(5), rough)
    )
    assert unusual > 2 * usual


def test_that_places_without_readings_say_nothing(histograms):
    missing = np.zeros((SIZE, SIZE), bool)
    missing[8:20, 8:24] = True
    rows, _, _, weight = histograms.of(part(wavy(6), missing=missing))
    assert not rows.reshape(6, 8, -1)[:2, :3].any()
    assert not weight.reshape(6, 8)[:2, :3].any()


def test_that_stored_normals_are_seen_where_the_surface_shows_nothing():
    flat = np.zeros((SIZE, SIZE, 3), np.float32)
    flat[..., 2] = -1
    tilted = flat.copy()
    tilted[16:24, 20:28, 0] = 0.6
    learnt = drain(Histograms.learnt([part(300.0, flat)], cell_px=4, stored=True))
    even, odd = (learnt.of(part(300.0, normals))[0] for normals in (flat, tilted))
    differs = np.linalg.norm(even - odd, axis=1).reshape(6, 8)
    assert differs[2:4, 3:5].min() > 3 * differs[:, 7].max()


def test_that_pictures_alone_have_none(histograms):
    sample = Sample("b", rgb=np.zeros((SIZE, SIZE, 3), np.uint8))
    whole = np.ones((SIZE, SIZE), bool)
    assert histograms.of(Registered(sample, whole, whole)) is None


def test_that_they_come_back_from_their_facts(histograms):
    again = Histograms.restored(histograms.facts())
    first, second = (one.of(part(wavy(7)))[0] for one in (histograms, again))
    assert first.tobytes() == second.tobytes()
