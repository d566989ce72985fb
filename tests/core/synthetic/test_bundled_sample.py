"""The bundled sample part: complete, small, and readable with what is installed."""

from __future__ import annotations

import json

import numpy as np
import pytest
import tifffile
from PIL import Image

from inspector_core.assets import sample_parts

DEFECTS = ("bump", "contamination", "dent", "discoloration", "missing_feature", "scratch", "stain")


def stems(*parts: str) -> list[str]:
    return sorted(path.stem for path in sample_parts().joinpath(*parts).iterdir())


@pytest.mark.parametrize(("split", "count"), [("train", 24), ("validation", 8), ("test", 6)])
def test_that_the_bundled_sample_holds_its_good_parts(split, count):
    expected = [f"{index:03d}" for index in range(count)]
    assert stems(split, "good", "rgb") == expected
    assert stems(split, "good", "xyz") == expected


@pytest.mark.parametrize("defect", DEFECTS)
def test_that_the_bundled_sample_holds_the_first_two_parts_of_every_defect(defect):
    for role in ("rgb", "xyz", "gt"):
        assert stems("test", defect, role) == ["000", "001"]


def test_that_the_truth_names_exactly_the_bundled_test_parts():
    truth = json.loads((sample_parts() / "truth.json").read_text(encoding="utf-8"))
    good = {f"good/{index:03d}" for index in range(6)}
    assert set(truth) == good | {f"{defect}/00{index}" for defect in DEFECTS for index in (0, 1)}
    for key, defects in truth.items():
        mask = np.asarray(Image.open(sample_parts() / "test" / f"{key.replace('/', '/gt/')}.png"))
        assert bool(mask.any()) == bool(defects)
        assert bool(defects) != key.startswith("good/")


def test_that_the_bundled_clouds_are_readable_and_follow_the_camera():
    camera = json.loads((sample_parts() / "calibration/camera_parameters.json").read_text())
    xyz = tifffile.imread(sample_parts() / "test/dent/xyz/000.tiff")
    assert xyz.shape == (400, 400, 3)
    assert xyz.dtype == np.float32
    v, u = np.nonzero(xyz[..., 2])
    x, _, z = xyz[v, u].T
    assert np.abs(x - z * (u - camera["cx"]) / camera["fx"]).max() < 4e-5


def test_that_the_bundled_sample_stays_under_15_mb():
    size = sum(path.stat().st_size for path in sample_parts().rglob("*") if path.is_file())
    assert size < 15e6
