"""What BTF's code sees of a part (3D-ADS@612eb7b): 28 x 28 patches of a square without its table.

In metres, with zeros for what is missing; the background is judged like the part. Numbers are in single
precision, where the published FPFH are in double.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from inspector_core.detectors.btf.banks import JOINT, RGB, SHAPE
from inspector_core.detectors.contract import Context
from inspector_core.detectors.published_cloud import metres_of, notes_on
from inspector_core.detectors.views import BYTES_PER_PIXEL
from inspector_core.device import Cost, Plan, with_fallback
from inspector_core.errors import InputError
from inspector_core.features import fpfh
from inspector_core.features.locally_aware import btf_features
from inspector_core.geometry import published
from inspector_core.geometry.published import IMAGE_SIZE, Cleaning, Prepared
from inspector_core.memory.nearest import quiet
from inspector_core.types import Array, FloatArray, Registered, Sample

if TYPE_CHECKING:
    from inspector_core.features.backbone import Backbone

GRID = (28, 28)
STAGES = (2, 3)
N_PATCHES = GRID[0] * GRID[1]
_FEWEST_POINTS = 3
"""No plane goes through fewer, so no normal is known."""


@dataclass(frozen=True, slots=True)
class Square:
    """Where a picture lies in the square that is looked at.

    shape : (H, W) of the picture.   offset : (top, left) of the picture in the square.
    side : of the square in source pixels.
    """

    shape: tuple[int, int]
    offset: tuple[int, int]
    side: int

    def patch(self, x: int, y: int) -> int:
        """Number of the patch that shows source pixel (x, y)."""
        row, column = (
            (at + before) * count // self.side
            for at, before, count in zip((y, x), self.offset, GRID, strict=True)
        )
        return row * GRID[1] + column

    def to_source(self, values: Array) -> FloatArray:
        """(H, W) float32 of a map (h, w) of the square, bilinear, without the padding."""
        import torch
        from torch.nn.functional import interpolate

        small = torch.from_numpy(np.ascontiguousarray(values, np.float32))[None, None]
        large = interpolate(small, (self.side, self.side), mode="bilinear", align_corners=False)
        (top, left), (height, width) = self.offset, self.shape
        return np.array(large[0, 0, top : top + height, left : left + width].numpy(), np.float32)


@dataclass(frozen=True, slots=True)
class Seen:
    """One part as patches.

    patches : rgb (left out without picture or network) and shape (left out without cloud) to (784, C)
    float32, row by row.   notes : what was assumed.
    """

    patches: Mapping[str, FloatArray]
    square: Square
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PublishedSight:
    """How parts are looked at, the same for all parts of a recipe.

    network : None judges shape alone.   clouds : parts have clouds, by which the table is taken away;
    otherwise pictures are seen as they are.   neighbours : points that one FPFH looks at.
    """

    network: Backbone | None
    clouds: bool
    cleaning: Cleaning
    neighbours: int
    context: Context

    def see(self, part: Registered) -> Seen:
        """A part's patches.

        Raises InputError without the cloud that the good parts had, for one in another unit, and when
        the preparation leaves nothing of it.
        """
        sample = part.sample
        patches: dict[str, FloatArray] = {}
        if self.clouds:
            prepared = self._prepared(part)
            rgb, offset, side = prepared.rgb, prepared.offset, len(prepared.xyz)
            patches[SHAPE] = self._shape(sample.id, prepared)
            notes = notes_on(sample, prepared)
        else:
            rgb, offset = published.pad_square(_bytes(sample))
            side, notes = len(rgb), ()
        if self.network is not None and sample.rgb is not None:
            patches[RGB] = _colour(self.network, published.bicubic(rgb), self.context)
        return Seen(patches, Square(part.shape, offset, side), notes)

    def _prepared(self, part: Registered) -> Prepared:
        """Table and stray points taken away, in metres, squared."""
        if part.sample.xyz is None:
            raise InputError(
                f"{part.sample.id}: the cloud is missing, "
                "and the published preparation takes the table away by it",
                cure="scan the part as the good ones were scanned, or learn with compat=project",
            )
        return published.preprocess(
            metres_of(part), _bytes(part.sample), cleaning=self.cleaning, seed=self.context.seed
        )

    def _shape(self, name: str, prepared: Prepared) -> FloatArray:
        """(784, 33) pooled histograms."""
        cloud, index = published.resized_cloud(prepared.xyz)
        if len(index) < _FEWEST_POINTS:
            raise InputError(
                f"{name}: the published preparation leaves {len(index)} points of the part",
                cure="check that it stands 5 mm above the table, or learn with compat=project",
            )
        points = cloud.reshape(3, -1)[:, index].T
        histograms = fpfh.published_fpfh(points, self.neighbours)
        pooled = fpfh.published_pooling(histograms, index, (IMAGE_SIZE, IMAGE_SIZE), GRID[0])
        return np.ascontiguousarray(pooled.reshape(len(pooled), -1).T)


def with_joint(patches: Mapping[str, FloatArray]) -> dict[str, FloatArray]:
    """The same blocks and [colour | shape], neither weighed, where both are there."""
    blocks = dict(patches)
    if len(blocks) == 2:
        blocks[JOINT] = np.concatenate([blocks[RGB], blocks[SHAPE]], axis=1)
    return blocks


def _bytes(sample: Sample) -> Array:
    """(H, W, 3) uint8 picture as read; black without one."""
    if sample.rgb is None:
        return np.zeros((*sample.shape, 3), np.uint8)
    return sample.rgb if sample.rgb.dtype == np.uint8 else (sample.rgb >> 8).astype(np.uint8)


def _colour(network: Backbone, picture: Array, context: Context) -> FloatArray:
    """(784, C) of a picture (224, 224, 3) uint8; on the CPU when the device is full."""
    batch = np.ascontiguousarray(np.moveaxis(picture, 2, 0))[None] / np.float32(255)

    def work(plan: Plan) -> FloatArray:
        stages = [one[0].cpu().numpy() for one in network.on(plan.device).maps(batch)]
        return btf_features(stages, GRID)

    cost = Cost(row_bytes=BYTES_PER_PIXEL * IMAGE_SIZE**2)
    return with_fallback(work, context.plan(cost), quiet)
