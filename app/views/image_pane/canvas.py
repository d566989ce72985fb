"""The zoomable surface of an image pane: which part of the picture is seen, and how the mouse moves it."""

from __future__ import annotations

import pyqtgraph as pg
from pyqtgraph.GraphicsScene.mouseEvents import MouseClickEvent, MouseDragEvent
from PySide6.QtCore import QEvent, QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QMouseEvent, QResizeEvent
from PySide6.QtWidgets import QGraphicsItem, QGraphicsSceneWheelEvent, QWidget

from app.views.image_pane.view import View

pg.setConfigOptions(imageAxisOrder="row-major")

_WHEEL = 1.0015
_CLOSEST = 60.0


class _Box(pg.ViewBox):
    """Hands the gestures to the canvas instead of moving itself, so that linked panes agree."""

    def __init__(self, canvas: Canvas) -> None:
        super().__init__(
            invertY=True, lockAspect=True, enableMenu=False, enableMouse=False, defaultPadding=0
        )
        self.disableAutoRange()
        self._canvas = canvas

    def wheelEvent(self, event: QGraphicsSceneWheelEvent, axis: int | None = None) -> None:
        place = self.mapSceneToView(event.scenePos())
        self._canvas.zoom_about(place.x(), place.y(), _WHEEL ** event.delta())
        event.accept()

    def mouseDragEvent(self, event: MouseDragEvent, axis: int | None = None) -> None:
        if event.button() not in (Qt.MouseButton.LeftButton, Qt.MouseButton.MiddleButton):
            event.ignore()
            return
        event.accept()
        now = self.mapSceneToView(event.scenePos())
        before = self.mapSceneToView(event.lastScenePos())
        self._canvas.move_by(before.x() - now.x(), before.y() - now.y())

    def mouseClickEvent(self, event: MouseClickEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            place = self.mapSceneToView(event.scenePos())
            self._canvas.clicked.emit(place.x(), place.y(), event.scenePos())
            event.accept()


class Canvas(pg.GraphicsView):
    """Shows a rectangle of the picture; the view survives resizing and a change of part."""

    hovered = Signal(float, float)
    left = Signal()
    clicked = Signal(float, float, QPointF)
    moved = Signal()
    """Whatever the reason: user, link, resizing."""
    steered = Signal(object)
    """The user moved: carries the View."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._home = QRectF(-0.5, -0.5, 1, 1)
        self._view = View(0.0, 0.0)
        self._box = _Box(self)
        self.setCentralItem(self._box)

    def add(self, item: QGraphicsItem) -> None:
        """Put an item on the picture, in pixel coordinates."""
        self._box.addItem(item, ignoreBounds=True)

    @property
    def view(self) -> View:
        """What is seen now."""
        return self._view

    def set_home(self, home: QRectF) -> None:
        """The rectangle that the home view shows, in pixels."""
        self._home = home

    def home_view(self) -> View:
        """The view that shows the home rectangle whole."""
        centre = self._home.center()
        return View(centre.x(), centre.y())

    def pixels_per_px(self) -> float:
        """Logical screen pixels for one picture pixel."""
        return self._fit_scale() * self._view.zoom

    def look(self, view: View) -> None:
        """Show a view without telling the linked panes."""
        self._view = view
        scale = self.pixels_per_px()
        width, height = self.width() / scale, self.height() / scale
        rect = QRectF(view.x - width / 2, view.y - height / 2, width, height)
        self._box.setRange(rect, padding=0, disableAutoRange=True)
        self.moved.emit()

    def look_at(self, rect: QRectF) -> View:
        """The view that shows a rectangle with room around it."""
        scale = min(self.width() / rect.width(), self.height() / rect.height())
        centre = rect.center()
        return View(centre.x(), centre.y(), self._bounded(scale / self._fit_scale()))

    def zoom_about(self, x: float, y: float, factor: float) -> None:
        """Magnify; the given pixel stays where it is on the screen."""
        zoom = self._bounded(self._view.zoom * factor)
        keep = self._view.zoom / zoom
        self._steer(View(x + (self._view.x - x) * keep, y + (self._view.y - y) * keep, zoom))

    def zoom_centre(self, factor: float) -> None:
        """Magnify about the middle of the pane."""
        self.zoom_about(self._view.x, self._view.y, factor)

    def move_by(self, dx: float, dy: float) -> None:
        """Shift the view by picture pixels."""
        self._steer(View(self._view.x + dx, self._view.y + dy, self._view.zoom))

    def to_screen(self, x: float, y: float) -> QPointF:
        """Where a pixel is on the pane, in logical pixels."""
        return QPointF(self._box.mapViewToScene(QPointF(x, y)))

    def _steer(self, view: View) -> None:
        self.look(view)
        self.steered.emit(view)

    def _fit_scale(self) -> float:
        return max(
            1e-6,
            min(
                max(self.width(), 1) / self._home.width(),
                max(self.height(), 1) / self._home.height(),
            ),
        )

    def _bounded(self, zoom: float) -> float:
        return min(max(zoom, 0.4), max(_CLOSEST / self._fit_scale(), 1.0))

    def resizeEvent(self, event: QResizeEvent | None) -> None:
        super().resizeEvent(event)
        if hasattr(self, "_box"):
            self.look(self._view)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        super().mouseMoveEvent(event)
        place = self._box.mapSceneToView(self.mapToScene(event.position().toPoint()))
        self.hovered.emit(place.x(), place.y())

    def leaveEvent(self, event: QEvent) -> None:
        super().leaveEvent(event)
        self.left.emit()
