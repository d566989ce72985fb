"""A part laid onto the good parts' surface: which place each pixel shows, and what is seen there.

Cells are the reference surface's; a cell is looked up in a part's picture by projecting its surface
point, so colour is compared also where the scanner has no reading.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from inspector_core.errors import InputError
from inspector_core.features.colour import cielab
from inspector_core.geometry.registration import Fit, moved, resting_pose
from inspector_core.geometry.resampling import Positions
from inspector_core.geometry.surface_grid import SurfaceGrid
from inspector_core.geometry.viewing import Viewing, viewing_of
from inspector_core.types import Array, BoolArray, FloatArray, Registered

_MARCH = 5
"""Steps along a line of sight until it meets the surface."""
_SEEN_CELLS = 3.0
"""A cell counts as seen when the pixel's line of sight meets the surface this close to it."""
_FEWEST_POINTS = 50
_FAINT = 0.15
"""Cells whose readings weigh less than this have none."""


@dataclass(frozen=True, slots=True)
class Placed:
    """One part on the cells (h, w) of the reference surface.

    fit : pose and quality.   window : rows and columns of the picture that the cells cover.
    rows, columns : (H, W) float32 of the window, the cell that each pixel's line of sight meets;
    `where` looks cells up there.
    seen_rows, seen_columns : (h, w) float32, the pixel of the window that shows each cell.
    deviation : (H, W) float32 of the window, signed mm of each reading, NaN without one.
    residual : (h, w) float32, the same on the cells; NaN where not seen or not measured.
    weight : (h, w) float32 in 0..1, how much the readings there are worth (less beside gaps).
    reading : (h, w) float32 in 0..1, share of pixels with a reading; visible : (h, w) bool.
    colour : (3, h, w) float32 CIELAB, NaN where not visible; None without a picture.
    """

    fit: Fit
    window: tuple[slice, slice]
    rows: Array
    columns: Array
    where: Positions
    seen_rows: Array
    seen_columns: Array
    deviation: Array
    residual: Array
    weight: Array
    reading: Array
    visible: Array
    colour: Array | None

    def to_picture(self, cells: Array) -> FloatArray:
        """(h, w) finite values of the cells at every pixel of the window."""
        return self.where(cells)


def part_points(part: Registered) -> tuple[FloatArray, Array]:
    """The part's readings (N, 3) float32 in its resting frame, and the pose that took them there."""
    xyz = part.sample.xyz
    if xyz is None:
        raise InputError(
            f"{part.sample.id} has no cloud, and places are found by shape",
            cure="add the cloud, or learn these parts with the detector btf",
        )
    points = xyz[part.foreground & part.valid]
    if len(points) < _FEWEST_POINTS:
        amount = "no valid points" if len(points) == 0 else f"only {len(points)} valid points"
        raise InputError(
            f"{part.sample.id}: {amount} on the part",
            cure="check the scanner's exposure and the export of this part",
        )
    pose = resting_pose(points, part.plane)
    return moved(points, pose), pose


@dataclass(frozen=True, slots=True)
class Places:
    """The places of one reference surface, to look parts up at.

    middle : height in mm that lines of sight without a reading start from.
    """

    grid: SurfaceGrid
    middle: np.float32 = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "middle", np.float32(np.median(self.grid.full)))

    def place(self, part: Registered, fit: Fit) -> Placed:
        """What is seen at every cell of the reference, and where each pixel lies on it."""
        xyz = part.sample.xyz
        assert xyz is not None
        viewing = viewing_of(xyz, part.valid, part.sample.id)
        columns, rows = self._projected(viewing, fit.pose)
        window = _window(rows, columns, part.shape, part.sample.id)
        top, left = window[0].start, window[1].start
        rows, columns = rows - np.float32(top), columns - np.float32(left)
        valid = part.valid[window]
        points = moved(xyz[window], fit.pose)
        deviation = np.full(valid.shape, np.nan, np.float32)
        deviation[valid] = self.grid.deviation(points[valid])
        cell_rows, cell_columns = self._met(viewing, fit.pose, points, valid, (top, left))
        seen_at = Positions.at(rows, columns, valid.shape)
        visible = self._visible(cell_rows, cell_columns, rows, columns)
        known = np.isfinite(deviation)
        worth = _worth(known)
        limit = np.float32(CLIP_CELLS * self.grid.lattice.cell)
        clipped = np.clip(np.nan_to_num(deviation), -limit, limit)
        weight = seen_at(worth) * visible
        total = seen_at(worth * clipped)
        some = weight > _FAINT
        residual = np.where(some, total / np.maximum(weight, 1e-6), np.float32(np.nan))
        return Placed(
            fit=fit,
            window=window,
            rows=cell_rows,
            columns=cell_columns,
            where=Positions.at(cell_rows, cell_columns, self.grid.lattice.shape),
            seen_rows=rows,
            seen_columns=columns,
            deviation=deviation,
            residual=residual.astype(np.float32),
            weight=np.where(some, weight, np.float32(0)),
            reading=seen_at(valid.astype(np.float32)),
            visible=visible,
            colour=_colour(part, window, seen_at, visible),
        )

    def _projected(self, viewing: Viewing, pose: Array) -> tuple[FloatArray, FloatArray]:
        """Columns and rows (h, w) of the picture where the cells' surface points are seen."""
        x, y = self.grid.lattice.centres()
        centres = np.stack(
            [*np.broadcast_arrays(x[None, :], y[:, None]), self.grid.full], axis=2
        ).astype(np.float32)
        columns, rows = viewing.project(moved(centres, np.linalg.inv(pose)))
        return columns.astype(np.float32), rows.astype(np.float32)

    def _met(
        self,
        viewing: Viewing,
        pose: Array,
        points: Array,
        valid: BoolArray,
        corner: tuple[int, int],
    ) -> tuple[FloatArray, FloatArray]:
        """Fractional cell where each pixel's line of sight meets the reference surface."""
        lattice = self.grid.lattice
        pixels = np.indices(valid.shape, np.float32)
        origin, direction = viewing.lines(pixels[1] + corner[1], pixels[0] + corner[0])
        start = _planes(moved(np.ascontiguousarray(origin, np.float32), pose))
        turn = np.ascontiguousarray(pose[:3, :3].T, np.float32)
        way = _planes(direction.astype(np.float32).reshape(-1, 3) @ turn)
        way = way.reshape(3, *direction.shape[:-1])

        def cells_at(height: Array) -> tuple[Array, Array]:
            along = (height - start[2]) / way[2]
            rows = lattice.rows(start[1] + along * way[1])
            return rows, lattice.columns(start[0] + along * way[0])

        found = cells_at(np.where(valid, points[..., 2], self.middle))
        for _ in range(_MARCH - 1):
            found = cells_at(Positions.at(*found, lattice.shape)(self.grid.full))
        return found

    def _visible(
        self, cell_rows: Array, cell_columns: Array, rows: Array, columns: Array
    ) -> BoolArray:
        """Cells that the camera sees: inside the picture and not hidden behind the part itself."""
        height, width = cell_rows.shape
        inside = (rows > 0) & (columns > 0) & (rows < height - 1) & (columns < width - 1)
        pixel = (
            np.clip(np.rint(rows), 0, height - 1).astype(np.intp),
            np.clip(np.rint(columns), 0, width - 1).astype(np.intp),
        )
        own_rows, own_columns = (np.arange(side) for side in self.grid.lattice.shape)
        number = pixel[0] * width + pixel[1]
        off = np.hypot(
            cell_rows.ravel()[number] - own_rows[:, None].astype(np.float32),
            cell_columns.ravel()[number] - own_columns.astype(np.float32),
        )
        return np.asarray(inside & (off < _SEEN_CELLS))


def _planes(vectors: Array) -> Array:
    """(..., 3) as (3, ...), each contiguous: numpy is slow on every third number."""
    return np.ascontiguousarray(np.moveaxis(vectors, -1, 0))


CLIP_CELLS = 8.0
"""Residuals are clipped at this many cells: farther off is simply something else."""


def _window(rows: Array, columns: Array, shape: tuple[int, int], name: str) -> tuple[slice, slice]:
    spans = []
    for values, size in zip((rows, columns), shape, strict=True):
        first = max(0, int(np.floor(values.min())) - 1)
        last = min(size, int(np.ceil(values.max())) + 2)
        if last - first < 3:
            raise InputError(
                f"{name}: the part lies outside the picture",
                cure="move the part into the scanner's field of view and scan it again",
            )
        spans.append(slice(first, last))
    return spans[0], spans[1]


def _worth(known: BoolArray) -> FloatArray:
    """Weight of readings: those beside gaps are often wrong (flying pixels, blurred edges)."""
    from scipy.ndimage import uniform_filter

    share = uniform_filter(known.astype(np.float32), 3, mode="nearest")
    return np.where(known, np.clip((share - 0.33) / 0.6, 0, 1), 0).astype(np.float32)


def _colour(
    part: Registered,
    window: tuple[slice, slice],
    seen_at: Positions,
    visible: BoolArray,
) -> FloatArray | None:
    rgb = part.sample.rgb
    if rgb is None:
        return None
    scale = np.float32(part.gain / np.iinfo(rgb.dtype).max)
    lab = cielab(np.minimum(rgb[window] * scale, np.float32(1)))
    channels = [seen_at(lab[..., channel]) for channel in range(3)]
    return np.where(visible, np.stack(channels), np.float32(np.nan))
