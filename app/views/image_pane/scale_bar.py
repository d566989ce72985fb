"""A scale bar sized to a round number of millimetres."""

from __future__ import annotations

import math

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget

from app.theme.apply import current
from app.theme.fonts import text_font
from app.theme.tokens import RADIUS_TAG

_LONGEST = 110.0
_PAD = 7.0


def round_length(longest: float) -> float:
    """The largest of 1, 2, 5 times a power of ten that is not above `longest` (> 0)."""
    power = 10.0 ** math.floor(math.log10(longest))
    return max(step * power for step in (1.0, 2.0, 5.0) if step * power <= longest * (1 + 1e-9))


class ScaleBar(QWidget):
    """The bar with its length in words; hidden while the size of a pixel is unknown."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self._length_px = 0.0
        self._text = ""
        self.hide()

    @property
    def text(self) -> str:
        """What the bar says, e.g. "20 mm"."""
        return self._text

    @property
    def length_px(self) -> float:
        """Length of the bar in logical pixels."""
        return self._length_px

    def show_scale(self, mm_per_logical_px: float | None, unit: str, room: float) -> None:
        """Choose the length for a pane that is `room` logical pixels wide."""
        longest = min(_LONGEST, 0.4 * room)
        if mm_per_logical_px is None or longest < 24:
            self.hide()
            return
        length = round_length(longest * mm_per_logical_px)
        self._length_px = length / mm_per_logical_px
        self._text = f"{length:g} {unit}"
        words = QFontMetricsF(text_font("caption")).horizontalAdvance(self._text)
        width = 2 * _PAD + max(words, self._length_px)
        self.resize(math.ceil(width), 27)
        self.setAccessibleName(f"Scale bar {self._text}")
        self.show()
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        tokens = current()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(tokens.view_tag))
        painter.drawRoundedRect(QRectF(self.rect()), RADIUS_TAG, RADIUS_TAG)
        painter.setFont(text_font("caption"))
        painter.setPen(QColor(tokens.view_text1))
        painter.drawText(QRectF(0, 2, self.width(), 14), Qt.AlignmentFlag.AlignCenter, self._text)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        left = (self.width() - self._length_px) / 2
        for x, y, w, h in (
            (left, 19.0, self._length_px, 2.0),
            (left, 17.0, 1.0, 6.0),
            (left + self._length_px - 1, 17.0, 1.0, 6.0),
        ):
            painter.fillRect(QRectF(x, y, w, h), QColor(tokens.view_text1))
