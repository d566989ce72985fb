"""Small analytic parts for the decision tests: a flat plate with a known dent and a known stain."""

from __future__ import annotations

import numpy as np

from inspector_core.types import AnomalyMaps, Calibration, Registered, Sample, Thresholds

PITCH = 0.3
SIZE = 90
CALIBRATION = Calibration(
    usual={"rgb": 2.0, "shape": 0.5, "fused": 1.0},
    parts=tuple(f"good/{k:03d}" for k in range(10)),
    scores=tuple(0.8 + 0.04 * k for k in range(10)),
    thresholds=Thresholds(1.5, 2.0),
)


def grid() -> tuple[np.ndarray, np.ndarray]:
    """(x, y) in mm of every pixel."""
    axis = (np.arange(SIZE) - SIZE / 2) * PITCH
    return np.meshgrid(axis, axis)


def dent_depth(
    radius: float = 3.0, depth: float = 0.8, at: tuple[float, float] = (0, 0)
) -> np.ndarray:
    """(H, W) mm below the plate: a paraboloid bowl."""
    x, y = grid()
    r2 = ((x - at[0]) ** 2 + (y - at[1]) ** 2) / radius**2
    return np.clip(1 - r2, 0, None) * depth


def plate(lowered: np.ndarray | float = 0.0, tilt: float = 0.0, noise: float = 0.0) -> Registered:
    """A plate 400 mm from the camera, lowered (away from the camera) by `lowered` mm."""
    x, y = grid()
    z = 400.0 + lowered + tilt * x
    z = z + np.random.Generator(np.random.PCG64(0)).normal(0, noise, z.shape) if noise else z
    xyz = np.stack([x, y, z], axis=2).astype(np.float32)
    rgb = np.full((SIZE, SIZE, 3), 120, np.uint8)
    sample = Sample("test/dent/000", rgb=rgb, xyz=xyz, label="dent")
    everywhere = np.ones((SIZE, SIZE), bool)
    return Registered(sample, everywhere, everywhere)


def maps_of(lowered: np.ndarray, *, stain: np.ndarray | None = None) -> AnomalyMaps:
    """Maps a good detector would give: shape = |deviation|, rgb = 1 on the stain."""
    from scipy import ndimage

    deviation = (-lowered).astype(np.float32)
    shape = ndimage.gaussian_filter(np.abs(deviation) * 4, 1.0).astype(np.float32)
    rgb = np.zeros_like(shape) if stain is None else (stain * 8.0).astype(np.float32)
    return AnomalyMaps(
        rgb=rgb, shape=shape, deviation_mm=deviation, spread_mm=np.full_like(shape, 0.02)
    )
