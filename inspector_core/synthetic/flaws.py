"""One defect on the part's grid, and surfaces that carry it."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from inspector_core.synthetic.grid import Grid
from inspector_core.synthetic.noise import Field
from inspector_core.synthetic.profiles import VISIBLE_MM, VISIBLE_STRENGTH
from inspector_core.synthetic.surface import Colour, Surface

Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Flaw:
    """One defect on the grid, inside `window` (rows, columns).

    delta : mm change of the height (signed), None for colour only.
    strength : 0..1 of the changed material, None for shape only.   tint : factor on the reflectance.
    paint : reflectance that replaces it, or None.   rough, metal : new values, or None to keep them.
    """

    type: str
    kind: str
    window: tuple[slice, slice]
    delta: Field | None
    strength: Field | None = None
    tint: Colour = (1.0, 1.0, 1.0)
    paint: Colour | None = None
    rough: float | None = None
    metal: float | None = None

    @property
    def visible(self) -> Mask:
        """Nodes of the window that the defect changes noticeably."""
        if self.delta is not None:
            return np.asarray(np.abs(self.delta) > VISIBLE_MM)
        assert self.strength is not None
        return np.asarray(self.strength > VISIBLE_STRENGTH)

    def spread(self, grid: Grid, field: Field | None) -> Field:
        """A field of the window on the whole grid, 0 elsewhere."""
        whole = np.zeros((len(grid.axis),) * 2)
        if field is not None:
            whole[self.window] = field
        return whole


def dented(surface: Surface, flaw: Flaw) -> Surface:
    """The surface with the defect's shape."""
    if flaw.delta is None:
        return surface
    return replace(surface, height=surface.height + flaw.spread(surface.grid, flaw.delta))


def coloured(surface: Surface, flaw: Flaw) -> Surface:
    """The surface with the defect's material; the height stays."""
    if flaw.strength is None:
        return surface
    here, a = flaw.window, flaw.strength

    def mixed(field: Field, target: Field | float) -> Field:
        result = field.copy()
        result[here] += a * (target - field[here])
        return result

    bands = [
        mixed(band, band[here] * flaw.tint[index] if flaw.paint is None else flaw.paint[index])
        for index, band in enumerate(surface.albedo)
    ]
    rough = surface.rough if flaw.rough is None else mixed(surface.rough, flaw.rough)
    metal = surface.metal if flaw.metal is None else mixed(surface.metal, flaw.metal)
    return replace(surface, albedo=(bands[0], bands[1], bands[2]), rough=rough, metal=metal)
