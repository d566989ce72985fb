"""Puts a theme on the application and tells the views when it changes."""

from __future__ import annotations

from functools import cache
from typing import Literal

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QColor, QGuiApplication, QPalette
from PySide6.QtWidgets import QApplication, QLabel, QStyleFactory, QWidget

from app.theme.fonts import load_fonts, text_font
from app.theme.style_sheet import style_sheet
from app.theme.tokens import DARK, THEMES, Tokens

ThemeName = Literal["dark", "light", "system"]


class Theme(QObject):
    """The theme in force. `changed` carries the new tokens, after palette and style sheet are set."""

    changed = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self.tokens: Tokens = DARK
        self.choice: ThemeName = "dark"
        self._follows = False

    def choose(self, app: QApplication, choice: ThemeName) -> None:
        """Apply "dark" or "light", or follow the system from now on."""
        self.choice = choice
        if not self._follows:
            QGuiApplication.styleHints().colorSchemeChanged.connect(self._system_changed)
            self._follows = True
        self._apply(app, system_theme() if choice == "system" else choice)

    def _system_changed(self) -> None:
        app = QApplication.instance()
        if self.choice == "system" and isinstance(app, QApplication):
            self._apply(app, system_theme())

    def _apply(self, app: QApplication, name: str) -> None:
        self.tokens = THEMES[name]
        app.setStyle(QStyleFactory.create("Fusion"))
        app.setPalette(palette(self.tokens))
        app.setFont(text_font("body"))
        app.setStyleSheet(style_sheet(self.tokens))
        self.changed.emit(self.tokens)


@cache
def theme() -> Theme:
    """The one theme of the program; its `changed` signal is for pictures that paint by themselves."""
    return Theme()


def current() -> Tokens:
    """The tokens in force."""
    return theme().tokens


def apply_theme(app: QApplication, choice: ThemeName = "system") -> None:
    """Fonts, Fusion, palette and style sheet; may be called again at any time."""
    load_fonts()
    theme().choose(app, choice)


def system_theme() -> str:
    """ "light" or "dark" as the desktop says; dark where it says nothing."""
    scheme = QGuiApplication.styleHints().colorScheme()
    return "light" if scheme == Qt.ColorScheme.Light else "dark"


def palette(tokens: Tokens) -> QPalette:
    """What Fusion draws itself: check marks, disabled texts, selections, tool tips."""
    role = QPalette.ColorRole
    colours = {
        role.Window: tokens.bg1,
        role.WindowText: tokens.text1,
        role.Base: tokens.bg2,
        role.AlternateBase: tokens.bg1,
        role.Text: tokens.text1,
        role.PlaceholderText: tokens.text3,
        role.Button: tokens.bg2,
        role.ButtonText: tokens.text1,
        role.BrightText: tokens.on_accent,
        role.ToolTipBase: tokens.bg3,
        role.ToolTipText: tokens.text1,
        role.Highlight: tokens.accent,
        role.HighlightedText: tokens.on_accent,
        role.Accent: tokens.accent,
        role.Link: tokens.accent,
        role.LinkVisited: tokens.accent,
        role.Light: tokens.bg3,
        role.Midlight: tokens.bg2,
        role.Mid: tokens.line,
        role.Dark: tokens.line,
        role.Shadow: tokens.bg0,
    }
    made = QPalette()
    for which, colour in colours.items():
        made.setColor(which, QColor(colour))
    for which in (role.WindowText, role.Text, role.ButtonText, role.HighlightedText):
        made.setColor(QPalette.ColorGroup.Disabled, which, QColor(tokens.text_disabled))
    made.setColor(QPalette.ColorGroup.Disabled, role.Highlight, QColor(tokens.bg3))
    return made


def set_text_style(label: QLabel, style: str, tone: str = "1") -> None:
    """Give a label a size of the type scale and a tone: "1" main, "2" secondary, "3" caption."""
    label.setFont(text_font(style))
    set_property(label, "tone", tone)


def set_property(widget: QWidget, name: str, value: str) -> None:
    """Set a property that the style sheet looks at, and repaint by it."""
    if widget.property(name) != value:
        widget.setProperty(name, value)
        widget.style().unpolish(widget)
        widget.style().polish(widget)
