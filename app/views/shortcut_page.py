"""All shortcuts on one page, made from the action table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QFrame,
    QGridLayout,
    QLabel,
    QScrollArea,
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
        grid = QGridLayout(page)
        grid.setHorizontalSpacing(4 * GAP_L)
        grid.setVerticalSpacing(GAP_L)
        for place, (name, rows) in enumerate(groups.items()):
            grid.addLayout(_group(name, rows), place // 2, place % 2, Qt.AlignmentFlag.AlignTop)
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
        self.resize(720, 620)


def _group(name: str, rows: Sequence[tuple[str, str]]) -> QGridLayout:
    grid = QGridLayout()
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
    return grid
