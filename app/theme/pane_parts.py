"""What lies on top of every pane of the stage: title tag, words in place of a picture, focus ring."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from PySide6.QtCore import QEvent, QObject, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFocusEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QLabel, QVBoxLayout, QWidget

from app.theme.apply import current, set_text_style
from app.theme.fonts import text_font
from app.theme.icons import paint_icon

MARGIN = 8
VEIL = 0.8
"""How much of a picture words cover that stand upon it."""
_BY_KEYBOARD = (
    Qt.FocusReason.TabFocusReason,
    Qt.FocusReason.BacktabFocusReason,
    Qt.FocusReason.ShortcutFocusReason,
    Qt.FocusReason.OtherFocusReason,
)


class PaneTag(QLabel):
    """A pane's title in a small translucent tag; double click makes the pane fill the stage."""

    maximise_requested = Signal()
    clicked = Signal()

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setProperty("tag", "view")
        self.setFont(text_font("note"))
        self.setTextFormat(Qt.TextFormat.RichText)
        self.move(MARGIN, MARGIN)

    def show_title(self, title: str, detail: str = "") -> None:
        """ "Colour · 2D": the title strong, what follows quieter."""
        quiet = current().view_text2
        tail = f' <span style="color:{quiet}">· {escape(detail)}</span>' if detail else ""
        self.setText(f'<span style="font-weight:600">{escape(title)}</span>{tail}')
        self.adjustSize()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        self.maximise_requested.emit()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        event.accept()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton and self.rect().contains(
            event.position().toPoint()
        ):
            self.clicked.emit()


class PaneReadout(QLabel):
    """Two short lines at a pane's lower right, what is under the mouse."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._pane = parent
        self.setProperty("tag", "view")
        self.setFont(text_font("caption"))
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setAlignment(Qt.AlignmentFlag.AlignRight)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.hide()

    @property
    def lines(self) -> tuple[str, ...]:
        """What stands there; empty when hidden."""
        return () if self.isHidden() else tuple(self.text().split("\n"))

    def show_lines(self, lines: Sequence[str]) -> None:
        """Show the lines that are not empty; none hides the box."""
        text = "\n".join(line for line in lines if line)
        if text and text != self.text():
            self.setText(text)
            self.adjustSize()
        self.setVisible(bool(text))
        self.place()

    def place(self) -> None:
        """Go to the corner; call when the pane changes its size."""
        pane = self._pane
        self.move(pane.width() - self.width() - MARGIN, pane.height() - self.height() - MARGIN)


class PaneMessage(QWidget):
    """Words where a picture is missing: what, why, what to do. Lets the mouse through."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self._glyph = _Glyph(self)
        self._title, self._text, self._cure = QLabel(self), QLabel(self), QLabel(self)
        set_text_style(self._title, "card", "view1")
        set_text_style(self._text, "body", "view2")
        set_text_style(self._cure, "body", "view1")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(24, 24, 24, 24)
        layout.setSpacing(6)
        layout.addStretch()
        layout.addWidget(self._glyph, alignment=Qt.AlignmentFlag.AlignHCenter)
        for label in (self._title, self._text, self._cure):
            label.setAlignment(Qt.AlignmentFlag.AlignHCenter)
            label.setWordWrap(True)
            label.setTextFormat(Qt.TextFormat.PlainText)
            layout.addWidget(label)
        layout.addStretch()
        self._veil = 0.0
        self.hide()

    def show_words(
        self, icon: str, title: str, text: str = "", cure: str = "", *, veil: float = 0.0
    ) -> None:
        """Show the words; `veil` 0..1 covers what lies below."""
        self._glyph.name = icon
        self._glyph.setVisible(bool(icon))
        for label, words in ((self._title, title), (self._text, text), (self._cure, cure)):
            label.setText(words)
            label.setVisible(bool(words))
        self._veil = veil
        self.setAccessibleName(" ".join(filter(None, (title, text, cure))))
        self.show()
        self.raise_()
        self.update()

    @property
    def words(self) -> tuple[str, str, str]:
        """Title, text and cure as they stand there; empty when hidden."""
        if self.isHidden():
            return "", "", ""
        return self._title.text(), self._text.text(), self._cure.text()

    def paintEvent(self, event: QPaintEvent) -> None:
        if self._veil:
            veil = QColor(current().view)
            veil.setAlphaF(self._veil)
            QPainter(self).fillRect(self.rect(), veil)


class _Glyph(QWidget):
    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.name = ""
        self.setFixedSize(QSize(28, 32))

    def paintEvent(self, event: QPaintEvent) -> None:
        if self.name:
            paint_icon(QPainter(self), self.name, QRectF(2, 0, 24, 24), current().view_text2)


class FocusRing(QWidget):
    """Two accent pixels around a pane that has the keyboard; follows its parent's focus and size."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.hide()
        parent.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Resize and isinstance(watched, QWidget):
            self.setGeometry(watched.rect())
        elif isinstance(event, QFocusEvent):
            self.setVisible(event.gotFocus() and event.reason() in _BY_KEYBOARD)
            self.raise_()
        return False

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        pen = QPen(QColor(current().accent), 2)
        pen.setJoinStyle(Qt.PenJoinStyle.MiterJoin)
        painter.setPen(pen)
        painter.drawRect(self.rect().adjusted(1, 1, -1, -1))
