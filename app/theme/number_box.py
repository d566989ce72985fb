"""Fields for numbers: room at the left edge, and the wheel scrolls the page until they have the focus."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QAbstractSpinBox, QComboBox, QDoubleSpinBox, QSpinBox

_INSET = 6


def _prepare(box: QAbstractSpinBox) -> None:
    box.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
    # the style sheet's padding does not reach the text of a spin box with own buttons
    box.lineEdit().setTextMargins(_INSET, 0, 0, 0)


class NumberBox(QDoubleSpinBox):
    """A decimal number."""

    def __init__(self) -> None:
        super().__init__()
        _prepare(self)

    def wheelEvent(self, event: QWheelEvent) -> None:
        if self.hasFocus():
            super().wheelEvent(event)
        else:
            event.ignore()


class PlainNumberBox(NumberBox):
    """A decimal number of any fineness, written without trailing zeros."""

    def __init__(self) -> None:
        super().__init__()
        self.setDecimals(8)

    def textFromValue(self, value: float) -> str:
        text = f"{value:.8f}".rstrip("0")
        return f"{text}0" if text.endswith(".") else text


class WholeBox(QSpinBox):
    """A whole number."""

    def __init__(self) -> None:
        super().__init__()
        _prepare(self)

    def wheelEvent(self, event: QWheelEvent) -> None:
        if self.hasFocus():
            super().wheelEvent(event)
        else:
            event.ignore()


class ChoiceBox(QComboBox):
    """One of several words."""

    def __init__(self) -> None:
        super().__init__()
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)

    def wheelEvent(self, event: QWheelEvent) -> None:
        if self.hasFocus():
            super().wheelEvent(event)
        else:
            event.ignore()
