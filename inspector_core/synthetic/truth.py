"""Exact masks of defects and their true measures, from noise-free geometry and pictures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from inspector_core.synthetic.camera import Pose
from inspector_core.synthetic.colour import difference
from inspector_core.synthetic.flaws import Flaw, dented
from inspector_core.synthetic.kinds import TYPES
from inspector_core.synthetic.lighting import View, Window
from inspector_core.synthetic.noise import Field
from inspector_core.synthetic.profiles import VISIBLE_MM
from inspector_core.synthetic.surface import Surface
from inspector_core.types import Intrinsics

Mask = npt.NDArray[np.bool_]
Entry = dict[str, object]

VISIBLE_DELTA_E = 3.0
_STEEPEST = 0.5  # cosine: steeper slopes count as 60 degrees
_TOUCHED = 0.02  # strength or mm from which a defect's material or shape is there at all


def uprightness(surface: Surface) -> Field:
    """(n, n) cosine between the surface's normal and the table's, at least that of 60 degrees."""
    slope_x, slope_y = surface.grid.slopes(surface.height)
    return np.maximum(1 / np.sqrt(slope_x**2 + slope_y**2 + 1), _STEEPEST)


@dataclass(frozen=True)
class Scene:
    """The noise-free pictures of one part without and with its defects.

    before, after : what the pixels see without and with the defects.
    picture_before, picture_after : (H, W, 3) sRGB 0..1, the same array where colour shows nothing.
    window : rows and columns outside of which nothing differs.
    """

    pose: Pose
    camera: Intrinsics
    before: View
    after: View
    picture_before: Field
    picture_after: Field
    window: Window

    @property
    def good(self) -> Surface:
        """The part without defects."""
        return self.before.surface

    @cached_property
    def cosine(self) -> Field:
        """(n, n) between the surface's normal and the table's, at least that of 60 degrees."""
        slope_x, slope_y = self.good.slopes
        return np.maximum(1 / np.sqrt(slope_x**2 + slope_y**2 + 1), _STEEPEST)

    @cached_property
    def colour_difference(self) -> Field:
        """(H, W) CIE 1976 difference of the two noise-free pictures."""
        result = np.zeros(self.before.h.shape)
        if self.picture_after is not self.picture_before:
            here = self.window
            result[here] = difference(self.picture_after[here], self.picture_before[here])
        return result


def mask(scene: Scene, flaw: Flaw) -> Mask:
    """(H, W) bool of one defect: the union of its shape and its colour, gaps of a pixel closed."""
    from scipy.ndimage import binary_closing, binary_dilation

    grid, here = scene.good.grid, scene.window
    before = scene.before.cut(here)
    found = np.zeros(before.h.shape, bool)
    touched = np.zeros_like(found)
    # what was dug out shows in the old view, what was added in the new one
    for view in (before, scene.after.cut(here)):
        if flaw.delta is not None:
            change = view.read(flaw.spread(grid, np.abs(flaw.delta) * scene.cosine[flaw.window]))
            found |= change > VISIBLE_MM
            touched |= change > _TOUCHED
        if flaw.strength is not None:
            touched |= view.read(flaw.spread(grid, flaw.strength)) > _TOUCHED
    if flaw.strength is not None:
        found |= binary_dilation(touched) & (scene.colour_difference[here] > VISIBLE_DELTA_E)
    closed = binary_closing(np.pad(found, 1), np.ones((2, 2)))[1:-1, 1:-1]
    result = np.zeros(scene.before.h.shape, bool)
    result[here] = found | closed
    return result


def entry(scene: Scene, flaw: Flaw, marked: Mask, read: Mask) -> Entry:
    """The record of truth.json.

    marked : (H, W) bool, the defect's mask.   read : (H, W) bool, pixels with a reading in the scan.
    """
    record = _identity(flaw, marked, read)
    record.update(_extent(scene.good, flaw, scene.cosine))
    record.update(_place(scene, flaw))
    if flaw.delta is None:
        record["mean_delta_e"] = round(float(scene.colour_difference[marked].mean()), 2)
    return record


def _identity(flaw: Flaw, marked: Mask, read: Mask) -> Entry:
    rows, columns = np.nonzero(marked)
    box = [columns.min(), rows.min(), columns.max(), rows.max()]
    return {
        "type": flaw.type,
        "kind": flaw.kind,
        "in_rgb": TYPES[flaw.type].in_rgb,
        "in_xyz": TYPES[flaw.type].in_xyz,
        "mask_pixels": int(marked.sum()),
        "xyz_valid_fraction": round(float(read[marked].mean()), 4),
        "bbox_uv": [int(value) for value in box],
    }


def _extent(good: Surface, flaw: Flaw, cosine: Field) -> Entry:
    """Area, length, width, depth, height, volumes on the defect-free surface."""
    grid, here = good.grid, flaw.window
    delta = np.zeros_like(cosine[here]) if flaw.delta is None else flaw.delta
    deviation = delta * cosine[here]
    inside = np.abs(deviation) > VISIBLE_MM if flaw.delta is not None else flaw.visible
    cell = grid.cell**2
    points = np.stack([grid.x[here], grid.y[here], good.height[here]], axis=2)[inside]
    length, width = rectangle(points, grid.cell)
    return {
        "area_mm2": round(float((cell / cosine[here][inside]).sum()), 3),
        "length_mm": round(length, 2),
        "width_mm": round(width, 2),
        "max_depth_mm": round(float(np.maximum(-deviation, 0).max()), 3),
        "max_height_mm": round(float(np.maximum(deviation, 0).max()), 3),
        "volume_removed_mm3": round(float(np.maximum(-delta, 0).sum() * cell), 3),
        "volume_added_mm3": round(float(np.maximum(delta, 0).sum() * cell), 3),
    }


def rectangle(points: Field, cell: float) -> tuple[float, float]:
    """Length and width in mm of the smallest rectangle around points in their own best plane.

    points : (N, 3) mm, nodes of a grid; `cell` mm is added because a node stands for its cell.
    """
    from scipy.spatial import ConvexHull, QhullError

    centred = points - points.mean(axis=0)
    _, _, axes = np.linalg.svd(centred, full_matrices=False)
    flat = centred @ axes[:2].T
    try:
        corners = flat[ConvexHull(flat).vertices]
    except QhullError:  # fewer than three points, or all on one line
        corners = flat
    edges = np.roll(corners, -1, axis=0) - corners
    angles = np.arctan2(edges[:, 1], edges[:, 0])
    best = (np.inf, 0.0, 0.0)
    for angle in np.unique(np.round(angles % (np.pi / 2), 9)):
        turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        sides = np.ptp(corners @ turn, axis=0) + cell
        best = min(best, (float(sides.prod()), float(sides.max()), float(sides.min())))
    return best[1], best[2]


def _place(scene: Scene, flaw: Flaw) -> Entry:
    """Weighted centre on the defective surface: camera frame, part frame, picture."""
    grid, here = scene.good.grid, flaw.window
    weight = np.abs(flaw.delta) if flaw.delta is not None else flaw.strength
    assert weight is not None
    weight = np.where(flaw.visible, weight, 0.0)
    height = dented(scene.good, flaw).height[here]
    x, y, z = (
        float((c * weight).sum() / weight.sum()) for c in (grid.x[here], grid.y[here], height)
    )
    place = np.array(x), np.array(y), np.array(z)
    in_camera = (float(value) / 1000 for value in scene.pose.to_camera(*place))
    u, v = (float(value) for value in scene.pose.to_picture(scene.camera, *place))
    return {
        "centre_xyz_m": [round(value, 6) for value in in_camera],
        "centre_part_mm": [round(value, 3) for value in (x, y, z)],
        "centre_uv": [round(u, 2), round(v, 2)],
    }


def frame(surface: Surface, pose: Pose, light: Mapping[str, float]) -> Entry:
    """The record of frames.json: pose, table plane, light and true dimensions of one picture."""
    matrix = np.eye(4)
    matrix[:3, :3], matrix[:3, 3] = pose.rotation, pose.translation / 1000
    normal = pose.rotation[:, 2]
    offset = -float(normal @ pose.translation) / 1000
    return {
        "part_to_camera_m": [[round(float(value), 8) for value in row] for row in matrix],
        "plane_in_camera": {
            "normal": [round(float(value), 8) for value in normal],
            "offset_m": round(offset, 8),
        },
        "rotation_deg": round(pose.rotation_deg, 3),
        "camera_tilt_deg": round(pose.tilt_deg, 3),
        "light": {name: round(value, 3) for name, value in light.items()},
        "dimensions_mm": {name: round(value, 4) for name, value in surface.dimensions_mm.items()},
    }
