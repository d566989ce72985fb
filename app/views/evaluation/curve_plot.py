"""A plot of curves from (0, 0): one line a map, told apart by dash and colour, the chance line, marks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QEvent, QPointF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QPen, QWheelEvent
from PySide6.QtWidgets import QWidget

from app.theme.apply import current, theme
from app.theme.fonts import text_font
from app.theme.tokens import Tokens
from inspector_core.types import Array

_DASHES = {
    "fused": Qt.PenStyle.SolidLine,
    "rgb": Qt.PenStyle.DashLine,
    "shape": Qt.PenStyle.DashDotLine,
    "chance": Qt.PenStyle.DotLine,
}
_WIDTHS = {"fused": 2.2, "chance": 1.2}
_MARKS = {"T1": ("d", "review"), "T2": ("s", "reject")}
"""Symbol and token of a limit's mark."""


def line_pen(name: str, tokens: Tokens) -> QPen:
    """How the line of a map ("fused", "rgb", "shape") or of "chance" is drawn."""
    inks = {
        "fused": tokens.text1,
        "rgb": tokens.colour,
        "shape": tokens.shape,
        "chance": tokens.text3,
    }
    pen = QPen(QColor(inks[name]), _WIDTHS.get(name, 1.8), _DASHES[name])
    pen.setCosmetic(True)
    return pen


@dataclass(frozen=True, slots=True)
class Drawn:
    """What the plot shows.

    lines : map to x and y, (n,) each, both never falling.   reach : upper end of the x axis.
    x_title, y_title : of the axes.   marks : "T1", "T2" to (x, y).
    """

    lines: Mapping[str, tuple[Array, Array]]
    reach: float
    x_title: str
    y_title: str
    marks: Mapping[str, tuple[float, float]]


class _Percent(pg.AxisItem):
    """Rates as per cent."""

    def tickStrings(self, values: Sequence[float], scale: float, spacing: float) -> list[str]:
        places = 0 if spacing >= 0.01 else 1 if spacing >= 0.001 else 2
        return [f"{100 * value:.{places}f} %" for value in values]


class CurvePlot(pg.PlotWidget):
    """Draws `Drawn` values. hovered(x or None) : the rate under the mouse."""

    hovered = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(
            parent,
            axisItems={"bottom": _Percent("bottom"), "left": _Percent("left")},
            enableMenu=False,
        )
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setMinimumSize(260, 200)
        plot = self.getPlotItem()
        plot.hideButtons()
        plot.setMouseEnabled(False, False)
        plot.showGrid(x=True, y=True, alpha=0.12)
        plot.setYRange(0.0, 1.0, padding=0.02)
        self._drawn: Drawn | None = None
        self._marks: Mapping[str, tuple[float, float]] = {}
        self._lines: dict[str, pg.PlotDataItem] = {}
        self._points = pg.ScatterPlotItem(size=11)
        self._texts = {name: pg.TextItem(name, anchor=(-0.25, 0.5)) for name in _MARKS}
        self._cursor = pg.InfiniteLine(angle=90, movable=False)
        for item in (self._points, *self._texts.values(), self._cursor):
            plot.addItem(item, ignoreBounds=True)
        for axis in ("bottom", "left"):
            plot.getAxis(axis).enableAutoSIPrefix(False)
            plot.getAxis(axis).setStyle(tickFont=text_font("caption"), tickLength=-4)
            plot.getAxis(axis).label.setFont(text_font("caption"))
        self._cursor.hide()
        self.scene().sigMouseMoved.connect(self._moved)
        theme().changed.connect(self._colour)
        self._colour()

    @property
    def drawn(self) -> Drawn | None:
        """What is shown."""
        return self._drawn

    @property
    def marks(self) -> Mapping[str, tuple[float, float]]:
        """The limits that are marked, as they are now."""
        return self._marks

    def sizeHint(self) -> QSize:
        return QSize(400, 280)

    def show_drawn(self, drawn: Drawn) -> None:
        """Replace the lines and the marks."""
        plot = self.getPlotItem()
        self._drawn = drawn
        for line in self._lines.values():
            plot.removeItem(line)
        diagonal = np.array([0.0, 1.0])
        everything = {"chance": (diagonal, diagonal), **drawn.lines}
        self._lines = {name: plot.plot(x, y) for name, (x, y) in everything.items()}
        plot.setXRange(0.0, drawn.reach, padding=0.02)
        plot.setLabel("bottom", drawn.x_title)
        plot.setLabel("left", drawn.y_title)
        self.show_marks(drawn.marks)
        self._colour()

    def show_marks(self, marks: Mapping[str, tuple[float, float]]) -> None:
        """Where the limits in force lie on the curve; none hides them."""
        tokens = current()
        self._marks = marks
        # symbols are drawn in units of their own size: only a cosmetic pen keeps its width
        rim = QPen(QColor(tokens.bg1), 1.5)
        rim.setCosmetic(True)
        self._points.setData(
            spots=[
                {
                    "pos": marks[name],
                    "symbol": symbol,
                    "brush": QColor(getattr(tokens, role)),
                    "pen": rim,
                }
                for name, (symbol, role) in _MARKS.items()
                if name in marks
            ]
        )
        for name, text in self._texts.items():
            text.setVisible(name in marks)
            if name in marks:
                text.setPos(*marks[name])

    def _colour(self) -> None:
        tokens = current()
        plot = self.getPlotItem()
        self.setBackground(QColor(tokens.bg1))
        for name, line in self._lines.items():
            line.setPen(line_pen(name, tokens))
        for axis in ("bottom", "left"):
            plot.getAxis(axis).setPen(QPen(QColor(tokens.line), 1))
            plot.getAxis(axis).setTextPen(QColor(tokens.text2))
        for text in self._texts.values():
            text.setColor(QColor(tokens.text1))
            text.setFont(text_font("caption"))
        self._cursor.setPen(QPen(QColor(tokens.text3), 1))
        self.show_marks(self._marks)

    def _moved(self, place: QPointF) -> None:
        box = self.getPlotItem().getViewBox()
        drawn = self._drawn
        x = box.mapSceneToView(place).x()
        inside = drawn is not None and box.sceneBoundingRect().contains(place)
        if not inside or drawn is None or not 0.0 <= x <= drawn.reach:
            self._leave()
            return
        self._cursor.setPos(x)
        self._cursor.show()
        self.hovered.emit(x)

    def wheelEvent(self, event: QWheelEvent) -> None:
        # the page around it scrolls
        event.ignore()

    def leaveEvent(self, event: QEvent) -> None:
        super().leaveEvent(event)
        self._leave()

    def _leave(self) -> None:
        if self._cursor.isVisible():
            self._cursor.hide()
            self.hovered.emit(None)
