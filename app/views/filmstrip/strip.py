"""The list of rows, which tells what comes into sight."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QFocusEvent
from PySide6.QtWidgets import QAbstractItemView, QListView, QWidget

from app.views.filmstrip.row import ROW

_BY_KEYBOARD = (
    Qt.FocusReason.TabFocusReason,
    Qt.FocusReason.BacktabFocusReason,
    Qt.FocusReason.ShortcutFocusReason,
)


class Strip(QListView):
    """The strip itself; tells which pictures it needs when rows come into sight."""

    rows_shown = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setUniformItemSizes(True)
        self.setMouseTracking(True)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setAccessibleName("Parts")
        self.verticalScrollBar().valueChanged.connect(self.rows_shown)
        self._ring = False

    def has_ring(self) -> bool:
        """Whether the keyboard brought the focus here; the mouse needs no ring."""
        return self._ring

    def focusInEvent(self, event: QFocusEvent) -> None:
        self._ring = event.reason() in _BY_KEYBOARD
        super().focusInEvent(event)

    def resizeEvent(self, event: object) -> None:
        super().resizeEvent(event)  # type: ignore[arg-type]
        self.rows_shown.emit()

    def rows_in_sight(self) -> range:
        """Rows that are visible now, and one beyond each end."""
        first = self.indexAt(self.viewport().rect().topLeft()).row()
        if first < 0:
            return range(0)
        count = self.viewport().height() // ROW + 2
        return range(max(0, first - 1), min(self.model().rowCount(), first + count))
