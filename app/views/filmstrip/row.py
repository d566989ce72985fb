"""One row of the strip: picture with the outline of the worst defect, name, verdict line, badge."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPainterPath, QPen
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from app.model.part_list import ID_ROLE, LINE_ROLE, RESULT_ROLE, VERDICT_ROLE
from app.theme.apply import current
from app.theme.fonts import text_font
from app.theme.icons import paint_verdict
from app.theme.tokens import RADIUS_TAG
from inspector_core.types import Result, Verdict

_Index = QModelIndex | QPersistentModelIndex

ROW, SIDE, BADGE = 60, 48, 14
_KEPT_PICTURES = 600


class Pictures:
    """Small pictures by part, the least recently drawn ones are forgotten."""

    def __init__(self) -> None:
        self._kept: OrderedDict[str, tuple[QImage, tuple[int, int]]] = OrderedDict()

    def get(self, part_id: str) -> tuple[QImage, tuple[int, int]] | None:
        found = self._kept.get(part_id)
        if found is not None:
            self._kept.move_to_end(part_id)
        return found

    def put(self, part_id: str, picture: QImage, size: tuple[int, int]) -> None:
        self._kept[part_id] = (picture, size)
        while len(self._kept) > _KEPT_PICTURES:
            self._kept.popitem(last=False)

    def clear(self) -> None:
        self._kept.clear()


class PartDelegate(QStyledItemDelegate):
    """Draws one row: picture with the outline of the worst defect, name, verdict line, badge."""

    def __init__(self, pictures: Pictures, has_ring: Callable[[], bool], parent: QWidget) -> None:
        super().__init__(parent)
        self._pictures = pictures
        self._has_ring = has_ring

    def sizeHint(self, option: QStyleOptionViewItem, index: _Index) -> QSize:
        return QSize(SIDE + 100, ROW)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: _Index) -> None:
        rect: QRect = option.rect
        state = option.state
        tokens = current()
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if state & QStyle.StateFlag.State_Selected:
            painter.fillRect(rect, QColor(tokens.bg3))
            painter.fillRect(QRect(rect.x(), rect.y(), 3, rect.height()), QColor(tokens.accent))
        elif state & QStyle.StateFlag.State_MouseOver:
            painter.fillRect(rect, QColor(tokens.bg2))
        if state & QStyle.StateFlag.State_HasFocus and self._has_ring():
            painter.setPen(QPen(QColor(tokens.accent), 2))
            painter.drawRect(QRectF(rect).adjusted(1, 1, -1, -1))
        frame = QRectF(rect.x() + 9, rect.center().y() - SIDE / 2 + 0.5, SIDE, SIDE)
        self._paint_picture(painter, frame, index)
        verdict = _verdict(index)
        badge = QRectF(rect.right() - BADGE - 9, rect.center().y() - BADGE / 2 + 0.5, BADGE, BADGE)
        if index.data(RESULT_ROLE) is not None:
            paint_verdict(painter, verdict, badge)
        left = frame.right() + 9
        self._paint_texts(painter, QRectF(left, rect.y(), badge.left() - 4 - left, ROW), index)
        painter.restore()

    def _paint_texts(self, painter: QPainter, rect: QRectF, index: _Index) -> None:
        tokens = current()
        lines = (
            ("strong", tokens.text1, str(index.data()), 13.0),
            ("caption", tokens.text2, str(index.data(LINE_ROLE)), 32.0),
        )
        for style, colour, text, top in lines:
            painter.setFont(text_font(style))
            painter.setPen(QColor(colour))
            line = QRectF(rect.x(), rect.y() + top, rect.width(), 18)
            elide = (
                Qt.TextElideMode.ElideMiddle if style == "strong" else Qt.TextElideMode.ElideRight
            )
            shown = painter.fontMetrics().elidedText(text, elide, int(rect.width()))
            painter.drawText(line, int(Qt.AlignmentFlag.AlignVCenter), shown)

    def _paint_picture(self, painter: QPainter, frame: QRectF, index: _Index) -> None:
        path = QPainterPath()
        path.addRoundedRect(frame, RADIUS_TAG, RADIUS_TAG)
        painter.save()
        painter.setClipPath(path)
        painter.fillRect(frame, QColor(current().view))
        found = self._pictures.get(index.data(ID_ROLE))
        if found is not None:
            picture, size = found
            # the middle of the picture fills the square
            scale = SIDE / min(picture.width(), picture.height())
            target = QRectF(0, 0, picture.width() * scale, picture.height() * scale)
            target.moveCenter(frame.center())
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
            painter.drawImage(target, picture)
            self._paint_worst(painter, target, size, index)
        painter.restore()

    def _paint_worst(
        self, painter: QPainter, target: QRectF, size: tuple[int, int], index: _Index
    ) -> None:
        result: Result | None = index.data(RESULT_ROLE)
        if result is None or not result.defects or _verdict(index) is Verdict.ACCEPT:
            return
        x0, y0, x1, y1 = result.defects[0].bbox_px
        sx, sy = target.width() / max(1, size[0]), target.height() / max(1, size[1])
        box = QRectF(target.x() + x0 * sx, target.y() + y0 * sy, (x1 - x0) * sx, (y1 - y0) * sy)
        box = box.adjusted(-1.5, -1.5, 1.5, 1.5)
        tokens = current()
        for colour, width in ((tokens.halo, 3.0), (tokens.verdict(_verdict(index)), 1.5)):
            painter.setPen(QPen(QColor(colour), width))
            painter.drawRect(box)


def _verdict(index: _Index) -> Verdict:
    # a StrEnum leaves a model as a plain word
    return Verdict(index.data(VERDICT_ROLE))
