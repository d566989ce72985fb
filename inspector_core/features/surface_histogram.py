"""How the normals around a place differ from its own, in cells that lie on the part.

FPFH histograms (Rusu et al., 2009) and the relief at several scales, as `btf` describes shape. They
see what local fits of the depth do not: the structure of a texture, and normals that are no slope of
the measured surface.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from inspector_core.features import fpfh, relief
from inspector_core.features.framing import box_of
from inspector_core.features.patches import (
    SHAPE_CHANNELS,
    ShapeChoices,
    fill_of,
    shape_cells,
    support_of,
)
from inspector_core.features.scaling import Standard
from inspector_core.geometry.normals import surface_normals
from inspector_core.geometry.organised import CellGrid
from inspector_core.progress import Job, Progress
from inspector_core.types import Array, BoolArray, FloatArray, Registered

_RELIEF_WEIGHT = 0.5 * float(np.sqrt(fpfh.CHANNELS / relief.CHANNELS))
"""The relief as a whole weighs half of the histograms."""
_SUPPORT_POWER = 3
"""Of the share of readings around a cell."""
_LEAST_FILL = 0.25
_MEASURED_SUPPORT = 0.3
_AROUND_PX = 8
_CHOICES = ShapeChoices()


@dataclass(frozen=True, slots=True)
class Histograms:
    """How normals are described, the same for all parts of a recipe.

    cell_px : side of a cell, even.   stored : the parts' own normals instead of those fitted to points.
    standard : of the channels, over well measured cells of good parts.
    """

    cell_px: int
    stored: bool
    standard: Standard

    @classmethod
    def learnt(cls, parts: Sequence[Registered], cell_px: int, *, stored: bool) -> Job[Histograms]:
        """From some good parts with clouds."""
        well = [np.zeros((0, SHAPE_CHANNELS), np.float32)]
        for done, part in enumerate(parts):
            yield Progress("Describing some good parts", done, len(parts))
            rows, _, support, _, _ = _described(part, cell_px, stored)
            well.append(rows[support > _MEASURED_SUPPORT])
        known = np.concatenate(well)
        return cls(
            cell_px, stored, Standard.of(known if len(known) else np.zeros((1, SHAPE_CHANNELS)))
        )

    def of(self, part: Registered) -> tuple[FloatArray, BoolArray, CellGrid, FloatArray] | None:
        """Standardised descriptors (N, 38), which cells have one, their grid, the cells' weights (N,).

        Cells: (h, w) bool, N of them True, in the order of rows. A descriptor fades where readings are
        few: places where good parts lack them too look alike. None without a cloud.
        """
        if part.sample.xyz is None:
            return None
        rows, inside, support, fill, grid = _described(part, self.cell_px, self.stored)
        scaled = self.standard.apply(rows)
        scaled[:, fpfh.CHANNELS :] *= _RELIEF_WEIGHT
        scaled *= (support**_SUPPORT_POWER)[:, None]
        return scaled, inside, grid, np.asarray(fill * support, np.float32)

    def facts(self) -> dict[str, Any]:
        """As plain JSON, for the recipe."""
        return {
            "cell_px": self.cell_px,
            "stored": self.stored,
            "mean": self.standard.mean.tolist(),
            "spread": self.standard.spread.tolist(),
        }

    @classmethod
    def restored(cls, facts: Mapping[str, Any]) -> Histograms:
        """What `facts()` gave."""
        standard = Standard(np.array(facts["mean"]), np.array(facts["spread"]))
        return cls(facts["cell_px"], facts["stored"], standard)


def _described(
    part: Registered, cell_px: int, stored: bool
) -> tuple[Array, BoolArray, Array, Array, CellGrid]:
    """Raw descriptors (N, 38), cells (h, w) that have one, readings around and share of part (N,)."""
    xyz = part.sample.xyz
    assert xyz is not None
    known = part.valid & part.foreground
    normals = _unit(part.sample.normals) if stored else _fitted(xyz, part)
    grid = CellGrid.around(part.foreground, cell_px)
    cells, points = shape_cells(xyz, normals, part.foreground, grid, _CHOICES)
    fill = fill_of(part.foreground, grid)
    inside = fill >= min(_LEAST_FILL, float(fill.max()))
    rows = cells[inside]
    # roots of histograms compare better than counts
    rows[:, : fpfh.CHANNELS] = np.sqrt(rows[:, : fpfh.CHANNELS])
    support = np.where(points > 0, support_of(known, grid), 0)[inside]
    return rows, inside, support, fill[inside], grid


def _fitted(xyz: Array, part: Registered) -> FloatArray:
    """(H, W, 3) normals fitted to all readings around the part: at its outline the table holds them."""
    top, left, bottom, right = box_of(part.foreground)
    box = np.s_[
        max(0, top - _AROUND_PX) : bottom + _AROUND_PX,
        max(0, left - _AROUND_PX) : right + _AROUND_PX,
    ]
    normals = np.full(xyz.shape, np.nan, np.float32)
    normals[box] = surface_normals(xyz[box], part.valid[box])
    return normals


def _unit(normals: Array | None) -> FloatArray:
    """(H, W, 3) of length 1, NaN where there is none."""
    assert normals is not None
    length = np.linalg.norm(normals, axis=2, keepdims=True)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(length > 0, normals / length, np.nan).astype(np.float32)
