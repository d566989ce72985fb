"""Histograms of part scores with the two limits as handles to drag."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QMouseEvent, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QSizePolicy, QWidget

from app.theme.apply import current, theme
from app.theme.fonts import text_font
from app.theme.tokens import RADIUS_CONTROL
from inspector_core.types import Thresholds

HEIGHT = 104
BINS = 48
_AXIS = 16
_REACH = 9
"""Pixels left and right of a handle in which it can be grabbed."""


class LimitAxis(QWidget):
    """A frame from 0 to a fixed top with the two limits upon it; what stands in it is painted by heirs.

    moved(name, value) : a handle ("t1" or "t2") was dragged there.   released() : it was let go.
    """

    moved = Signal(str, float)
    released = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._limits = Thresholds(1.0, 1.0)
        self._top = 2.0
        self._grabbed = ""
        self.setMouseTracking(True)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        theme().changed.connect(self.update)

    def show_limits(self, limits: Thresholds) -> None:
        if limits != self._limits:
            self._limits = limits
            self.update()

    def x_of(self, value: float) -> float:
        """Place of a value in widget pixels."""
        return 1.0 + min(max(value / self._top, 0.0), 1.0) * (self.width() - 3.0)

    def value_at(self, x: float) -> float:
        """The value at a place in widget pixels."""
        return min(max((x - 1.0) / (self.width() - 3.0), 0.0), 1.0) * self._top

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self._grabbed = self._handle_at(event.position().x())

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        x = event.position().x()
        if self._grabbed:
            self.moved.emit(self._grabbed, round(self.value_at(x), 2))
        else:
            over = bool(self._handle_at(x))
            self.setCursor(Qt.CursorShape.SizeHorCursor if over else Qt.CursorShape.ArrowCursor)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if self._grabbed:
            self._grabbed = ""
            self.released.emit()

    def _handle_at(self, x: float) -> str:
        distances = {
            "t1": abs(x - self.x_of(self._limits.t1)),
            "t2": abs(x - self.x_of(self._limits.t2)),
        }
        # where both lie together the reject limit is the one to move
        name = min(distances, key=lambda key: (distances[key], key == "t1"))
        return name if distances[name] <= _REACH else ""

    def paintEvent(self, event: QPaintEvent) -> None:
        tokens = current()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        frame = QRectF(0.5, 0.5, self.width() - 1, self.height() - _AXIS - 1)
        painter.setPen(QPen(QColor(tokens.line), 1))
        painter.setBrush(QColor(tokens.bg2))
        painter.drawRoundedRect(frame, RADIUS_CONTROL, RADIUS_CONTROL)
        self.paint_content(painter, frame)
        self._paint_axis(painter, frame)
        for value, colour in ((self._limits.t1, tokens.review), (self._limits.t2, tokens.reject)):
            self._paint_handle(painter, frame, self.x_of(value), QColor(colour))
        painter.end()

    def paint_content(self, painter: QPainter, frame: QRectF) -> None:
        """What stands between frame and handles."""
        raise NotImplementedError

    def _paint_axis(self, painter: QPainter, frame: QRectF) -> None:
        painter.setFont(text_font("caption"))
        painter.setPen(QColor(current().text3))
        row = QRectF(1, frame.bottom() + 2, self.width() - 2, _AXIS - 2)
        painter.drawText(row, Qt.AlignmentFlag.AlignLeft, "0")
        painter.drawText(row, Qt.AlignmentFlag.AlignRight, f"{self._top:.1f} × usual")
        painter.drawText(row, Qt.AlignmentFlag.AlignHCenter, "score of a part")

    def _paint_handle(self, painter: QPainter, frame: QRectF, x: float, colour: QColor) -> None:
        painter.setPen(QPen(colour, 2))
        painter.drawLine(QPointF(x, frame.top() + 8), QPointF(x, frame.bottom()))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(colour)
        painter.drawRoundedRect(QRectF(x - 6, frame.top() + 1, 12, 12), 3, 3)


def binned(
    scores: Sequence[float] | npt.NDArray[np.float64], top: float
) -> npt.NDArray[np.float64]:
    """(BINS,) scores per bar from 0 to the top; everything beyond counts in the last bar."""
    edges = np.linspace(0.0, top, BINS + 1)
    return np.histogram(np.clip(scores, 0.0, top), edges)[0].astype(float)


class Histogram(LimitAxis):
    """Bars for the held-out good parts; ticks below stand for the inspected parts."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._bins = np.zeros(BINS)
        self._ticks = np.zeros(0)
        self._marked: float | None = None
        self.setAccessibleName("Scores of held-out good parts")

    def sizeHint(self) -> QSize:
        return QSize(200, HEIGHT)

    def show_scores(self, good: Sequence[float], top: float) -> None:
        """Another recipe's held-out good parts and its fixed scale."""
        self._top = top
        self._bins = binned(good, top)
        n = len(good)
        self.setAccessibleDescription(
            f"{n} held-out good parts, scale from 0 to {top:.2f} times the usual"
        )
        self.update()

    def show_parts(self, scores: Sequence[float], marked: float | None) -> None:
        """Ticks for inspected parts; the marked score is the shown part's."""
        # numpy's unique would import its masked arrays before the first paint
        clipped = np.round(np.clip(scores, 0.0, self._top), 3)
        self._ticks = np.array(sorted(set(clipped.tolist())))
        self._marked = marked
        self.update()

    def paint_content(self, painter: QPainter, frame: QRectF) -> None:
        self._paint_bars(painter, frame)
        self._paint_parts(painter, frame)

    def _paint_bars(self, painter: QPainter, frame: QRectF) -> None:
        most = self._bins.max(initial=0.0)
        if most <= 0:
            return
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(current().histogram))
        room = frame.height() - 26
        width = (self.width() - 3.0) / BINS
        for place in np.flatnonzero(self._bins).tolist():
            height = max(2.0, room * self._bins[place] / most)
            left = 1.0 + place * width
            painter.drawRect(QRectF(left + 0.5, frame.bottom() - 8 - height, width - 1.0, height))

    def _paint_parts(self, painter: QPainter, frame: QRectF) -> None:
        tokens = current()
        painter.setPen(QPen(QColor(tokens.text3), 1))
        for value in self._ticks.tolist():
            x = round(self.x_of(value)) + 0.5
            painter.drawLine(QPointF(x, frame.bottom() - 6), QPointF(x, frame.bottom() - 2))
        if self._marked is not None:
            x, y = self.x_of(self._marked), frame.bottom() - 1
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(tokens.text1))
            painter.drawPolygon(
                QPolygonF([QPointF(x, y - 8), QPointF(x - 4.5, y), QPointF(x + 4.5, y)])
            )
