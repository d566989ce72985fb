"""All shortcuts on one page, made from the action table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QScrollArea,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from app.theme.apply import set_text_style
from app.theme.tokens import GAP_L, GAP_S, PADDING


class ShortcutPage(QDialog):
    """Groups of (action, key) in two columns."""

    def __init__(self, groups: Mapping[str, Sequence[tuple[str, str]]], parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle("Shortcuts")
        page = QWidget()
        columns = QHBoxLayout(page)
        columns.setSpacing(4 * GAP_L)
        half = sum(len(rows) + 1 for rows in groups.values()) / 2
        column, filled = _column(columns), 0
        for name, rows in groups.items():
            if filled >= half:
                column.addStretch(1)
                column, filled = _column(columns), 0
            column.addWidget(_group(name, rows))
            column.addSpacing(GAP_L)
            filled += len(rows) + 1
        column.addStretch(1)
        area = QScrollArea()
        area.setWidget(page)
        area.setWidgetResizable(True)
        area.setFrameShape(QFrame.Shape.NoFrame)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(PADDING, PADDING, PADDING, PADDING)
        layout.addWidget(area)
        layout.addWidget(buttons)
        self.resize(760, 700)


def _column(columns: QHBoxLayout) -> QVBoxLayout:
    column = QVBoxLayout()
    column.setSpacing(0)
    columns.addLayout(column, 1)
    return column


def _group(name: str, rows: Sequence[tuple[str, str]]) -> QWidget:
    group = QWidget()
    group.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
    grid = QGridLayout(group)
    grid.setContentsMargins(0, 0, 0, 0)
    grid.setVerticalSpacing(GAP_S)
    grid.setColumnStretch(0, 1)
    title = QLabel(name)
    set_text_style(title, "section", "3")
    grid.addWidget(title, 0, 0, 1, 2)
    for row, (text, key) in enumerate(rows, start=1):
        words, keys = QLabel(text), QLabel(key)
        set_text_style(words, "body", "1")
        set_text_style(keys, "body", "2")
        grid.addWidget(words, row, 0)
        grid.addWidget(keys, row, 1, Qt.AlignmentFlag.AlignRight)
    return group
