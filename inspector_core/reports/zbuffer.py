"""A small renderer of organised clouds: numpy only, so that reports need neither window nor GL.

The cloud is drawn as splats into a depth buffer twice as fine as the picture and averaged down. Grid
squares whose corners are all measured and close together are filled with points in between, so the
surface is closed where it was measured and torn where the depth jumps.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from inspector_core.geometry.normals import surface_normals
from inspector_core.types import Array

TILT_DEG = 35.0
"""First view: the sensor's own, tilted by this much about the part's centre."""
FILL = 0.8
"""Share of the pane that the part fills."""
DIMMED = 0.6
"""Brightness of what does not belong to the part."""
_FINER = 2
_JUMP = 4.0
"""Grid squares are torn where neighbours are farther apart than this many median distances."""
_NOTHING = np.uint64(2**64 - 1)
"""Farther than any point."""


@dataclass(frozen=True, slots=True)
class View:
    """From where a cloud is seen, as a pinhole camera turned about the part's centre.

    turn : (3, 3) rotation of the camera frame.   centre : (3,) mm, shown in the middle.
    distance : mm from the eye to the centre.   px_per_mm : scale at the centre.
    size : (H, W) of the picture in pixels.   offset : (x, y) px by which the picture is shifted.
    """

    turn: Array
    centre: Array
    distance: float
    px_per_mm: float
    size: tuple[int, int]
    offset: tuple[float, float] = (0.0, 0.0)

    def project(self, points: Array) -> tuple[Array, Array]:
        """(N, 3) mm to (N, 2) px (x, y) and (N,) mm from the eye; NaN stays NaN."""
        local = (points - self.centre.astype(points.dtype)) @ self.turn.T.astype(points.dtype)
        depth = local[:, 2] + points.dtype.type(self.distance)
        scale = points.dtype.type(self.px_per_mm * self.distance) / depth
        height, width = self.size
        x = local[:, 0] * scale + points.dtype.type((width - 1) / 2 + self.offset[0])
        y = local[:, 1] * scale + points.dtype.type((height - 1) / 2 + self.offset[1])
        return np.stack([x, y], axis=1), depth

    def axes(self) -> Array:
        """(3, 2) picture directions of x, y and of up (towards the sensor, that is −z); foreshortened."""
        return np.asarray(self.turn.T[:, :2] * [[1], [1], [-1]])


def measured(xyz: Array) -> Array:
    """(h, w) bool, points without NaN; channel by channel, ten times faster than a reduction."""
    return np.asarray(
        np.isfinite(xyz[..., 0]) & np.isfinite(xyz[..., 1]) & np.isfinite(xyz[..., 2])
    )


def standard_view(
    xyz: Array,
    part: Array,
    size: tuple[int, int],
    *,
    tilt_deg: float = TILT_DEG,
    fill: float = FILL,
    px_per_mm: float | None = None,
) -> View | None:
    """The sensor's view tilted about the part's centre, the part filling its share of the picture.

    xyz : (H, W, 3) mm.   part : (H, W) bool, what to look at.   px_per_mm : fixed scale (that of the
    picture beside it) instead of filling; a larger part than fits is still made to fit.
    None when nothing of the part was measured.
    """
    points = xyz[part & measured(xyz)].astype(np.float64)
    if len(points) == 0:
        return None
    points = points[:: max(1, len(points) // 20_000)]
    low, high = np.percentile(points, [0.5, 99.5], axis=0)
    centre = (low + high) / 2
    angle = np.radians(-tilt_deg)  # the lower edge of the picture comes nearer
    turn = np.array(
        [
            [1.0, 0.0, 0.0],
            [0.0, np.cos(angle), -np.sin(angle)],
            [0.0, np.sin(angle), np.cos(angle)],
        ]
    )
    distance = max(float(np.linalg.norm(centre)), 2.0 * float(np.linalg.norm(high - low)), 1e-6)
    unscaled = View(turn, centre, distance, 1.0, size)
    seen, _ = unscaled.project(points)
    corner, opposite = np.percentile(seen, [0.2, 99.8], axis=0)
    extent = np.maximum(opposite - corner, 1e-3 * distance)
    fitting = float(min(fill * size[1] / extent[0], fill * size[0] / extent[1]))
    scale = fitting if px_per_mm is None else min(px_per_mm, fitting / fill * 0.96)
    middle = (corner + opposite) / 2 - [(size[1] - 1) / 2, (size[0] - 1) / 2]
    offset = (-float(middle[0]) * scale, -float(middle[1]) * scale)
    return View(turn, centre, distance, scale, size, offset)


def render(
    xyz: Array,
    colours: Array,
    view: View,
    *,
    part: Array | None = None,
    background: tuple[int, int, int] = (36, 40, 44),
) -> Array:
    """(H, W, 3) uint8 picture of an organised cloud, shaded by its normals.

    xyz : (h, w, 3) mm, NaN = missing.   colours : (h, w, 3) uint8.
    part : (h, w) bool; what lies outside is dimmed.
    """
    density = _density(xyz, view)
    thin = np.s_[:: density.every, :: density.every]
    points = np.asarray(xyz[thin], np.float32)
    shaded = colours[thin] * shading(points, view.turn, density.coarse)[..., None]
    if part is not None:
        shaded *= np.where(part[thin], np.float32(1.0), np.float32(DIMMED))[..., None]
    surface, paint = _surface(points, shaded, density.between)
    packed = np.full((len(paint) + 1, 4), 255, np.uint8)  # last row: nothing there
    packed[:-1, :3] = np.clip(paint + np.float32(0.5), 0, 255)
    packed[-1, :3] = background
    fine = packed.view(np.uint32)[:, 0][_nearest(surface, view, density.grow)]
    return _averaged(fine.view(np.uint8).reshape(*fine.shape, 4))


def _averaged(fine: Array) -> Array:
    """(2H, 2W, 4) uint8 to (H, W, 3) uint8, every pixel the mean of its four."""
    from PIL import Image

    return np.asarray(Image.fromarray(fine, "RGBX").reduce(_FINER).convert("RGB"))


def shading(xyz: Array, turn: Array | None = None, coarse: int = 1) -> Array:
    """(h, w) float32 brightness 0.42..1.14 under a lamp over the viewer's left shoulder.

    xyz : (h, w, 3) mm.   turn : the viewer's rotation, the sensor's own view when None.
    coarse : normals are fitted on every n-th grid line only.
    """
    height, width = xyz.shape[:2]
    some = np.asarray(xyz[::coarse, ::coarse], np.float32)
    normals = surface_normals(some, measured(some))
    lamp = np.array([-0.35, -0.45, -0.82]) @ (np.eye(3) if turn is None else turn)
    facing = np.nan_to_num(np.clip(normals @ lamp.astype(np.float32), 0.0, 1.0), nan=0.6)
    facing = np.repeat(np.repeat(facing, coarse, axis=0), coarse, axis=1)[:height, :width]
    return np.asarray(np.float32(0.42) + np.float32(0.72) * facing)


@dataclass(frozen=True, slots=True)
class _Density:
    """How finely a cloud is drawn: every n-th grid line, with points in between or not, normals on every
    n-th of the kept lines, and the steps by which splats grow to close the gaps."""

    every: int = 1
    between: bool = False
    coarse: int = 1
    grow: int = 1


def _density(xyz: Array, view: View) -> _Density:
    rows = xyz[:: max(1, xyz.shape[0] // 64)]
    steps = np.linalg.norm(rows[:, 1:] - rows[:, :-1], axis=2)
    steps = steps[steps > 0]  # leaves out what is missing and points that were stored twice
    if steps.size == 0:
        return _Density()
    step = float(np.median(steps)) * view.px_per_mm * _FINER
    every = int(np.clip(3.0 / step, 1, max(1, min(xyz.shape[:2]) // 16)))
    between = every * step > 3.2
    spacing = every * step / (2 if between else 1)
    grow = int(np.clip(np.ceil(1.35 * spacing) - 1, 1, 40))
    return _Density(every, between, max(1, round(2.4 / (every * step))), grow)


def _surface(points: Array, colours: Array, between: bool) -> tuple[Array, Array]:
    """(N, 3) points and (N, 3) colours: the measured ones and, if wanted, those between neighbours."""
    known = measured(points)
    if not between:
        return points[known], colours[known]
    across = np.linalg.norm(points[:, 1:] - points[:, :-1], axis=2)
    down = np.linalg.norm(points[1:] - points[:-1], axis=2)
    steps = np.concatenate([across[np.isfinite(across)], down[np.isfinite(down)]])
    limit = _JUMP * float(np.median(steps)) if steps.size else 0.0
    along, below = across <= limit, down <= limit  # False where a neighbour is missing
    square = along[:-1] & along[1:] & below[:, :-1] & below[:, 1:]
    p, c = points, colours
    kinds = [
        (p[known], c[known]),
        ((p[:, 1:] + p[:, :-1])[along] / 2, (c[:, 1:] + c[:, :-1])[along] / 2),
        ((p[1:] + p[:-1])[below] / 2, (c[1:] + c[:-1])[below] / 2),
        (_centres(p)[square], _centres(c)[square]),
    ]
    return np.concatenate([k[0] for k in kinds]), np.concatenate([k[1] for k in kinds])


def _centres(grid: Array) -> Array:
    return np.asarray((grid[1:, 1:] + grid[1:, :-1] + grid[:-1, 1:] + grid[:-1, :-1]) / 4)


def _nearest(points: Array, view: View, grow: int) -> Array:
    """(2H, 2W) int32: which point is seen in each fine pixel, -1 where none.

    Depth and number of a point are one integer, the depth in its upper half: the bits of positive
    floats sort like the floats, so the smallest integer is the nearest point.
    """
    height, width = view.size[0] * _FINER, view.size[1] * _FINER
    at, depth = view.project(points)
    at = at * _FINER + (_FINER - 1) / 2
    column, row = np.rint(at[:, 0]).astype(np.int32), np.rint(at[:, 1]).astype(np.int32)
    inside = (column >= 0) & (row >= 0) & (column < width) & (row < height) & (depth > 0)
    number = np.flatnonzero(inside)
    keys = depth[number].astype(np.float32).view(np.uint32).astype(np.uint64) << np.uint64(32)
    keys |= number.astype(np.uint64)
    seen = np.full((height, width), _NOTHING, np.uint64)
    pixel = row[number].astype(np.int64) * width + column[number]
    np.minimum.at(seen.reshape(-1), pixel, keys)
    for axis in (0, 1):
        for step in range(grow):
            _spread(seen, axis, step % 2 == 0)
    return np.where(seen == _NOTHING, -1, seen & np.uint64(0xFFFFFFFF)).astype(np.int32)


def _spread(seen: Array, axis: int, forward: bool) -> None:
    """Let every splat cover the next pixel along an axis where it lies nearer than what is there."""
    here, there = [slice(None)] * 2, [slice(None)] * 2
    here[axis], there[axis] = slice(1, None), slice(None, -1)
    into, source = (tuple(here), tuple(there)) if forward else (tuple(there), tuple(here))
    seen[into] = np.minimum(seen[into], seen[source])
