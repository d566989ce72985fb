"""The one place for problems: sentence, cure, details to unfold and to copy."""

from __future__ import annotations

from html import escape

from PySide6.QtCore import QRectF, Qt, Signal
from PySide6.QtGui import QGuiApplication, QPainter, QPaintEvent
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QPlainTextEdit,
    QPushButton,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from app.model.messages import Entry
from app.theme.apply import current, set_property, set_text_style, theme
from app.theme.fonts import text_font
from app.theme.icons import icon, paint_icon
from app.theme.tokens import GAP_M, GAP_S, PADDING

_ICONS = {"problem": ("warning", "reject"), "note": ("info", "accent")}


class _Mark(QWidget):
    def __init__(self) -> None:
        super().__init__()
        self.tone = "note"
        self.setFixedSize(18, 20)

    def paintEvent(self, event: QPaintEvent) -> None:
        name, role = _ICONS[self.tone]
        painter = QPainter(self)
        paint_icon(painter, name, QRectF(1, 2, 16, 16), getattr(current(), role))
        painter.end()


class MessagePanel(QWidget):
    """Shows one entry of the list. stepped(offset), dismissed() : the user leafs or closes.

    asked(id) : the user wants the action that helps.
    """

    asked = Signal(str)
    stepped = Signal(int)
    dismissed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        set_property(self, "panel", "status")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._entry: Entry | None = None
        self._mark = _Mark()
        self._text, self._place = QLabel(), QLabel()
        self._details = QPlainTextEdit()
        self._details.setReadOnly(True)
        self._details.setFont(text_font("note"))
        self._details.setFixedHeight(120)
        self._details.setAccessibleName("Details")
        self._help = QPushButton()
        self._unfold, self._copy = QPushButton("Details"), QPushButton("Copy")
        self._older, self._newer, self._close = QToolButton(), QToolButton(), QToolButton()
        self._arrange()
        self._connect()
        theme().changed.connect(self._recolour)
        self.hide()

    def _arrange(self) -> None:
        set_text_style(self._text, "body", "1")
        set_text_style(self._place, "note", "2")
        self._text.setWordWrap(True)
        self._text.setTextFormat(Qt.TextFormat.RichText)
        self._text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        for button in (self._unfold, self._copy):
            set_property(button, "kind", "flat")
        self._unfold.setCheckable(True)
        for tool, name, words in (
            (self._older, "chevron-left", "Older message"),
            (self._newer, "chevron-right", "Newer message"),
            (self._close, "x", "Dismiss"),
        ):
            tool.setIcon(icon(name, "text2"))
            tool.setToolTip(words)
            tool.setAccessibleName(words)
        row = QHBoxLayout()
        row.setSpacing(GAP_S)
        row.addWidget(self._mark, 0, Qt.AlignmentFlag.AlignTop)
        row.addWidget(self._text, 1)
        for widget in (
            self._help,
            self._unfold,
            self._copy,
            self._older,
            self._place,
            self._newer,
            self._close,
        ):
            row.addWidget(widget, 0, Qt.AlignmentFlag.AlignTop)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(PADDING, GAP_M, GAP_M, GAP_M)
        layout.setSpacing(GAP_S)
        layout.addLayout(row)
        layout.addWidget(self._details)

    def _connect(self) -> None:
        self._unfold.toggled.connect(self._details.setVisible)
        self._copy.clicked.connect(self._copy_text)
        self._help.clicked.connect(self._ask)
        self._older.clicked.connect(lambda: self.stepped.emit(-1))
        self._newer.clicked.connect(lambda: self.stepped.emit(1))
        self._close.clicked.connect(self.dismissed)

    def show_entry(self, entry: Entry | None, position: tuple[int, int], helps: str = "") -> None:
        """Show an entry, or hide the panel when there is none; `helps` names the action that helps."""
        self._entry = entry
        if entry is None:
            self.hide()
            return
        self._mark.tone = entry.tone
        self._mark.update()
        self._recolour()
        self._details.setPlainText(entry.details)
        self._help.setText(helps)
        self._help.setVisible(bool(helps))
        self._unfold.setVisible(bool(entry.details))
        self._unfold.setChecked(False)
        self._details.setVisible(False)
        place, count = position
        self._place.setText(f"{place} of {count}")
        for widget in (self._older, self._place, self._newer):
            widget.setVisible(count > 1)
        self._older.setEnabled(place > 1)
        self._newer.setEnabled(place < count)
        self.setAccessibleName(" ".join(filter(None, (entry.what, entry.sentence, entry.cure))))
        self.show()

    @property
    def entry(self) -> Entry | None:
        return self._entry

    @property
    def help_button(self) -> QPushButton:
        """The button of the action that helps, hidden where there is none."""
        return self._help

    def _ask(self) -> None:
        if self._entry is not None:
            self.asked.emit(self._entry.action)

    def _recolour(self) -> None:
        entry = self._entry
        if entry is None:
            return
        strong = f"<b>{escape(entry.what)}</b> · " if entry.what else ""
        cure = f' <span style="color:{current().text2}">{escape(entry.cure)}</span>'
        self._text.setText(
            f"{strong}{escape(entry.sentence).replace(chr(10), '<br>')}{cure if entry.cure else ''}"
        )

    def _copy_text(self) -> None:
        if self._entry is not None:
            QGuiApplication.clipboard().setText(self._entry.text)
