"""The large buttons of the start page, and the frame that things are dropped on."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFocusEvent, QKeySequence, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QAbstractButton, QSizePolicy, QWidget

from app.theme.apply import current, theme
from app.theme.drawing import paint_paragraph
from app.theme.fonts import text_font
from app.theme.icons import paint_icon
from app.theme.tokens import RADIUS_CARD

_CARD_PADDING = 19


class Card(QAbstractButton):
    """A large button: title, two or three lines, its key."""

    def __init__(self, icon: str, title: str, words: str, key: str) -> None:
        super().__init__()
        self._icon, self._title, self._words = icon, title, words
        self._key = QKeySequence(key).toString(QKeySequence.SequenceFormat.NativeText)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)
        self.setAccessibleName(title)
        self.setAccessibleDescription(words)
        self.setToolTip(f"{title} ({self._key})")
        theme().changed.connect(self.update)

    def sizeHint(self) -> QSize:
        return QSize(284, 150)

    def paintEvent(self, event: QPaintEvent) -> None:
        tokens = current()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        lit = self.hasFocus() or self.underMouse()
        edge = 2.0 if self.hasFocus() else 1.0
        painter.setPen(QPen(QColor(tokens.accent if lit else tokens.line), edge))
        painter.setBrush(QColor(tokens.bg3 if self.isDown() else tokens.bg1))
        inset = edge / 2
        box = QRectF(self.rect()).adjusted(inset, inset, -inset, -inset)
        painter.drawRoundedRect(box, RADIUS_CARD, RADIUS_CARD)
        inside = QRectF(self.rect()).adjusted(_CARD_PADDING, 18, -_CARD_PADDING, -18)
        paint_icon(
            painter, self._icon, QRectF(inside.right() - 16, inside.top() + 2, 16, 16), tokens.text3
        )
        painter.setFont(text_font("card"))
        painter.setPen(QColor(tokens.text1))
        painter.drawText(
            inside, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop, self._title
        )
        painter.setPen(QColor(tokens.text2))
        paint_paragraph(painter, inside.adjusted(0, 30, 0, 0), self._words, "body")
        painter.setFont(text_font("note"))
        painter.setPen(QColor(tokens.text3))
        painter.drawText(
            inside, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignBottom, self._key
        )

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        self.update()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self.update()


class DropTarget(QWidget):
    """A dashed frame that says what may be dropped; lit while something is held over the page."""

    def __init__(self) -> None:
        super().__init__()
        self._awaiting = False
        self.setFixedHeight(60)
        self.setAccessibleName("Drop a folder, a part or a recipe here")

    def set_awaiting(self, awaiting: bool) -> None:
        self._awaiting = awaiting
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        tokens = current()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        pen = QPen(QColor(tokens.accent if self._awaiting else tokens.line), 1.0)
        pen.setDashPattern([4, 3])
        painter.setPen(pen)
        painter.drawRoundedRect(
            QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), RADIUS_CARD, RADIUS_CARD
        )
        painter.setFont(text_font("body"))
        painter.setPen(QColor(tokens.text1 if self._awaiting else tokens.text3))
        words = "drop it" if self._awaiting else "or drop a folder, a part or a recipe here"
        painter.drawText(self.rect(), Qt.AlignmentFlag.AlignCenter, words)
