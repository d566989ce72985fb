"""Locally aware patch features (PatchCore, Roth et al., CVPR 2022, eq. 2) and their published variants."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

import numpy as np

from inspector_core.types import Array, FloatArray

if TYPE_CHECKING:
    from torch import Tensor

Embedding = Literal["project", "official", "anomalib", "btf"]


def patch_features(stages: Sequence[Array], grid: tuple[int, int], patch: int = 3) -> FloatArray:
    """(gh * gw, sum of C) float32: mean over patch x patch cells of each stage, joined on one grid.

    stages : (C, h, w) float32 each.   patch : odd; at the border only the cells that exist count.
    Stages finer than the grid are averaged, coarser ones interpolated (bilinear).
    """
    pooled = (
        _tensor(stage) if patch == 1 else _mean(stage, patch, count_padding=False)
        for stage in stages
    )
    return _rows([_on_grid(stage, grid) for stage in pooled])


def official_features(
    stages: Sequence[Array], grid: tuple[int, int], *, width: int, target: int, patch: int = 3
) -> FloatArray:
    """(gh * gw, target) float32 as patchcore-inspection@fcaa92f pools them.

    Patches are unfolded with zeros beyond the border; each (C, p, p) patch is pooled to `width` numbers
    in the order channel, row, column, then the stack of stages to `target`. Where C p p is no multiple
    of the width, a number mixes parts of two neighbourhoods: published, not meant.
    """
    import torch
    from torch.nn import functional

    pooled = []
    for stage in stages:
        unfolded = functional.unfold(_tensor(stage), patch, padding=patch // 2)
        channels = unfolded.shape[1]
        maps = unfolded.reshape(1, channels, *stage.shape[1:])
        maps = functional.interpolate(maps, grid, mode="bilinear", align_corners=False)
        rows = maps.reshape(channels, -1).T
        pooled.append(functional.adaptive_avg_pool1d(rows[:, None], width)[:, 0])
    stacked = torch.stack(pooled, dim=1).reshape(len(pooled[0]), 1, -1)
    return np.asarray(functional.adaptive_avg_pool1d(stacked, target)[:, 0].numpy(), np.float32)


def anomalib_features(stages: Sequence[Array], grid: tuple[int, int]) -> FloatArray:
    """(gh * gw, sum of C) float32 as anomalib@b723368: the border's zeros count in the 3 x 3 means."""
    return _rows([_on_grid(_mean(stage, 3, count_padding=True), grid) for stage in stages])


def btf_features(stages: Sequence[Array], grid: tuple[int, int]) -> FloatArray:
    """(gh * gw, sum of C) float32 as 3D-ADS@612eb7b and M3DM: means without border, pooled to the grid.

    The border that the means lose is not put back, so features shift by up to a cell there.
    """
    from torch.nn import functional

    return _rows(
        [
            functional.adaptive_avg_pool2d(functional.avg_pool2d(_tensor(stage), 3, 1), grid)[0]
            for stage in stages
        ]
    )


def _mean(stage: Array, patch: int, *, count_padding: bool) -> Tensor:
    from torch.nn import functional

    return functional.avg_pool2d(
        _tensor(stage), patch, 1, patch // 2, count_include_pad=count_padding
    )


def _on_grid(stage: Tensor, grid: tuple[int, int]) -> Tensor:
    """(C, gh, gw) of (1, C, h, w)."""
    from torch.nn import functional

    if stage.shape[2] > grid[0]:
        return functional.adaptive_avg_pool2d(stage, grid)[0]
    if tuple(stage.shape[2:]) == grid:
        return stage[0]
    return functional.interpolate(stage, grid, mode="bilinear", align_corners=False)[0]


def _rows(stages: Sequence[Tensor]) -> FloatArray:
    import torch

    joined = torch.cat([stage.flatten(1) for stage in stages])
    return np.ascontiguousarray(joined.T.numpy(), np.float32)


def _tensor(stage: Array) -> Tensor:
    import torch

    return torch.from_numpy(np.ascontiguousarray(stage, np.float32))[None]
