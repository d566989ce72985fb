"""The extractor that comes with the program: its record, its size, what it sees."""

from __future__ import annotations

import json

import numpy as np
import pytest

from inspector_core.assets import resource
from inspector_core.features import weights
from inspector_core.features.backbone import open_backbone
from inspector_core.features.weights.reading import training_record

NAME = "relief_extractor"


@pytest.fixture(autouse=True)
def only_shipped(monkeypatch, tmp_path):
    monkeypatch.setenv("RELIEF_WEIGHTS", str(tmp_path))


def test_that_the_readable_record_is_the_one_inside_the_file():
    inside = json.loads(training_record(resource("weights", f"{NAME}.safetensors"))["relief"])
    beside = json.loads(resource("weights", f"{NAME}.training.json").read_text("utf-8"))
    assert beside == inside
    assert beside["teacher"]["licence"] == "Apache-2.0"
    assert len(beside["curve"]) * 1024 == beside["pictures"]
    assert beside["curve"][-1]["loss"] < beside["curve"][0]["loss"]


def test_that_its_bytes_are_checked_and_below_8_mb():
    assert weights.verify(NAME).presence == "present"
    assert resource("weights", f"{NAME}.safetensors").stat().st_size < 8_000_000


def test_that_it_tells_a_striped_place_from_a_plain_one_and_gives_the_same_again():
    picture = np.full((1, 3, 128, 128), 0.5, np.float32)
    picture[..., 64:] += 0.2 * np.sin(np.arange(64) * 1.2, dtype=np.float32)
    network = open_backbone(NAME, (1, 2, 3))
    first, again = network.maps(picture), network.maps(picture)
    for maps, same, stride in zip(first, again, (4, 8, 16), strict=True):
        assert maps.shape[2:] == (128 // stride, 128 // stride)
        assert np.array_equal(maps.numpy(), same.numpy())
        plain = maps[0, :, 2:-2, 16 // stride : 48 // stride].mean(dim=(1, 2))
        striped = maps[0, :, 2:-2, 80 // stride : 112 // stride].mean(dim=(1, 2))
        assert float((plain - striped).abs().mean()) > 0.2
