"""Point-MAE's encoder as a source of shape features: a cloud to the tokens of its groups.

Source: Pang-Yatian/Point-MAE@7445a68 as CFM and M3DM use it. The network knows the unit of length: local
coordinates of a few millimetres given in metres lie below the first normalisation's epsilon, so another
unit gives other features. One cloud at a time, for its normalisation takes statistics over that cloud.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Literal

import numpy as np

from inspector_core.errors import SettingError
from inspector_core.features import weights
from inspector_core.features.point_blocks import DEPTH, HEADS, DropPath, PointBlocks
from inspector_core.features.point_embedding import BatchNorm, TokenEmbedding
from inspector_core.geometry.farthest_points import Start, farthest_points
from inspector_core.geometry.point_groups import group_points, local_coordinates
from inspector_core.types import Array, FloatArray

if TYPE_CHECKING:
    from torch import Generator, Tensor

NETWORK = "point_mae.pretrain"
Units = Literal["metres", "unit_sphere"]
Sampling = Literal["plain", "published"]

_FETCHED = {12: (3, 7, 11), 8: (1, 4, 7), 4: (1, 2, 3)}
"""Blocks whose outputs are the features, by how many are kept (CFM and its M, S); else the last."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PointSettings:
    """How a cloud becomes tokens; the defaults compute what CFM and M3DM publish, without chance.

    groups, group_size : centres, and points to each.   blocks : of the network that are kept, 1 to 12.
    batch_norm : "cloud" (published) or "running".   drop_path : "published" is random.
    units : "metres" (published), or "unit_sphere": centred, largest radius 1, as in pre-training.
    start : of farthest point sampling.   sampling : "published" skips points near the origin and breaks
    ties as the CUDA kernel does.   Raises SettingError for values that do not go together.
    """

    groups: int = 1024
    group_size: int = 128
    blocks: int = DEPTH
    batch_norm: BatchNorm = "cloud"
    drop_path: DropPath = "off"
    units: Units = "metres"
    start: Start = "first"
    sampling: Sampling = "plain"

    def __post_init__(self) -> None:
        if self.batch_norm == "running" and self.units != "unit_sphere":
            raise SettingError(
                "stored normalisation statistics do not fit a cloud in metres: they were learnt on "
                "clouds scaled to the unit sphere",
                cure="choose units unit_sphere, or batch_norm cloud",
            )
        if not 1 <= self.blocks <= DEPTH:
            raise SettingError(
                f"the point transformer has {DEPTH} blocks, not {self.blocks}",
                cure=f"choose 1 to {DEPTH} blocks",
            )

    @property
    def fetched(self) -> tuple[int, ...]:
        """Numbers of the blocks whose outputs are joined to the features, counted from 0."""
        return _FETCHED.get(self.blocks, (self.blocks - 1,))


@dataclass(frozen=True, slots=True)
class PointTokens:
    """What the network says about a cloud's groups.

    tokens : (G, C) float32, C = 384 times the fetched blocks.   centres : (G, 3) float32 m.
    centre_index : (G,) int64 numbers of the points that are the centres.
    notes : what had to be different from the settings, one sentence each.
    """

    tokens: FloatArray
    centres: FloatArray
    centre_index: Array
    notes: tuple[str, ...] = ()


class PointTransformer:
    """The network with its weights on one device.

    state : named tensors of the layout `point_mae`, any width and depth.   heads : of attention.
    """

    def __init__(
        self,
        state: Mapping[str, Tensor],
        settings: PointSettings,
        *,
        heads: int = HEADS,
        device: str = "cpu",
    ) -> None:
        placed = {name: value.to(device) for name, value in state.items()}
        self.settings = settings
        self.device = device
        self.channels = len(settings.fetched) * len(placed["norm.weight"])
        self._embedding = TokenEmbedding(placed, settings.batch_norm)
        self._blocks = PointBlocks(placed, heads)

    def tokens(self, points_m: Array, drops: Generator | None = None) -> PointTokens:
        """Tokens of the groups of one cloud.

        points_m : (N, 3) measured points in metres, no NaN.   drops : random numbers (of the CPU) for
        drop_path "published"; the same ones go on from cloud to cloud.
        Groups are smaller, with a note, when the cloud has fewer points than one takes. Raises
        InputError with fewer than three points.
        """
        import torch

        if (self.settings.drop_path == "published") != (drops is not None):
            raise ValueError("drop_path published needs a generator, off takes none")
        chosen, centres, local = self._groups(np.asarray(points_m, np.float32))
        with torch.inference_mode():
            found = self._features(torch.from_numpy(local), torch.from_numpy(centres), drops)
        k = local.shape[1]
        notes = (f"groups of {k} points: the cloud has no more",)
        return PointTokens(
            found.cpu().numpy(),
            np.asarray(points_m, np.float32)[chosen],
            chosen,
            notes if k < self.settings.group_size else (),
        )

    def _groups(self, points: FloatArray) -> tuple[Array, FloatArray, FloatArray]:
        """Numbers of the centres, the centres and the local coordinates as the network takes them."""
        settings = self.settings
        published = settings.sampling == "published"
        if settings.units == "unit_sphere":
            points = unit_sphere(points)
        chosen = farthest_points(
            points,
            settings.groups,
            start=settings.start,
            skip_near_origin=published,
            ties="published" if published else "first",
        )
        centres = points[chosen]
        index = group_points(points, centres, settings.group_size)
        return chosen, centres, local_coordinates(points, centres, index)

    def _features(self, local: Tensor, centres: Tensor, drops: Generator | None) -> Tensor:
        import torch

        tokens = self._embedding(local.to(self.device))
        blocks = self._blocks
        outputs = blocks.outputs(tokens, centres.to(self.device), self.settings.fetched, drops)
        return torch.cat([blocks.normed(output) for output in outputs], dim=1)


def unit_sphere(points: Array) -> FloatArray:
    """(N, 3) float32: around their mean, the farthest at distance 1; one place stays all zeros."""
    around = points - points.mean(axis=0, dtype=np.float64)
    radius = np.sqrt(np.square(around).sum(axis=1)).max(initial=0)
    return np.asarray(around / (radius if radius > 0 else 1), np.float32)


def open_point_transformer(settings: PointSettings, device: str = "cpu") -> PointTransformer:
    """The network with its weights from the registry; those last opened are kept.

    Raises WeightsError when the weights are not on this machine or altered.
    """
    return PointTransformer(_loaded(weights.sha256(NETWORK)), settings, device=device)


@lru_cache(maxsize=1)
def _loaded(_digest: str) -> Mapping[str, Tensor]:
    return weights.load(NETWORK)
