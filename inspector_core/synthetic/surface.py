"""What a part is made of: a height field with materials, and what a family of parts is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from inspector_core.synthetic.grid import Grid
from inspector_core.synthetic.noise import Field, Streams

Colour = tuple[float, float, float]
"""Linear red, green, blue reflectance in 0..1."""


@dataclass(frozen=True)
class Surface:
    """One individual part lying on the table, all fields (n, n) on `grid`.

    height : mm above the table, 0 beside the part.
    micro : mm, marks that are seen in the light but are too fine for the scanner.
    albedo : three fields, linear reflectance (the colour of the reflection where it is metal).
    rough : 0 (mirror) to 1 (matt).   metal : 0 (paint, dough, glaze) to 1 (bare metal).
    dimensions_mm : the true dimensions of this individual.
    """

    grid: Grid
    height: Field
    micro: Field
    albedo: tuple[Field, Field, Field]
    rough: Field
    metal: Field
    dimensions_mm: Mapping[str, float] = field(default_factory=dict)

    @cached_property
    def slopes(self) -> tuple[Field, Field]:
        """dz/dx and dz/dy of the height."""
        return self.grid.slopes(self.height)

    @cached_property
    def fine_slopes(self) -> tuple[Field, Field]:
        """dz/dx and dz/dy of the height with the marks that are seen in the light."""
        along_x, along_y = self.grid.slopes(self.micro)
        return self.slopes[0] + along_x, self.slopes[1] + along_y

    @cached_property
    def coarse(self) -> Field:
        """The height at every second node."""
        return np.ascontiguousarray(self.height[::2, ::2])

    @property
    def part(self) -> np.ndarray[tuple[int, ...], np.dtype[np.bool_]]:
        """(n, n) bool, nodes of the part (not the table, not the ground of a through hole)."""
        return np.asarray(self.height > 0.3)


@dataclass(frozen=True)
class Family:
    """A kind of synthetic part.

    build : makes one individual from its random streams.   half_mm : half side of the grid, with
    room for the part's shadow.
    table : its colour.   core : colour below the skin, seen in scratches and breaks.
    core_metal : the core is bare metal.   stains, wrong_colours : tint factors, light to strong.
    holes : which kinds of missing material occur.
    """

    name: str
    title: str
    build: Callable[[Streams, Grid], Surface]
    half_mm: float
    table: Colour
    core: Colour
    core_metal: float
    stains: tuple[Colour, ...]
    wrong_colours: tuple[Colour, ...]
    holes: tuple[str, ...]
