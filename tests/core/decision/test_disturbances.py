"""Spots of colour, dents and bumps painted on a good part."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from inspector_core.decision.disturbances import COLOUR_DIFFERENCE, DEPTH_SHARE, SPOTS, painted
from inspector_core.features.colour import cielab
from inspector_core.geometry.measure import pitch_mm
from inspector_core.types import Registered
from tests.core.decision.parts import PITCH, SIZE, plate


@pytest.fixture(scope="module")
def part():
    return plate(tilt=0.2)


def test_that_the_same_seed_paints_the_same(part):
    one, two, other = painted(part, 3), painted(part, 3), painted(part, 4)
    assert (one.sample.rgb == two.sample.rgb).all()
    assert (one.sample.xyz == two.sample.xyz).all()
    assert (one.colour != other.colour).any()


def test_that_each_disturbance_shows_in_its_own_modality_alone(part):
    found = painted(part, 0)
    recoloured = (found.sample.rgb != part.sample.rgb).any(axis=2)
    moved = found.sample.xyz[..., 2] != part.sample.xyz[..., 2]
    assert recoloured[found.colour > 0].mean() > 0.9
    assert moved[found.shape > 0].all()
    assert not recoloured[(found.colour == 0) & (found.shape > 0)].mean() > 0.3
    assert 1 <= found.colour.max() <= SPOTS
    assert 1 <= found.shape.max() <= SPOTS
    assert (found.sample.xyz[..., :2] == part.sample.xyz[..., :2]).all()


@pytest.mark.parametrize("seed", range(4))
def test_that_strengths_lie_in_their_ranges(part, seed):
    found = painted(part, seed)
    lab = [cielab(s.rgb / np.float32(255)) for s in (part.sample, found.sample)]
    off = np.linalg.norm(lab[1] - lab[0], axis=2)
    for number in range(1, found.colour.max() + 1):
        strongest = off[found.colour == number].max()
        assert 0.5 * COLOUR_DIFFERENCE[0] < strongest < COLOUR_DIFFERENCE[1] + 2
    rise = np.abs(found.sample.xyz[..., 2] - part.sample.xyz[..., 2])
    for number in range(1, found.shape.max() + 1):
        deepest = rise[found.shape == number].max() / (PITCH * SIZE)
        assert 0.6 * DEPTH_SHARE[0] < deepest < 1.1 * DEPTH_SHARE[1]


def test_that_nothing_is_painted_beside_the_part(part):
    left = np.zeros((SIZE, SIZE), bool)
    left[:, : SIZE // 2] = True
    found = painted(replace(part, foreground=left), 1)
    changed = (found.sample.rgb != part.sample.rgb).any(axis=2)
    assert not changed[:, SIZE // 2 :].any()
    assert not found.shape[:, SIZE // 2 :].any()


def test_that_given_normals_follow_the_surface(part):
    flat = np.broadcast_to(np.float32([0, 0, -1]), (SIZE, SIZE, 3)).copy()
    level = plate()
    found = painted(replace(level, sample=replace(level.sample, normals=flat)), 2)
    z = found.sample.xyz[..., 2].astype(np.float64)
    pitch = pitch_mm(level.sample.xyz, level.foreground)
    down, right = np.gradient(z, pitch)
    expected = np.stack([right, down, -np.ones_like(z)], axis=2)
    expected /= np.linalg.norm(expected, axis=2, keepdims=True)
    assert found.sample.normals == pytest.approx(expected, abs=0.01)
    assert (found.sample.normals[..., :2] != 0).any()


def test_that_a_part_without_cloud_or_picture_gets_what_it_can(part):
    nowhere = np.zeros((SIZE, SIZE), bool)
    picture = Registered(replace(part.sample, xyz=None), nowhere, part.foreground)
    cloud = replace(part, sample=replace(part.sample, rgb=None))
    assert painted(picture, 0).colour.any()
    assert not painted(picture, 0).shape.any()
    assert not painted(cloud, 0).colour.any()
    assert painted(cloud, 0).shape.any()


def test_that_a_dark_picture_is_stained_as_it_is_judged(part):
    dark = replace(part.sample, rgb=np.full((SIZE, SIZE, 3), 20, np.uint8))
    found = painted(replace(part, sample=dark, gain=4.0), 0)
    seen = [np.minimum(4 * s.rgb / np.float32(255), 1) for s in (dark, found.sample)]
    off = np.linalg.norm(cielab(seen[1]) - cielab(seen[0]), axis=2)
    assert 4 < off.max() < COLOUR_DIFFERENCE[1] + 6
