"""Multivariate Gaussians at many places at once: streaming moments, Cholesky factors, distances."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from inspector_core.device import Cost, Plan, with_fallback
from inspector_core.errors import InputError
from inspector_core.progress import Job, Progress
from inspector_core.types import Array, FloatArray, frozen_array

if TYPE_CHECKING:
    from torch import Tensor

STAGE = "Fitting a Gaussian to each place"
_PLACES = 128
"""Places whose matrices are factorised at once."""


@dataclass(frozen=True, slots=True)
class Gaussians:
    """mean : (P, d) float32.   whitening : (P, d (d + 1) / 2) float32, rows of the lower triangle of L⁻¹,
    where L Lᵀ is the covariance: ‖L⁻¹ (x - mean)‖ is the Mahalanobis distance."""

    mean: Array
    whitening: Array

    def __post_init__(self) -> None:
        for name in ("mean", "whitening"):
            array = np.ascontiguousarray(getattr(self, name), np.float32)
            object.__setattr__(self, name, frozen_array(array))


class Moments:
    """Means and scatter matrices of P places in d channels, from one portion of samples after another.

    Chan, Golub, LeVeque 1979, in double precision: memory does not grow with the samples.
    """

    def __init__(self, places: int, channels: int) -> None:
        self.count = 0
        self.mean = np.zeros((places, channels))
        self.scatter = np.zeros((places, channels, channels))

    def add(self, samples: Array) -> None:
        """samples : (n, P, d), n >= 1."""
        import torch

        fresh = len(samples)
        total = self.count + fresh
        mean = samples.mean(axis=0, dtype=np.float64)
        delta = mean - self.mean
        scatter = torch.from_numpy(self.scatter)
        for first in range(0, samples.shape[1], _PLACES):
            some = slice(first, first + _PLACES)
            away = torch.from_numpy(samples[:, some].astype(np.float64) - mean[some])
            scatter[some] += torch.einsum("npd,npe->pde", away, away)
            apart = torch.from_numpy(delta[some])
            scatter[some] += torch.einsum("pd,pe->pde", apart, apart) * (self.count * fresh / total)
        self.mean += delta * (fresh / total)
        self.count = total

    def covariance(self, places: slice, epsilon: float, *, shrink: bool = False) -> Tensor:
        """(p, d, d) float64: scatter / (n - 1), shrunk where asked, plus epsilon on the diagonal."""
        import torch

        width = self.scatter.shape[1]
        found = torch.from_numpy(self.scatter[places]) / max(1, self.count - 1)
        if shrink:
            found = _shrunk(found, self.count)
        return found + epsilon * torch.eye(width, dtype=torch.float64)

    def gaussians(self, epsilon: float, *, shrink: bool = False) -> Job[Gaussians]:
        """The Gaussians of all samples so far.

        Raises InputError when a covariance has no factor: too few samples and epsilon = 0.
        """
        import torch

        width = self.scatter.shape[1]
        rows, columns = np.tril_indices(width)
        whitening = np.empty((len(self.mean), len(rows)), np.float32)
        identity = torch.eye(width, dtype=torch.float64)
        for first in range(0, len(self.mean), _PLACES):
            yield Progress(STAGE, first, len(self.mean))
            some = slice(first, first + _PLACES)
            factor, failed = torch.linalg.cholesky_ex(self.covariance(some, epsilon, shrink=shrink))
            if bool(failed.any()):
                raise InputError(
                    f"{self.count} good parts are too few for {width} channels with epsilon={epsilon:g}",
                    cure="raise epsilon, draw fewer channels, or learn from more parts",
                )
            inverse = torch.linalg.solve_triangular(factor, identity.expand_as(factor), upper=False)
            whitening[some] = inverse.numpy()[:, rows, columns]
        return Gaussians(self.mean, whitening)


def distances(samples: Array, gaussians: Gaussians, plan_for: Callable[[Cost], Plan]) -> FloatArray:
    """(P,) Mahalanobis distances of one sample per place, (P, d) float32, on the planned device."""
    import torch

    width = samples.shape[1]
    rows, columns = np.tril_indices(width)

    def work(plan: Plan) -> FloatArray:
        found = np.empty(len(samples), np.float32)
        lower = torch.as_tensor(rows * width + columns, device=plan.device)
        for first in range(0, len(samples), plan.chunk_rows):
            some = slice(first, first + plan.chunk_rows)
            packed = torch.tensor(gaussians.whitening[some], device=plan.device)
            full = torch.zeros(len(packed), width * width, device=plan.device)
            full[:, lower] = packed
            away = torch.as_tensor(samples[some] - gaussians.mean[some], device=plan.device)
            white = torch.bmm(full.view(-1, width, width), away[..., None])[..., 0]
            found[some] = white.square().sum(dim=1).sqrt().cpu().numpy()
        return found

    cost = Cost(row_bytes=8 * width * width, rows=min(len(samples), 1024))
    return with_fallback(work, plan_for(cost), lambda _note: None)


def _shrunk(covariance: Tensor, count: int) -> Tensor:
    """Correlations weakened by the oracle approximating shrinkage (Chen et al., IEEE TSP 2010).

    The target is the diagonal: the estimate is made on correlation matrices, so that channels of
    different spread keep it.
    """
    import torch

    width = covariance.shape[1]
    spread = covariance.diagonal(dim1=1, dim2=2).clamp(min=1e-12).sqrt()
    correlation = covariance / (spread[:, :, None] * spread[:, None, :])
    squares = correlation.square().sum(dim=(1, 2))
    trace = correlation.diagonal(dim1=1, dim2=2).sum(dim=1)
    above = (1 - 2 / width) * squares + trace.square()
    below = (count + 1 - 2 / width) * (squares - trace.square() / width)
    weight = (above / below.clamp(min=1e-12)).clamp(max=1.0)[:, None, None]
    diagonal = torch.diag_embed(covariance.diagonal(dim1=1, dim2=2))
    return (1 - weight) * covariance + weight * diagonal
