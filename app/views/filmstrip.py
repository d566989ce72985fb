"""The rail: parts of the folder as a strip of small pictures with their verdicts."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable

from PySide6.QtCore import (
    QItemSelectionModel,
    QModelIndex,
    QPersistentModelIndex,
    QRect,
    QRectF,
    QSize,
    Qt,
    QTimer,
    Signal,
)
from PySide6.QtGui import QColor, QFocusEvent, QImage, QPainter, QPainterPath, QPen
from PySide6.QtWidgets import (
    QAbstractItemView,
    QComboBox,
    QListView,
    QPushButton,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)

from app.model.part_list import FILTERS, ID_ROLE, LINE_ROLE, RESULT_ROLE, VERDICT_ROLE, PartList
from app.model.session import ALL_SPLITS, Session
from app.theme.apply import current, set_property, theme
from app.theme.fonts import text_font
from app.theme.icons import paint_verdict
from app.theme.tokens import GAP_M, GAP_S, RADIUS_TAG, RAIL
from app.views.flow import FlowLayout
from app.words import parts_of
from inspector_core.types import Result, Verdict

_Index = QModelIndex | QPersistentModelIndex

ROW, SIDE, BADGE = 60, 48, 14
_KEPT_PICTURES = 600
_BY_KEYBOARD = (
    Qt.FocusReason.TabFocusReason,
    Qt.FocusReason.BacktabFocusReason,
    Qt.FocusReason.ShortcutFocusReason,
)
_CHIP_WORDS = {
    None: "All",
    Verdict.REJECT: "Reject",
    Verdict.REVIEW: "Review",
    Verdict.ACCEPT: "Accept",
    Verdict.NOT_INSPECTED: "Not inspected",
}


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


class Strip(QListView):
    """The strip itself; tells which pictures it needs when rows come into sight."""

    rows_shown = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setUniformItemSizes(True)
        self.setMouseTracking(True)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setAccessibleName("Parts")
        self.verticalScrollBar().valueChanged.connect(self.rows_shown)
        self._ring = False

    def has_ring(self) -> bool:
        """Whether the keyboard brought the focus here; the mouse needs no ring."""
        return self._ring

    def focusInEvent(self, event: QFocusEvent) -> None:
        self._ring = event.reason() in _BY_KEYBOARD
        super().focusInEvent(event)

    def resizeEvent(self, event: object) -> None:
        super().resizeEvent(event)  # type: ignore[arg-type]
        self.rows_shown.emit()

    def rows_in_sight(self) -> range:
        """Rows that are visible now, and one beyond each end."""
        first = self.indexAt(self.viewport().rect().topLeft()).row()
        if first < 0:
            return range(0)
        count = self.viewport().height() // ROW + 2
        return range(max(0, first - 1), min(self.model().rowCount(), first + count))


class Filmstrip(QWidget):
    """Filter chips with counts above the strip.

    chosen(id) : the user wants to see this part.   wanted(ids) : pictures that are missing.
    """

    chosen = Signal(str)
    wanted = Signal(list)

    def __init__(self, session: Session, parts: PartList, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        set_property(self, "panel", "rail")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setFixedWidth(RAIL)
        self._session = session
        self._parts = parts
        self._pictures = Pictures()
        self._asked: set[str] = set()
        self._chips: dict[Verdict | None, QPushButton] = {}
        self._splits = QComboBox()
        self._splits.setAccessibleName("Part of the folder")
        self._splits.activated.connect(self._choose_split)
        self.view = Strip()
        self.view.setModel(parts)
        self.view.setItemDelegate(PartDelegate(self._pictures, self.view.has_ring, self.view))
        self._arrange()
        self._soon = QTimer(self, singleShot=True, interval=30)
        self._soon.timeout.connect(self._ask_for_pictures)
        self.view.rows_shown.connect(self._soon.start)
        self.view.selectionModel().currentChanged.connect(self._row_changed)
        parts.modelReset.connect(self._after_reset)
        parts.counts_changed.connect(self._show_counts)
        session.scan_changed.connect(self._new_folder)
        session.split_changed.connect(self._show_splits)
        session.current_changed.connect(self.show_current)
        theme().changed.connect(self.view.viewport().update)
        self._show_counts()
        self._show_splits()

    def _arrange(self) -> None:
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, GAP_M, 0, 0)
        layout.setSpacing(GAP_M)
        head = QVBoxLayout()
        head.setContentsMargins(GAP_M, 0, GAP_M, 0)
        head.setSpacing(GAP_M)
        flow = FlowLayout(gap=GAP_S - 2)
        for verdict in FILTERS:
            chip = QPushButton()
            chip.setFont(text_font("caption"))
            chip.setCheckable(True)
            set_property(chip, "kind", "chip")
            chip.clicked.connect(lambda _=False, wanted=verdict: self._parts.set_filter(wanted))
            self._chips[verdict] = chip
            flow.addWidget(chip)
        head.addWidget(self._splits)
        head.addLayout(flow)
        layout.addLayout(head)
        layout.addWidget(self.view, 1)

    def show_thumbnail(self, part_id: str, picture: QImage, size: tuple[int, int]) -> None:
        """A small picture that was asked for."""
        self._pictures.put(part_id, picture, size)
        self._parts.repaint(part_id)

    def show_current(self, part_id: str) -> None:
        """Mark a part's row and bring it into sight."""
        row = self._parts.row(part_id)
        selection = self.view.selectionModel()
        if row < 0:
            selection.clear()
            return
        index = self._parts.index(row)
        if index != self.view.currentIndex():
            selection.setCurrentIndex(index, QItemSelectionModel.SelectionFlag.ClearAndSelect)
        self.view.scrollTo(index, QAbstractItemView.ScrollHint.EnsureVisible)

    def _row_changed(self, index: QModelIndex) -> None:
        part_id = index.data(ID_ROLE)
        if part_id:
            self.chosen.emit(part_id)

    def _after_reset(self) -> None:
        self.show_current(self._session.current)
        self._soon.start()

    def _new_folder(self) -> None:
        self._pictures.clear()
        self._asked.clear()
        self._show_splits()

    def _choose_split(self, index: int) -> None:
        self._session.set_split(self._splits.itemData(index))

    def _show_splits(self) -> None:
        splits = self._session.splits
        sizes = self._session.split_sizes
        self._splits.clear()
        self._splits.addItem(f"all · {parts_of(sum(sizes.values()))}", ALL_SPLITS)
        for split in splits:
            self._splits.addItem(f"{split or 'parts'} · {parts_of(sizes[split])}", split)
        self._splits.setCurrentIndex(max(0, self._splits.findData(self._session.split)))
        self._splits.setVisible(len(splits) > 1)

    def _show_counts(self) -> None:
        counts = self._parts.counts
        for verdict, chip in self._chips.items():
            number = counts[verdict]
            chip.setText(f"{_CHIP_WORDS[verdict]} {number:,}")
            chip.setChecked(verdict is self._parts.filter)
            # an empty filter is no choice, but a chosen one stays so that it can be left
            chip.setVisible(verdict is None or number > 0 or verdict is self._parts.filter)

    def _ask_for_pictures(self) -> None:
        ids = [self._parts.id_at(row) for row in self.view.rows_in_sight()]
        missing = [name for name in ids if name and self._pictures.get(name) is None]
        if missing and set(missing) != self._asked:
            # parts without a readable picture are not asked for again and again
            self._asked = set(missing)
            self.wanted.emit(missing)
