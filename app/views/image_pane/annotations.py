"""Outlines of defects and the linked cursor on a picture."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QPainter, QPainterPath, QPolygonF, QTransform
from PySide6.QtWidgets import QGraphicsItem, QStyleOptionGraphicsItem, QWidget

from app.model.part_view import Outline
from app.theme.drawing import (
    MARKER_REACH,
    legible,
    number_tag_rect,
    paint_marker,
    paint_number_tag,
    paint_outline,
)
from inspector_core.types import Verdict

_SPECK = 4.0
"""Logical pixels; the same holes are left out in the cloud."""


class OutlineItem(QGraphicsItem):
    """All outlines of a part. Lines and tags keep their size on the screen at every zoom."""

    def __init__(self) -> None:
        super().__init__()
        self._outlines: tuple[Outline, ...] = ()
        self._paths: dict[int, QPainterPath] = {}
        self._extent = QRectF()
        self._tags: dict[int, QRectF] = {}
        self._drawn: tuple[QTransform, list[QPainterPath]] | None = None

    def show_outlines(self, outlines: Sequence[Outline], extent: QRectF) -> None:
        """`extent`: the picture's rectangle; tags may stand a little outside it."""
        self.prepareGeometryChange()
        # the selected one last, so that nothing covers it
        self._outlines = tuple(sorted(outlines, key=lambda o: (o.selected, -o.number)))
        self._paths = {outline.number: outline_path(outline) for outline in self._outlines}
        self._extent = extent
        self._tags = {}
        self._drawn = None
        self.update()

    def at(self, x: float, y: float, screen: QPointF) -> int | None:
        """Number of the defect at a pixel, or whose tag is at that place of the screen."""
        for outline in reversed(self._outlines):
            tag = self._tags.get(outline.number)
            inside = self._paths[outline.number].contains(QPointF(x, y))
            if inside or (tag is not None and tag.contains(screen)):
                return outline.number
        return None

    def boundingRect(self) -> QRectF:
        reach = max(self._extent.width(), self._extent.height())
        return self._extent.adjusted(-reach, -reach, reach, reach)

    def paint(
        self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None
    ) -> None:
        to_screen = painter.worldTransform()
        painter.save()
        painter.setWorldTransform(QTransform())
        if self._drawn is None or self._drawn[0] != to_screen:
            paths = [to_screen.map(self._paths[outline.number]) for outline in self._outlines]
            borders = [legible(without_specks(path)) for path in paths]
            self._drawn = QTransform(to_screen), borders
        mapped = list(zip(self._outlines, self._drawn[1], strict=True))
        for outline, path in mapped:
            dashed = outline.verdict == Verdict.REVIEW
            paint_outline(painter, path, selected=outline.selected, dashed=dashed)
        for outline, path in mapped:
            tag = number_tag_rect(path.boundingRect().topLeft(), outline.number)
            self._tags[outline.number] = tag
            paint_number_tag(painter, tag, outline.number, selected=outline.selected)
        painter.restore()


def outline_path(outline: Outline) -> QPainterPath:
    """An outline in pixel coordinates; holes stay open."""
    path = QPainterPath()
    for polygon in outline.polygons:
        path.addPolygon(QPolygonF([QPointF(float(x), float(y)) for x, y in polygon]))
        path.closeSubpath()
    return path


def without_specks(path: QPainterPath) -> QPainterPath:
    """A border on the screen without holes and islands too small to be outlined; the largest line stays."""
    lines = path.toSubpathPolygons()
    sizes = [max(box.width(), box.height()) for box in (line.boundingRect() for line in lines)]
    least = min(_SPECK, max(sizes, default=0.0))
    if min(sizes, default=least) >= least:
        return path
    kept = QPainterPath()
    for line, size in zip(lines, sizes, strict=True):
        if size >= least:
            kept.addPolygon(line)
            kept.closeSubpath()
    return kept


class MarkerItem(QGraphicsItem):
    """The linked cursor; its size does not follow the zoom."""

    def __init__(self) -> None:
        super().__init__()
        self.setFlag(QGraphicsItem.GraphicsItemFlag.ItemIgnoresTransformations)
        self.setZValue(10)
        self.hide()

    def boundingRect(self) -> QRectF:
        reach = MARKER_REACH + 3
        return QRectF(-reach, -reach, 2 * reach, 2 * reach)

    def paint(
        self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None
    ) -> None:
        paint_marker(painter, QPointF(0, 0))
