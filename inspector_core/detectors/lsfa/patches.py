"""What LSFA takes of a part beside its judged patches: the cells around, and the picture with tiles turned.

The published attention sees the whole picture, and the public code contrasts a picture's colour with that
of the same picture whose tiles of 4 x 4 pixels are each turned by a random number of right angles.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from inspector_core.detectors.crossmodal.paired import Paired, PairedSight
from inspector_core.detectors.crossmodal.patch_rows import (
    PatchRows,
    patch_rows,
    side_of,
    with_around,
)
from inspector_core.detectors.crossmodal.patch_training import PatchPair
from inspector_core.detectors.lsfa.adaptor import HEADS, adapted_features
from inspector_core.detectors.lsfa.drawing import GoodPart
from inspector_core.detectors.m3dm.banks import BankName
from inspector_core.detectors.m3dm.scoring import Patches
from inspector_core.types import Array, FloatArray, Registered

if TYPE_CHECKING:
    from torch import Tensor

TILE_PX = 4
"""Side of the tiles that are turned (published)."""


def attended_patches(patch_px: int, *, everywhere: bool) -> Patches:
    """The judged patches; with `everywhere` also the rest of the grid, for attention alone."""

    def patches(sight: PairedSight, part: Registered, paired: Paired) -> PatchRows:
        side = side_of(paired.size, patch_px)
        rows = patch_rows(paired, side)
        return with_around(rows, paired, side, sight.token_grid) if everywhere else rows

    return patches


def with_turned(patches: Patches, seed: int) -> Patches:
    """The same, and colour with the tiles of the picture turned: one lot after the other, by part."""
    rng = np.random.default_rng([seed, 5])

    def both(sight: PairedSight, part: Registered, paired: Paired) -> PatchRows:
        rows = patches(sight, part, paired)
        if paired.rgb is None:
            return rows
        turned = sight.altered(part, paired, lambda picture: turned_tiles(picture, rng))
        return replace(rows, altered=patches(sight, part, turned))

    return both


def turned_tiles(picture: Array, rng: np.random.Generator, side: int = TILE_PX) -> FloatArray:
    """(C, H, W) float32 with each tile of side x side pixels turned by 0 to 3 right angles, by lot.

    What is left at the right and at the bottom stays.
    """
    turned = np.array(picture, np.float32)
    rows, columns = picture.shape[1] // side, picture.shape[2] // side
    turns = rng.integers(0, 4, (rows, columns))
    whole = turned[:, : rows * side, : columns * side]
    tiles = whole.reshape(len(turned), rows, side, columns, side).transpose(1, 3, 0, 2, 4).copy()
    for count in (1, 2, 3):
        tiles[turns == count] = np.rot90(tiles[turns == count], count, axes=(2, 3))
    whole[:] = tiles.transpose(2, 0, 3, 1, 4).reshape(whole.shape)
    return turned


def good_part(rows: PatchRows) -> GoodPart:
    """A part's patches as training takes them."""
    assert rows.rgb is not None
    assert rows.shape is not None
    around, turned = None, None
    if rows.around is not None:
        assert rows.around.rgb is not None
        assert rows.around.shape is not None
        around = (rows.around.rgb, rows.around.shape)
    if rows.altered is not None:
        assert rows.altered.rgb is not None
        beside = rows.altered.around
        turned = (rows.altered.rgb, None if beside is None else beside.rgb)
    return GoodPart(PatchPair(rows.rgb, rows.shape), around, turned)


def bank_features(
    rows: PatchRows, weights: Mapping[str, Tensor], device: str, heads: int = HEADS
) -> dict[BankName, FloatArray]:
    """A part's adapted features of each modality that it has."""
    found: dict[BankName, FloatArray] = {}
    around = rows.around
    if rows.shape is not None:
        nothing = None
        if around is not None and around.shape is not None:
            nothing = np.repeat(around.shape, around.count, axis=0)
        found["shape"] = adapted_features(
            weights, "xyz", rows.shape, device, beside=nothing, heads=heads
        )
    if rows.rgb is not None:
        beside = None if around is None else around.rgb
        found["rgb"] = adapted_features(
            weights, "rgb", rows.rgb, device, beside=beside, heads=heads
        )
    return found
