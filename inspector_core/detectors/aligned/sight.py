"""A part's picture laid flat onto the cells of the reference, and what a pretrained network sees there.

Laid flat, every good part shows the same place at the same spot, straight and at the same size, however
it lay under the camera: features can be compared place by place.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from inspector_core.detectors.aligned.places import Placed
from inspector_core.detectors.contract import Context
from inspector_core.device import Cost, Plan, with_fallback
from inspector_core.errors import WeightsError
from inspector_core.features import weights
from inspector_core.geometry.resampling import Crossing, Positions
from inspector_core.types import FloatArray, Registered

if TYPE_CHECKING:
    from inspector_core.features.backbone import Backbone

STAGES = (1, 2, 3)
BYTES_PER_PIXEL = 400
"""Of a picture on its way through a network, as measured for the appearance methods."""
_MOST_ENLARGED = 2.0
_MULTIPLE = 16


@dataclass(frozen=True, slots=True)
class Sight:
    """A network and the flat picture that it is shown.

    size : (H, W) pixels of that picture, which covers the reference's cells (h, w) of `shape`.
    grid : (gh, gw) cells of the network's finest stage.
    """

    network: Backbone
    shape: tuple[int, int]
    size: tuple[int, int]
    context: Context

    @classmethod
    def onto(cls, name: str, shape: tuple[int, int], longer_px: int, context: Context) -> Sight:
        """A sight of the named network; the longer side of the picture has longer_px pixels at most."""
        from inspector_core.features.backbone import open_backbone

        network = open_backbone(name, STAGES, "cpu")
        scale = min(_MOST_ENLARGED, longer_px / max(shape))
        size = [max(_MULTIPLE, round(side * scale / _MULTIPLE) * _MULTIPLE) for side in shape]
        return cls(network, shape, (size[0], size[1]), context)

    @classmethod
    def restored(cls, facts: Mapping[str, Any], context: Context) -> Sight:
        """The sight of a recipe; WeightsError when its network is missing or has other weights."""
        from inspector_core.features.backbone import open_backbone

        name = str(facts["network"])
        network = open_backbone(name, STAGES, "cpu")
        if weights.sha256(name) != facts["network_sha256"]:
            raise WeightsError(
                f"the recipe was learnt with other weights of {name} than this machine has",
                cure="add the same weights file, or learn again",
            )
        shape, size = facts["shape"], facts["size"]
        return cls(network, (shape[0], shape[1]), (size[0], size[1]), context)

    def facts(self) -> dict[str, Any]:
        """As plain JSON, for the recipe."""
        return {
            "network": self.network.name,
            "network_sha256": weights.sha256(self.network.name),
            "shape": [*self.shape],
            "size": [*self.size],
        }

    @property
    def grid(self) -> tuple[int, int]:
        """Rows and columns of the cells that features are given for."""
        step = self.network.reductions[0]
        return -(-self.size[0] // step), -(-self.size[1] // step)

    def stages(self, part: Registered, placed: Placed) -> list[FloatArray]:
        """(C, h, w) per stage of the part's flat picture."""
        picture = self._flat(part, placed)

        def work(plan: Plan) -> list[FloatArray]:
            network = self.network.on(plan.device)
            return [one[0].cpu().numpy() for one in network.maps(picture[None])]

        cost = Cost(row_bytes=BYTES_PER_PIXEL * self.size[0] * self.size[1])
        return with_fallback(work, self.context.plan(cost), lambda note: None)

    def _flat(self, part: Registered, placed: Placed) -> FloatArray:
        """(3, H, W) float32 in 0..1: what is seen along the line to every place of the surface."""
        rgb = part.sample.rgb
        assert rgb is not None
        finer = looked_up_at(self.shape, self.size)
        window = rgb[placed.window]
        seen = Positions.at(finer(placed.seen_rows), finer(placed.seen_columns), window.shape[:2])
        scale = np.float32(part.gain / np.iinfo(rgb.dtype).max)
        channels = [seen(window[..., channel]) for channel in range(3)]
        return np.minimum(np.stack(channels) * scale, np.float32(1))


def looked_up_at(shape: tuple[int, int], size: tuple[int, int]) -> Crossing:
    """Looks (h, w) values up at the pixels of a picture (H, W) over the same area."""
    spans = [
        ((np.arange(many) + 0.5) * (few / many) - 0.5).astype(np.float32)
        for few, many in zip(shape, size, strict=True)
    ]
    return Crossing.at(spans[0], spans[1], shape)
