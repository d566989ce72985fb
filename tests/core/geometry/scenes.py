"""Scenes with known geometry: a pinhole camera over a tilted table, heights given per pixel."""

from __future__ import annotations

import numpy as np

from inspector_core.types import Plane, Sample

FOCAL_PX = 500.0
DISTANCE_MM = 250.0
"""0.5 mm a pixel on the table."""


def table(tilt_deg=(0.0, 0.0)) -> Plane:
    """A plane through (0, 0, DISTANCE_MM), turned about x and y, its normal towards the camera."""
    a, b = np.radians(tilt_deg)
    normal = np.array([np.sin(b), np.sin(a) * np.cos(b), -np.cos(a) * np.cos(b)])
    return Plane(tuple(float(n) for n in normal), float(-normal[2] * DISTANCE_MM))


def cloud(heights, tilt_deg=(0.0, 0.0), noise_mm=0.0, seed=0):
    """(H, W, 3) float32 mm whose pixels stand `heights` (H, W) mm above the tilted table."""
    plane = table(tilt_deg)
    rows, columns = np.mgrid[: heights.shape[0], : heights.shape[1]]
    rays = np.stack(
        [
            (columns - heights.shape[1] / 2) / FOCAL_PX,
            (rows - heights.shape[0] / 2) / FOCAL_PX,
            np.ones(heights.shape),
        ],
        axis=2,
    )
    noise = np.random.default_rng(seed).normal(0, noise_mm, heights.shape) if noise_mm else 0.0
    depth = (heights - plane.offset) / (rays @ np.array(plane.normal)) + noise
    return (rays * depth[..., None]).astype(np.float32)


def box_heights(size=(120, 140), box=(30, 80, 40, 100), height_mm=8.0):
    """A block (top, bottom, left, right in pixels) on the table."""
    heights = np.zeros(size)
    heights[box[0] : box[1], box[2] : box[3]] = height_mm
    return heights


def sample(heights, **how) -> Sample:
    return Sample("part", xyz=cloud(heights, **how))
