"""Gives the cloud what it needs to show: points, colours of the chosen mode, outlines."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PySide6.QtCore import QObject, QTimer, Signal

from app.model.part_view import Outline, PartView
from app.views.cloud_pane import MODES, CloudPane
from app.views.legend import ScaleStrip
from app.views.stage import cloud_colours
from app.views.stage.cloud_colours import ModeButton
from app.views.stage.words import missing_cloud
from inspector_core.colormaps import DIVERGING, NAMES
from inspector_core.types import Array

_AFTER_MS = 10


class CloudFeeder(QObject):
    """A new part's points follow a moment after its pictures: picture first, and no turn takes long.

    mode_changed : chosen on the cloud itself.
    """

    mode_changed = Signal(str)

    def __init__(self, cloud: CloudPane) -> None:
        super().__init__(cloud)
        self._cloud = cloud
        self.mode_button = ModeButton(cloud)
        self.scale = ScaleStrip(cloud)
        self.scale.hide()
        cloud.set_corner_widgets(self.mode_button, self.scale)
        self.mode_button.chosen.connect(self._choose)
        self._view: PartView | None = None
        self._picture: Array | None = None
        self._outlines: tuple[Outline, ...] = ()
        self._lut: Array = np.zeros((256, 4), np.uint8)
        self._top, self._colormap = 1.0, NAMES[0]
        self._height_top = 0.0
        self._deviation_reach = cloud_colours.DEVIATION_REACH_MM
        self._soon = QTimer(self, singleShot=True, interval=_AFTER_MS)
        self._soon.timeout.connect(self.flush)

    @property
    def pending(self) -> bool:
        """True while the cloud still shows the part before."""
        return self._soon.isActive()

    def show_part(self, view: PartView, picture: Array | None) -> None:
        """Another part; picture is its (H, W, 3) uint8 as the screen shows it, or None."""
        self._view, self._picture = view, picture
        self._outlines = ()
        self._soon.start()

    def flush(self) -> None:
        """Show now what is pending."""
        self._soon.stop()
        view = self._view
        if view is None:
            return
        xyz = None if missing_cloud(view) is not None else view.xyz
        self._cloud.show_part(xyz, self._picture, view.foreground, view.normals)
        self._feed()
        self._cloud.set_outlines(self._outlines)

    def set_outlines(self, outlines: Sequence[Outline]) -> None:
        """Outlines of the part's defects."""
        self._outlines = tuple(outlines)
        if not self.pending:
            self._cloud.set_outlines(self._outlines)

    def set_lookup(self, lut: Array, top: float, colormap: str) -> None:
        """(256, 4) uint8 table of the maps from 0 to `top`, and the map of colours for other scales."""
        before = self._top, self._colormap
        self._lut, self._top, self._colormap = lut, top, colormap
        self._cloud.set_lookup(lut)
        if before != (top, colormap) and not self.pending:
            self._feed()

    def set_mode(self, mode: str) -> None:
        """Colour by one of `MODES`."""
        if mode not in MODES:
            raise ValueError(f"no colour mode {mode!r}")
        self._cloud.set_mode(mode)
        self._feed()

    @property
    def deviation_reach(self) -> float:
        """End of the deviation's scale to both sides, in mm."""
        return self._deviation_reach

    def set_deviation_reach(self, reach_mm: float) -> None:
        """End of the deviation's scale to both sides, in mm."""
        if reach_mm != self._deviation_reach:
            self._deviation_reach = reach_mm
            self._feed()

    def stop(self) -> None:
        """Nothing more is shown."""
        self._soon.stop()

    def _feed(self) -> None:
        """Values of the mode in use; the other modes' values only when they are chosen."""
        view, mode = self._view, self._cloud.mode
        self.mode_button.show_mode(mode, view)
        values = None if view is None or view.xyz is None else cloud_colours.values_of(view, mode)
        in_mm = mode in ("height", "deviation") and values is not None
        self.scale.setVisible(in_mm)
        if view is None or values is None or self.pending or missing_cloud(view) is not None:
            return
        if in_mm:
            span = self._scale_in_mm(mode, view)
            table = cloud_colours.scale_table(mode, self._colormap)
            self._cloud.set_scalars(mode, values, table, span)
        else:
            self._cloud.set_scalars(mode, values, self._lut, (0.0, self._top))

    def _scale_in_mm(self, mode: str, view: PartView) -> tuple[float, float]:
        if mode == "deviation":
            span = -self._deviation_reach, self._deviation_reach
            self.scale.show_range(*span, view.unit, DIVERGING)
            return span
        # the scale never shrinks, so that parts can be compared while paging through them
        self._height_top = max(self._height_top, cloud_colours.height_top(view))
        self.scale.show_range(0.0, self._height_top, view.unit, self._colormap)
        return 0.0, self._height_top

    def _choose(self, mode: str) -> None:
        self.set_mode(mode)
        self.mode_changed.emit(mode)
