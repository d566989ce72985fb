"""The published forward's own numbers (tests/goldens/inctrl), case by case."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

FOLDER = Path(__file__).resolve().parents[2] / "goldens" / "inctrl"
TOLERANCE = 1e-5
CASES = (
    ("query1_shot2", "eval"),
    ("query4_shot2", "eval"),
    ("query4_shot2", "train"),
    ("query4_shot1", "eval"),
    ("query4_shot1", "train"),
)


@cache
def document():
    return json.loads((FOLDER / "inctrl.json").read_text("utf-8"))["expected"]


@cache
def arrays():
    import torch

    with np.load(FOLDER / "inctrl.npz") as stored:
        return {name: torch.from_numpy(value.copy()) for name, value in stored.items()}


def weights():
    """A fresh copy: training mode changes running statistics."""
    mark = "weights__"
    return {
        name.removeprefix(mark): value.clone()
        for name, value in arrays().items()
        if name.startswith(mark)
    }


@dataclass(frozen=True)
class Case:
    """Inputs and outputs of one case; class tokens are cut off."""

    name: str
    mode: str

    def given(self, name):
        return arrays()[f"{self.name}__{name}"]

    def expected(self, name):
        return arrays()[f"{self.name}__{self.mode}__{name}"]

    def figure(self, name):
        return document()[f"{self.name}/{self.mode}"][name]

    @property
    def query(self):
        return self.given("query_tokens")[:, :, 1:]

    @property
    def prompts(self):
        return self.given("prompt_tokens")[:, :, :, 1:]

    @property
    def images(self):
        return self.given("query_image_token")

    @property
    def prompt_images(self):
        return self.given("prompt_image_tokens")

    @property
    def labels(self):
        return self.given("labels")
