"""The confusion matrix: truth against verdict; a pressed cell filters the strip."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QAbstractButton, QGridLayout, QLabel, QSizePolicy, QWidget

from app.model.evaluation import JUDGED, KINDS, Cell
from app.model.evaluation_words import filter_words
from app.theme.apply import current, set_text_style, theme
from app.theme.fonts import text_font
from app.theme.icons import paint_verdict
from app.theme.tokens import GAP_S, RADIUS_CONTROL
from inspector_core.types import Verdict

_HEAD_HEIGHT, _HEIGHT = 20, 46
_TINT = 0.32
_NAMES = {False: "Good", True: "Defective"}
_WRONG = {(False, Verdict.REJECT): "false reject", (True, Verdict.ACCEPT): "escape"}


class _Head(QWidget):
    """A verdict's badge and word above its column."""

    def __init__(self, verdict: Verdict) -> None:
        super().__init__()
        self._verdict = verdict
        self.setFixedHeight(_HEAD_HEIGHT)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        theme().changed.connect(self.update)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setFont(text_font("note"))
        word = self._verdict.value.capitalize()
        width = 14 + 5 + painter.fontMetrics().horizontalAdvance(word)
        left = (self.width() - width) / 2
        paint_verdict(painter, self._verdict, QRectF(left, 3, 14, 14))
        painter.setPen(QColor(current().text2))
        room = QRectF(left + 19, 0, self.width(), _HEAD_HEIGHT)
        painter.drawText(room, Qt.AlignmentFlag.AlignVCenter, word)
        painter.end()


class CellButton(QAbstractButton):
    """A count with its share of the row; tinted by the share, checked while it filters."""

    def __init__(self, cell: Cell) -> None:
        super().__init__()
        self._bad, self._verdict = cell
        self._share = 0.0
        self.setCheckable(True)
        self.setFixedHeight(_HEIGHT)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)
        theme().changed.connect(self.update)

    def sizeHint(self) -> QSize:
        return QSize(64, _HEIGHT)

    def show_count(self, count: int, total: int) -> None:
        """So many parts of this row's total."""
        self._share = count / total if total else 0.0
        self.setText(f"{count:,}")
        self.setEnabled(count > 0 or self.isChecked())
        name = filter_words(KINDS[self._bad], self._verdict)
        self.setAccessibleName(f"{count:,} {name}")
        wrong = _WRONG.get((self._bad, self._verdict)) if self._verdict else None
        self.setToolTip(
            f"Show {name} in the strip" + (f": every one is a {wrong}" if wrong else "")
        )
        self.update()

    @property
    def detail(self) -> str:
        """The line below the count."""
        if self._verdict is None:
            return _NAMES[self._bad].lower()
        return f"{self._share:.0%}".replace("%", " %")

    def paintEvent(self, event: QPaintEvent) -> None:
        tokens = current()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        box = QRectF(self.rect()).adjusted(1, 1, -1, -1)
        has_ring = self.hasFocus() or self.isChecked()
        border = QColor(tokens.accent if has_ring else tokens.line)
        if self._verdict is None:
            fill = QColor(tokens.bg3 if self.isChecked() or self.underMouse() else tokens.bg1)
            border = border if has_ring else QColor(tokens.bg1)
        else:
            fill = QColor(tokens.bg3 if self.underMouse() and self.isEnabled() else tokens.bg2)
        painter.setPen(QPen(border, 2 if has_ring else 1))
        painter.setBrush(fill)
        painter.drawRoundedRect(box, RADIUS_CONTROL, RADIUS_CONTROL)
        if self._verdict is not None and self._share:
            tint = QColor(tokens.histogram)
            tint.setAlphaF(_TINT * self._share)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(tint)
            painter.drawRoundedRect(box, RADIUS_CONTROL, RADIUS_CONTROL)
        self._paint_texts(painter, box)
        painter.end()

    def _paint_texts(self, painter: QPainter, box: QRectF) -> None:
        tokens = current()
        is_wrong = (self._bad, self._verdict) in _WRONG and self._share > 0
        ink = tokens.reject if is_wrong else tokens.text1
        middle = Qt.AlignmentFlag.AlignCenter
        painter.setFont(text_font("card"))
        painter.setPen(QColor(ink if self.isEnabled() else tokens.text3))
        painter.drawText(box.adjusted(0, 4, 0, -18), middle, self.text())
        painter.setFont(text_font("caption"))
        painter.setPen(QColor(tokens.text2))
        painter.drawText(box.adjusted(0, 24, 0, -4), middle, self.detail)


class ConfusionMatrix(QWidget):
    """Rows are the truth, columns the verdicts at the limits in force.

    pressed(bad, verdict or None) : show these parts alone; None = the whole row.   released() : show all.
    """

    pressed = Signal(bool, object)
    released = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setSpacing(GAP_S)
        truth = QLabel("Truth")
        set_text_style(truth, "caption", "3")
        truth.setAlignment(Qt.AlignmentFlag.AlignCenter)
        grid.addWidget(truth, 0, 0)
        for column, verdict in enumerate(JUDGED, start=1):
            grid.addWidget(_Head(verdict), 0, column)
        self.cells: dict[Cell, CellButton] = {}
        for row, bad in enumerate(KINDS, start=1):
            for column, verdict_ in enumerate((None, *JUDGED)):
                cell: Cell = (bad, verdict_)
                button = CellButton(cell)
                button.clicked.connect(lambda on, chosen=cell: self._clicked(chosen, on))
                self.cells[cell] = button
                grid.addWidget(button, row, column)
        for column in range(len(JUDGED) + 1):
            grid.setColumnStretch(column, 1)
            grid.setColumnMinimumWidth(column, 58)

    def show_counts(self, counts: Mapping[Cell, int], totals: Mapping[bool, int]) -> None:
        """Parts in every cell, and in every row."""
        for (bad, verdict), button in self.cells.items():
            count = totals[bad] if verdict is None else counts.get((bad, verdict), 0)
            button.show_count(count, totals[bad])

    def show_chosen(self, chosen: Cell | None) -> None:
        """Mark the cell that filters, or none."""
        for cell, button in self.cells.items():
            button.setChecked(cell == chosen)

    def _clicked(self, cell: Cell, on: bool) -> None:
        if on:
            self.pressed.emit(*cell)
        else:
            self.released.emit()
