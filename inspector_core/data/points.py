"""The points of one file before they are known to be a grid."""

from __future__ import annotations

from dataclasses import dataclass

from inspector_core.types import Array


@dataclass(frozen=True, slots=True)
class Points:
    """Points in file order, row by row where they come from a grid.

    xyz : (N, 3), any number type, in the file's unit.   rgb : (N, 3) uint8 or None.
    grid : (W, H) where the file states one.   unit : "m", "mm" or "" where it does not say.
    """

    xyz: Array
    rgb: Array | None = None
    grid: tuple[int, int] | None = None
    unit: str = ""
