"""Lengths of unknown unit to millimetres, and clouds far from their origin to where float32 is exact."""

from __future__ import annotations

import math

import numpy as np

from inspector_core.data.decode import Unusable
from inspector_core.types import Array, BoolArray, FloatArray

FACTOR = {"m": 1000.0, "mm": 1.0}
WORDS = {"m": "metres", "mm": "millimetres"}
SMALLEST_MM, LARGEST_MM = 1.0, 10_000.0

_METRES, _MILLIMETRES = (0.02, 3.0), (20.0, 3000.0)
_SAMPLED = 8_000
_FAR_MM = 10_000.0
_COARSE_MM = 0.001

AXES = ("x y z", "x -y -z", "x -y z", "x y -z", "-x y z", "-x -y z", "-x y -z", "-x -y -z")
"""Signs that bring a stored frame to x right, y down, z away."""


def box(xyz: Array) -> tuple[Array, Array]:
    """Smallest and largest x, y, z of a sample of the points, the outermost 1 % left out; float64."""
    points = xyz.reshape(-1, 3)
    points = points[:: max(1, len(points) // _SAMPLED)]
    points = points[np.isfinite(points).all(axis=1)].astype(np.float64)
    if len(points) == 0:
        return np.zeros(3), np.zeros(3)
    low, high = np.percentile(np.ascontiguousarray(points.T), (1, 99), axis=1)
    return low, high


def diagonal(xyz: Array) -> float:
    """Diagonal of the box around the points, in their own unit."""
    low, high = box(xyz)
    return math.dist(low, high)


def resolve(extent: float, wanted: str, stated: str, native: str = "") -> tuple[str, str]:
    """The unit of a cloud ("m" or "mm") and a note where it was assumed; raises Unusable.

    extent : diagonal in the file's unit.   wanted : "auto", "m" or "mm".   stated : by the file, or "".
    native : the unit that the layout's description fixes, or "".
    """
    if wanted != "auto":
        unit, note = wanted, ""
    elif stated:
        unit, note = stated, ""
    else:
        unit = guess(extent) or (native if _plausible(extent, native) else "")
        if not unit:
            raise Unusable(
                f"its unit cannot be told from the extent ({extent:.3g})",
                "give it: --set unit=m or --set unit=mm",
            )
        note = (
            "" if unit == native else f"unit taken as {WORDS[unit]} from the extent ({extent:.3g})"
        )
    if not _plausible(extent, unit):
        raise Unusable(
            f"{extent * FACTOR[unit]:.3g} mm across as {WORDS[unit]}, outside 1 mm to 10 m",
            "check the unit: --set unit=m or --set unit=mm",
        )
    return unit, note


def guess(extent: float) -> str:
    """ "m", "mm", or "" where a part could have this extent in both or in neither."""
    if _METRES[0] <= extent <= _METRES[1]:
        return "m"
    if _MILLIMETRES[0] <= extent <= _MILLIMETRES[1]:
        return "mm"
    return ""


def _plausible(extent: float, unit: str) -> bool:
    return bool(unit) and SMALLEST_MM <= extent * FACTOR[unit] <= LARGEST_MM


def to_mm(xyz: Array, unit: str, axes: str = AXES[0]) -> tuple[FloatArray, tuple[str, ...]]:
    """(H, W, 3) in `unit` to float32 mm in the frame x right, y down, z away, with notes.

    A cloud beyond 10 m from its origin, or with points on both sides of the camera plane, is moved so
    that its centre lies on the optical axis, twice its own diagonal away; the note keeps the shift.
    Single points more than 10 m away from the others become missing.
    """
    signs = [-1.0 if word.startswith("-") else 1.0 for word in axes.split()]
    factor = np.array(signs, xyz.dtype) * xyz.dtype.type(FACTOR[unit])
    with np.errstate(over="ignore"):
        millimetres = xyz * factor
    notes: list[str] = [] if axes == AXES[0] else [f"axes taken as {axes}"]
    low, high = box(millimetres)
    centre = (low + high) / 2
    lost = _far_from(millimetres, centre)
    if lost.any():
        notes.append(f"{int(lost.sum()):,} points more than 10 m from the others: taken as missing")
        millimetres[lost] = np.nan
    far = float(np.abs([low, high]).max())
    crosses = low[2] <= 0 < high[2] or (axes != AXES[0] and high[2] <= 0)
    if far > _FAR_MM or crosses:
        step = float(np.spacing(np.float32(far)))
        if xyz.dtype == np.float32 and far > _FAR_MM and step > _COARSE_MM:
            notes.append(
                f"stored in 32-bit floats {far / 1000:.0f} m from the origin: steps of {step:.2g} mm"
            )
        # whole millimetres, so that the kept shift gives back the exact coordinates
        shift = np.rint(np.array([0.0, 0.0, 2 * math.dist(low, high)]) - centre)
        millimetres = millimetres.astype(np.float64) + shift
        notes.append("cloud moved by ({:.0f}, {:.0f}, {:.0f}) mm".format(*shift))
    return millimetres.astype(np.float32), tuple(notes)


def _far_from(xyz: Array, centre: Array) -> BoolArray:
    with np.errstate(invalid="ignore", over="ignore"):
        x, y, z = (np.abs(xyz[..., axis] - centre[axis]) > LARGEST_MM for axis in range(3))
    return np.asarray(x | y | z)
