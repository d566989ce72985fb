"""How InCTRL looks at a part: which pictures, where, and what CLIP's image tower sees in them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from inspector_core.detectors.contract import Context
from inspector_core.detectors.view_choice import chosen_looks
from inspector_core.device import Cost, Plan, with_fallback
from inspector_core.errors import InputError
from inspector_core.features.clip_towers import Towers
from inspector_core.features.framing import box_of
from inspector_core.features.looks import LOOKS, Look, picture_of
from inspector_core.features.squares import Squares
from inspector_core.memory.nearest import quiet
from inspector_core.types import Array, FloatArray, Registered

_BATCH = 4
_PICTURE_BYTES = 64 << 20
"""Measured: what the image tower holds per picture, with its outputs."""
_LEAST_SHARE = 0.25
"""A patch with less of the part than this is not judged by itself."""


@dataclass(frozen=True, slots=True)
class Seen:
    """One look of a part through the image tower.

    patches : (L, N, C) float32, raw patch embeddings of all squares one after the other.
    image : (D,) float32 image embedding of the first square.
    """

    patches: FloatArray
    image: FloatArray


@dataclass(frozen=True, slots=True)
class Sight:
    """The towers, and where in a part's pictures they look; the same for all parts of a recipe."""

    towers: Towers
    squares: Squares
    looks: tuple[Look, ...]
    relief_mm: float
    context: Context

    def available(self, part: Registered) -> list[Look]:
        """The looks that this part has what they need for."""
        return [look for look in self.looks if _has(part, look)]

    def see(self, part: Registered, look: Look, quarter_turns: int = 0) -> Seen:
        """A part's picture, turned, through the image tower; InputError when it shows no measured point."""
        picture = picture_of(part, look, self.relief_mm)
        if picture is None:
            raise InputError(
                f"{part.sample.id}: the cloud has no valid points", cure="scan the part again"
            )
        if look == "normals":
            picture = turned_normals(picture, quarter_turns)
        squares = self.squares.of_shape(part.shape).cut(picture, quarter_turns)
        patches, images = _through(self.towers, squares, self.context)
        return Seen(patches.reshape(len(patches), -1, patches.shape[3]), images[0])

    def inside(self, part: Registered, *, everything: bool) -> Array:
        """(gh, gw) bool, patches that are judged: those on the part, or all."""
        if everything:
            return np.ones(self.squares.grid, bool)
        framing = self.squares.of_shape(part.shape).framing
        share = framing.share(part.foreground, self.squares.grid)
        inside = share >= _LEAST_SHARE
        return inside if inside.any() else share >= share.max()

    def cell(self, part: Registered, pixel: tuple[int, int]) -> tuple[int, int]:
        """Row and column of the patch that shows pixel (x, y), the nearest one beyond the squares."""
        top, left, bottom, right = self.squares.of_shape(part.shape).framing.box
        rows, columns = self.squares.grid
        row = (pixel[1] - top) * rows // (bottom - top)
        column = (pixel[0] - left) * columns // (right - left)
        return int(np.clip(row, 0, rows - 1)), int(np.clip(column, 0, columns - 1))

    def number(self, cell: tuple[int, int]) -> int:
        """Place of a patch of the grid among a part's patches."""
        order = np.arange(self.squares.grid[0] * self.squares.grid[1])
        at = self.squares.joined(order.reshape(self.squares.windows**2, -1))
        return int(at[cell])

    def facts(self) -> dict[str, Any]:
        """As plain JSON, for the recipe."""
        return {"looks": [*self.looks], "squares": self.squares.facts()}


def restored_sight(
    facts: Mapping[str, Any], towers: Towers, relief_mm: float, context: Context
) -> Sight:
    """The sight of a recipe."""
    squares = Squares.from_facts(facts["squares"])
    return Sight(towers, squares, tuple(facts["looks"]), relief_mm, context)


def common_looks(wanted: str, parts: Sequence[Registered]) -> tuple[Look, ...]:
    """The looks that these parts can all be shown in; InputError when the wanted ones are not.

    wanted : looks joined by "+", or "auto" for colour and normals as far as the parts have them.
    """
    return chosen_looks(
        wanted, {name for name in LOOKS if not all(_has(part, name) for part in parts)}
    )


def chosen_squares(
    parts: Sequence[Registered], framing: str, margin: float, windows: int
) -> Squares:
    """Where the towers look: around the parts, at the whole picture, or at its centre square.

    Raises InputError when the parts' pictures differ in size.
    """
    shape = parts[0].shape
    for part in parts:
        if part.shape != shape:
            raise InputError(
                f"{part.sample.id}: its picture has another size than {parts[0].sample.id}",
                cure="learn from parts that were all taken in the same way",
            )
    if framing == "published":
        return Squares.centre(shape)
    if framing == "whole":
        return Squares.whole(shape, windows)
    return Squares.around(shape, [box_of(part.foreground) for part in parts], margin, windows)


def turned_normals(picture: FloatArray, quarter_turns: int) -> FloatArray:
    """A picture of normals (H, W, 3) whose vectors are turned counterclockwise, pixels where they were.

    Red is right, green up: (x, y) becomes (-y, x) with each quarter.
    """
    right, up, towards = np.moveaxis(picture, 2, 0)
    for _ in range(quarter_turns % 4):
        right, up = 1 - up, right
    return np.stack([right, up, towards], axis=2)


def view_cost(n_pictures: int) -> Cost:
    """Memory of so many pictures at once in the image tower, beside its weights."""
    return Cost(row_bytes=_PICTURE_BYTES, rows=min(n_pictures, _BATCH))


def _through(
    towers: Towers, squares: FloatArray, context: Context
) -> tuple[FloatArray, FloatArray]:
    """(L, n, P, C) and (n, D) float32 of (n, 3, 240, 240) squares; on the CPU when the device is full."""
    import torch

    def work(plan: Plan) -> tuple[FloatArray, FloatArray]:
        found = [
            towers.on(plan.device).view(torch.from_numpy(squares[start : start + plan.chunk_rows]))
            for start in range(0, len(squares), plan.chunk_rows)
        ]
        patches = torch.cat([one.patches for one in found], dim=1)
        images = torch.cat([one.images for one in found])
        return patches.cpu().numpy(), images.cpu().numpy()

    return with_fallback(work, context.plan(view_cost(len(squares))), quiet)


def _has(part: Registered, look: Look) -> bool:
    return (part.sample.rgb if look == "rgb" else part.sample.xyz) is not None
