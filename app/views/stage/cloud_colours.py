"""How the cloud may be coloured: words, values and scales of each mode, and the button to choose."""

from __future__ import annotations

import math

import numpy as np
from PySide6.QtCore import Signal
from PySide6.QtGui import QAction, QActionGroup
from PySide6.QtWidgets import QMenu, QPushButton, QWidget

from app.model.part_view import PartView
from app.theme.fonts import text_font
from app.views.stage.words import missing_cloud
from inspector_core.colormaps import DIVERGING, table
from inspector_core.types import Array

WORDS = {
    "rgb": "Picture",
    "colour": "Colour map",
    "shape": "Shape map",
    "fused": "Fused map",
    "height": "Height",
    "deviation": "Deviation",
}
_MODALITY = {"colour": "rgb", "shape": "shape", "fused": "fused"}
DEVIATION_REACH_MM = 1.0
_ROUND = (1.0, 1.2, 1.6, 2.0, 2.4, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0)


def values_of(view: PartView, mode: str) -> Array | None:
    """(H, W) values that colour the cloud in a mode; None for the picture or where there are none."""
    if mode in _MODALITY:
        return view.map(_MODALITY[mode])
    if mode == "height":
        return view.height_mm
    return view.deviation_mm if mode == "deviation" else None


def has_mode(view: PartView, mode: str) -> bool:
    """Whether a part can be coloured so."""
    if view.xyz is None:
        return False
    return view.rgb is not None if mode == "rgb" else values_of(view, mode) is not None


def opaque(name: str) -> Array:
    """(256, 4) uint8: a table without transparency."""
    return np.concatenate([table(name), np.full((256, 1), 255, np.uint8)], axis=1)


def scale_table(mode: str, colormap: str) -> Array:
    """(256, 4) uint8 for a scale in mm."""
    return opaque(DIVERGING if mode == "deviation" else colormap)


def height_top(view: PartView) -> float:
    """A round number of mm not below the part's height."""
    assert view.height_mm is not None
    seen = view.height_mm[::2, ::2]
    part = np.isfinite(seen)
    if view.foreground is not None and (part & view.foreground[::2, ::2]).any():
        part &= view.foreground[::2, ::2]
    highest = float(np.percentile(seen[part], 99.8)) if part.any() else 1.0
    power = 10.0 ** math.floor(math.log10(max(highest, 0.1)))
    return next(step * power for step in _ROUND if step * power >= highest)


class ModeButton(QPushButton):
    """Says how the cloud is coloured and opens the choice; lies on the view beside the pane's tag."""

    chosen = Signal(str)

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setProperty("kind", "view")
        self.setFont(text_font("note"))
        self.setToolTip("What the cloud's colours show")
        self.setFixedHeight(23)
        menu = QMenu(self)
        group = QActionGroup(self)
        self._actions: dict[str, QAction] = {}
        for mode, words in WORDS.items():
            action = menu.addAction(words)
            action.setCheckable(True)
            action.setData(mode)
            group.addAction(action)
            self._actions[mode] = action
        group.triggered.connect(self._choose)
        self.setMenu(menu)

    def show_mode(self, mode: str, view: PartView | None) -> None:
        """Name the mode; what the part has no values for cannot be chosen."""
        self.setVisible(view is not None and missing_cloud(view) is None)
        for name, action in self._actions.items():
            action.setEnabled(view is not None and has_mode(view, name))
        self._actions[mode].setChecked(True)
        missing = view is not None and not has_mode(view, mode)
        words = WORDS[mode]
        instead = "Picture" if view is not None and view.rgb is not None else "Relief"
        self.setText(f"{instead}, no {words.lower()}" if missing else words)
        self.setAccessibleName(f"Cloud coloured by {words.lower()}")
        self.adjustSize()

    def _choose(self, action: QAction) -> None:
        self.chosen.emit(str(action.data()))
