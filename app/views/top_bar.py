"""Where I am, command search, and the four actions of a day."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction, QFontMetrics, QResizeEvent
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QMenu,
    QPushButton,
    QSizePolicy,
    QToolButton,
    QWidget,
)

from app.theme.apply import set_property, set_text_style
from app.theme.fonts import text_font
from app.theme.icons import icon
from app.theme.tokens import GAP_L, GAP_S, TOP_BAR


class Breadcrumb(QLabel):
    """ "folder › split › part", elided in the middle when room is short; the last word is strong."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        set_text_style(self, "body", "2")
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self._words: tuple[str, ...] = ()

    def show_words(self, words: Sequence[str]) -> None:
        """The path's words, outermost first."""
        self._words = tuple(word for word in words if word)
        self.setToolTip("  ›  ".join(self._words))
        self.setAccessibleName(" in ".join(reversed(self._words)))
        self._elide()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._elide()

    def _elide(self) -> None:
        if not self._words:
            self.setText("")
            return
        *outer, last = self._words
        strong = QFontMetrics(text_font("strong"))
        plain = QFontMetrics(text_font("body"))
        room = self.width() - strong.horizontalAdvance(last) - 8
        path = "".join(f"{word}  ›  " for word in outer)
        path = plain.elidedText(path, Qt.TextElideMode.ElideLeft, max(0, room))
        if plain.horizontalAdvance(path) > max(0, room):
            path = ""
        last = strong.elidedText(last, Qt.TextElideMode.ElideMiddle, self.width())
        self.setTextFormat(Qt.TextFormat.RichText)
        self.setText(f"{_escaped(path)}<b>{_escaped(last)}</b>")


class TopBar(QWidget):
    """Buttons are actions; one of them at a time is accented."""

    def __init__(
        self,
        actions: Mapping[str, QAction],
        search: QAction,
        search_key: str,
        menu: QMenu,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        set_property(self, "panel", "bar")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setFixedHeight(TOP_BAR)
        self.breadcrumb = Breadcrumb()
        self.buttons: dict[str, QPushButton] = {}
        self.menu_button = QToolButton()
        self.menu_button.setIcon(icon("menu"))
        self.menu_button.setMenu(menu)
        self.menu_button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.menu_button.setAccessibleName("Menu")
        self.menu_button.setToolTip("Menu")
        self._search = self._search_button(search, search_key)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(8, 0, 12, 0)
        layout.setSpacing(GAP_S)
        layout.addWidget(self.menu_button)
        layout.addSpacing(2)
        layout.addWidget(self.breadcrumb, 1)
        layout.addWidget(self._search)
        layout.addSpacing(GAP_L)
        for action_id, action in actions.items():
            layout.addWidget(self._button(action_id, action))

    def show_primary(self, action_id: str) -> None:
        """Accent the next sensible action."""
        for name, button in self.buttons.items():
            set_property(button, "kind", "primary" if name == action_id else "")

    def _button(self, action_id: str, action: QAction) -> QPushButton:
        button = QPushButton(action.text().rstrip("…"))
        button.setToolTip(action.toolTip())
        button.setEnabled(action.isEnabled())
        button.clicked.connect(action.trigger)
        action.enabledChanged.connect(button.setEnabled)
        self.buttons[action_id] = button
        return button

    def _search_button(self, action: QAction, key: str) -> QPushButton:
        button = QPushButton()
        set_property(button, "kind", "flat")
        button.setToolTip(action.toolTip())
        button.setAccessibleName(action.text())
        button.clicked.connect(action.trigger)
        words, keys = QLabel(action.text()), QLabel(key)
        set_text_style(words, "body", "2")
        set_text_style(keys, "caption", "3")
        row = QHBoxLayout(button)
        row.setContentsMargins(GAP_S, 0, GAP_S, 0)
        row.setSpacing(GAP_S)
        row.addWidget(words)
        row.addWidget(keys)
        for label in (words, keys):
            label.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        # a button does not ask its layout for its size
        button.setMinimumWidth(row.sizeHint().width())
        return button


def _escaped(text: str) -> str:
    # rich text folds spaces
    return escape(text).replace(" ", "&nbsp;")
