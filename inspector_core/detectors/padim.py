"""PaDiM (Defard et al., ICPR Workshops 2021, arXiv 2011.08785): one Gaussian for each place.

Features of three stages are joined at each cell, some channels drawn once; over the good parts every
cell has a mean and a covariance; a cell is as unusual as its Mahalanobis distance, about the root of the
number of channels for a good part. Parts must lie at the same place in every picture.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal

import numpy as np

from inspector_core.detectors.appearance import Appearance, Judge, Learner
from inspector_core.detectors.contract import Context, DetectorInfo
from inspector_core.detectors.view_settings import NETWORKS, ViewSettings
from inspector_core.detectors.views import Views
from inspector_core.memory.gaussians import STAGE, Gaussians, Moments, distances
from inspector_core.progress import Job, Progress
from inspector_core.settings import setting
from inspector_core.types import Array, FloatArray

if TYPE_CHECKING:
    from torch import Tensor

_AT_ONCE = 8
"""Parts whose products are added in one go."""
_PUBLISHED_SEED = 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class PaDiMSettings(ViewSettings):
    """Settings of `padim`; published values of paper and code (PaDiM-Anomaly-Detection@616004b)."""

    stages: Literal["1+2+3", "2+3", "1+2", "1", "2", "3", "3+4", "4"] = setting(
        "1+2+3",
        choices=("1+2+3", "2+3", "1+2", "1", "2", "3", "3+4", "4"),
        published="1+2+3",
        help="Stages of the network whose features are used.",
    )
    grid: Literal["auto", "1", "2", "3", "4"] = setting(
        "auto",
        choices=("auto", "1", "2", "3", "4"),
        published="1",
        help="Stage whose grid of cells is judged; auto takes 2 where it is used, else the finest.",
    )
    channels: int = setting(
        100,
        low=2,
        high=2000,
        published=100,
        help="Channels drawn (published: 550 for Wide ResNet-50).",
    )
    draw: Literal["seed", "published"] = setting(
        "seed",
        choices=("seed", "published"),
        published="published",
        help="Draw the channels by the recipe's seed, or by the published code's generator.",
    )
    epsilon: float = setting(
        0.01, low=0.0, high=100.0, published=0.01, help="Added to every channel's variance."
    )
    shrink: Literal["auto", "never"] = setting(
        "never",
        choices=("auto", "never"),
        published="never",
        help="Trust the channels' correlations less where there are fewer good parts than twice the "
        "channels; finds whole parts better and places worse.",
    )


class PaDiM(Appearance):
    """A Gaussian per cell; see the module."""

    info: ClassVar[DetectorInfo] = DetectorInfo(
        name="padim",
        title="PaDiM",
        summary="A Gaussian of pretrained features for each place; the same time for any number of "
        "good parts.",
        source="Defard et al.: PaDiM, ICPR Workshops 2021, arXiv 2011.08785",
        modalities=("rgb", "shape"),
        requires=(),
        settings=PaDiMSettings,
        suits="Parts that lie at the same place in every picture; 50 good parts or more.",
        weights=("resnet18.tv_in1k", *(name for name in NETWORKS if name != "resnet18.tv_in1k")),
    )
    networks: ClassVar[tuple[str, ...]] = info.weights
    settings: PaDiMSettings

    def learner(self, n_parts: int, views: Views, context: Context) -> Learner:
        """Adds up moments; memory does not grow with the parts."""
        return _Moments(self.settings, views, context)

    def judge(self, tensors: Mapping[str, Array], views: Views, context: Context) -> Judge:
        """Measures distances."""
        return _Distances(tensors, views, context)

    def learnt_bytes(self, n_parts: int, cells: int, width: int) -> int:
        """Second moments in double precision and the parts waiting to be added."""
        d = min(self.settings.channels, width)
        return cells * (8 * d * d + 4 * d * (d + 1) // 2 + 8 * d * _AT_ONCE)


def drawn_channels(total: int, count: int, seed: int, how: str) -> Array:
    """(count,) int64 channel numbers, the same for all cells and parts.

    how : "published" draws as the published code does (random.seed(1024); random.sample), else PCG64.
    """
    count = min(count, total)
    if how == "published":
        return np.array(random.Random(_PUBLISHED_SEED).sample(range(total), count), np.int64)
    return np.random.Generator(np.random.PCG64(seed)).permutation(total)[:count].astype(np.int64)


def embed(stages: Sequence[Array], channels: Array, grid: tuple[int, int]) -> FloatArray:
    """(gh * gw, d) float32: the drawn channels of all stages at each cell, in the order drawn.

    stages : (C, h, w) float32; coarser ones are repeated, finer ones averaged. Channels are picked
    before stages are brought to the grid, so that nothing large is ever made.
    """
    import torch

    rows = np.empty((grid[0] * grid[1], len(channels)), np.float32)
    first = 0
    for stage in stages:
        here = np.flatnonzero((channels >= first) & (channels < first + len(stage)))
        picked = torch.from_numpy(np.ascontiguousarray(stage[channels[here] - first]))[None]
        first += len(stage)
        if here.size:
            rows[:, here] = _on_grid(picked, grid).flatten(1).T.numpy()
    return rows


def _on_grid(picked: Tensor, grid: tuple[int, int]) -> Tensor:
    from torch.nn.functional import adaptive_avg_pool2d, interpolate

    if picked.shape[2] > grid[0]:
        return adaptive_avg_pool2d(picked, grid)[0]
    return interpolate(picked, grid, mode="nearest")[0]


class _Moments:
    """Running mean and scatter at each cell that any good part reaches."""

    def __init__(self, settings: PaDiMSettings, views: Views, context: Context) -> None:
        self.settings, self.context, self.grid = settings, context, views.grid
        total = sum(views.network.channels)
        self.channels = drawn_channels(total, settings.channels, context.seed, settings.draw)
        self.positions = np.arange(self.grid[0] * self.grid[1])
        if views.cells == "part" and views.reached is not None:
            self.positions = np.flatnonzero(
                views.framing.share(views.reached, self.grid).ravel() > 0
            )
        self.moments = Moments(len(self.positions), len(self.channels))
        self.waiting: list[FloatArray] = []

    def add(self, number: int, stages: list[Array], inside: Array) -> None:
        self.waiting.append(embed(stages, self.channels, self.grid)[self.positions])
        if len(self.waiting) == _AT_ONCE:
            self._add_waiting()

    def finish(self) -> Job[dict[str, Array]]:
        self._add_waiting()
        few = self.moments.count < 2 * len(self.channels)
        if few:
            yield Progress(
                STAGE,
                note=f"{self.moments.count} good parts for {len(self.channels)} channels: "
                "distances rank places, but they are no standard deviations",
            )
        shrink = self.settings.shrink == "auto" and few
        gaussians: Gaussians = yield from self.moments.gaussians(
            self.settings.epsilon, shrink=shrink
        )
        return {
            "channels": self.channels,
            "positions": self.positions.astype(np.int64),
            "mean": gaussians.mean,
            "whitening": gaussians.whitening,
        }

    def _add_waiting(self) -> None:
        if self.waiting:
            self.moments.add(np.stack(self.waiting))
            self.waiting.clear()


class _Distances(Judge):
    """Mahalanobis distances from the cells' Gaussians."""

    def __init__(self, tensors: Mapping[str, Array], views: Views, context: Context) -> None:
        self.grid, self.context = views.grid, context
        self.channels, self.positions = tensors["channels"], tensors["positions"]
        self.gaussians = Gaussians(tensors["mean"], tensors["whitening"])

    def values(self, stages: list[Array], inside: Array) -> FloatArray:
        rows = embed(stages, self.channels, self.grid)[self.positions]
        cells = np.full(self.grid[0] * self.grid[1], np.nan, np.float32)
        cells[self.positions] = distances(rows, self.gaussians, self.context.plan)
        return cells.reshape(self.grid)

    def nearest(self, stages: list[Array], cell: tuple[int, int]) -> int | None:
        """Nothing of single good parts is kept."""
        return None
