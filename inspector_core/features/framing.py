"""The part of a picture that a network sees, and the way back from its grid to source pixels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from inspector_core.types import Array, FloatArray

Box = tuple[int, int, int, int]
"""top, left, bottom, right in source pixels, the last two exclusive."""


@dataclass(frozen=True, slots=True)
class Framing:
    """A box of source pixels, shown to the network at a fixed size; the same for all parts of a recipe.

    shape : (H, W) of the source pictures.   size : (h, w) of the network's picture.
    """

    shape: tuple[int, int]
    box: Box
    size: tuple[int, int]

    @classmethod
    def around(
        cls,
        shape: tuple[int, int],
        boxes: Sequence[Box],
        *,
        longer_px: int,
        multiple: int,
        margin: float,
    ) -> Framing:
        """The box that holds all given ones and a margin, its longer side shown with longer_px pixels.

        margin : share of the longer side added all around.   multiple : sides are multiples of it.
        The shorter side is rounded, so that it may be shown up to half a multiple too long or short.
        """
        top, left = (min(box[at] for box in boxes) for at in (0, 1))
        bottom, right = (max(box[at] for box in boxes) for at in (2, 3))
        edge = round(margin * max(bottom - top, right - left))
        box = (
            max(0, top - edge),
            max(0, left - edge),
            min(shape[0], bottom + edge),
            min(shape[1], right + edge),
        )
        sides = (box[2] - box[0], box[3] - box[1])
        scale = longer_px / max(sides)
        size = [max(multiple, round(side * scale / multiple) * multiple) for side in sides]
        return cls(shape, box, (size[0], size[1]))

    @classmethod
    def centre(
        cls, shape: tuple[int, int], *, shorter_px: int, crop_px: int, multiple: int
    ) -> Framing:
        """The published framing: shorter side to shorter_px, the centre square of crop_px kept."""
        side = round(min(shape) * crop_px / shorter_px)
        top, left = (shape[0] - side) // 2, (shape[1] - side) // 2
        size = round(crop_px / multiple) * multiple
        return cls(shape, (top, left, top + side, left + side), (size, size))

    def cell_at(self, pixel: tuple[int, int], grid: tuple[int, int]) -> tuple[int, int]:
        """(row, column) of the cell of a grid over the box that shows source pixel (x, y).

        Beyond the grid for pixels beyond the box.
        """
        top, left, bottom, right = self.box
        row = (pixel[1] - top) * grid[0] // (bottom - top)
        return row, (pixel[0] - left) * grid[1] // (right - left)

    def cut(self, picture: Array) -> FloatArray:
        """(3, h, w) float32 of a picture (H, W, 3) float32: bilinear, averaged where it shrinks."""
        import torch
        from torch.nn.functional import interpolate

        top, left, bottom, right = self.box
        inside = np.ascontiguousarray(picture[top:bottom, left:right].transpose(2, 0, 1))
        large = torch.from_numpy(inside)[None]
        small = interpolate(large, self.size, mode="bilinear", antialias=True, align_corners=False)
        return np.asarray(small[0].numpy(), np.float32)

    def share(self, mask: Array, grid: tuple[int, int]) -> FloatArray:
        """(gh, gw) share of each cell of a grid over the box that a mask (H, W) covers."""
        import torch
        from torch.nn.functional import interpolate

        top, left, bottom, right = self.box
        inside = torch.from_numpy(mask[top:bottom, left:right].astype(np.float32))[None, None]
        small = interpolate(inside, grid, mode="area")
        return np.asarray(small[0, 0].numpy(), np.float32)

    def to_source(self, values: Array) -> FloatArray:
        """(H, W) float32 of values (h, w) over the box: bilinear; beyond the box the nearest value."""
        import torch
        from torch.nn.functional import interpolate

        top, left, bottom, right = self.box
        large = interpolate(
            torch.from_numpy(np.ascontiguousarray(values, np.float32))[None, None],
            (bottom - top, right - left),
            mode="bilinear",
            align_corners=False,
        )[0, 0].numpy()
        around = ((top, self.shape[0] - bottom), (left, self.shape[1] - right))
        return np.asarray(np.pad(large, around, mode="edge"), np.float32)

    def facts(self) -> dict[str, list[int]]:
        """As plain JSON."""
        return {"shape": [*self.shape], "box": [*self.box], "size": [*self.size]}

    @classmethod
    def from_facts(cls, facts: dict[str, list[int]]) -> Framing:
        """The framing that `facts()` gave."""
        shape, box, size = facts["shape"], facts["box"], facts["size"]
        return cls((shape[0], shape[1]), (box[0], box[1], box[2], box[3]), (size[0], size[1]))


def box_of(mask: Array) -> Box:
    """The smallest box around a mask (H, W) bool; the whole picture when it is empty."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if rows.size == 0:
        return (0, 0, mask.shape[0], mask.shape[1])
    return (int(rows[0]), int(columns[0]), int(rows[-1]) + 1, int(columns[-1]) + 1)
