"""The table of figures: groups, figures with their interval below, numbers set to be compared."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRectF, Qt
from PySide6.QtGui import QColor, QGuiApplication, QKeyEvent, QKeySequence, QPainter
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
    QWidget,
)

from app.model.figure_rows import DETAIL_ROLE, F1, NAME, SECTION_ROLE, FigureRows
from app.theme.apply import current, theme
from app.theme.fonts import text_font
from app.theme.tokens import TYPE

_ROW, _HEAD = 38, 38


class _FigureDelegate(QStyledItemDelegate):
    """A figure, and its interval below in caption size."""

    def paint(
        self,
        painter: QPainter,
        option: QStyleOptionViewItem,
        index: QModelIndex | QPersistentModelIndex,
    ) -> None:
        tokens = current()
        rect = QRectF(option.rect)
        painter.save()
        painter.fillRect(QRectF(rect.x(), rect.bottom() - 1, rect.width(), 1), QColor(tokens.line))
        is_section, detail = index.data(SECTION_ROLE), index.data(DETAIL_ROLE)
        room = rect.adjusted(4, 0, -4, -1)
        side = Qt.AlignmentFlag(index.data(Qt.ItemDataRole.TextAlignmentRole))
        painter.setFont(text_font("section" if is_section else "note"))
        painter.setPen(QColor(tokens.text3 if is_section else tokens.text1))
        if is_section:
            side = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignBottom
            room = room.adjusted(0, 0, 400, -6)
        elif detail:
            room = room.adjusted(0, 0, 0, -15)
        painter.drawText(room, side, str(index.data()))
        if detail:
            painter.setFont(text_font("caption"))
            painter.setPen(QColor(tokens.text2))
            painter.drawText(rect.adjusted(4, 17, -4, -3), side, detail)
        painter.restore()


class FigureTable(QTableView):
    """As high as its rows: the page around it scrolls."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.rows = FigureRows(self)
        self.setModel(self.rows)
        self.setItemDelegate(_FigureDelegate(self))
        self.setAccessibleName("Figures per map and per type of defect")
        self.setShowGrid(False)
        self.setSelectionMode(QAbstractItemView.SelectionMode.NoSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        for policy in (self.setHorizontalScrollBarPolicy, self.setVerticalScrollBarPolicy):
            policy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setTabKeyNavigation(False)
        self.setWordWrap(False)
        header = self.horizontalHeader()
        # the application's style sheet draws sections in its own font
        header.setStyleSheet(
            f"QHeaderView::section {{ font-size: {TYPE['caption'].size}px; padding: 2px 4px; }}"
        )
        header.setFixedHeight(_HEAD)
        header.setHighlightSections(False)
        header.setSectionsClickable(False)
        header.setMinimumSectionSize(44)
        header.setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
        rows = self.verticalHeader()
        rows.setVisible(False)
        rows.setDefaultSectionSize(_ROW)
        rows.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        self.rows.modelReset.connect(self._fit)
        theme().changed.connect(self.viewport().update)
        self._fit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.matches(QKeySequence.StandardKey.Copy):
            QGuiApplication.clipboard().setText(self.rows.as_text())
        else:
            super().keyPressEvent(event)

    def _fit(self) -> None:
        count = self.rows.rowCount()
        self.clearSpans()
        for row in range(count):
            if self.rows.index(row, NAME).data(SECTION_ROLE):
                self.setSpan(row, NAME, 1, F1 + 1)
        self.setFixedHeight(_HEAD + count * _ROW + 2)
