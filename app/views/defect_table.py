"""The table of defects beside the panes; a selected row is the same defect everywhere."""

from __future__ import annotations

from PySide6.QtCore import (
    QItemSelectionModel,
    QModelIndex,
    QPersistentModelIndex,
    QRectF,
    Qt,
    Signal,
)
from PySide6.QtGui import QColor, QPainter
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
    QWidget,
)

from app.model.defect_rows import (
    AREA,
    HEIGHT,
    NAME,
    NUMBER,
    NUMBER_ROLE,
    SHARE_ROLE,
    SIZE,
    WHY,
    DefectRows,
)
from app.theme.apply import current
from app.theme.fonts import text_font
from app.theme.tokens import TYPE
from inspector_core.types import Defect, LengthUnit

ROW = 28
ROWS_SHOWN = 3
_WIDTHS = {NUMBER: 18, AREA: 50, SIZE: 79, HEIGHT: 45, WHY: 36}
_BAR = 5.0


class WhyDelegate(QStyledItemDelegate):
    """The two-colour bar: colour's share from the left, shape's from the right."""

    def paint(
        self,
        painter: QPainter,
        option: QStyleOptionViewItem,
        index: QModelIndex | QPersistentModelIndex,
    ) -> None:
        tokens = current()
        rect = QRectF(option.rect)
        if option.state & QStyle.StateFlag.State_Selected:
            painter.fillRect(rect.adjusted(0, 0, 0, -1), QColor(tokens.bg3))
        painter.fillRect(QRectF(rect.x(), rect.bottom() - 1, rect.width(), 1), QColor(tokens.line))
        share = index.data(SHARE_ROLE)
        if share is None:
            return
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        bar = QRectF(rect.x() + 5, rect.center().y() - _BAR / 2, rect.width() - 8, _BAR)
        painter.setBrush(QColor(tokens.shape))
        painter.drawRoundedRect(bar, _BAR / 2, _BAR / 2)
        painter.setClipRect(QRectF(bar.x(), bar.y(), bar.width() * share, _BAR))
        painter.setBrush(QColor(tokens.colour))
        painter.drawRoundedRect(bar, _BAR / 2, _BAR / 2)
        painter.restore()


class DefectTable(QTableView):
    """Rows of `DefectRows`. chosen(number) : the user selected a defect, 0 for none."""

    chosen = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.rows = DefectRows(self)
        self.setModel(self.rows)
        self.setItemDelegateForColumn(WHY, WhyDelegate(self))
        self.setFont(text_font("note"))
        self.setAccessibleName("Defects")
        self.setShowGrid(False)
        self.setStyleSheet("QTableView::item { padding: 0 2px; }")
        self.setWordWrap(False)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setTabKeyNavigation(False)
        self._arrange_headers()
        # the panel keeps its height while defects come and go
        self.setFixedHeight(self.horizontalHeader().height() + ROWS_SHOWN * ROW + 1)
        self.selectionModel().currentRowChanged.connect(self._row_changed)

    def _arrange_headers(self) -> None:
        header = self.horizontalHeader()
        # the application's style sheet draws sections in its own font
        header.setStyleSheet(
            f"QHeaderView::section {{ font-size: {TYPE['caption'].size}px; padding: 4px 2px; }}"
        )
        header.setFixedHeight(38)
        header.setHighlightSections(False)
        header.setSectionsClickable(False)
        header.setMinimumSectionSize(20)
        for column in range(WHY + 1):
            stretch = column == NAME
            mode = QHeaderView.ResizeMode.Stretch if stretch else QHeaderView.ResizeMode.Fixed
            header.setSectionResizeMode(column, mode)
            if not stretch:
                header.resizeSection(column, _WIDTHS[column])
        rows = self.verticalHeader()
        rows.setVisible(False)
        rows.setDefaultSectionSize(ROW)
        rows.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)

    def show_defects(self, defects: tuple[Defect, ...], unit: LengthUnit, selected: int) -> None:
        """Replace the rows; the selection is the given number's row."""
        self.rows.show(defects, unit)
        self.show_selected(selected)

    def show_selected(self, number: int) -> None:
        """Select the row of a defect, none for 0."""
        row = next((i for i, d in enumerate(self.rows.defects) if d.number == number), -1)
        selection = self.selectionModel()
        if row == self.currentIndex().row() and (row >= 0 or not selection.hasSelection()):
            return
        blocked = self.blockSignals(True)
        if row < 0:
            selection.clear()
        else:
            flags = QItemSelectionModel.SelectionFlag.ClearAndSelect
            selection.setCurrentIndex(
                self.rows.index(row, 0), flags | QItemSelectionModel.SelectionFlag.Rows
            )
        self.blockSignals(blocked)

    def _row_changed(self, index: QModelIndex) -> None:
        self.chosen.emit(index.data(NUMBER_ROLE) if index.isValid() else 0)
