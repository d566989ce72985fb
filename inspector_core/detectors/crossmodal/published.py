"""Colour and shape as CFM, M3DM and LSFA prepare them: a square of 224 pixels, in metres.

Source: crossmodal-feature-mapping@63288af, preprocessing and features; methods as `geometry.published`.
Two of its faults are settings here (`rgb_background`, `distances`, `point_smoothing`); that the point
network is never put into its mode for use is not repeated: its randomness is off.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from inspector_core.detectors.contract import Context
from inspector_core.detectors.crossmodal.paired import Paired
from inspector_core.detectors.crossmodal.settings import CrossmodalSettings
from inspector_core.detectors.published_cloud import metres_of, notes_on
from inspector_core.detectors.views import Alter, smoothed
from inspector_core.device import Cost, Plan, with_fallback
from inspector_core.errors import InputError
from inspector_core.features import weights
from inspector_core.features.backbone import Backbone
from inspector_core.features.point_transformer import NETWORK as POINT_NETWORK
from inspector_core.features.point_transformer import PointTransformer
from inspector_core.features.token_map import Block, TokenMap
from inspector_core.features.token_planes import (
    bilinear_plane,
    only_needed,
    point_plane,
    published_mask,
)
from inspector_core.geometry import published
from inspector_core.geometry.published import Prepared
from inspector_core.memory.nearest import quiet
from inspector_core.types import Array, FloatArray, Registered

_SIZE = (published.IMAGE_SIZE, published.IMAGE_SIZE)
_FEWEST_POINTS = 9
_PICTURE_COST = Cost(row_bytes=1 << 28)


@dataclass(frozen=True, slots=True)
class PublishedSight:
    """The published way of looking at a part.

    network : a vision transformer.   points : the point transformer.
    """

    network: Backbone
    points: PointTransformer
    settings: CrossmodalSettings
    context: Context

    @property
    def size(self) -> tuple[int, int]:
        """(h, w) of the grid that is judged."""
        return _SIZE

    @property
    def token_grid(self) -> tuple[int, int]:
        """(gh, gw) of the tokens of colour."""
        h, w = _SIZE
        return h // self.network.multiple, w // self.network.multiple

    @property
    def modalities(self) -> tuple[str, ...]:
        """Both, always."""
        return ("rgb", "shape")

    def see(self, part: Registered) -> Paired:
        """Features of a part.

        Raises InputError for a cloud in another unit and when the preparation leaves nothing of it.
        """
        prepared, rgb = self._prepared(part)
        cloud, measured = published.resized_cloud(prepared.xyz)
        if measured.size < _FEWEST_POINTS:
            raise InputError(
                f"{part.sample.id}: the published preparation leaves nothing of the part",
                cure="check the unit of its cloud, or use compat=project",
            )
        points = cloud.reshape(3, -1).T[measured]
        pixels = measured
        if self.settings.point_smoothing == "published":
            pixels = np.flatnonzero(published_mask(measured, _SIZE))
        found = self.points.tokens(points)
        plane = point_plane(
            points,
            measured,
            found.centres,
            pixels,
            _SIZE,
            smoothing=self.settings.point_smoothing,
            distances=self.settings.distances,
        )
        picture = self._picture(rgb, pixels)
        shape = TokenMap([Block(found.tokens, plane)])
        notes = (*notes_on(part.sample, prepared), *found.notes)
        return Paired(TokenMap([picture]), shape, pixels, _SIZE, notes)

    def altered(self, part: Registered, paired: Paired, alter: Alter) -> Paired:
        """Colour alone, of the square of 224 pixels as `alter` leaves it; see `PairedSight`."""
        assert paired.rgb is not None
        _, rgb = self._prepared(part)
        picture = self._picture(rgb, paired.pixels, alter)
        return replace(paired, rgb=TokenMap([picture]), shape=None)

    def to_map(
        self, part: Registered, paired: Paired, values: Array, sigma_px: float = 0.0
    ) -> FloatArray:
        """(H, W) float32 of values (P,) of the judged pixels, NaN off the part; see `PairedSight`."""
        cells, inside = paired.spread(values)
        drawn = smoothed(cells, inside, _SIZE, sigma_px)
        height, width = part.shape
        side, (top, left) = _square(part)
        large = smoothed(drawn, np.ones(_SIZE, bool), (side, side), 0)
        there = large[top : top + height, left : left + width]
        return np.where(part.foreground, there, np.float32(np.nan))

    def cell_at(self, part: Registered, pixel: tuple[int, int]) -> tuple[int, int]:
        """(row, column) in the judged grid that shows source pixel (x, y) of a part."""
        side, (top, left) = _square(part)
        return (pixel[1] + top) * _SIZE[0] // side, (pixel[0] + left) * _SIZE[1] // side

    def facts(self) -> dict[str, Any]:
        """As plain JSON, for the recipe."""
        return {
            "network": self.network.name,
            "network_sha256": weights.sha256(self.network.name),
            "point_network_sha256": weights.sha256(POINT_NETWORK),
        }

    def _prepared(self, part: Registered) -> tuple[Prepared, Array]:
        """The part without table, in metres and squared, and the square picture uint8 for the network."""
        rgb = part.colour()
        missing = "picture" if rgb is None else "cloud"
        if rgb is None or part.sample.xyz is None:
            raise InputError(
                f"{part.sample.id}: the {missing} is missing, and this method compares the two",
                cure="scan the part as the good ones were scanned",
            )
        picture = np.round(255 * np.clip(rgb, 0, 1)).astype(np.uint8)
        squared = published.preprocess(metres_of(part), picture, seed=self.context.seed)
        if self.settings.rgb_background == "black":
            return squared, squared.rgb
        return squared, published.square_by_edge(picture)

    def _picture(self, square: Array, pixels: Array, alter: Alter | None = None) -> Block:
        """What the network sees of a square picture, or of it as altered, at some pixels of the grid."""
        enlarging = bilinear_plane(self.token_grid, _SIZE, pixels)
        needed = np.arange(enlarging.shape[1])
        if not self.settings.looks_around:
            needed, enlarging = only_needed(enlarging)
        return Block(self._tokens(square, needed, alter), enlarging)

    def _tokens(self, square: Array, needed: Array, alter: Alter | None) -> FloatArray:
        """(n, C) of some patches of a square picture."""
        small = published.bicubic(square).astype(np.float32) / np.float32(255)
        picture = np.ascontiguousarray(small.transpose(2, 0, 1))
        batch = (picture if alter is None else alter(picture))[None]

        def work(plan: Plan) -> FloatArray:
            found: FloatArray = self.network.on(plan.device).tokens(batch, needed).cpu().numpy()
            return found

        return with_fallback(work, self.context.plan(_PICTURE_COST), quiet)


def _square(part: Registered) -> tuple[int, tuple[int, int]]:
    """Side of the square that a part's picture is padded to, and (top, left) of the picture in it."""
    square, offset = published.pad_square(np.zeros((*part.shape, 1), bool))
    return int(square.shape[0]), offset
