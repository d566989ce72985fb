"""Scores of good parts above and of defective parts below one axis, with the two limits."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter
from PySide6.QtWidgets import QSizePolicy, QWidget

from app.theme.apply import current
from app.theme.fonts import text_font
from app.views.histogram import BINS, LimitAxis, binned

_HEAD, _GAP, _LEAST = 20.0, 3.0, 2.0
_GROUND = 0.75


class ScoreHistogram(LimitAxis):
    """Bars of good parts grow upwards, bars of defective parts downwards: no colour is needed to tell.

    Both share one scale of counts, linear or logarithmic.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._bars = {False: np.zeros(BINS), True: np.zeros(BINS)}
        self._words = {False: "", True: ""}
        self._is_logarithmic = False
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumHeight(132)
        self.setMaximumHeight(240)
        self.setAccessibleName("Scores of good and defective parts")

    def sizeHint(self) -> QSize:
        return QSize(240, 168)

    def show_scores(
        self, good: npt.NDArray[np.float64], bad: npt.NDArray[np.float64], top: float
    ) -> None:
        """Bars from 0 to the top; everything beyond counts in the last one."""
        self._top = top
        self._bars = {False: binned(good, top), True: binned(bad, top)}
        self._words = {False: f"{len(good):,} good", True: f"{len(bad):,} defective"}
        self.setAccessibleDescription(
            f"{self._words[False]} and {self._words[True]} parts, "
            f"scale from 0 to {top:.2f} times the usual"
        )
        self.update()

    def set_logarithmic(self, logarithmic: bool) -> None:
        """Counts on a logarithmic scale, so that single parts stay visible beside many."""
        self._is_logarithmic = logarithmic
        self.update()

    def paint_content(self, painter: QPainter, frame: QRectF) -> None:
        tokens = current()
        middle = frame.top() + _HEAD + (frame.height() - _HEAD) / 2
        room = frame.bottom() - middle - _GAP
        painter.fillRect(QRectF(frame.left(), middle, frame.width(), 1), QColor(tokens.line))
        most = max(self._bars[False].max(), self._bars[True].max())
        width = (self.width() - 3.0) / BINS
        for bad, colour in ((False, tokens.histogram), (True, tokens.text2)):
            for place in np.flatnonzero(self._bars[bad]).tolist():
                height = max(_LEAST, room * self._share(self._bars[bad][place], most))
                top = middle + 1 if bad else middle - height
                bar = QRectF(1.0 + place * width + 0.5, top, max(1.0, width - 1.0), height)
                painter.fillRect(bar, QColor(colour))
        self._paint_words(painter, frame, middle)

    def _share(self, count: float, most: float) -> float:
        if self._is_logarithmic:
            return float(np.log1p(count) / np.log1p(most))
        return count / most

    def _paint_words(self, painter: QPainter, frame: QRectF, middle: float) -> None:
        painter.setFont(text_font("caption"))
        painter.setPen(QColor(current().text2))
        # low scores are rare, so the left end is mostly free; bars there stay visible through the ground
        ground = QColor(current().bg2)
        ground.setAlphaF(_GROUND)
        left = Qt.AlignmentFlag.AlignLeft
        for bad, top, side in (
            (False, frame.top() + _HEAD - 4, Qt.AlignmentFlag.AlignTop),
            (True, middle, Qt.AlignmentFlag.AlignBottom),
        ):
            height = (middle if not bad else frame.bottom()) - top - 4
            room = QRectF(frame.left() + 8, top, frame.width() - 16, height)
            text = painter.boundingRect(room, left | side, self._words[bad])
            painter.fillRect(text.adjusted(-3, -1, 3, 1), ground)
            painter.drawText(room, left | side, self._words[bad])
