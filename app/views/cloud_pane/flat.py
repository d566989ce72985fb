"""The cloud where no 3D can be drawn: a shaded relief seen from the scan's camera."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QImage, QPainter

from app.theme.apply import current
from app.views.cloud_pane.shading import Colouring
from inspector_core.types import Array


class Flat:
    """A `Projection` made with numpy alone; it cannot be turned."""

    def __init__(self) -> None:
        self.version = 0
        self._size = (1, 1)
        self._valid: Array = np.zeros((0, 0), bool)
        self._picture = QImage()

    def show(self, xyz: Array) -> None:
        """Show other points, (H, W, 3) mm; their colours are to follow."""
        self._valid = np.isfinite(xyz[..., 2])
        self.version += 1

    def recolour(self, colouring: Colouring) -> None:
        """Same points, other colours."""
        height, width = self._valid.shape
        colours = colouring.of(np.arange(height * width).reshape(height, width))
        pixels = np.where(self._valid, colours, np.uint32(0))
        form = QImage.Format.Format_ARGB32_Premultiplied
        self._picture = QImage(pixels.data, width, height, 4 * width, form).copy()

    def resize(self, width: int, height: int, ratio: float) -> None:
        """Size of the pane in logical pixels; drawn by Qt, so the ratio plays no part."""
        self._size = (width, height)
        self.version += 1

    def frame(self) -> QImage:
        frame = QImage(*self._size, QImage.Format.Format_RGB32)
        frame.fill(QColor(current().view))
        painter = QPainter(frame)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        painter.drawImage(self._target(), self._picture)
        painter.end()
        return frame

    def place(self, xyz: Array, pixels: Array) -> tuple[Array, Array]:
        target = self._target()
        scale = target.width() / max(self._picture.width(), 1)
        places = (pixels + 0.5) * scale + np.array([target.x(), target.y()])
        return places, np.ones(len(pixels), bool)

    def pixel_at(self, x: float, y: float) -> tuple[int, int] | None:
        target = self._target()
        if not target.contains(x, y):
            return None
        scale = self._picture.width() / target.width()
        column, row = int((x - target.x()) * scale), int((y - target.y()) * scale)
        inside = row < self._valid.shape[0] and column < self._valid.shape[1]
        return (column, row) if inside and self._valid[row, column] else None

    def _target(self) -> QRectF:
        width, height = self._size
        size = self._picture.size().scaled(width, height, Qt.AspectRatioMode.KeepAspectRatio)
        return QRectF(
            (width - size.width()) / 2, (height - size.height()) / 2, size.width(), size.height()
        )
