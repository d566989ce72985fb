"""A part's picture as CLIP takes it: one square of 240 pixels, or several side by side for finer places."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from inspector_core.features.clip_towers import SIDE
from inspector_core.features.framing import Box, Framing
from inspector_core.types import Array, FloatArray

CELLS = 15
"""Patches along a side of one square."""


@dataclass(frozen=True, slots=True)
class Squares:
    """Where the squares lie in the source pictures; the same for all parts of a recipe.

    framing : the box and its size, windows x 240 pixels a side.   windows : squares along a side.
    """

    framing: Framing
    windows: int = 1

    @classmethod
    def around(
        cls, shape: tuple[int, int], boxes: Sequence[Box], margin: float, windows: int = 1
    ) -> Squares:
        """Around all boxes and a margin, square where the picture has room for it.

        A picture narrower than the parts are long is shown stretched.
        """
        found = Framing.around(shape, boxes, longer_px=SIDE, multiple=1, margin=margin).box
        side = max(found[2] - found[0], found[3] - found[1])
        rows, columns = (_widened(found[at], found[at + 2], side, shape[at]) for at in (0, 1))
        return cls._over(shape, (rows[0], columns[0], rows[1], columns[1]), windows)

    @classmethod
    def whole(cls, shape: tuple[int, int], windows: int = 1) -> Squares:
        """The whole picture, stretched to a square."""
        return cls._over(shape, (0, 0, *shape), windows)

    @classmethod
    def centre(cls, shape: tuple[int, int]) -> Squares:
        """The published one: shorter side to 240 pixels, the centre square kept."""
        return cls(Framing.centre(shape, shorter_px=SIDE, crop_px=SIDE, multiple=1))

    @classmethod
    def _over(cls, shape: tuple[int, int], box: Box, windows: int) -> Squares:
        side = windows * SIDE
        return cls(Framing(shape, box, (side, side)), windows)

    @property
    def grid(self) -> tuple[int, int]:
        """Rows and columns of patches of all squares together."""
        return (self.windows * CELLS, self.windows * CELLS)

    def of_shape(self, shape: tuple[int, int]) -> Squares:
        """The same place in pictures of another size."""
        if shape == self.framing.shape:
            return self
        ratios = (shape[0] / self.framing.shape[0], shape[1] / self.framing.shape[1]) * 2
        top, left, bottom, right = (
            round(edge * ratio) for edge, ratio in zip(self.framing.box, ratios, strict=True)
        )
        box = (top, left, max(top + 1, bottom), max(left + 1, right))
        return replace(self, framing=replace(self.framing, shape=shape, box=box))

    def cut(self, picture: Array, quarter_turns: int = 0) -> FloatArray:
        """(windows², 3, 240, 240) float32 of a picture (H, W, 3) float32 in 0..1, row by row.

        quarter_turns : counterclockwise, of the square.
        Bicubic, averaged where it shrinks, cut off at 0 and 1: CLIP's own preparation.
        """
        import torch
        from torch.nn.functional import interpolate

        top, left, bottom, right = self.framing.box
        inside = np.ascontiguousarray(picture[top:bottom, left:right].transpose(2, 0, 1))
        sized = interpolate(
            torch.from_numpy(inside)[None], self.framing.size, mode="bicubic", antialias=True
        )
        n = self.windows
        shown = sized[0].clamp(0, 1).rot90(quarter_turns, (1, 2))
        tiles = shown.unflatten(2, (n, SIDE)).unflatten(1, (n, SIDE))
        return np.asarray(tiles.permute(1, 3, 0, 2, 4).flatten(0, 1).numpy(), np.float32)

    def joined(self, values: Array) -> FloatArray:
        """(windows², 225) values of patches as one grid (15 windows, 15 windows)."""
        n = self.windows
        tiles = values.reshape(n, n, CELLS, CELLS).swapaxes(1, 2)
        return np.ascontiguousarray(tiles.reshape(self.grid), np.float32)

    def facts(self) -> dict[str, Any]:
        """As plain JSON."""
        return {**self.framing.facts(), "windows": self.windows}

    @classmethod
    def from_facts(cls, facts: Mapping[str, Any]) -> Squares:
        """The squares that `facts()` gave."""
        return cls(Framing.from_facts(dict(facts)), int(facts["windows"]))


def _widened(first: int, last: int, side: int, room: int) -> tuple[int, int]:
    """A stretch of `side` pixels around first..last, moved and shortened into 0..room."""
    if side >= room:
        return 0, room
    start = min(max(0, (first + last - side) // 2), room - side)
    return start, start + side
