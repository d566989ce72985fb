"""How a scanner sees: which pixel shows a point and along which line it looks, read off the cloud.

An organised cloud carries its own camera: the viewing directions (x/z, y/z) of a central camera, or
(x, y) of a parallel one, are smooth functions of the pixel. Fitting them needs no calibration file,
holds for cropped and resized clouds, and a cubic takes up lens distortion.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from inspector_core.errors import InputError
from inspector_core.types import Array, BoolArray

_SAMPLE = 1500
_STRAIGHT_PX = 0.15
"""Median error up to which straight viewing lines (no distortion) are good enough."""
_USABLE_PX = 1.0
_FEWEST = 30


@dataclass(frozen=True, slots=True)
class _Polynomial:
    """Two polynomials of two variables, each variable scaled to about -1..1."""

    centre: Array
    scale: Array
    degree: int
    coefficients: Array

    def __call__(self, first: Array, second: Array) -> tuple[Array, Array]:
        terms = self._terms(
            (first - self.centre[0]) / self.scale[0], (second - self.centre[1]) / self.scale[1]
        )
        one = two = np.float32(0)
        for term, (a, b) in zip(terms, self.coefficients.astype(np.float32), strict=True):
            one, two = one + term * a, two + term * b
        return np.asarray(one), np.asarray(two)

    def _terms(self, p: Array, q: Array) -> list[Array]:
        return [p**i * q**j for i in range(self.degree + 1) for j in range(self.degree + 1 - i)]

    @classmethod
    def fit(cls, inputs: Array, outputs: Array, degree: int) -> _Polynomial:
        """inputs, outputs : (N, 2)."""
        centre, scale = inputs.mean(axis=0), np.maximum(np.ptp(inputs, axis=0) / 2, 1e-9)
        blank = cls(centre, scale, degree, np.empty((0, 2)))
        p, q = ((inputs - centre) / scale).T
        terms = np.stack(blank._terms(p, q), axis=1)
        coefficients = np.linalg.lstsq(terms, outputs, rcond=None)[0]
        return cls(centre, scale, degree, coefficients)


@dataclass(frozen=True, slots=True)
class Viewing:
    """A camera as two fitted maps: direction to pixel, pixel to direction.

    central : True where all lines of sight meet in the origin of the camera frame; otherwise they
    are parallel to `tilt`, the (x, y) that a line gains per mm of z.
    error_px : median distance between a pixel and where its own point is projected to.
    """

    central: bool
    tilt: Array
    error_px: float
    _to_pixel: _Polynomial
    _to_direction: _Polynomial

    def project(self, points: Array) -> tuple[Array, Array]:
        """(..., 3) points in the camera frame, mm, to columns and rows (...) in pixels."""
        return self._to_pixel(*_directions(points, self.central, self.tilt))

    def lines(self, columns: Array, rows: Array) -> tuple[Array, Array]:
        """Lines of sight of pixels: a point (..., 3) on each and its direction (..., 3), z = 1.

        What all lines share has the shape (1, ..., 3): both broadcast to (..., 3).
        """
        a, b = self._to_direction(columns, rows)
        alone = (1,) * a.ndim
        if self.central:
            return np.zeros((*alone, 3), a.dtype), np.stack([a, b, np.ones_like(a)], axis=-1)
        direction = np.array([self.tilt[0], self.tilt[1], 1.0], a.dtype)
        return np.stack([a, b, np.zeros_like(a)], axis=-1), direction.reshape(*alone, 3)


def _directions(points: Array, central: bool, tilt: Array) -> tuple[Array, Array]:
    x, y, z = points[..., 0], points[..., 1], points[..., 2]
    if central:
        return x / z, y / z
    return x - points.dtype.type(tilt[0]) * z, y - points.dtype.type(tilt[1]) * z


def viewing_of(xyz: Array, valid: BoolArray, name: str = "the cloud") -> Viewing:
    """The camera of an organised cloud.

    xyz : (H, W, 3) mm, camera frame.   valid : (H, W) bool.
    Raises InputError when neither a central nor a parallel camera explains which pixel shows which
    point (a merged or re-ordered cloud).
    """
    rows, columns = np.nonzero(valid)
    if len(rows) < _FEWEST:
        raise InputError(
            f"{name} has too few valid points ({len(rows):,}) to find out how it was seen",
            cure="check the scanner's exposure and the export of this part",
        )
    some = slice(None, None, max(1, len(rows) // _SAMPLE))
    points = xyz[rows[some], columns[some]].astype(np.float64)
    pixels = np.stack([columns[some], rows[some]], axis=1).astype(np.float64)
    found = []
    if (points[:, 2] > 0).all():
        found.append(_fitted(points, pixels, np.zeros(2), central=True))
    if not found or found[0].error_px > _STRAIGHT_PX:
        found.append(_fitted(points, pixels, _parallel_tilt(points, pixels), central=False))
    best = min(found, key=lambda viewing: viewing.error_px)
    if best.error_px > _USABLE_PX:
        raise InputError(
            f"{name} is no view of one camera: its points and pixels do not belong together "
            f"(off by {best.error_px:.1f} px)",
            cure="export the organised cloud as the scanner saw it, or use the detector btf",
        )
    return best


def _parallel_tilt(points: Array, pixels: Array) -> Array:
    """(x, y) per mm of z along a parallel camera's lines of sight."""
    terms = np.column_stack([points, np.ones(len(points))])
    gradient = np.linalg.lstsq(terms, pixels, rcond=None)[0]
    plane, depth = gradient[:2].T, gradient[2]
    if abs(np.linalg.det(plane)) < 1e-12:
        return np.zeros(2)
    return np.asarray(-np.linalg.solve(plane, depth))


def _fitted(points: Array, pixels: Array, tilt: Array, *, central: bool) -> Viewing:
    directions = np.stack(_directions(points, central, tilt), axis=1)
    viewing = None
    for degree in (1, 3):
        forward = _Polynomial.fit(directions, pixels, degree)
        back = _Polynomial.fit(pixels, directions, degree)
        columns, rows = forward(directions[:, 0], directions[:, 1])
        error = float(np.median(np.hypot(columns - pixels[:, 0], rows - pixels[:, 1])))
        viewing = Viewing(central, tilt, error, forward, back)
        if error <= _STRAIGHT_PX:
            break
    assert viewing is not None
    return viewing
