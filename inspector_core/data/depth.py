"""Depth pictures to organised clouds: validity, scale, back-projection."""

from __future__ import annotations

from typing import Any

import numpy as np

from inspector_core.data.camera import Camera
from inspector_core.data.clouds import Cloud, check_not_empty, load_npy, percent
from inspector_core.data.decode import Unusable, not_an_image
from inspector_core.data.headers import header_of_bytes
from inspector_core.data.pictures import decode_grey
from inspector_core.types import Array, BoolArray

_FULL_SCALE = 65535
_MILLIMETRE, _TENTH = 0.001, 0.0001
_FLYER_SHARE, _FLYER_SPREAD = 0.25, 0.5


def decode_depth(data: bytes, page: int = 0) -> Array:
    """Bytes to (H, W) depth values exactly as stored (PNG, TIFF, NPY); raises Unusable."""
    header = header_of_bytes(data)
    if header.kind in ("ply", "pcd"):
        raise not_an_image(data, "a depth picture")
    if header.kind != "npy":
        return decode_grey(data, page)
    values = load_npy(data)
    values = values[..., 0] if values.ndim == 3 and values.shape[2] == 1 else values
    if values.ndim != 2 or values.dtype.kind not in "iuf":
        listed = "x".join(map(str, values.shape))
        raise Unusable(f"array {listed} of {values.dtype} is no depth", "export rows x columns")
    return values


def scale_of(values: Array, camera: Camera, wanted: float) -> float:
    """Metres per value, or 0 for float depth whose unit shows in its extent.

    Raises Unusable for whole numbers without a scale: 0.65 m in tenths of a millimetre and 6.5 m in
    millimetres are both possible, so the person decides.
    """
    scale = wanted or camera.depth_scale
    if not scale and camera.unit:
        scale = {"m": 1.0, "mm": _MILLIMETRE}[camera.unit]
    if scale or values.dtype.kind == "f":
        return scale
    measured = values[valid_depth(values)]
    if measured.size == 0:
        check_not_empty(np.zeros(values.shape, bool))
    median = float(np.median(measured))
    raise Unusable(
        f"depth without a scale: its median {median:.0f} is {median * _MILLIMETRE:.2f} m "
        f"in millimetres or {median * _TENTH:.2f} m in tenths of a millimetre",
        f"give metres per value: --set depth_scale={_MILLIMETRE} or --set depth_scale={_TENTH}",
    )


def valid_depth(values: Array) -> BoolArray:
    """(H, W) bool: a measurement; 0, NaN, infinity, negative and full-scale 65535 are none."""
    valid = np.isfinite(values) & (values > 0)
    if values.dtype == np.uint16:
        valid &= values != _FULL_SCALE
    return np.asarray(valid)


def back_projected(values: Array, camera: Camera, scale: float) -> Cloud:
    """Depth values to a cloud in metres (scale given) or in the values' own unit (scale 0).

    z is the depth along the optical axis, or along the ray where the camera says "range".
    Readings far outside the range of the others (flyers of a depth sensor) become missing.
    """
    height, width = values.shape
    camera = camera.sized(width, height)
    valid = valid_depth(values)
    check_not_empty(valid)
    depth = np.where(valid, values, np.nan).astype(np.float64) * (scale or 1.0)
    notes = []
    flyers, low, high = _flyers(depth)
    if flyers.any():
        unit = " m" if scale else ""
        notes.append(
            f"{int(flyers.sum()):,} flyers ({percent(flyers.mean())}) outside "
            f"{low:.3g} to {high:.3g}{unit}: taken as missing"
        )
        depth[flyers] = np.nan
    check_not_empty(np.isfinite(depth))
    return Cloud(camera.points(depth), None, tuple(notes), "m" if scale else "")


def _flyers(depth: Array) -> tuple[BoolArray, Any, Any]:
    """Readings outside the middle 98 % by more than a quarter of the median and half the spread.

    Wide on purpose: something standing up on a flat part is a defect to find, not a flyer.
    """
    low, median, high = np.nanpercentile(depth, (1, 50, 99))
    margin = max(_FLYER_SHARE * median, _FLYER_SPREAD * (high - low))
    low, high = low - margin, high + margin
    with np.errstate(invalid="ignore"):
        return np.asarray((depth < low) | (depth > high)), low, high
