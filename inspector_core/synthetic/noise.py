"""Random streams with names, and smooth random fields on a grid.

Everything is computed in float64 from `numpy.random.PCG64`, so that the rounded output is the same on
every machine: the last bits may differ between processors, the rounded values do not.
"""

from __future__ import annotations

import hashlib

import numpy as np
import numpy.typing as npt

Field = npt.NDArray[np.float64]

_SPLINE_SD = 0.4793  # standard deviation of a 2-D cubic B-spline with unit normal coefficients


class Streams:
    """Independent random generators, one for each name, from one key.

    What one use draws never shifts another: a part with a defect has the same pose, texture and
    sensor noise as the same part without it.
    """

    def __init__(self, *key: str | int) -> None:
        self.key = "/".join(str(part) for part in key)

    def __call__(self, name: str) -> np.random.Generator:
        """A fresh generator for a purpose; the same name gives the same numbers again."""
        digest = hashlib.sha256(f"{self.key}/{name}".encode()).digest()
        return np.random.Generator(np.random.PCG64(int.from_bytes(digest[:16], "big")))


def _spline_basis(axis: Field, spacing: float) -> Field:
    """(n, m) weights of m uniform cubic B-splines at n coordinates."""
    position = (axis - axis[0]) / spacing
    left = np.floor(position).astype(np.intp)
    t = position - left
    weights = np.stack(
        [
            (1 - t) ** 3,
            3 * t**3 - 6 * t**2 + 4,
            -3 * t**3 + 3 * t**2 + 3 * t + 1,
            t**3,
        ],
        axis=1,
    )
    basis = np.zeros((len(axis), int(left[-1]) + 4))
    np.put_along_axis(basis, left[:, None] + np.arange(4), weights / 6.0, axis=1)
    return basis


def smooth_noise(
    rng: np.random.Generator, axis: Field, spacing: float | tuple[float, float]
) -> Field:
    """(n, n) random field of about unit variance whose bumps are about 2 x `spacing` mm wide.

    axis : (n,) ascending coordinates in mm of rows and columns alike.
    spacing : one distance in mm, or (along y, along x) for a field with a direction.
    """
    along_y, along_x = spacing if isinstance(spacing, tuple) else (spacing, spacing)
    rows, columns = _spline_basis(axis, along_y), _spline_basis(axis, along_x)
    coefficients = rng.standard_normal((rows.shape[1], columns.shape[1]))
    return np.asarray(rows @ coefficients @ columns.T / _SPLINE_SD)


def grain(rng: np.random.Generator, shape: tuple[int, ...], sigma: float) -> Field:
    """White noise blurred by `sigma` nodes over the last two axes, unit variance."""
    from scipy.ndimage import gaussian_filter

    raw = rng.standard_normal(shape)
    blur = (0.0,) * (len(shape) - 2) + (sigma, sigma)
    return np.asarray(gaussian_filter(raw, blur, truncate=3) * (2 * np.sqrt(np.pi) * sigma))


def wander(rng: np.random.Generator, points: Field, waves: int, scale: float) -> Field:
    """Smooth random function of one variable: sum of `waves` cosines, variance 1, period >= scale."""
    frequency = np.arange(1, waves + 1) / scale
    phase = rng.uniform(0, 2 * np.pi, waves)
    weight = rng.standard_normal(waves) / np.sqrt(np.arange(1, waves + 1))
    weight /= np.sqrt(np.sum(weight**2) / 2) + 1e-9
    return np.asarray(
        np.sum(weight * np.cos(2 * np.pi * points[..., None] * frequency + phase), axis=-1)
    )
