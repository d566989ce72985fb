"""Keeps plain keys for the widget that has the focus: no shortcut takes a letter from a text field."""

from __future__ import annotations

from typing import cast

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QAbstractSlider,
    QAbstractSpinBox,
    QApplication,
    QComboBox,
    QLineEdit,
    QPlainTextEdit,
    QTextEdit,
    QWidget,
)

_WITH_COMMAND = (
    Qt.KeyboardModifier.ControlModifier
    | Qt.KeyboardModifier.AltModifier
    | Qt.KeyboardModifier.MetaModifier
)
_VERTICAL = {Qt.Key.Key_Up, Qt.Key.Key_Down}
_ARROWS = _VERTICAL | {Qt.Key.Key_Left, Qt.Key.Key_Right}
_TEXT = (QLineEdit, QAbstractSpinBox, QTextEdit, QPlainTextEdit)


class KeyGuard(QObject):
    """Watches the widget that has the focus, and only that one: a filter sees every event."""

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        application = QApplication.instance()
        assert isinstance(application, QApplication)
        self._application = application
        application.focusChanged.connect(self._follow)
        self._follow(None, QApplication.focusWidget())

    def stop(self) -> None:
        """Watch nothing any more."""
        self._application.focusChanged.disconnect(self._follow)
        self._follow(QApplication.focusWidget(), None)

    def _follow(self, before: QWidget | None, now: QWidget | None) -> None:
        if before is not None:
            before.removeEventFilter(self)
        if now is not None:
            now.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        is_key = event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent)
        if is_key and belongs_to(watched, cast(QKeyEvent, event)):
            event.accept()
            return True
        return False


def belongs_to(widget: QObject, event: QKeyEvent) -> bool:
    """Whether a key press is the focused widget's own business, so that no shortcut may act on it."""
    if event.modifiers() & _WITH_COMMAND:
        return False
    key = Qt.Key(event.key())
    if isinstance(widget, _TEXT):
        return key != Qt.Key.Key_Escape and not Qt.Key.Key_F1 <= key <= Qt.Key.Key_F35
    if isinstance(widget, QAbstractSlider):
        return key in _ARROWS
    if isinstance(widget, QAbstractItemView | QComboBox):
        return key in _VERTICAL
    return False
