"""What a surface is like around its readings, free of pose and position: local fits at several sizes.

Each place has what the local quadratic leaves over, how it bends, how rough it is and how much of the
window was measured, at three window sizes. Lengths enter as sign(v) log(1 + |v| / resolution).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from inspector_core.features.framing import box_of
from inspector_core.features.surface_residual import Fit, surface_fits
from inspector_core.geometry.measure import pitch_mm
from inspector_core.geometry.organised import CellGrid
from inspector_core.types import Array, BoolArray, FloatArray, Registered

NARROW_PX, WIDE_PX = (2.0, 4.0), (8.0,)
"""Sigmas of the windows, in steps of the readings that are used."""
PER_WINDOW = 5
CHANNELS = PER_WINDOW * (len(NARROW_PX) + len(WIDE_PX)) + 1
_MEASURED_WEIGHT = 0.01
"""Standardising stops at a spread of 0.001: where good parts lack nothing, a missing reading is ten off."""
_FEWEST = 9


@dataclass(frozen=True, slots=True)
class Sampling:
    """Which readings are used, the same for all parts of a recipe.

    stride : rows and columns from one reading that is used to the next.   step : of those, from one
    described place to the next.
    resolution_mm : deviations count linearly below it and logarithmically above.
    """

    stride: int
    step: int
    resolution_mm: float

    @property
    def cell_px(self) -> int:
        """Distance of described places in pixels."""
        return self.stride * self.step


def surface_descriptors(
    part: Registered, sampling: Sampling
) -> tuple[FloatArray, BoolArray, CellGrid] | None:
    """Descriptors (N, 16) float32 of the described places, which cells have one, and their grid.

    Cells: (h, w) bool, N of them True, in the order of rows; a place is the middle of its cell, and the
    last channel says whether it was measured: what good parts do not lack stands out. None without a
    cloud, or where nine readings or fewer lie on the part.
    """
    xyz = part.sample.xyz
    if xyz is None:
        return None
    top, left, bottom, right = box_of(part.foreground)
    every, step = sampling.stride, sampling.step
    read = np.s_[top:bottom:every, left:right:every]
    mask, cells = (part.foreground & part.valid)[read], part.foreground[read][::step, ::step]
    if min(mask.sum(), mask[::step, ::step].sum()) <= _FEWEST:
        return None
    described = np.zeros(mask.shape, bool)
    described[::step, ::step] = cells
    pitch = pitch_mm(xyz[read], mask) or 1.0
    depth = xyz[read][..., 2]
    channels: list[Array] = []
    for sigma in NARROW_PX:
        fit = surface_fits(depth, mask, sigma, pitch, described)
        channels += _lengths(fit, sigma * pitch, sampling.resolution_mm)
    # wide windows need no more readings than the described ones, and cost many times less with them
    coarse = mask[::step, ::step]
    for sigma in WIDE_PX:
        fit = surface_fits(depth[::step, ::step], coarse, sigma / step, pitch * step, cells)
        channels += _lengths(fit, sigma * pitch, sampling.resolution_mm)
    channels.append(_MEASURED_WEIGHT * coarse[cells].astype(np.float32))
    cell_px = sampling.cell_px
    before = (cell_px - 1) // 2
    grid = CellGrid(top - before, left - before, int(cells.shape[0]), int(cells.shape[1]), cell_px)
    return np.stack(channels, axis=1), cells, grid


def _lengths(fit: Fit, sigma_mm: float, resolution_mm: float) -> list[Array]:
    """The channels (N,) of one window; a curvature as its sagitta in the window."""
    sagitta = np.float32(0.5 * sigma_mm**2)
    lengths = (
        fit.residual,
        fit.mean_curvature * sagitta,
        fit.curvature_gap * sagitta,
        fit.roughness,
    )
    return [*(_compressed(one, resolution_mm) for one in lengths), fit.share]


def _compressed(lengths: Array, resolution_mm: float) -> FloatArray:
    return np.asarray(np.sign(lengths) * np.log1p(np.abs(lengths) / resolution_mm), np.float32)
