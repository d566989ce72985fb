"""Crossmodal Feature Mapping of one part as the published code computes it, for comparison.

Written from the published description, without any of the savings in `inspector_core`: dense features of
all 224 x 224 pixels for both modalities, both mappings on every pixel, masked afterwards. Chance is left
out and distances to centres are exact, as on our side. Stages before the plane are in plain_point_mae.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch
from plain_point_mae import PlainPointMAE, farthest_points, groups, interpolated, planes
from torch import Tensor, nn
from torch.nn import functional

SIDE = 224


class Clock:
    """Seconds of named stages; waits for the device where that works on by itself.

    now : the time in seconds: the clock's, or the processor's.
    """

    def __init__(self, now: Callable[[], float] = time.perf_counter) -> None:
        self.now = now
        self.seconds: dict[str, float] = {}

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        started = self.now()
        yield
        if torch.cuda.is_available():
            torch.cuda.synchronize()
        self.seconds[name] = self.seconds.get(name, 0.0) + self.now() - started


class PlainMapping(nn.Module):
    """Three linear layers; names are those of the published checkpoints."""

    def __init__(self, source: int, target: int) -> None:
        super().__init__()
        middle = (source + target) // 2
        self.input = nn.Linear(source, middle)
        self.projection = nn.Linear(middle, middle)
        self.output = nn.Linear(middle, target)

    def forward(self, x: Tensor) -> Tensor:
        return self.output(functional.gelu(self.projection(functional.gelu(self.input(x)))))


class PrunedPointMAE(PlainPointMAE):
    """Only the first blocks; features are the outputs of some of them."""

    def __init__(self, state: Mapping[str, Tensor], blocks: int, fetched: tuple[int, ...]) -> None:
        super().__init__(state)
        self.blocks.blocks = self.blocks.blocks[:blocks]
        self.fetched = fetched

    def transformed(self, tokens: Tensor, centres: Tensor) -> Tensor:
        position = self.pos_embed(centres)
        found = []
        for number, block in enumerate(self.blocks.blocks):
            tokens = block(tokens + position)
            if number in self.fetched:
                found.append(self.norm(tokens).transpose(-1, -2))
        return torch.cat(found, dim=1)


class PlainCFM:
    """All networks and the way through them.

    vision : a timm vision transformer.   mappings : state dicts by direction.
    """

    def __init__(
        self, vision: Any, points: PlainPointMAE, mappings: Mapping[str, Mapping[str, Tensor]]
    ) -> None:
        self.vision, self.points = vision, points
        self.mappings = {}
        for direction, state in mappings.items():
            network = PlainMapping(state["input.weight"].shape[1], state["output.weight"].shape[0])
            network.load_state_dict(dict(state))
            self.mappings[direction] = network.eval()

    @torch.inference_mode()
    def inspect(self, picture: Tensor, points: Tensor, pixels: Tensor, clock: Clock) -> Tensor:
        """(224, 224) blurred map.

        picture : (1, 3, 224, 224) normalised.   points : (N, 3) m.   pixels : (N,) their row-major numbers.
        """
        with clock.stage("ViT-B/8"):
            patches = self._patches(picture)
        shape = self._shape(points[None], pixels, clock)
        with clock.stage("bilinear RGB"):
            colour = functional.interpolate(
                patches, size=(SIDE, SIDE), mode="bilinear", align_corners=False
            )
            colour = colour.reshape(colour.shape[1], -1).T
        with clock.stage("mappings"):
            expected_colour = self.mappings["3Dto2D"](shape)
            expected_shape = self.mappings["2Dto3D"](colour)
        with clock.stage("maps and blur"):
            empty = shape.sum(dim=-1) == 0
            psi3d = apart(expected_shape, shape, empty)
            psi2d = apart(expected_colour, colour, empty)
            return blurred(psi2d * psi3d)

    def _patches(self, picture: Tensor) -> Tensor:
        """(1, C, 28, 28) tokens of the patches behind the last norm."""
        tokens = self.vision.forward_features(picture)[:, 1:]
        side = SIDE // 8
        return tokens.permute(0, 2, 1).reshape(1, -1, side, side)

    def _shape(self, cloud: Tensor, pixels: Tensor, clock: Clock) -> Tensor:
        """(50176, C) features of shape at every pixel.   cloud : (1, N, 3)."""
        with clock.stage("centres"):
            centres = cloud[:, farthest_points(cloud, 1024)]
        with clock.stage("groups"):
            index = groups(cloud, centres, 128)
        with clock.stage("group encoder"):
            tokens = self.points.encoder(cloud[0][index] - centres.unsqueeze(2))
        with clock.stage("blocks"):
            tokens = self.points.transformed(tokens, centres)
        with clock.stage("3-NN to points"):
            at_points = interpolated(cloud, centres, tokens)
        with clock.stage("plane"):
            return planes(at_points, pixels)


def apart(predicted: Tensor, seen: Tensor, empty: Tensor) -> Tensor:
    """(224, 224) distances of vectors of length 1, zero where there is nothing."""
    difference = functional.normalize(predicted, dim=1) - functional.normalize(seen, dim=1)
    found = difference.pow(2).sum(1).sqrt()
    found[empty] = 0.0
    return found.reshape(SIDE, SIDE)


def blurred(values: Tensor) -> Tensor:
    """Five boxes of 5 x 5 and three of 7 x 7, zeros beyond the border."""
    picture = values[None, None]
    for side in (5, 5, 5, 5, 5, 7, 7, 7):
        box = torch.ones(1, 1, side, side) / side**2
        picture = functional.conv2d(picture, box, padding=side // 2)
    return picture[0, 0]
