"""The cloud as VTK draws it: a coarse frame at once, the complete one when nothing moves."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QObject, QTimer, Signal
from PySide6.QtGui import QColor, QImage

from app.views.cloud_pane.camera import Camera
from app.views.cloud_pane.shading import Colouring
from inspector_core.types import Array

if TYPE_CHECKING:
    from app.views.cloud_pane.scene import Scene

REST_MS = 150
_HIDDEN_BEHIND = 0.006
_REACH = 4


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
        self._background = 0
        self._colouring: Colouring | None = None
        self._numbers: Array = np.full((1, 1), -1, np.int32)
        self._image: QImage | None = None
        self.version = 0
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

    def show(self, xyz: Array) -> None:
        """Show other points, (H, W, 3) mm; their colours are to follow."""
        self._xyz = xyz
        self._scene.set_points(xyz)
        # the numbers of the points before mean nothing any more
        self._numbers = np.full_like(self._numbers, -1)
        self._colouring = None
        self._invalidate()

    def recolour(self, colouring: Colouring) -> None:
        """Same points, other colours in the next frame: nothing is drawn anew."""
        self._colouring = colouring
        self._image = None

    def set_background(self, colour: QColor) -> None:
        """Colour where there is no point."""
        self._background = colour.rgb()
        self._image = None
        self.changed.emit()

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
        if self._image is None:
            self._image = self._coloured()
        return self._image

    def place(self, xyz: Array, pixels: Array) -> tuple[Array, Array]:
        placed = self._camera.project(xyz, self._width, self._height)
        rows, columns = self._device(placed[:, 1]), self._device(placed[:, 0])
        height, width = self._numbers.shape
        inside = (rows >= 0) & (rows < height) & (columns >= 0) & (columns < width)
        before = np.full(len(xyz), np.inf)
        there = self._numbers[rows[inside], columns[inside]]
        seen = self._xyz.reshape(-1, 3)[there].astype(np.float64)
        # where nothing was drawn, nothing can hide a point
        before[inside] = np.where(there >= 0, self._camera.to_eye(seen)[:, 2], np.inf)
        visible = np.isfinite(placed[:, 2]) & (placed[:, 2] <= before * (1 + _HIDDEN_BEHIND))
        return placed[:, :2], visible

    def pixel_at(self, x: float, y: float) -> tuple[int, int] | None:
        reach = round(_REACH * self._ratio)
        row, column = int(y * self._ratio), int(x * self._ratio)
        top, left = max(row - reach, 0), max(column - reach, 0)
        window = self._numbers[top : row + reach + 1, left : column + reach + 1]
        rows, columns = np.nonzero(window >= 0)
        if not len(rows):
            return None
        nearest = np.argmin((rows + top - row) ** 2 + (columns + left - column) ** 2)
        number = int(window[rows[nearest], columns[nearest]])
        return number % self._xyz.shape[1], number // self._xyz.shape[1]

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
        self._rest.stop()
        self._tick.stop()
        self.changed.emit()

    def _draw(self, step: int, *, coarse: bool) -> None:
        width, height = round(self._width * self._ratio), round(self._height * self._ratio)
        self._scene.draw(self._camera, max(width, 1), max(height, 1), step, coarse=coarse)

    def _take(self) -> None:
        self._numbers = self._scene.read() if self._scene.steps else np.full((1, 1), -1, np.int32)
        self._image = None
        self.version += 1

    def _coloured(self) -> QImage:
        numbers = self._numbers
        if self._colouring is None or not self._xyz.size:
            pixels: Array = np.full(numbers.shape, self._background, np.uint32)
        else:
            pixels = self._colouring.of(numbers)
            pixels[numbers < 0] = self._background
        height, width = pixels.shape
        image = QImage(pixels.data, width, height, 4 * width, QImage.Format.Format_RGB32).copy()
        image.setDevicePixelRatio(self._ratio)
        return image

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
