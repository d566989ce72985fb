"""Camera files: intrinsics as JSON or as a 3x3 matrix, and the rays that follow from them.

JSON keys: width, height, fx, fy, cx, cy (or ppx, ppy), depth_scale, unit, distortion (k1 k2 p1 p2 k3),
pixel_centre (0 or 0.5), depth_kind ("z" or "range"); also HALCON's area_scan_division with focus, sx,
sy and Open3D's intrinsic_matrix.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from inspector_core.data.decode import Unusable
from inspector_core.types import Intrinsics

_ITERATIONS = 20


@dataclass(frozen=True, slots=True)
class Camera:
    """A pinhole with what its file says about the depth.

    fx, fy, cx, cy : pixels, integer coordinates are pixel centres.   width, height : 0 = not stated.
    depth_scale : metres per depth value, 0 = not stated.   unit : of float depth, "m", "mm" or "".
    distortion : k1, k2, p1, p2, k3 (Brown), all 0 without.   depth_kind : "z" or "range".
    """

    fx: float
    fy: float
    cx: float
    cy: float
    width: int = 0
    height: int = 0
    depth_scale: float = 0.0
    unit: str = ""
    distortion: tuple[float, ...] = ()
    depth_kind: str = "z"

    def sized(self, width: int, height: int) -> Camera:
        """The camera of the same picture at another size; raises Unusable for another aspect."""
        if (self.width, self.height) in ((0, 0), (width, height)):
            return replace(self, width=width, height=height)
        factor = width / self.width
        if abs(factor - height / self.height) > 0.005 * factor:
            raise Unusable(
                f"for {self.width}x{self.height} pixels, the depth has {width}x{height}",
                "give the intrinsics of this camera and this picture size",
            )
        return replace(
            self,
            fx=self.fx * factor,
            fy=self.fy * factor,
            cx=(self.cx + 0.5) * factor - 0.5,
            cy=(self.cy + 0.5) * factor - 0.5,
            width=width,
            height=height,
        )

    @property
    def intrinsics(self) -> Intrinsics:
        """Without distortion: for drawing and for the size of a pixel."""
        return Intrinsics(self.width, self.height, self.fx, self.fy, self.cx, self.cy)

    def rays(self) -> npt.NDArray[np.float64]:
        """(H, W, 2) of x/z and y/z per pixel, distortion undone."""
        columns = (np.arange(self.width) - self.cx) / self.fx
        rows = (np.arange(self.height) - self.cy) / self.fy
        distorted = np.stack(np.meshgrid(columns, rows), axis=2)
        return _undistorted(distorted, self.distortion) if any(self.distortion) else distorted

    def points(self, depth: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
        """(H, W) depth, by `depth_kind` along the axis or along the ray, to (H, W, 3) points."""
        rays = self.rays()
        x, y = rays[..., 0], rays[..., 1]
        z = depth / np.sqrt(1 + x * x + y * y) if self.depth_kind == "range" else depth
        return np.stack([x * z, y * z, z], axis=2)


def parse_camera(data: bytes) -> Camera:
    """A camera file's content; raises Unusable."""
    text = data.decode("utf-8-sig", "replace").strip()
    if text.startswith("{"):
        return _from_json(text)
    try:
        values = [float(word) for word in text.replace(",", " ").replace(";", " ").split()]
    except ValueError:
        values = []
    if len(values) != 9 or values[6:] != [0.0, 0.0, 1.0]:
        raise Unusable(
            "no 3x3 camera matrix (fx 0 cx; 0 fy cy; 0 0 1) and no JSON",
            "write the intrinsics as JSON with fx, fy, cx, cy",
        )
    return _checked(Camera(values[0], values[4], values[2], values[5]))


def _from_json(text: str) -> Camera:
    try:
        entries = json.loads(text)
        values = _pinhole(entries)
        centre = entries.get("pixel_centre", 0)
        offset = float(centre) if isinstance(centre, int | float) else 0.0
        distortion = (
            () if "focus" in entries else tuple(map(float, entries.get("distortion") or ()))
        )
        camera = Camera(
            *values[:2],
            values[2] - offset,
            values[3] - offset,
            int(entries.get("width", entries.get("image_width", 0))),
            int(entries.get("height", entries.get("image_height", 0))),
            float(entries.get("depth_scale") or 0.0),
            str(entries.get("unit") or ""),
            distortion,
            str(entries.get("depth_kind", "z")),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise Unusable(
            f"camera file that cannot be read ({error})", "give fx, fy, cx, cy as numbers in JSON"
        ) from error
    return _checked(camera)


def _pinhole(entries: Mapping[str, Any]) -> tuple[float, float, float, float]:
    if "focus" in entries:
        focus = float(entries["focus"])
        fx, fy = focus / float(entries["sx"]), focus / float(entries["sy"])
        return fx, fy, float(entries["cx"]), float(entries["cy"])
    if "intrinsic_matrix" in entries:
        matrix = [float(value) for value in np.ravel(entries["intrinsic_matrix"])]
        return matrix[0], matrix[4], matrix[6], matrix[7]  # Open3D writes columns
    cx, cy = entries.get("cx", entries.get("ppx")), entries.get("cy", entries.get("ppy"))
    return float(entries["fx"]), float(entries["fy"]), float(cx), float(cy)


def _checked(camera: Camera) -> Camera:
    numbers = (camera.fx, camera.fy, camera.cx, camera.cy, *camera.distortion)
    if not all(map(math.isfinite, numbers)) or min(camera.fx, camera.fy) <= 0:
        raise Unusable("impossible camera (focal length not positive)", "check fx and fy")
    if camera.depth_kind not in ("z", "range"):
        raise Unusable(f"unknown depth_kind {camera.depth_kind}", "give z or range")
    if camera.unit not in ("", "m", "mm"):
        raise Unusable(f"unknown unit {camera.unit}", "give m or mm")
    if camera.depth_scale < 0 or not math.isfinite(camera.depth_scale):
        raise Unusable(f"impossible depth_scale {camera.depth_scale}", "give metres per value")
    return camera


def _undistorted(
    distorted: npt.NDArray[np.float64], coefficients: tuple[float, ...]
) -> npt.NDArray[np.float64]:
    """Brown's model inverted by fixed-point iteration; distorted = f(ideal) as in OpenCV."""
    k1, k2, p1, p2, k3 = (*coefficients, 0.0, 0.0, 0.0, 0.0, 0.0)[:5]
    ideal = distorted
    for _ in range(_ITERATIONS):
        x, y = ideal[..., 0], ideal[..., 1]
        r2 = x * x + y * y
        radial = 1 + r2 * (k1 + r2 * (k2 + r2 * k3))
        tangential = np.stack(
            [2 * p1 * x * y + p2 * (r2 + 2 * x * x), p1 * (r2 + 2 * y * y) + 2 * p2 * x * y], axis=2
        )
        ideal = (distorted - tangential) / radial[..., None]
    return ideal
