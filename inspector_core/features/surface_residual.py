"""How a surface departs from its own smooth form: local quadratic fits on the native grid.

Around every pixel the depth is fitted by a quadratic function of column and row over a Gaussian window;
what the fit does not explain (dents, bumps, scratches), how it bends and how rough the window is need no
training, no table and no pose. Missing readings weigh nothing. Windows are separable convolutions, and a
second pass gives readings that the first did not explain little weight, so that a defect does not bend
the fit that is to show it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from inspector_core.types import Array, BoolArray, FloatArray

if TYPE_CHECKING:
    from torch import Tensor

_TRUNCATE = 2.5
"""Windows end at so many sigmas."""
_RIDGE = 1e-5
"""Added to the normal equations' diagonal: windows whose readings lie on a line, or lack, still have a fit."""
_ROBUST = 3.0
"""Leftovers of so many usual ones weigh half in the second pass."""
_LEAST_SHARE = 0.05
"""With less of a window than this measured, its surface counts as flat."""
_EXPONENTS = ((0, 0), (1, 0), (0, 1), (2, 0), (1, 1), (0, 2))
"""Powers of column and row of the fitted terms."""


@dataclass(frozen=True, slots=True)
class Fit:
    """Fits around N pixels, row by row, at one window size.

    residual : (N,) float32 mm, distance of the surface from its fit along the normal, negative below it;
    0 where the pixel itself was not measured.
    mean_curvature, curvature_gap : (N,) float32 1/mm, mean and half difference of the principal ones.
    roughness : (N,) float32 mm, rms of what a first fit leaves in the window.
    share : (N,) float32 in 0..1, share of the window that was measured.
    """

    residual: Array
    mean_curvature: Array
    curvature_gap: Array
    roughness: Array
    share: Array


def surface_fits(
    depth: Array, mask: BoolArray, sigma_px: float, pitch_mm: float, at: BoolArray | None = None
) -> Fit:
    """Quadratic fits of the depth around pixels.

    depth : (H, W) mm away from the camera, finite on the mask.   mask : (H, W) bool, not empty.
    sigma_px : of the Gaussian window.   pitch_mm : distance of neighbouring readings.
    at : (H, W) bool, pixels whose fits are given, measured or not; None for those of the mask.
    """
    import torch

    known = torch.from_numpy(np.ascontiguousarray(mask))
    wanted = known if at is None else torch.from_numpy(np.ascontiguousarray(at))
    values = torch.from_numpy(_levelled(depth, mask))
    powers = _kernels(sigma_px)
    weight = known.float()
    seen = _moments(weight, powers, 0)[0, 0][wanted]
    left = torch.zeros_like(values)
    left[known] = values[known] - _solved(weight, values, powers, known)[:, 0]
    rough = _moments(left.square(), powers, 0)[0, 0][wanted].clamp_min(0) / seen.clamp_min(1e-6)
    usual = left[known].abs().median().clamp_min(1e-6)
    weight = weight / (1 + (left / (_ROBUST * 1.4826 * usual)).square())
    fitted = _solved(weight, values, powers, wanted)
    fitted[seen < _LEAST_SHARE] = 0
    residual = torch.where(known[wanted], values[wanted] - fitted[:, 0], 0.0)
    mean, gap, along = _bent(fitted, sigma_px * pitch_mm)
    # depth grows away from the camera, so what stands out has less of it
    found = (-residual * along, -mean, gap, rough.sqrt() * along, seen)
    return Fit(*(np.asarray(one.numpy(), np.float32) for one in found))


def _bent(fitted: Tensor, scale: float) -> tuple[Tensor, Tensor, Tensor]:
    """Mean curvature, half gap of the principal ones (N,) and the cosine between normal and depth.

    fitted : (N, 6) coefficients in mm, offsets in units of `scale` mm.
    """
    by_u, by_v = fitted[:, 1] / scale, fitted[:, 2] / scale
    uu, uv, vv = 2 * fitted[:, 3] / scale**2, fitted[:, 4] / scale**2, 2 * fitted[:, 5] / scale**2
    steep = 1 + by_u.square() + by_v.square()
    mean = (1 + by_v.square()) * uu - 2 * by_u * by_v * uv + (1 + by_u.square()) * vv
    mean = mean / (2 * steep**1.5)
    gauss = (uu * vv - uv.square()) / steep.square()
    gap = (mean.square() - gauss).clamp_min(0).sqrt()
    return mean, gap, steep.rsqrt()


def _levelled(depth: Array, mask: BoolArray) -> FloatArray:
    """(H, W) float32 without the part's mean plane, which single precision has no digits for; 0 off it."""
    rows, columns = np.nonzero(mask)
    some = slice(None, None, max(1, len(rows) // 5000))
    terms = np.stack([columns[some], rows[some], np.ones(len(rows[some]))], axis=1)
    plane = np.linalg.lstsq(terms, depth[rows[some], columns[some]].astype(np.float64), rcond=None)[
        0
    ]
    level = np.zeros(depth.shape, np.float32)
    level[mask] = depth[mask] - (columns * plane[0] + rows * plane[1] + plane[2])
    return level


def _kernels(sigma_px: float) -> Tensor:
    """(5, k) the Gaussian window, summing to 1, times the offset in sigmas to the powers 0 to 4."""
    import torch

    half = max(2, round(_TRUNCATE * sigma_px))
    offset = torch.arange(-half, half + 1) / sigma_px
    window = torch.exp(-0.5 * offset.square())
    return torch.stack([window / window.sum() * offset**power for power in range(5)])


def _moments(values: Tensor, powers: Tensor, order: int) -> dict[tuple[int, int], Tensor]:
    """(i, j) with i + j <= order: sums over the window of values (H, W) times u^i v^j."""
    from torch.nn.functional import conv2d

    length = powers.shape[1]
    across = conv2d(values[None, None], powers[: order + 1, None, None], padding=(0, length // 2))[
        0
    ]
    found = {}
    for i in range(order + 1):
        kernels = powers[: order + 1 - i, None, :, None]
        down = conv2d(across[i][None, None], kernels, padding=(length // 2, 0))[0]
        found.update({(i, j): one for j, one in enumerate(down)})
    return found


def _solved(weight: Tensor, values: Tensor, powers: Tensor, at: Tensor) -> Tensor:
    """(N, 6) coefficients of the weighted quadratic around each pixel of a mask, offsets in sigmas."""
    import torch

    sums = {key: one[at] for key, one in _moments(weight, powers, 4).items()}
    right = {key: one[at] for key, one in _moments(weight * values, powers, 2).items()}
    total = sums[0, 0].clamp_min(1e-6)
    matrix = [
        [sums[a + c, b + d] / total for c, d in _EXPONENTS[: row + 1]]
        for row, (a, b) in enumerate(_EXPONENTS)
    ]
    for row in range(len(_EXPONENTS)):
        matrix[row][row] = matrix[row][row] + _RIDGE * (row > 0)
    return torch.stack(_by_cholesky(matrix, [right[key] / total for key in _EXPONENTS]), dim=1)


def _by_cholesky(matrix: list[list[Tensor]], right: list[Tensor]) -> list[Tensor]:
    """Solutions of N symmetric systems at once; matrix : lower triangle, entries (N,).

    All systems step by step together: many times faster than a library's one after the other.
    """
    size = len(right)
    lower: list[list[Tensor]] = []
    for i in range(size):
        line: list[Tensor] = []
        for j in range(i + 1):
            rest = matrix[i][j]
            for k in range(j):
                rest = rest - line[k] * (lower[j][k] if j < i else line[k])
            line.append(rest.clamp_min(1e-6).sqrt() if i == j else rest / lower[j][j])
        lower.append(line)
    half: list[Tensor] = []
    for i in range(size):
        rest = right[i]
        for k in range(i):
            rest = rest - lower[i][k] * half[k]
        half.append(rest / lower[i][i])
    found: list[Tensor] = [right[0]] * size
    for i in reversed(range(size)):
        rest = half[i]
        for k in range(i + 1, size):
            rest = rest - lower[k][i] * found[k]
        found[i] = rest / lower[i][i]
    return found
