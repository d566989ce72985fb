"""Standardising descriptors on good parts, so that no block outweighs another by its units."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from inspector_core.types import Array, FloatArray, frozen_array

_LEAST_SPREAD = 1e-3
"""Channels that hardly vary among good parts are not blown up beyond this."""


@dataclass(frozen=True, slots=True)
class Standard:
    """mean, spread : (D,) float32 of a descriptor's channels over good patches."""

    mean: Array
    spread: Array

    def __post_init__(self) -> None:
        for name in ("mean", "spread"):
            array = np.ascontiguousarray(getattr(self, name), np.float32)
            object.__setattr__(self, name, frozen_array(array))

    @classmethod
    def of(cls, features: Array) -> Standard:
        """From (N, D) good patches, N >= 1."""
        spread = np.maximum(features.std(axis=0, dtype=np.float64), _LEAST_SPREAD)
        return cls(features.mean(axis=0, dtype=np.float64), spread)

    @classmethod
    def identity(cls, channels: int) -> Standard:
        """Leaves a descriptor's values as they are but for the division by √D of `apply`."""
        return cls(np.zeros(channels), np.full(channels, 1 / np.sqrt(channels)))

    def apply(self, features: Array) -> FloatArray:
        """(N, D) standardised and divided by √D: a good patch has a norm of about 1."""
        scale = self.spread * np.float32(np.sqrt(len(self.mean)))
        return np.asarray((features - self.mean) / scale, np.float32)

    def tensors(self, name: str) -> dict[str, Array]:
        """As named arrays of a detector's state."""
        return {f"{name}.mean": self.mean, f"{name}.spread": self.spread}

    @classmethod
    def from_tensors(cls, name: str, tensors: Mapping[str, Array]) -> Standard:
        """The standard that `tensors(name)` gave."""
        return cls(tensors[f"{name}.mean"], tensors[f"{name}.spread"])


def decorrelating(rows: Array, ridge: float) -> FloatArray:
    """(D, D) float32, symmetric: what rows of `Standard.apply` are multiplied by to lose their correlations.

    rows : (N, D) of good patches.   ridge : added to the variances along the principal axes, 1 being a
    channel's: directions in which good patches hardly vary are enlarged up to 1/√ridge times. Distances
    become those of Mahalanobis, shrunk: colours that are usual one by one stand out when they do not
    go together.
    """
    covariance = np.cov(rows.T.astype(np.float64) * np.sqrt(rows.shape[1]))
    variance, axes = np.linalg.eigh(np.atleast_2d(covariance))
    return np.asarray(axes / np.sqrt(np.maximum(variance, 0) + ridge) @ axes.T, np.float32)
