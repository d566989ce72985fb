"""The published Eyecandies conversion equals the values of the published code."""

from __future__ import annotations

import json

import numpy as np
import pytest

from inspector_core.data.readers.eyecandies_published import (
    published_background,
    published_cloud,
    published_depth,
)
from tests.conftest import ROOT

GOLDEN = ROOT / "tests" / "goldens" / "mm_eyecandies_depth"


@pytest.fixture(scope="module")
def golden():
    settings = json.loads((GOLDEN / "golden.json").read_text())["settings"]
    return settings, np.load(GOLDEN / "golden.npz")


def test_that_depth_equals_the_published_code(golden):
    settings, arrays = golden
    depth = published_depth(arrays["depth16"], settings["depth_min"], settings["depth_max"])
    np.testing.assert_allclose(depth, arrays["depth"], atol=1e-6)


def test_that_the_cloud_and_its_background_equal_the_published_code(golden):
    settings, arrays = golden
    cloud = published_cloud(
        arrays["depth16"],
        settings["depth_min"],
        settings["depth_max"],
        arrays["pose"],
        settings["focal"],
    )
    np.testing.assert_allclose(cloud, arrays["cloud"], atol=1e-6)
    processed, background = published_background(cloud, settings["rotation_index"])
    np.testing.assert_allclose(processed, arrays["processed"], atol=1e-6)
    np.testing.assert_array_equal(background, arrays["background"])
    constant = np.broadcast_to(arrays["background_constant"], processed[background].shape)
    np.testing.assert_allclose(processed[background], constant, atol=1e-6)
