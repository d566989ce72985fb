"""The patches of a part: colour and shape descriptors on a grid of cells that moves with it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from inspector_core.features import colour, fpfh, relief
from inspector_core.geometry.foreground import with_bays
from inspector_core.geometry.organised import CellGrid
from inspector_core.types import Array, FloatArray, Registered

SHAPE_CHANNELS = fpfh.CHANNELS + relief.CHANNELS
_POINTS_PER_SIDE = 2
"""Points along a cell's side that descriptors of shape are taken at."""
_LEAST_FILL = 0.25
"""A cell with less of the part than this is no patch."""
_SUPPORT_CELLS = 0.7
"""Blur of the share of readings: a descriptor reaches beyond its cell."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShapeChoices:
    """How shape is described.

    neighbours : points an FPFH looks at (published 100).   search : "grid" takes them from the
    organised cloud, "tree" from a tree over all points (published).   normals : "camera" turns them
    to the camera, "published" leaves the tree's arbitrary signs.
    """

    neighbours: int = fpfh.NEIGHBOURS
    search: Literal["grid", "tree"] = "grid"
    normals: Literal["camera", "published"] = "camera"


@dataclass(frozen=True, slots=True)
class Descriptors:
    """N patches, of one part or of several.

    colour : (N, 19) float32 or None.   shape : (N, 38) float32, [FPFH | relief], 0 without readings,
    or None.   support : (N,) 0..1, share of readings around a patch; 0 without a cloud.
    measured : (N,) bool, patches with a point of their own.
    """

    colour: Array | None
    shape: Array | None
    support: Array
    measured: Array

    def __len__(self) -> int:
        return len(self.support)

    def only(self, index: Array) -> Descriptors:
        """The patches of an index."""
        return Descriptors(
            None if self.colour is None else self.colour[index],
            None if self.shape is None else self.shape[index],
            self.support[index],
            self.measured[index],
        )

    @classmethod
    def joined(cls, several: Sequence[Descriptors]) -> Descriptors:
        """All patches of several parts; a modality that one of them lacks is left out."""
        return cls(
            _stacked([one.colour for one in several]),
            _stacked([one.shape for one in several]),
            np.concatenate([one.support for one in several]),
            np.concatenate([one.measured for one in several]),
        )


def _stacked(blocks: Sequence[Array | None]) -> Array | None:
    present = [block for block in blocks if block is not None]
    return np.concatenate(present) if len(present) == len(blocks) else None


@dataclass(frozen=True, slots=True)
class Patches:
    """The P cells of a part that are patches, row by row.

    domain : (H, W) bool, pixels that were described: the part, and what was asked for around it.
    inside : (rows, columns) bool.   fill : (P,) float32, share of a cell that lies in the domain.
    """

    domain: Array
    grid: CellGrid
    inside: Array
    fill: Array
    descriptors: Descriptors

    def __len__(self) -> int:
        return len(self.fill)

    def at(self, x: int, y: int) -> int | None:
        """Number of the patch that holds source pixel (x, y), None where there is none."""
        row = (y - self.grid.top) // self.grid.cell_px
        column = (x - self.grid.left) // self.grid.cell_px
        if not (0 <= row < self.grid.rows and 0 <= column < self.grid.columns):
            return None
        if not self.inside[row, column]:
            return None
        return int(np.count_nonzero(self.inside.ravel()[: row * self.grid.columns + column]))

    def to_source(self, values: Array, shape: tuple[int, int]) -> FloatArray:
        """(P,) values of patches to (H, W) source pixels, bilinear; NaN far from any patch."""
        cells = np.full(self.inside.shape, np.nan, np.float32)
        cells[self.inside] = values
        return self.grid.enlarge(cells, shape)


def cell_size(foreground: Array, cells: int) -> int:
    """Side of a cell in pixels such that about `cells` of them span the part's longer side.

    One of 2, 4, 6, 8, 12, 18, 24, ...: even, and large ones can be worked on at a sixth of their size.
    """
    longest = max(int(np.ptp(np.flatnonzero(foreground.any(axis=axis)))) + 1 for axis in (0, 1))
    wanted = longest / cells
    possible = (2, 4, 6, 8, *range(12, int(wanted) + 12, 6))
    return min(possible, key=lambda side: abs(side - wanted))


def patches_of(
    part: Registered,
    cell_px: int,
    choices: ShapeChoices,
    usual_brightness: float | None,
    bay_px: float = 0.0,
) -> Patches:
    """Describe a part; colour is evened out to the usual brightness where one is given.

    cell_px : even.   bay_px : bays of the outline that a disc of this radius cannot enter are
    described too.   Without any patch the arrays are empty: the caller says so to the user.
    """
    domain = with_bays(part.foreground, bay_px)
    grid = CellGrid.around(domain, cell_px)
    fill = fill_of(domain, grid)
    inside = fill >= _LEAST_FILL
    shape, support, measured = None, np.zeros(int(inside.sum()), np.float32), None
    if part.normals is not None and part.sample.xyz is not None:
        cells, points = shape_cells(part.sample.xyz, part.normals, domain, grid, choices)
        shape, support = cells[inside], support_of(part.valid & domain, grid)[inside]
        measured = points[inside] > 0
    descriptors = Descriptors(
        colour=_colour(part, domain, grid, inside, usual_brightness),
        shape=shape,
        support=support,
        measured=np.zeros(len(support), bool) if measured is None else measured,
    )
    return Patches(domain, grid, inside, fill[inside], descriptors)


def fill_of(mask: Array, grid: CellGrid) -> FloatArray:
    """(rows, columns) share of each cell's pixels in a mask (H, W)."""
    cropped = grid.crop(mask)[..., None]
    return grid.mean(cropped, np.ones(cropped.shape[:2]))[0][..., 0]


def _colour(
    part: Registered,
    domain: Array,
    grid: CellGrid,
    inside: Array,
    usual_brightness: float | None,
) -> FloatArray | None:
    rgb = part.colour()
    if rgb is None:
        return None
    gain = 1.0
    if usual_brightness is not None:
        gain = colour.evening_gain(colour.brightness(rgb, part.foreground), usual_brightness)
    return colour.colour_descriptor(rgb, domain, grid, gain)[inside]


def shape_cells(
    xyz: Array, normals: Array, domain: Array, grid: CellGrid, choices: ShapeChoices
) -> tuple[Array, Array]:
    """(rows, columns, 38) descriptors, 0 without readings, and (rows, columns) points in each cell.

    xyz, normals : (H, W, 3), NaN = missing.   domain : (H, W) bool, pixels that count.
    """
    step = grid.cell_px // _POINTS_PER_SIDE
    every = np.s_[step // 2 :: step, step // 2 :: step]
    on_part = grid.crop(domain)[every]
    points = np.where(on_part[..., None], grid.crop(xyz, np.nan)[every], np.nan)
    normals = grid.crop(normals, np.nan)[every]
    histograms = _fpfh(points, normals, choices)
    reliefs = relief.relief_descriptor(points[..., 2], normals)
    known = np.isfinite(histograms[..., 0])
    coarse = CellGrid(0, 0, grid.rows, grid.columns, _POINTS_PER_SIDE)
    return coarse.mean(np.concatenate([histograms, reliefs], axis=2), known)


def _fpfh(xyz: Array, normals: Array, choices: ShapeChoices) -> FloatArray:
    """(h, w, 33) with the chosen normals and neighbours, NaN where unknown."""
    known = np.asarray(np.isfinite(xyz).all(axis=2) & np.isfinite(normals).all(axis=2))
    if choices.normals == "published":
        normals = np.full_like(normals, np.nan)
        normals[known] = fpfh.tree_normals(xyz[known])
    if choices.search == "tree":
        features = np.full((*known.shape, fpfh.CHANNELS), np.nan, np.float32)
        features[known] = fpfh.tree_fpfh(xyz[known], normals[known], choices.neighbours)
        return features
    radius = float(np.sqrt(choices.neighbours / np.pi))
    return fpfh.grid_fpfh(xyz, normals, radius, 3.0 * radius * _pitch(xyz))


def _pitch(xyz: Array) -> float:
    """Median distance of horizontal neighbours, 1 when there are none."""
    steps = np.linalg.norm(xyz[:, 1:] - xyz[:, :-1], axis=2)
    steps = steps[np.isfinite(steps)]
    return float(np.median(steps)) if steps.size else 1.0


def support_of(measured: Array, grid: CellGrid) -> FloatArray:
    """(rows, columns) share of measured pixels (H, W), blurred over the neighbours."""
    from scipy.ndimage import gaussian_filter

    share = fill_of(measured, grid)
    return np.asarray(gaussian_filter(share, _SUPPORT_CELLS, mode="constant"), np.float32)
