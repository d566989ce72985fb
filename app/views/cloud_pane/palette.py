"""Which colours the cloud wears: the picture's, or one of several scalar fields."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from app.model.pictures import grid_normals, luminance, relief
from app.views.cloud_pane import shading
from app.views.cloud_pane.shading import Colouring
from inspector_core.types import Array

MODES = ("rgb", "colour", "shape", "fused", "height", "deviation")
MAP_MODES = ("colour", "shape", "fused")
# maps keep the legend's colours, heights need the relief to be read as a surface
_RELIEF_SHARE = {"height": 0.6, "deviation": 0.65}
_MAP_RELIEF = 0.12


@dataclass(frozen=True, slots=True, eq=False)
class _Field:
    values: Array
    table: Array


class CloudPalette:
    """Fields and tables of one part; hands out the `Colouring` of the chosen mode."""

    def __init__(self) -> None:
        self.mode = "rgb"
        self._shades: Array = np.zeros(0, np.uint8)
        self._rgb: Array | None = None
        self._shade: Array = np.zeros((0, 0), np.float32)
        self._foreground: Array | None = None
        self._picture: Array | None = None
        self._fields: dict[str, _Field] = {}

    def set_part(
        self, xyz: Array, rgb: Array | None, foreground: Array | None, normals: Array | None
    ) -> None:
        """Forget the fields and take another part's relief and picture, (H, W, 3) uint8 or None."""
        shade = relief(grid_normals(xyz) if normals is None else normals)
        grey = None if rgb is None else luminance(rgb)
        self._shades = shading.shade_rows(shade, grey, foreground).ravel()
        self._picture = None
        # most parts are looked at in a map's colours: the picture's are made when they are wanted
        self._rgb, self._shade, self._foreground = rgb, shade, foreground
        self._fields = {}

    def set_field(
        self, mode: str, values: Array | None, lut: Array, span: tuple[float, float]
    ) -> None:
        """(H, W) float values from span[0] to span[1] with a (256, 4) table; None = not there."""
        self._fields.pop(mode, None)
        if values is not None:
            rows = shading.value_rows(values, *span).ravel()
            self._fields[mode] = _Field(rows, self._table(mode, lut))

    def set_lookup(self, lut: Array) -> None:
        """Another table for the three maps; the points keep their rows."""
        table = self._table("fused", lut)
        for mode in MAP_MODES:
            if mode in self._fields:
                self._fields[mode] = _Field(self._fields[mode].values, table)

    def has(self, mode: str) -> bool:
        """Whether this part can be coloured so."""
        return self._rgb is not None if mode == "rgb" else mode in self._fields

    def colouring(self) -> Colouring:
        """Colours in the chosen mode; where it is not there the picture's, or else plain relief."""
        field = self._fields.get(self.mode)
        if field is not None:
            return Colouring(field.table, self._shades, field.values)
        if self._rgb is not None:
            if self._picture is None:
                made = shading.picture_colours(self._rgb, self._shade, self._foreground)
                self._picture = made.ravel()
            return Colouring(self._picture)
        plain = shading.colour_table(np.zeros((256, 4), np.uint8), 0.0)
        return Colouring(plain, self._shades)

    def _table(self, mode: str, lut: Array) -> Array:
        return shading.colour_table(lut, _RELIEF_SHARE.get(mode, _MAP_RELIEF))
