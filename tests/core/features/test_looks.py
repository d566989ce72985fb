"""Parts as pictures for networks: colour, normals freed from tilt, height freed from form."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from inspector_core.features.looks import picture_of
from inspector_core.geometry.prepare import prepare
from tests.contracts.tiny_parts import make, refs


@pytest.fixture(scope="module")
def part():
    return prepare(make(3, dent_mm=1.2), normals=False)


def test_that_colour_is_the_picture_with_its_gain(part):
    np.testing.assert_array_equal(picture_of(part, "rgb"), part.colour())


def test_that_a_flat_top_looks_at_the_viewer_and_the_table_is_neutral(part):
    picture = picture_of(part, "normals")
    flat = part.foreground & ~part.sample.truth
    assert np.median(picture[flat], axis=0) == pytest.approx((0.5, 0.5, 1.0), abs=0.03)
    np.testing.assert_array_equal(np.unique(picture[~part.foreground], axis=0), [[0.5, 0.5, 1.0]])


def test_that_tilting_the_part_leaves_its_normals_picture(part):
    angle = np.deg2rad(12)
    turn = np.array(
        [[1, 0, 0], [0, np.cos(angle), -np.sin(angle)], [0, np.sin(angle), np.cos(angle)]],
        np.float32,
    )
    tilted = replace(part, sample=replace(part.sample, xyz=part.sample.xyz @ turn.T))
    plain, other = picture_of(part, "normals"), picture_of(tilted, "normals")
    dent = part.sample.truth & part.foreground
    assert np.abs(plain - other)[dent].mean() < 0.02


def test_that_a_dent_is_darker_in_the_height_picture_and_ends_at_the_range(part):
    picture = picture_of(part, "height", relief_mm=0.2)
    dent = part.sample.truth & part.foreground
    flat = part.foreground & ~part.sample.truth
    assert picture[dent].mean() < picture[flat].mean() - 0.1
    assert picture.min() >= 0
    assert picture.max() <= 1
    np.testing.assert_array_equal(picture[~part.foreground], 0.5)


def test_that_the_sensors_own_normals_are_preferred(part):
    flat = np.zeros((*part.shape, 3), np.float32)
    flat[..., 2] = -1
    picture = picture_of(replace(part, sample=replace(part.sample, normals=flat)), "normals")
    seen = picture[part.foreground]
    np.testing.assert_allclose(seen, np.broadcast_to([0.5, 0.5, 1.0], seen.shape))


def test_that_what_is_missing_gives_no_picture():
    (ref,) = refs(1, drop="xyz")
    part = prepare(ref.load(), normals=False)
    assert picture_of(part, "normals") is None
    assert picture_of(part, "height") is None
    assert picture_of(part, "rgb") is not None
