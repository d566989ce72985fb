"""One place, seen in all panes: the mouse in one of them moves the cursor in the others."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np
from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QWidget

from app.model.part_view import PartView
from app.views.cloud_pane import CloudPane
from app.views.image_pane import ImagePane
from app.views.legend import Legend, ScaleStrip
from app.views.stage.cloud_colours import values_of
from app.views.stage.words import missing_cloud
from inspector_core.types import Array


class LinkedCursor(QObject):
    """Cursor in all panes but the one under the mouse, read-out in mm, pointers on the legends.

    moved : (x, y) in source pixels, from any pane.   left : the mouse is on no pixel of the part.
    """

    moved = Signal(int, int)
    left = Signal()

    def __init__(
        self,
        pictures: Sequence[ImagePane],
        cloud: CloudPane,
        legend: Legend,
        cloud_scale: ScaleStrip,
    ) -> None:
        super().__init__(cloud)
        self._pictures, self._cloud = tuple(pictures), cloud
        self._legend, self._cloud_scale = legend, cloud_scale
        self._view: PartView | None = None
        self._has_cloud = False
        for pane in self._pictures:
            pane.hovered.connect(partial(self._hover, pane))
            pane.left.connect(self._leave)
        cloud.hovered.connect(partial(self._hover, cloud))
        cloud.left.connect(self._leave)

    def set_view(self, view: PartView | None) -> None:
        """Another part: the cursor is hidden until the mouse moves."""
        self._view = view
        self._has_cloud = view is not None and missing_cloud(view) is None
        self.mark(None)

    def mark(self, pixel: tuple[int, int] | None, source: QWidget | None = None) -> None:
        """Show the cursor at a pixel, or nowhere; `source` is the pane that has the mouse itself."""
        view = self._view if pixel is not None else None
        lines = () if view is None or pixel is None else view.readout(*pixel)
        for pane in self._pictures:
            pane.set_marker(*((None, None) if pixel is None or pane is source else pixel))
        self._cloud.set_marker(None if source is self._cloud else pixel)
        # the read-out stays at one place; only without a visible cloud it follows the mouse's pane
        in_cloud = self._has_cloud and self._cloud.isVisible()
        self._cloud.set_readout(lines if in_cloud else ())
        for pane in self._pictures:
            pane.set_readout(lines if not in_cloud and pane is source else ())
        self._point_at_values(view, pixel)

    def _point_at_values(self, view: PartView | None, pixel: tuple[int, int] | None) -> None:
        self._legend.set_value(_at(None if view is None else view.fused_map, pixel))
        values = None if view is None else values_of(view, self._cloud.mode)
        self._cloud_scale.set_value(_at(values, pixel))

    def _hover(self, source: QWidget, x: float, y: float) -> None:
        height, width = (0, 0) if self._view is None else self._view.shape
        pixel = round(x), round(y)
        if not (0 <= pixel[0] < width and 0 <= pixel[1] < height):
            self._leave()
            return
        self.mark(pixel, source)
        self.moved.emit(*pixel)

    def _leave(self) -> None:
        self.mark(None)
        self.left.emit()


def _at(values: Array | None, pixel: tuple[int, int] | None) -> float | None:
    if values is None or pixel is None:
        return None
    value = float(values[pixel[1], pixel[0]])
    return value if np.isfinite(value) else None
