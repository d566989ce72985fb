"""What the cloud pane needs from a way of drawing the points, be it VTK or a flat relief."""

from __future__ import annotations

from typing import Protocol

from PySide6.QtGui import QImage

from app.views.cloud_pane.shading import Colouring
from inspector_core.types import Array


class Projection(Protocol):
    """Draws the part and knows where its pixels are on the screen (logical pixels)."""

    @property
    def version(self) -> int:
        """Grows whenever points may be at other places of the screen, or hidden by others."""
        ...

    def show(self, xyz: Array) -> None:
        """Show other points, (H, W, 3) mm; their colours are to follow."""
        ...

    def recolour(self, colouring: Colouring) -> None:
        """Same points, other colours in the next frame."""
        ...

    def frame(self) -> QImage:
        """The picture as it should be now."""
        ...

    def place(self, xyz: Array, pixels: Array) -> tuple[Array, Array]:
        """Screen places (N, 2) and visibility (N,) bool of points.

        xyz : (N, 3) mm.   pixels : (N, 2) the same points' (x, y) in source pixels.
        """
        ...

    def pixel_at(self, x: float, y: float) -> tuple[int, int] | None:
        """Source pixel (x, y) of the point under a place of the screen, if there is one."""
        ...
