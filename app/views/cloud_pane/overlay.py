"""What is painted over the cloud: outlines of defects lifted onto the surface, axis triad."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPainterPath, QPen, QPolygonF

from app.model.part_view import Outline
from app.theme.apply import current
from app.theme.drawing import legible, number_tag_rect, paint_number_tag, paint_outline
from app.theme.fonts import text_font
from app.views.cloud_pane.camera import Camera
from app.views.cloud_pane.projection import Projection
from inspector_core.types import Array, Verdict

_HIDDEN_OPACITY = 0.3
_SEARCH = 3
_SMALLEST_LINE = 4.0
"""Logical pixels: smaller holes and islands of a defect are not outlined in the cloud."""
_ASIDE = {"x": 0.0, "y": -10.0, "z": 10.0}


@dataclass(frozen=True, slots=True, eq=False)
class Lifted:
    """An outline on the surface. lines: per polygon the (N, 3) mm points and (N, 2) pixels."""

    outline: Outline
    lines: tuple[tuple[Array, Array], ...]


def lift(outline: Outline, xyz: Array) -> Lifted:
    """Put an outline onto the measured surface; vertices without a measurement near by are left out.

    xyz : (H, W, 3) mm, NaN = no measurement.
    """
    lines = []
    for polygon in outline.polygons:
        points = _measured(np.asarray(polygon), xyz)
        known = np.isfinite(points).all(axis=1)
        if known.any():
            lines.append((points[known].astype(np.float64), np.asarray(polygon)[known]))
    return Lifted(outline, tuple(lines))


def _measured(polygon: Array, xyz: Array) -> Array:
    """(N, 3) mm: at each vertex the measured point of the nearest pixel within 3 px, else NaN."""
    height, width = xyz.shape[:2]
    centre = np.rint(polygon).astype(int)
    found = np.full((len(polygon), 3), np.nan, np.float32)
    around = range(-_SEARCH, _SEARCH + 1)
    offsets = sorted(
        ((dx, dy) for dx in around for dy in around), key=lambda o: o[0] ** 2 + o[1] ** 2
    )
    for dx, dy in offsets:
        missing = np.flatnonzero(~np.isfinite(found[:, 2]))
        if not len(missing):
            break
        columns = np.clip(centre[missing, 0] + dx, 0, width - 1)
        rows = np.clip(centre[missing, 1] + dy, 0, height - 1)
        found[missing] = xyz[rows, columns]
    return found


@dataclass(frozen=True, slots=True, eq=False)
class _Drawn:
    """A lifted outline on the screen: what is seen, what the part hides, where its number stands."""

    outline: Outline
    front: QPainterPath
    behind: QPainterPath
    tag: QRectF | None


class OutlineLayer:
    """The outlines of one part on its surface; placed anew only when points have moved."""

    def __init__(self) -> None:
        self._lifted: list[Lifted] = []
        self._drawn: list[_Drawn] = []
        self._key: tuple[int, list[Lifted]] | None = None

    def set_outlines(self, outlines: Sequence[Outline], xyz: Array) -> None:
        """Lift outlines onto a surface; those lifted before keep their points when only their look changes."""
        known = {id(item.outline.polygons): item.lines for item in self._lifted}
        lifted = []
        for outline in outlines:
            lines = known.get(id(outline.polygons))
            lifted.append(lift(outline, xyz) if lines is None else Lifted(outline, lines))
        # the selected one last, so that nothing covers it
        self._lifted = sorted(lifted, key=lambda i: (i.outline.selected, -i.outline.number))

    def clear(self) -> None:
        """No outlines."""
        self._lifted, self._drawn, self._key = [], [], None

    def paint(self, painter: QPainter, projection: Projection) -> None:
        """Draw outlines and number tags; what the part hides is drawn faintly."""
        key = (projection.version, self._lifted)
        if key != self._key:
            self._key, self._drawn = key, [_drawn(item, projection) for item in self._lifted]
        for item in self._drawn:
            selected = item.outline.selected
            dashed = item.outline.verdict == Verdict.REVIEW
            for path, opacity in ((item.behind, _HIDDEN_OPACITY), (item.front, 1.0)):
                if not path.isEmpty():
                    paint_outline(painter, path, selected=selected, dashed=dashed, opacity=opacity)
            if item.tag is not None:
                painter.setOpacity(0.6 if item.front.isEmpty() else 1.0)
                paint_number_tag(painter, item.tag, item.outline.number, selected=selected)
                painter.setOpacity(1.0)

    def tag_at(self, place: QPointF) -> int | None:
        """Number of the defect whose tag was drawn at a place."""
        for item in reversed(self._drawn):
            if item.tag is not None and item.tag.contains(place):
                return item.outline.number
        return None


def _drawn(item: Lifted, projection: Projection) -> _Drawn:
    front, behind, top = _paths(item, projection)
    tag = None if top is None else number_tag_rect(top, item.outline.number)
    return _Drawn(item.outline, front, behind, tag)


def _paths(
    item: Lifted, projection: Projection
) -> tuple[QPainterPath, QPainterPath, QPointF | None]:
    """What is seen, what is hidden, and the top left corner of both."""
    front, behind = QPainterPath(), QPainterPath()
    for places, seen in _placed(item, projection):
        _add_line(front, behind, places, seen)
    whole = QPainterPath(front)
    whole.addPath(behind)
    if whole.isEmpty():
        return front, behind, None
    shown = legible(whole)
    if shown is not whole:
        front, behind = (behind, shown) if front.isEmpty() else (shown, QPainterPath())
    return front, behind, shown.boundingRect().topLeft()


def _placed(item: Lifted, projection: Projection) -> list[tuple[Array, Array]]:
    """Screen places (N, 2) and visibility (N,) of each line, but of those too small to be seen."""
    if not item.lines:
        return []
    points, pixels = (np.concatenate(parts) for parts in zip(*item.lines, strict=True))
    places, seen = projection.place(points, pixels)
    ends = np.cumsum([len(line) for line, _ in item.lines])[:-1]
    lines = list(zip(np.split(places, ends), np.split(seen, ends), strict=True))
    sizes = [float(np.ptp(line, axis=0).max()) for line, _ in lines]
    # a line behind the eye has no size; the largest is drawn however small it is
    least = min(_SMALLEST_LINE, max((size for size in sizes if np.isfinite(size)), default=0.0))
    return [line for line, size in zip(lines, sizes, strict=True) if size >= least]


def _add_line(front: QPainterPath, behind: QPainterPath, places: Array, seen: Array) -> None:
    """Add a closed line; each run of edges goes to the path of what is seen or of what is hidden."""
    closed = np.concatenate([places, places[:1]]).tolist()
    visible = seen | np.roll(seen, -1)
    changes = np.flatnonzero(visible[1:] != visible[:-1]) + 1
    begin = 0
    for end in (*changes.tolist(), len(visible)):
        run = QPolygonF([QPointF(x, y) for x, y in closed[begin : end + 1]])
        (front if visible[begin] else behind).addPolygon(run)
        begin = end


def paint_triad(painter: QPainter, camera: Camera, corner: QPointF) -> None:
    """The scan's axes x (right), y (down), z (away) as the camera sees them; corner = their origin."""
    tokens = current()
    length = 22.0
    axes = camera.axes()
    named = zip("xyz", (tokens.axis_x, tokens.axis_y, tokens.axis_z), axes.T, strict=True)
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setFont(text_font("caption"))
    for name, colour, direction in sorted(named, key=lambda axis: -axis[2][2]):
        tip = QPointF(corner.x() + length * direction[0], corner.y() + length * direction[1])
        pen = QPen(QColor(colour), 1.6)
        pen.setCapStyle(Qt.PenCapStyle.RoundCap)
        painter.setPen(pen)
        painter.drawLine(corner, tip)
        # y and z may point the same way on the screen: their letters stand on either side
        aside = QPointF(_ASIDE[name] * direction[1], -_ASIDE[name] * direction[0])
        at = corner + (tip - corner) * 1.3 + aside
        painter.drawText(QRectF(at.x() - 8, at.y() - 8, 16, 16), Qt.AlignmentFlag.AlignCenter, name)
    painter.restore()
