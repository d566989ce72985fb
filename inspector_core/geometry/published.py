"""The preprocessing of BTF, M3DM and CFM as their code computes it, in metres, zeros = missing.

Source: crossmodal-feature-mapping@63288af, processing/preprocess_mvtec.py and models/dataset.py.
Our own pipeline is `prepare`; this one exists to reproduce published figures.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from inspector_core.geometry.foreground import grid_components
from inspector_core.geometry.organised import resize_nearest
from inspector_core.geometry.plane import background_plane
from inspector_core.types import Array, FloatArray

BORDER_PX = 10
FIT_M = 0.004
REMOVE_M = 0.005
CLUSTER_M = 0.006
CLUSTER_POINTS = 30
PAD_MULTIPLE = 100
IMAGE_SIZE = 224
IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)

Cleaning = Literal["grid", "dbscan"]


@dataclass(frozen=True, slots=True)
class Prepared:
    """xyz : (S, S, 3) float32 m, zeros = missing or removed.   rgb : (S, S, 3) uint8, blackened.

    offset : (top, left) of the source in the padded square.   plane : (a, b, c, d), m, or None.
    """

    xyz: Array
    rgb: Array
    offset: tuple[int, int]
    plane: Array | None


def published_valid(xyz: Array) -> Array:
    """(..., 3) to (...) bool: no coordinate is exactly zero (drops true zeros too, as published)."""
    return np.asarray((xyz != 0).all(axis=-1))


def border_points(xyz: Array) -> Array:
    """(N, 3) valid points of the outer ten rows and columns, those in the corners twice."""
    strips = (xyz[:BORDER_PX], xyz[-BORDER_PX:], xyz[:, :BORDER_PX], xyz[:, -BORDER_PX:])
    points = np.concatenate([strip.reshape(-1, 3) for strip in strips])
    return np.asarray(points[published_valid(points)])


def table_plane(xyz: Array, seed: int = 0) -> Array | None:
    """(a, b, c, d) float64 of the table, unit normal towards the camera, or None without a table.

    xyz : (H, W, 3) m. Seeded three-point RANSAC with refit; the published one draws 50 points
    unseeded, which any table wider than the tolerance forgives.
    """
    fit = background_plane(xyz * np.float32(1000), published_valid(xyz), FIT_M * 1000, seed)
    if fit is None:
        return None
    return np.array([*fit.plane.normal, fit.plane.offset / 1000])


def remove_plane(xyz: Array, rgb: Array, plane: Array) -> tuple[Array, Array]:
    """Cloud and picture with everything nearer than 5 mm to the plane set to zero."""
    distance = np.abs(xyz @ plane[:3] + plane[3])
    keep = (distance >= REMOVE_M)[..., None]
    return xyz * keep, rgb * keep


def pad_square(array: Array) -> tuple[Array, tuple[int, int]]:
    """Zero padding to a square of the next multiple of 100, and (top, left) of the source in it."""
    height, width = array.shape[:2]
    side = PAD_MULTIPLE * max(-(-height // PAD_MULTIPLE), -(-width // PAD_MULTIPLE))
    top, left = (side - height) // 2, (side - width) // 2
    padding = ((top, side - height - top), (left, side - width - left), (0, 0))
    return np.pad(array, padding), (top, left)


def largest_cluster(xyz: Array, cleaning: Cleaning = "grid") -> Array:
    """(H, W) bool, valid points of the largest cluster; all False without points.

    grid : neighbours on the pixel grid closer than 6 mm.   dbscan : the published clustering
    (open3d), noise competing as if it were a cluster, at a hundred times the cost.
    """
    valid = published_valid(xyz)
    if not valid.any():
        return valid
    if cleaning == "grid":
        labels, count = grid_components(xyz, valid, CLUSTER_M)
        areas = np.bincount(labels.ravel(), minlength=count + 1)
        areas[0] = 0
        return np.asarray(labels == np.argmax(areas))
    found = _dbscan(xyz[valid])
    values, counts = np.unique(found, return_counts=True)
    kept = np.zeros(valid.shape, bool)
    kept[valid] = found == values[np.argmax(counts)]
    return kept


def _dbscan(points: Array) -> Array:
    import open3d

    cloud = open3d.geometry.PointCloud(open3d.utility.Vector3dVector(points.astype(np.float64)))
    return np.asarray(cloud.cluster_dbscan(eps=CLUSTER_M, min_points=CLUSTER_POINTS))


def preprocess(xyz: Array, rgb: Array, *, cleaning: Cleaning = "grid", seed: int = 0) -> Prepared:
    """Plane removal, padding to a square, cluster cleaning of cloud and picture.

    xyz : (H, W, 3) float32 m, zeros = missing.   rgb : (H, W, 3) uint8.
    Without a table nothing is removed. M3DM and BTF use the blackened picture of the result, CFM
    the untouched one (`square_by_edge`).
    """
    plane = table_plane(xyz, seed)
    if plane is not None:
        xyz, rgb = remove_plane(xyz, rgb, plane)
    xyz, offset = pad_square(xyz)
    rgb, _ = pad_square(rgb)
    stray = published_valid(xyz) & ~largest_cluster(xyz, cleaning)
    keep = ~stray[..., None]
    return Prepared(xyz * keep, rgb * keep, offset, plane)


def square_by_edge(rgb: Array) -> Array:
    """CFM: the picture squared by repeating its edge, (H, W, 3) to (max, max, 3)."""
    height, width = rgb.shape[:2]
    side = max(height, width)
    top, left = (side - height) // 2, (side - width) // 2
    padding = ((top, side - height - top), (left, side - width - left), (0, 0))
    return np.pad(rgb, padding, mode="edge")


def bicubic(rgb: Array, size: int = IMAGE_SIZE) -> Array:
    """(S, S, 3) uint8 to (size, size, 3) uint8, Pillow's antialiased bicubic."""
    from PIL import Image

    return np.asarray(Image.fromarray(rgb).resize((size, size), Image.Resampling.BICUBIC))


def imagenet_input(rgb: Array) -> FloatArray:
    """(h, w, 3) uint8 to (3, h, w) float32 with ImageNet's mean and deviation."""
    scaled = rgb.astype(np.float32) / np.float32(255)
    normal = (scaled - np.array(IMAGENET_MEAN, np.float32)) / np.array(IMAGENET_STD, np.float32)
    return np.ascontiguousarray(np.moveaxis(normal, 2, 0))


def resized_cloud(xyz: Array, size: int = IMAGE_SIZE) -> tuple[FloatArray, Array]:
    """(3, size, size) float32 by floor-nearest, and the row-major indices of its valid points."""
    small = resize_nearest(xyz, (size, size), published=True)
    index = np.flatnonzero(published_valid(small).ravel())
    return np.ascontiguousarray(np.moveaxis(small, 2, 0), dtype=np.float32), index
