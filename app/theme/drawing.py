"""Marks that pictures and cloud draw alike: outlines, number tags, the linked cursor."""

from __future__ import annotations

import math
from functools import cache

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import (
    QColor,
    QFontMetricsF,
    QImage,
    QPainter,
    QPainterPath,
    QPen,
    QPolygonF,
    QTextLayout,
    QTextOption,
)

from app.theme.apply import current
from app.theme.fonts import text_font
from app.theme.tokens import TYPE

MARKER_REACH = 11.0
"""Logical pixels from the linked cursor's centre to the end of its arms."""
_SMALLEST = 18.0
_THINNEST, _APART, _SMOOTH = 9.0, 3.5, 0.7
_MOST_PIXELS = 4_000_000
"""A border that is larger on the screen than the screen is drawn as it is: the view is deep inside it."""


def legible(path: QPainterPath) -> QPainterPath:
    """The border as it is drawn: nothing that it encloses may vanish below the line.

    A ring around what is very small on the screen, a border kept off what is very thin.
    """
    box = path.boundingRect()
    if max(box.width(), box.height()) < _SMALLEST:
        ring = QPainterPath()
        ring.addEllipse(box.center(), _SMALLEST / 2, _SMALLEST / 2)
        return ring
    if 2 * _area(path) / max(path.length(), 1.0) >= _THINNEST:
        return path
    return _kept_off(path, box)


def _kept_off(path: QPainterPath, box: QRectF) -> QPainterPath:
    """The border a few pixels outside a path, holes that would close left away.

    Painted and traced again: exact unions of stroked paths (`QPainterPath.simplified`) take seconds for a
    border of some hundred corners.
    """
    from inspector_core.reports.outlines import outline, simplified

    left, top = math.floor(box.left() - 2 * _APART), math.floor(box.top() - 2 * _APART)
    width = math.ceil(box.right() + 2 * _APART) - left
    height = math.ceil(box.bottom() + 2 * _APART) - top
    if width * height > _MOST_PIXELS:
        return path
    image = QImage(width, height, QImage.Format.Format_Grayscale8)
    image.fill(0)
    painter = QPainter(image)
    painter.translate(-left, -top)
    painter.setBrush(Qt.GlobalColor.white)
    pen = QPen(Qt.GlobalColor.white, 2 * _APART)
    pen.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
    painter.setPen(pen)
    painter.drawPath(path)
    painter.end()
    rows = np.frombuffer(image.constBits(), np.uint8).reshape(height, image.bytesPerLine())
    around = QPainterPath()
    for polygon in outline(rows[:, :width] > 0):
        # pixel centres lie half a pixel inside the painter's coordinates
        corners = simplified(polygon, _SMOOTH).tolist()
        around.addPolygon(QPolygonF([QPointF(x + left + 0.5, y + top + 0.5) for x, y in corners]))
        around.closeSubpath()
    return around


def _area(path: QPainterPath) -> float:
    """Square pixels inside a border, by the sum of its trapezoids."""
    total = 0.0
    for polygon in path.toSubpathPolygons():
        points = [(point.x(), point.y()) for point in polygon.toList()]
        following = [*points[1:], *points[:1]]
        pairs = zip(points, following, strict=True)
        total += abs(sum(x0 * y1 - x1 * y0 for (x0, y0), (x1, y1) in pairs)) / 2
    return total


def paint_outline(
    painter: QPainter, path: QPainterPath, *, selected: bool, dashed: bool, opacity: float = 1.0
) -> None:
    """A defect's border in logical pixels: white with a dark halo; dashed = for review."""
    tokens = current()
    width = 2.4 if selected else 1.5
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.setOpacity(opacity)
    for colour, extra in ((tokens.halo, 2.2), (tokens.outline, 0.0)):
        pen = QPen(QColor(colour), width + extra)
        pen.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
        pen.setCapStyle(Qt.PenCapStyle.FlatCap)
        if dashed and not extra:
            pen.setDashPattern([3.5, 2.5])
        painter.setPen(pen)
        painter.drawPath(path)
    painter.restore()


def number_tag_rect(corner: QPointF, number: int) -> QRectF:
    """Where the tag of a defect stands whose outline has its top left corner there."""
    return QRectF(corner.x() - 1.0, corner.y() - 20.0, _tag_width(number), 17.0)


@cache
def _tag_width(number: int) -> float:
    return max(16.0, QFontMetricsF(text_font("note-strong")).horizontalAdvance(str(number)) + 9.0)


def paint_number_tag(painter: QPainter, rect: QRectF, number: int, *, selected: bool) -> None:
    """The defect's number, dark on a light tag; the selected one in the accent colour."""
    tokens = current()
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QPen(QColor(tokens.halo), 1.0))
    painter.setBrush(QColor(tokens.accent if selected else tokens.number_tag))
    painter.drawRoundedRect(rect, 3.0, 3.0)
    painter.setFont(text_font("note-strong"))
    painter.setPen(QColor(tokens.on_accent if selected else tokens.on_number_tag))
    painter.drawText(rect, Qt.AlignmentFlag.AlignCenter, str(number))
    painter.restore()


def paint_paragraph(painter: QPainter, room: QRectF, text: str, style: str) -> None:
    """Wrapped text in the type scale's own line height, with the painter's pen."""
    layout = QTextLayout(text, text_font(style))
    option = QTextOption()
    option.setWrapMode(QTextOption.WrapMode.WordWrap)
    layout.setTextOption(option)
    layout.beginLayout()
    top = 0.0
    while (line := layout.createLine()).isValid():
        line.setLineWidth(room.width())
        line.setPosition(QPointF(0, top))
        top += TYPE[style].line
    layout.endLayout()
    layout.draw(painter, room.topLeft())


def paint_marker(painter: QPainter, centre: QPointF) -> None:
    """The linked cursor: a ring with four arms, open in the middle so that it hides nothing."""
    tokens = current()
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    for colour, width in ((tokens.halo, 3.5), (tokens.marker, 1.5)):
        painter.setPen(QPen(QColor(colour), width))
        painter.drawEllipse(centre, 5.0, 5.0)
        for dx, dy in ((1, 0), (-1, 0), (0, 1), (0, -1)):
            inner = QPointF(centre.x() + 5.0 * dx, centre.y() + 5.0 * dy)
            outer = QPointF(centre.x() + MARKER_REACH * dx, centre.y() + MARKER_REACH * dy)
            painter.drawLine(inner, outer)
    painter.restore()
