"""What was open lately: one line each, and a button that forgets them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial

from PySide6.QtCore import QDate, QLocale, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QAbstractButton, QPushButton, QVBoxLayout, QWidget

from app.model.recent import RecentItem
from app.theme.apply import current, set_property, theme
from app.theme.fonts import text_font
from app.theme.icons import paint_icon
from app.theme.tokens import RADIUS_CONTROL, TYPE

_ROW = 36


class RecentList(QWidget):
    """The list of what was open lately; not there while it is empty."""

    chosen = Signal(object)
    cleared = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.setSpacing(0)
        self.hide()

    def show_items(self, items: Sequence[RecentItem]) -> None:
        """Newest first; what is gone stands greyed."""
        while (entry := self._layout.takeAt(0)) is not None:
            widget = entry.widget()
            if widget is not None:
                widget.hide()
                widget.deleteLater()
        for item in items:
            row = _Row(item)
            row.clicked.connect(partial(self._choose, item))
            self._layout.addWidget(row)
        if items:
            clear = QPushButton("Clear this list")
            set_property(clear, "kind", "link")
            clear.setFont(text_font("note"))
            clear.clicked.connect(self.cleared)
            self._layout.addSpacing(8)
            self._layout.addWidget(clear, 0, Qt.AlignmentFlag.AlignRight)
        self.setVisible(bool(items))

    def _choose(self, item: RecentItem, _checked: bool = False) -> None:
        self.chosen.emit(item)


class _Row(QAbstractButton):
    """One line: name, what it holds, when."""

    def __init__(self, item: RecentItem) -> None:
        super().__init__()
        self._item = item
        self._exists = item.exists
        self._when = when_words(item.when, datetime.now().astimezone())
        self.setFixedHeight(_ROW)
        self.setEnabled(self._exists)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)
        self.setAccessibleName(f"{item.kind} {item.name}, {self._note()}, {self._when}")
        self.setToolTip(item.path)
        theme().changed.connect(self.update)

    def _note(self) -> str:
        return self._item.note if self._exists else "not there any more"

    def paintEvent(self, event: QPaintEvent) -> None:
        tokens = current()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if self.underMouse() and self._exists:
            painter.fillRect(self.rect(), QColor(tokens.bg3))
        painter.fillRect(QRectF(0, _ROW - 1, self.width(), 1), QColor(tokens.line))
        icon = "recipe" if self._item.kind == "recipe" else "folder-open"
        faint = tokens.text_disabled
        paint_icon(painter, icon, QRectF(6, 10, 16, 16), tokens.text3 if self._exists else faint)
        for style, colour, left, right, side, words in (
            ("strong", tokens.text1, 30, 230, Qt.AlignmentFlag.AlignLeft, self._item.name),
            (
                "body",
                tokens.text2,
                238,
                self.width() - 190,
                Qt.AlignmentFlag.AlignLeft,
                self._note(),
            ),
            (
                "body",
                tokens.text3,
                self.width() - 180,
                self.width() - 6,
                Qt.AlignmentFlag.AlignRight,
                self._when,
            ),
        ):
            painter.setFont(text_font(style))
            painter.setPen(QColor(colour if self._exists else faint))
            room = QRectF(left, 0, right - left, _ROW - 1)
            text = painter.fontMetrics().elidedText(
                words, Qt.TextElideMode.ElideMiddle, int(room.width())
            )
            painter.drawText(room, side | Qt.AlignmentFlag.AlignVCenter, text)
        if self.hasFocus():
            painter.setPen(QPen(QColor(tokens.accent), 2))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(
                QRectF(self.rect()).adjusted(1, 1, -1, -1), RADIUS_CONTROL, RADIUS_CONTROL
            )

    def sizeHint(self) -> QSize:
        return QSize(400, TYPE["body"].line * 2)


def when_words(when: datetime, now: datetime) -> str:
    """ "today 16:40", "yesterday 16:40", or the date, in this computer's words."""
    day = {now.date(): "today", (now - timedelta(days=1)).date(): "yesterday"}.get(when.date())
    if day is not None:
        return f"{day} {when:%H:%M}"
    pattern = "d MMM" if when.year == now.year else "d MMM yyyy"
    return QLocale().toString(QDate(when.year, when.month, when.day), pattern)
