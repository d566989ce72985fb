"""Where the five panes stand, and how one of them fills the stage."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QSplitter, QVBoxLayout, QWidget

_UPPER = 2
_MINIMUM = 120


class PaneGrid(QWidget):
    """Two panes above, the others with the legend below; hairlines between them can be dragged.

    maps_area : the widget that holds the three maps, without the legend.
    """

    maximised = Signal(int)
    """Number of the pane that fills the stage, 0 = all are shown."""

    def __init__(self, panes: Sequence[QWidget], legend: QWidget, parent: QWidget) -> None:
        super().__init__(parent)
        self._panes = tuple(panes)
        self._current = 0
        self._sizes: list[list[int]] = []
        self._upper = self._row(self._panes[:_UPPER])
        self._lower = self._row(self._panes[_UPPER:])
        self._below = QWidget(self)
        self._below.setProperty("panel", "plain")
        self._below.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        beside = QHBoxLayout(self._below)
        beside.setContentsMargins(0, 0, 0, 0)
        beside.setSpacing(0)
        self.maps_area = QWidget(self._below)
        inside = QHBoxLayout(self.maps_area)
        inside.setContentsMargins(0, 0, 0, 0)
        inside.addWidget(self._lower)
        beside.addWidget(self.maps_area, 1)
        beside.addWidget(legend)
        self._rows = _splitter(Qt.Orientation.Vertical)
        self._rows.addWidget(self._upper)
        self._rows.addWidget(self._below)
        self._rows.setSizes([610, 390])
        self._rows.setStretchFactor(0, 61)
        self._rows.setStretchFactor(1, 39)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._rows)

    @property
    def current(self) -> int:
        """Number of the pane that fills the stage, 0 = all are shown."""
        return self._current

    def maximise(self, number: int) -> None:
        """Let pane 1-5 fill the stage; the same number again, or 0, shows all."""
        wanted = 0 if number == self._current else number
        if self._current == 0 and wanted:
            self._sizes = [splitter.sizes() for splitter in self._splitters()]
        self._current = wanted
        if wanted and self.isAncestorOf(self.focusWidget() or self):
            # before the others are hidden, or Qt passes the keyboard on as if by Tab
            self._panes[wanted - 1].setFocus(Qt.FocusReason.MouseFocusReason)
        for place, pane in enumerate(self._panes, start=1):
            pane.setVisible(wanted in (0, place))
        self._upper.setVisible(wanted <= _UPPER)
        self._below.setVisible(wanted == 0 or wanted > _UPPER)
        if wanted == 0:
            for splitter, sizes in zip(self._splitters(), self._sizes, strict=False):
                splitter.setSizes(sizes)
        self.maximised.emit(wanted)

    def _row(self, panes: Sequence[QWidget]) -> QSplitter:
        splitter = _splitter(Qt.Orientation.Horizontal)
        for pane in panes:
            pane.setMinimumSize(_MINIMUM, _MINIMUM)
            splitter.addWidget(pane)
            splitter.setStretchFactor(splitter.count() - 1, 1)
        splitter.setSizes([1000] * len(panes))
        return splitter

    def _splitters(self) -> tuple[QSplitter, ...]:
        return self._rows, self._upper, self._lower


def _splitter(orientation: Qt.Orientation) -> QSplitter:
    splitter = QSplitter(orientation)
    splitter.setHandleWidth(1)
    splitter.setChildrenCollapsible(False)
    return splitter
