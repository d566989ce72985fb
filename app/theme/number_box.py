"""Fields for numbers: room at the left edge, and the wheel scrolls the page until they have the focus."""

from __future__ import annotations

from functools import cache

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtWidgets import QAbstractSpinBox, QComboBox, QDoubleSpinBox, QSpinBox, QWidget

_INSET = 6


class _WheelGuard(QObject):
    """Hands the wheel on to the page behind a field that does not have the focus."""

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() != QEvent.Type.Wheel or not isinstance(watched, QWidget):
            return False
        if watched.hasFocus():
            return False
        event.ignore()
        return True


@cache
def _guard() -> _WheelGuard:
    return _WheelGuard()


def _prepare(field: QAbstractSpinBox | QComboBox) -> None:
    field.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
    field.installEventFilter(_guard())
    if isinstance(field, QAbstractSpinBox):
        # the style sheet's padding does not reach the text of a spin box with own buttons
        field.lineEdit().setTextMargins(_INSET, 0, 0, 0)


class NumberBox(QDoubleSpinBox):
    """A decimal number."""

    def __init__(self) -> None:
        super().__init__()
        _prepare(self)


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


class ChoiceBox(QComboBox):
    """One of several words."""

    def __init__(self) -> None:
        super().__init__()
        _prepare(self)
