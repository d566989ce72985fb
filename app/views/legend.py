"""Scales: one for all maps with T1 and T2 marked, and one in mm upon the cloud."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QImage, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QWidget

from app.theme.apply import current, theme
from app.theme.fonts import text_font
from app.theme.tokens import RADIUS_TAG
from inspector_core.colormaps import NAMES, table
from inspector_core.types import Array

WIDTH = 84
_BAR = 14.0
_LEFT = 12.0
_LINE = 14.0


@dataclass(frozen=True, slots=True)
class _Mark:
    value: float
    text: str
    strong: bool = False


class Legend(QWidget):
    """The maps' vertical bar from 0 to a fixed top; a small pointer shows the value under the mouse."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._top = 1.0
        self._colours: Array = table(NAMES[0])
        self._marks: tuple[_Mark, ...] = ()
        self._value: float | None = None
        self.setFixedWidth(WIDTH)
        self.setMinimumHeight(120)
        self.setAccessibleName("Scale of the maps")
        theme().changed.connect(self.update)

    def show_usual(self, t1: float, t2: float, top: float, colormap: str) -> None:
        """The maps' scale: 0 to `top` times the usual, T1 and T2 marked."""
        self._top, self._colours = top, table(colormap)
        self._marks = (
            _Mark(top, f"{top:.2g}" if top < 10 else f"{top:.0f}"),
            _Mark(t2, f"T2 {t2:.2f}", strong=True),
            _Mark(t1, f"T1 {t1:.2f}", strong=True),
            _Mark(0.0, "0"),
        )
        self.setAccessibleDescription(
            f"0 to {top:.2f} times the usual, fixed; T1 {t1:.2f}, T2 {t2:.2f}"
        )
        self.update()

    def set_value(self, value: float | None) -> None:
        """Point at a value in times the usual, or at none."""
        if value != self._value:
            self._value = value
            self.update()

    def _bar(self) -> QRectF:
        return QRectF(_LEFT, 34.0, _BAR, max(self.height() - 34.0 - 34.0, 20.0))

    def _y(self, value: float) -> float:
        share = value / self._top
        bar = self._bar()
        return bar.bottom() - min(max(share, 0.0), 1.0) * bar.height()

    def paintEvent(self, event: QPaintEvent) -> None:
        if not self.isEnabled():
            # no map is shown: the room is kept, so that nothing jumps when one comes
            return
        tokens = current()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setFont(text_font("caption"))
        painter.setPen(QColor(tokens.text3))
        room = self.width() - _LEFT
        painter.drawText(QRectF(_LEFT, 8.0, room, _LINE), Qt.AlignmentFlag.AlignLeft, "× usual")
        foot = QRectF(_LEFT, self.height() - 22.0, room, _LINE)
        painter.drawText(foot, Qt.AlignmentFlag.AlignLeft, "fixed")
        _paint_strip(painter, self._bar(), self._colours[::-1][:, None])
        self._paint_marks(painter)
        self._paint_value(painter)

    def _paint_marks(self, painter: QPainter) -> None:
        tokens, bar = current(), self._bar()
        places = _apart([self._y(mark.value) for mark in self._marks], _LINE)
        for mark, place in zip(self._marks, places, strict=True):
            if mark.strong:
                y = self._y(mark.value)
                for colour, width in ((tokens.halo, 3.0), (tokens.text1, 1.6)):
                    painter.setPen(QPen(QColor(colour), width))
                    painter.drawLine(QPointF(bar.left() - 3, y), QPointF(bar.right() + 3, y))
            painter.setFont(text_font("caption"))
            painter.setPen(QColor(tokens.text1 if mark.strong else tokens.text3))
            text = QRectF(bar.right() + 6, place - _LINE / 2, self.width(), _LINE)
            flags = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
            painter.drawText(text, flags, self._fitted(mark.text))

    def _fitted(self, text: str) -> str:
        room = self.width() - self._bar().right() - 8
        metrics = QFontMetricsF(text_font("caption"))
        return metrics.elidedText(text, Qt.TextElideMode.ElideRight, room)

    def _paint_value(self, painter: QPainter) -> None:
        if self._value is None:
            return
        y, left = self._y(self._value), self._bar().left() - 1.5
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(current().text1))
        arrow = [QPointF(left, y), QPointF(left - 6, y - 4), QPointF(left - 6, y + 4)]
        painter.drawPolygon(QPolygonF(arrow))


class ScaleStrip(QWidget):
    """A small horizontal scale in mm upon the cloud, for height and deviation."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._low, self._high, self._unit = 0.0, 1.0, "mm"
        self._colours: Array = table(NAMES[0])
        self._value: float | None = None
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.setFixedSize(168, 44)
        self.setAccessibleName("Scale of the cloud")

    def show_range(self, low: float, high: float, unit: str, colormap: str) -> None:
        """From low to high; the range is fixed, it does not follow the part."""
        self._low, self._high, self._unit = low, high, unit
        self._colours = table(colormap)
        self.setAccessibleDescription(f"{_signed(low)} to {_signed(high)} {unit}, fixed")
        self.update()

    def set_value(self, value: float | None) -> None:
        """Point at a value in the scale's unit, or at none."""
        if value != self._value:
            self._value = value
            self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        tokens = current()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(tokens.view_tag))
        painter.drawRoundedRect(QRectF(self.rect()), RADIUS_TAG, RADIUS_TAG)
        bar = QRectF(10, 11, self.width() - 20, 9)
        _paint_strip(painter, bar, self._colours[None])
        painter.setFont(text_font("caption"))
        painter.setPen(QColor(tokens.view_text1))
        line = QRectF(bar.left(), 24, bar.width(), _LINE)
        middle = (self._low + self._high) / 2
        left, centre, right = (_signed(v) for v in (self._low, middle, self._high))
        right = f"{right} {self._unit}"
        painter.drawText(line, Qt.AlignmentFlag.AlignLeft, left)
        painter.drawText(line, Qt.AlignmentFlag.AlignRight, right)
        width = QFontMetricsF(text_font("caption")).horizontalAdvance
        if width(centre) / 2 + width(right) + 6 < line.width() / 2:
            painter.drawText(line, Qt.AlignmentFlag.AlignHCenter, centre)
        if self._value is not None:
            share = (self._value - self._low) / (self._high - self._low)
            x = bar.left() + min(max(share, 0.0), 1.0) * bar.width()
            arrow = [QPointF(x, bar.top() - 1), QPointF(x - 4, 4), QPointF(x + 4, 4)]
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(tokens.view_text1))
            painter.drawPolygon(QPolygonF(arrow))


def _signed(value: float) -> str:
    return f"{value:g}".replace("-", "−")


def _paint_strip(painter: QPainter, bar: QRectF, colours: Array) -> None:
    """A table's colours, (256, 1, 3) upright or (1, 256, 3) lying, stretched over the bar."""
    pixels = np.ascontiguousarray(colours)
    height, width = pixels.shape[:2]
    strip = QImage(pixels.data, width, height, 3 * width, QImage.Format.Format_RGB888)
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
    painter.drawImage(bar, strip)
    painter.restore()


def _apart(places: list[float], least: float) -> list[float]:
    """Places from top to bottom, moved so that neighbours are at least that far apart.

    The ends stay where they are; what is between them gives way.
    """
    moved = list(places)
    for i in range(1, len(moved)):
        moved[i] = max(moved[i], moved[i - 1] + least)
    moved[-1] = places[-1]
    for i in range(len(moved) - 2, 0, -1):
        moved[i] = min(moved[i], moved[i + 1] - least)
    return moved
