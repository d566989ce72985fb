"""The colour camera and the structured-light scanner: blur, noise, missing and flying readings.

Random numbers are drawn for the whole picture from named streams, so that a defect changes readings
only where it is.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from inspector_core.synthetic.camera import NOMINAL_DISTANCE_MM, Pose
from inspector_core.synthetic.colour import encode
from inspector_core.synthetic.lighting import View, Window, dot, lit_share
from inspector_core.synthetic.noise import Field, Streams, grain
from inspector_core.types import Intrinsics

Mask = npt.NDArray[np.bool_]

PROJECTOR_OFFSET_MM = (120.0, 12.0, 8.0)  # from the camera, in the camera frame
_BOX_MM = 50.0  # half side of the measuring box across the camera axis
_BLUR_PX = 0.85
_NOISE_MM = 0.019
Z_STEP_MM = 1000.0 / 65536  # the scanner stores depth in steps of 2^-16 m
_GRAZING = 0.17  # cosine below which nothing is read


@dataclass(frozen=True)
class Lens:
    """Lens and exposure of one picture of `size` pixels."""

    size: int
    exposure: float

    @classmethod
    def drawn(cls, streams: Streams, size: int) -> Lens:
        spread = float(np.clip(streams("exposure").normal(1.0, 0.025), 0.93, 1.07))
        return cls(size, 1.18 * spread)

    def developed(self, linear: Field, window: Window) -> Field:
        """Noise-free sRGB in 0..1 of a block of pixels: lens blur, vignetting, exposure, tone curve.

        linear : (h, w, 3) linear light of the block.   window : its rows and columns.
        """
        from scipy.ndimage import gaussian_filter

        radius = (np.arange(self.size) - (self.size - 1) / 2) / self.size
        fall = radius[window[0], None] ** 2 + radius[None, window[1]] ** 2
        shade = self.exposure * (1 - 0.22 * fall)
        bands = [gaussian_filter(linear[..., i], _BLUR_PX, truncate=3) * shade for i in range(3)]
        return encode(np.stack(bands, axis=2))


def photographed(picture: Field, streams: Streams) -> npt.NDArray[np.uint8]:
    """(H, W, 3) uint8: the noise-free sRGB picture with shot and read noise, rounded."""
    noise = np.moveaxis(grain(streams("picture noise"), (3, *picture.shape[:2]), 0.55), 0, 2)
    spread = 0.0045 + 0.006 * np.sqrt(np.clip(picture, 0, 1))
    return np.rint(np.clip(picture + spread * noise, 0, 1) * 255).astype(np.uint8)


@dataclass(frozen=True)
class Scanner:
    """The structured-light scanner over one view of a part."""

    view: View
    pose: Pose

    @cached_property
    def _projector(self) -> tuple[float, float, float]:
        """Unit vector to the projector, the same for the whole part."""
        pose = self.pose
        towards = pose.rotation.T @ (np.array(PROJECTOR_OFFSET_MM) - pose.translation)
        px, py, pz = (float(value) for value in towards / np.linalg.norm(towards))
        return px, py, pz

    @cached_property
    def _cosine(self) -> Field:
        """The worse of viewing and projecting angle."""
        normal = self.view.normal(self.view.surface.slopes)
        return np.minimum(dot(normal, self.view.look), dot(normal, self._projector))

    @cached_property
    def readable(self) -> Mask:
        """(H, W) bool, pixels that can be measured: not too steep, lit, inside the box."""
        view, surface = self.view, self.view.surface
        lit = lit_share(surface.coarse, surface.grid.halved(), self._projector, 0.03)
        across, down, _ = self.pose.to_camera(view.x, view.y, view.h)
        inside = np.maximum(np.abs(across), np.abs(down)) < _BOX_MM
        return np.asarray((view.read_coarse(lit) > 0.5) & inside & (self._cosine > _GRAZING))

    def scanned(self, camera: Intrinsics, streams: Streams) -> npt.NDArray[np.float32]:
        """(H, W, 3) float32 mm in the camera frame, NaN where the scanner has no reading.

        x = z (u - cx) / fx and y = z (v - cy) / fy hold exactly; z comes in steps of 2^-16 m.
        """
        view = self.view
        _, _, depth = self.pose.to_camera(view.x, view.y, view.h)
        missing = ~self.readable | self._dazzled(streams)
        missing |= streams("dropout").random(depth.shape) < 0.0012
        depth = depth + _depth_noise(view, depth, self._cosine, streams)
        depth, torn = _edges(depth, camera, streams)
        missing |= torn
        missing |= _lonely(~missing) & (streams("lonely").random(depth.shape) < 0.5)
        depth = np.rint(depth / Z_STEP_MM) * Z_STEP_MM
        depth[missing] = np.nan
        u = (np.arange(camera.width) - camera.cx) / camera.fx
        v = ((np.arange(camera.height) - camera.cy) / camera.fy)[:, None]
        return np.stack([depth * u, depth * v, depth], axis=2).astype(np.float32)

    def _dazzled(self, streams: Streams) -> Mask:
        """Where a glossy face mirrors the projector into the camera, in patches."""
        view = self.view
        shiny = np.clip(0.5 - view.surface.rough, 0, 0.5) * (0.3 + 0.7 * view.surface.metal)
        if shiny.max() < 0.05:
            return np.zeros(view.h.shape, bool)
        normal = view.normal(view.surface.fine_slopes)
        half = tuple(a + b for a, b in zip(view.look, self._projector, strict=True))
        mirrored = dot(normal, half) / np.sqrt(dot(half, half))
        lobe = np.exp((np.minimum(mirrored, 1) - 1) / 0.0016) * view.read(shiny)
        return np.asarray(lobe * (1 + 0.3 * grain(streams("dazzle"), lobe.shape, 2.5)) > 0.14)


def _depth_noise(view: View, depth: Field, cosine: Field, streams: Streams) -> Field:
    """Correlated noise that grows with distance, slope and darkness, and a weak fringe ripple."""
    red, green, blue = view.surface.albedo
    grey = view.read((red + green + blue) / 3, 0.2)
    rng = streams("depth noise")
    noise = 0.93 * grain(rng, depth.shape, 1.1) + 0.37 * rng.standard_normal(depth.shape)
    spread = _NOISE_MM * (depth / NOMINAL_DISTANCE_MM) ** 2 / np.maximum(cosine, _GRAZING)
    spread = spread * (1 + 0.05 / np.maximum(grey, 0.03))
    phase = streams("fringes").uniform(0, 2 * np.pi)
    return spread * noise + 0.006 * np.sin(view.x * 2.1 + depth * 0.8 + phase)


def _edges(depth: Field, camera: Intrinsics, streams: Streams) -> tuple[Field, Mask]:
    """Depth with a few flying readings, and which readings are lost at depth jumps."""
    jump = 2.7 * NOMINAL_DISTANCE_MM / camera.fx
    padded = np.pad(depth, 1, mode="edge")
    sides = (padded[:-2, 1:-1], padded[2:, 1:-1], padded[1:-1, :-2], padded[1:-1, 2:])
    near, far = np.minimum.reduce(sides), np.maximum.reduce(sides)
    edge = (far - depth > jump) | (depth - near > jump)
    chance = streams("edges").random(depth.shape)
    between = streams("flying").random(depth.shape)
    flying = edge & (chance > 0.92)
    return np.where(flying, near + between * (far - near), depth), edge & (chance < 0.72)


def _lonely(valid: Mask) -> Mask:
    """Readings with at most one of eight neighbours."""
    padded = np.pad(valid, 1).astype(np.int8)
    n, m = valid.shape
    around = sum(padded[i : i + n, j : j + m] for i in range(3) for j in range(3)) - valid
    return np.asarray(valid & (around <= 1))
