"""Mouse and keys of the cloud pane, told as intentions: turn, shift, magnify, point, press."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QPointF, Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent, QWheelEvent
from PySide6.QtWidgets import QWidget

_TURN, _ZOOM_STEP, _WHEEL = 5.0, 1.15, 1.0012
_DEGREES_PER_PX = 0.4
_CLICK_REACH = 4
_PAN_MODIFIERS = Qt.KeyboardModifier.ShiftModifier | Qt.KeyboardModifier.ControlModifier
_TURNS = {
    int(Qt.Key.Key_Left): (_TURN, 0.0),
    int(Qt.Key.Key_Right): (-_TURN, 0.0),
    int(Qt.Key.Key_Up): (0.0, -_TURN),
    int(Qt.Key.Key_Down): (0.0, _TURN),
}
_ZOOMS = {
    int(Qt.Key.Key_Plus): _ZOOM_STEP,
    int(Qt.Key.Key_Equal): _ZOOM_STEP,
    int(Qt.Key.Key_Minus): 1 / _ZOOM_STEP,
}


class Steering(QObject):
    """Watches a widget. Places are in its logical pixels, turns in degrees (spin, tilt).

    Left drag turns; right, middle or Shift + drag shifts; the wheel magnifies; double click centres.
    """

    turned = Signal(float, float)
    shifted = Signal(float, float)
    magnified = Signal(float)
    home = Signal()
    pointed = Signal(QPointF)
    pressed = Signal(QPointF)
    centred = Signal(QPointF)
    left = Signal()

    def __init__(self, widget: QWidget) -> None:
        super().__init__(widget)
        self._widget = widget
        self._last: QPointF | None = None
        self._button = Qt.MouseButton.NoButton
        self._dragged = False
        widget.setMouseTracking(True)
        widget.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        kind = event.type()
        if isinstance(event, QKeyEvent):
            if kind == QEvent.Type.ShortcutOverride and self._is_ours(event):
                # while the cloud has the keyboard the arrows turn it instead of changing the part
                event.accept()
                return True
            return kind == QEvent.Type.KeyPress and self._is_ours(event) and self._key(event.key())
        if isinstance(event, QWheelEvent):
            self.magnified.emit(_WHEEL ** event.angleDelta().y())
            event.accept()
            return True
        if isinstance(event, QMouseEvent):
            return self._mouse(kind, event)
        if kind == QEvent.Type.Leave:
            self.left.emit()
        return False

    def _is_ours(self, event: QKeyEvent) -> bool:
        plain = not event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
        key = event.key()
        return plain and (key in _TURNS or key in _ZOOMS or key == Qt.Key.Key_Home)

    def _key(self, key: int) -> bool:
        if key in _TURNS:
            self.turned.emit(*_TURNS[key])
        elif key in _ZOOMS:
            self.magnified.emit(_ZOOMS[key])
        else:
            self.home.emit()
        return True

    def _mouse(self, kind: QEvent.Type, event: QMouseEvent) -> bool:
        place = event.position()
        if kind == QEvent.Type.MouseButtonPress:
            self._widget.setFocus(Qt.FocusReason.MouseFocusReason)
            self._last, self._button, self._dragged = place, event.button(), False
        elif kind == QEvent.Type.MouseMove and self._last is None:
            self.pointed.emit(place)
        elif kind == QEvent.Type.MouseMove:
            self._drag(place, event.modifiers())
        elif kind == QEvent.Type.MouseButtonRelease:
            was_click = self._last is not None and not self._dragged
            self._last = None
            if was_click and event.button() == Qt.MouseButton.LeftButton:
                self.pressed.emit(place)
        elif kind == QEvent.Type.MouseButtonDblClick:
            self.centred.emit(place)
        else:
            return False
        return True

    def _drag(self, place: QPointF, modifiers: Qt.KeyboardModifier) -> None:
        assert self._last is not None
        step = place - self._last
        if not self._dragged and step.manhattanLength() < _CLICK_REACH:
            return
        self._dragged = True
        self._last = place
        if self._button == Qt.MouseButton.LeftButton and not modifiers & _PAN_MODIFIERS:
            self.turned.emit(-step.x() * _DEGREES_PER_PX, step.y() * _DEGREES_PER_PX)
        else:
            self.shifted.emit(step.x(), step.y())
