"""The cloud as VTK draws it: a coarse frame at once, the complete one when nothing moves."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QObject, QTimer, Signal
from PySide6.QtGui import QColor, QImage

from app.views.cloud_pane.camera import Camera
from app.views.cloud_pane.picking import PickMap
from app.views.cloud_pane.shading import Colouring
from inspector_core.types import Array

if TYPE_CHECKING:
    from app.views.cloud_pane.scene import Scene

REST_MS = 150
_HIDDEN_BEHIND = 0.006


class Solid(QObject):
    """A `Projection` with a camera. `changed` asks for a repaint; `rested` says the frame is complete."""

    changed = Signal()
    rested = Signal()

    def __init__(self, scene: Scene, parent: QObject) -> None:
        super().__init__(parent)
        self._scene = scene
        self._camera = Camera()
        self._width, self._height, self._ratio = 1, 1, 1.0
        self._xyz: Array = np.zeros((0, 0, 3), np.float32)
        self._image = QImage()
        self._depth: Array = np.zeros((1, 1), np.float32)
        self._pick: PickMap | None = None
        self._dirty = True
        self._complete = False
        self._step = 0
        self._rest = QTimer(self, singleShot=True, interval=REST_MS)
        self._rest.timeout.connect(self._start_refining)
        self._tick = QTimer(self, singleShot=True, interval=0)
        self._tick.timeout.connect(self._refine)

    @property
    def camera(self) -> Camera:
        """Where the eye is."""
        return self._camera

    def look(self, camera: Camera) -> None:
        """Move the eye."""
        if camera != self._camera:
            self._camera = camera
            self._invalidate()

    def show(self, xyz: Array, colouring: Colouring) -> None:
        """Show other points, (H, W, 3) mm."""
        self._xyz = xyz
        self._scene.set_points(xyz)
        self.recolour(colouring)

    def recolour(self, colouring: Colouring) -> None:
        """Same points, other colours."""
        self._scene.set_colouring(colouring)
        self._invalidate()

    def set_background(self, colour: QColor) -> None:
        """Colour behind the points."""
        self._scene.set_background(colour.redF(), colour.greenF(), colour.blueF())
        self._invalidate()

    def resize(self, width: int, height: int, ratio: float) -> None:
        """Size of the pane in logical pixels and device pixels per logical one."""
        if (width, height, ratio) != (self._width, self._height, self._ratio):
            self._width, self._height, self._ratio = width, height, ratio
            self._invalidate()

    @property
    def complete(self) -> bool:
        """True when every point is in the picture."""
        return self._complete

    def frame(self) -> QImage:
        if self._dirty:
            self._dirty = False
            self._draw(0, coarse=self._scene.steps > 1)
            self._take()
            self._complete = self._scene.steps <= 1
            if self._complete:
                self.rested.emit()
            else:
                self._rest.start()
        return self._image

    def place(self, xyz: Array, pixels: Array) -> tuple[Array, Array]:
        placed = self._camera.project(xyz, self._width, self._height)
        rows, columns = self._device(placed[:, 1]), self._device(placed[:, 0])
        height, width = self._depth.shape
        inside = (rows >= 0) & (rows < height) & (columns >= 0) & (columns < width)
        drawn = np.full(len(xyz), np.inf, np.float32)
        drawn[inside] = self._depth[rows[inside], columns[inside]]
        seen = np.isfinite(placed[:, 2]) & (placed[:, 2] <= drawn * (1 + _HIDDEN_BEHIND))
        return placed[:, :2], seen

    def pixel_at(self, x: float, y: float) -> tuple[int, int] | None:
        if not self._complete:
            return None
        if self._pick is None:
            points = self._xyz.reshape(-1, 3)
            self._pick = PickMap(points, self._camera, self._depth, self._ratio)
        number = self._pick.at(x, y)
        return (
            None if number is None else (number % self._xyz.shape[1], number // self._xyz.shape[1])
        )

    def close(self) -> None:
        """Stop the timers and give the render window back."""
        self._rest.stop()
        self._tick.stop()
        self._scene.close()

    def _device(self, logical: Array) -> Array:
        return np.nan_to_num(np.floor(logical * self._ratio), nan=-1.0, posinf=-1.0).astype(
            np.int64
        )

    def _invalidate(self) -> None:
        self._dirty = True
        self._complete = False
        self._pick = None
        self._rest.stop()
        self._tick.stop()
        self.changed.emit()

    def _draw(self, step: int, *, coarse: bool) -> None:
        width, height = round(self._width * self._ratio), round(self._height * self._ratio)
        self._scene.draw(self._camera, max(width, 1), max(height, 1), step, coarse=coarse)

    def _take(self) -> None:
        pixels = self._scene.read()
        height, width = pixels.shape[:2]
        image = QImage(pixels.data, width, height, 4 * width, QImage.Format.Format_RGBX8888)
        self._image = image.convertToFormat(QImage.Format.Format_RGB32)
        self._image.setDevicePixelRatio(self._ratio)
        self._depth = self._scene.read_depth()

    def _start_refining(self) -> None:
        self._step = 0
        self._refine()

    def _refine(self) -> None:
        """One subset a turn of the event loop; the picture is exchanged when all are drawn."""
        self._draw(self._step, coarse=False)
        self._step += 1
        if self._step < self._scene.steps:
            self._tick.start()
            return
        self._take()
        self._complete = True
        self.changed.emit()
        self.rested.emit()
