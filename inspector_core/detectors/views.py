"""What appearance methods see of a part: pictures through a frozen network, and cells back as a map."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from inspector_core.detectors.contract import Context
from inspector_core.device import Cost, Plan, with_fallback
from inspector_core.errors import InputError
from inspector_core.features import weights
from inspector_core.features.framing import Framing
from inspector_core.features.looks import Look, picture_of
from inspector_core.types import Array, FloatArray, Registered

if TYPE_CHECKING:
    from inspector_core.features.backbone import Backbone

Alter = Callable[[FloatArray], FloatArray]
"""Makes another picture (3, h, w) float32 in 0..1 of one that a network is about to see."""
BATCH = 4
"""Pictures that go through the network at once; more brings nothing on a CPU."""
BYTES_PER_PIXEL = 400
"""Measured: 250 (MobileNetV2) to 330 (Wide ResNet-50) per pixel of a picture on its way through."""
_LEAST_SHARE = 0.25
"""A cell with less of the part than this is not judged by itself."""
_REACH = 1e-4
"""A pixel with less than this of known cells around it has no value of its own."""


@dataclass(frozen=True, slots=True)
class Seen:
    """One part through the network.

    stages : look to feature maps (C, h, w) float32, one per stage.
    inside : (gh, gw) bool, cells of the finest stage's grid that are judged.
    """

    stages: Mapping[Look, list[Array]]
    inside: Array


@dataclass(frozen=True, slots=True)
class Views:
    """Which pictures of a part go through which network, the same for all parts of a recipe.

    grid : rows and columns of the cells that are judged.
    said : what was reduced when memory ran short, until `notes` hands it on.
    reached : (H, W) bool, pixels that any learnt part covers, while learning.
    """

    network: Backbone
    looks: tuple[Look, ...]
    framing: Framing
    grid: tuple[int, int]
    cells: str
    smoothing_px: float
    relief_mm: float
    context: Context
    reached: Array | None = None
    said: list[str] = field(default_factory=list)

    def available(self, part: Registered) -> list[Look]:
        """The looks that this part has what they need for."""
        here = {"rgb": part.sample.rgb is not None}
        return [look for look in self.looks if here.get(look, part.sample.xyz is not None)]

    def see(self, parts: Sequence[Registered], alter: Alter | None = None) -> list[Seen]:
        """Features of all looks that the parts have, through the network in one batch.

        alter : what becomes of each picture before the network sees it.
        """
        for part in parts:
            self._require_size(part)
        wanted = [(at, look) for at, part in enumerate(parts) for look in self.available(part)]
        pictures = [self._picture(parts[at], look) for at, look in wanted]
        if alter is not None:
            pictures = [alter(picture) for picture in pictures]
        maps = self._through_network(pictures)
        found: list[dict[Look, list[Array]]] = [{} for _ in parts]
        for row, (at, look) in enumerate(wanted):
            found[at][look] = [one[row] for one in maps]
        return [
            Seen(stages, self.inside(part, self.grid))
            for stages, part in zip(found, parts, strict=True)
        ]

    def inside(self, part: Registered, grid: tuple[int, int]) -> Array:
        """(gh, gw) bool, the cells of a grid over the frame that are judged."""
        if self.cells == "all":
            return np.ones(grid, bool)
        share = self.framing.share(part.foreground, grid)
        inside = share >= _LEAST_SHARE
        return inside if inside.any() else share >= share.max()

    def to_map(self, part: Registered, values: Array, inside: Array) -> FloatArray:
        """Values of cells (gh, gw) as a smoothed map (H, W) float32, NaN off the part.

        inside : cells whose values count; the others, and those that are NaN, take what their
        neighbours say.
        """
        known = inside & np.isfinite(values)
        small = smoothed(values, known, self.framing.size, self.smoothing_px)
        large = self.framing.to_source(small)
        return np.where(part.foreground, large, np.float32(np.nan))

    def notes(self) -> list[str]:
        """What was reduced since this was last asked, for the user."""
        told = [*dict.fromkeys(self.said)]
        self.said.clear()
        return told

    def facts(self) -> dict[str, Any]:
        """As plain JSON, for the recipe."""
        return {
            "network": self.network.name,
            "network_sha256": weights.sha256(self.network.name),
            "looks": [*self.looks],
            "framing": self.framing.facts(),
        }

    def _picture(self, part: Registered, look: Look) -> FloatArray:
        picture = picture_of(part, look, self.relief_mm)
        assert picture is not None
        return self.framing.cut(picture)

    def _through_network(self, pictures: Sequence[FloatArray]) -> list[Array]:
        """One array (n, C, h, w) per stage; in portions, on the CPU when the device is full."""

        def work(plan: Plan) -> list[Array]:
            network = self.network.on(plan.device)
            portions = [
                [one.cpu().numpy() for one in network.maps(np.stack(pictures[start:stop]))]
                for start, stop in _portions(len(pictures), plan.chunk_rows)
            ]
            return [np.concatenate(stage) for stage in zip(*portions, strict=True)]

        height, width = self.framing.size
        cost = Cost(row_bytes=BYTES_PER_PIXEL * height * width, rows=BATCH)
        return with_fallback(work, self.context.plan(cost), self.said.append)

    def _require_size(self, part: Registered) -> None:
        if part.shape != self.framing.shape:
            here, there = (f"{s[1]} x {s[0]}" for s in (part.shape, self.framing.shape))
            raise InputError(
                f"{part.sample.id}: the picture has {here} pixels, the good parts had {there}",
                cure="take it with the same camera settings, or learn again",
            )


def smoothed(values: Array, known: Array, size: tuple[int, int], sigma_px: float) -> Array:
    """(h, w) of cells (gh, gw): bilinear, then Gaussian with mirrored border, from known cells alone.

    Computed in double precision, given in the precision of the values.
    """
    import torch
    from scipy.ndimage import gaussian_filter
    from torch.nn.functional import interpolate

    both = np.stack([np.where(known, values, 0), known]).astype(np.float64)
    large = interpolate(torch.from_numpy(both)[None], size, mode="bilinear", align_corners=False)
    total, share = large[0].numpy()
    if sigma_px > 0:
        total, share = (gaussian_filter(one, sigma_px, mode="reflect") for one in (total, share))
    lowest = values[known].min() if known.any() else 0
    reached = share > _REACH
    return np.where(reached, total / np.where(reached, share, 1), lowest).astype(values.dtype)


def batches(
    parts: Iterator[tuple[int, Registered]], count: int
) -> Iterator[list[tuple[int, Registered]]]:
    """Numbered parts in portions that go through a network together."""
    portion: list[tuple[int, Registered]] = []
    for entry in parts:
        portion.append(entry)
        if len(portion) == count:
            yield portion
            portion = []
    if portion:
        yield portion


def _portions(count: int, most: int) -> Iterator[tuple[int, int]]:
    for start in range(0, count, most):
        yield start, min(count, start + most)
