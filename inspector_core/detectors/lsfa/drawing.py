"""What training sees of a part in one step: some of its patches, with what lies around and what was turned."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from inspector_core.detectors.crossmodal.patch_training import PatchPair, patch_draw, placed
from inspector_core.detectors.lsfa.adaptor import HEADS, Side, adapted
from inspector_core.types import Array

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True, slots=True)
class GoodPart:
    """The patches of one good part.

    pair : the judged ones.
    around : (M, C) and (M, D) or (1, D) of those off the part, which attention takes in; None for none.
    turned : (N, C) colour of the judged patches and (M, C) of those around in the picture whose tiles
    were turned; None where that is not trained.
    """

    pair: PatchPair
    around: tuple[Array, Array] | None = None
    turned: tuple[Array, Array | None] | None = None

    def __len__(self) -> int:
        return len(self.pair)


@dataclass(frozen=True, slots=True)
class Drawn:
    """Some patches of one part.

    judged : how many of them, the first, are on the part.   sides : (n, C) of all, by side.
    turned : (n, C) colour in the turned picture, or None.
    """

    judged: int
    sides: Mapping[Side, Tensor]
    turned: Tensor | None = None


def drawn(part: GoodPart, count: int, rng: np.random.Generator, device: str) -> Drawn:
    """`count` judged patches by lot, and as large a share of those around."""
    rows = patch_draw(len(part), count, rng)
    rgb, xyz = part.pair.rgb[rows], part.pair.shape[rows]
    turned = None if part.turned is None else part.turned[0][rows]
    if part.around is not None:
        colour, nothing = part.around
        beside = patch_draw(len(colour), round(len(colour) * len(rows) / len(part)), rng)
        rgb = np.concatenate([rgb, colour[beside]])
        xyz = np.concatenate([xyz, np.broadcast_to(nothing, (len(colour), xyz.shape[1]))[beside]])
        if turned is not None and part.turned is not None and part.turned[1] is not None:
            turned = np.concatenate([turned, part.turned[1][beside]])
    return Drawn(
        len(rows),
        {"rgb": placed(rgb, device), "xyz": placed(xyz, device)},
        None if turned is None else placed(turned, device),
    )


def adapted_parts(
    weights: Mapping[str, Tensor],
    side: Side,
    parts: Sequence[Drawn],
    heads: int = HEADS,
    *,
    turned: bool = False,
) -> Tensor:
    """(ΣN, C) adapted judged patches of some parts, one behind the other.

    turned : of the turned picture.
    """
    import torch

    given = [part.turned if turned else part.sides[side] for part in parts]
    rows = [one for one in given if one is not None]
    counts = [len(one) for one in rows]
    found = adapted(weights, side, torch.cat(rows), counts, heads)
    if counts == [part.judged for part in parts]:
        return found
    portions = zip(found.split(counts), parts, strict=True)
    return torch.cat([one[: part.judged] for one, part in portions])
