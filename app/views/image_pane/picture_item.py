"""A picture with its map on top, drawn at the resolution of the screen.

Picture and map are kept as bytes and scaled once per view to the pixels that are visible; a new colour
table therefore only recolours what is on the screen, whatever the size of the part.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PySide6.QtCore import QPointF, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QTransform
from PySide6.QtWidgets import QGraphicsItem, QStyleOptionGraphicsItem, QWidget

from app.theme.apply import current
from inspector_core.types import Array

# from this many screen pixels a picture element on, its square is shown as it is
_SQUARES_FROM = 3.5
_HATCH_PERIOD, _HATCH_WIDTH = 6.0, 1.3


@dataclass(frozen=True, slots=True)
class _Crop:
    """The visible part: pixels of the source, and where they go on the screen (device pixels)."""

    source: QRect
    target: QRect
    smooth: bool


class PictureItem(QGraphicsItem):
    """Base picture, map, and hatching where a measurement is missing; integer = pixel centre."""

    def __init__(self) -> None:
        super().__init__()
        self._base: QImage | None = None
        self._map: QImage | None = None
        self._missing: QImage | None = None
        self._table: Array = np.zeros(256, np.uint32)
        self._scaled: dict[str, QImage] = {}
        self._coloured: QImage | None = None
        self._crop: _Crop | None = None
        self._map_visible = True

    @property
    def size(self) -> QSize:
        """Width and height in source pixels; empty without a picture."""
        return QSize() if self._base is None else self._base.size()

    def set_base(self, pixels: Array | None) -> None:
        """(H, W, 3) or (H, W) uint8, or None."""
        self.prepareGeometryChange()
        self._base = None if pixels is None else _image(pixels)
        self._forget("base")

    def set_map(self, rows: Array | None) -> None:
        """(H, W) uint8 rows of the colour table, or None."""
        self._map = None if rows is None else _image(rows)
        self._forget("map")

    def set_missing(self, mask: Array | None) -> None:
        """(H, W) bool, where hatching shows that nothing was measured, or None."""
        present = mask is not None and mask.any()
        self._missing = (
            _image(mask.astype(np.uint8) * 255) if present and mask is not None else None
        )
        self._forget("missing")

    def set_table(self, table: Array) -> None:
        """(256, 4) uint8 RGBA."""
        self._table = _premultiplied(table)
        self._coloured = None
        if self._map is not None:
            self.update()

    def set_map_visible(self, visible: bool) -> None:
        """Show or hide the map; the picture stays."""
        self._map_visible = visible
        self.update()

    def _forget(self, layer: str) -> None:
        self._scaled.pop(layer, None)
        self.update()

    def boundingRect(self) -> QRectF:
        size = self.size
        return QRectF(-0.5, -0.5, max(size.width(), 1), max(size.height(), 1))

    def paint(
        self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None
    ) -> None:
        if self._base is None or widget is None:
            return
        ratio = widget.devicePixelRatioF()
        crop = self._visible(painter.worldTransform(), widget, ratio)
        if crop is None:
            return
        if crop != self._crop:
            self._scaled.clear()
            self._crop = crop
        painter.save()
        painter.setWorldTransform(QTransform())
        corner = QPointF(crop.target.x() / ratio, crop.target.y() / ratio)
        for image in self._layers(crop, ratio):
            image.setDevicePixelRatio(ratio)
            painter.drawImage(corner, image)
        painter.restore()

    def _layers(self, crop: _Crop, ratio: float) -> list[QImage]:
        layers = [self._fitted("base", self._base, crop)]
        if self._map is not None and self._map_visible:
            if self._coloured is None or "map" not in self._scaled:
                self._coloured = _coloured(self._fitted("map", self._map, crop), self._table)
            layers.append(self._coloured)
        if self._missing is not None:
            if "missing" not in self._scaled:
                mask = _scale(self._missing, crop)
                self._scaled["missing"] = _hatched(mask, ratio)
            layers.append(self._scaled["missing"])
        return layers

    def _fitted(self, layer: str, image: QImage | None, crop: _Crop) -> QImage:
        assert image is not None
        if layer not in self._scaled:
            self._scaled[layer] = _scale(image, crop)
        return self._scaled[layer]

    def _visible(self, transform: QTransform, widget: QWidget, ratio: float) -> _Crop | None:
        inverse, invertible = transform.inverted()
        if not invertible:
            return None
        seen = inverse.mapRect(QRectF(widget.rect())) & self.boundingRect()
        if seen.isEmpty():
            return None
        source = seen.translated(0.5, 0.5).toAlignedRect() & QRect(QPointF().toPoint(), self.size)
        place = transform.mapRect(QRectF(source).translated(-0.5, -0.5))
        left, top = round(place.left() * ratio), round(place.top() * ratio)
        right, bottom = round(place.right() * ratio), round(place.bottom() * ratio)
        target = QRect(left, top, max(right - left, 1), max(bottom - top, 1))
        smooth = target.width() < _SQUARES_FROM * source.width()
        return _Crop(source, target, smooth)


def _image(pixels: Array) -> QImage:
    pixels = np.ascontiguousarray(pixels)
    colour = pixels.ndim == 3
    form = QImage.Format.Format_RGB888 if colour else QImage.Format.Format_Grayscale8
    height, width = pixels.shape[:2]
    image = QImage(pixels.data, width, height, pixels.strides[0], form)
    return image.convertToFormat(QImage.Format.Format_RGB32) if colour else image.copy()


def _scale(image: QImage, crop: _Crop) -> QImage:
    whole = crop.source == image.rect()
    part = image if whole else image.copy(crop.source)
    grey = image.format() == QImage.Format.Format_Grayscale8
    target = crop.target.size()
    small = 2 * target.width() <= part.width() and 2 * target.height() <= part.height()
    if grey and crop.smooth and small:
        part = _halved(part)
    mode = (
        Qt.TransformationMode.SmoothTransformation
        if crop.smooth
        else Qt.TransformationMode.FastTransformation
    )
    scaled = part.scaled(target, Qt.AspectRatioMode.IgnoreAspectRatio, mode)
    return scaled.convertToFormat(image.format())


def _halved(image: QImage) -> QImage:
    """Means of 2 x 2 pixels: several times quicker than to let Qt average all of them."""
    rows = _rows(image).astype(np.uint16)
    height, width = rows.shape[0] // 2 * 2, rows.shape[1] // 2 * 2
    pairs = rows[:height:2, :width] + rows[1:height:2, :width]
    return _image(((pairs[:, ::2] + pairs[:, 1::2] + 2) >> 2).astype(np.uint8))


def _rows(image: QImage) -> Array:
    """(H, W) uint8 view of a grey image's bytes."""
    flat = np.frombuffer(image.constBits(), np.uint8)
    return flat.reshape(image.height(), image.bytesPerLine())[:, : image.width()]


def _argb(pixels: Array) -> QImage:
    """(H, W) uint32, premultiplied, as an image that owns its bytes."""
    height, width = pixels.shape
    form = QImage.Format.Format_ARGB32_Premultiplied
    return QImage(pixels.data, width, height, 4 * width, form).copy()


def _premultiplied(table: Array) -> Array:
    """(N, 4) uint8 RGBA to (N,) uint32 as Qt keeps it."""
    alpha = table[:, 3].astype(np.uint32)
    red, green, blue = ((table[:, i] * alpha + 127) // 255 for i in range(3))
    packed: Array = (alpha << 24) | (red << 16) | (green << 8) | blue
    return packed


def _coloured(rows: QImage, table: Array) -> QImage:
    return _argb(np.take(table, _rows(rows)))


def _hatched(mask: QImage, ratio: float) -> QImage:
    inside = _rows(mask) > 127
    diagonal = np.add.outer(np.arange(mask.height()), np.arange(mask.width()))
    stripes = (diagonal % (_HATCH_PERIOD * ratio)) < _HATCH_WIDTH * ratio
    colour = QColor(current().hatch)
    alpha = colour.alpha()
    red, green, blue = (
        part * alpha // 255 for part in (colour.red(), colour.green(), colour.blue())
    )
    value = np.uint32((alpha << 24) | (red << 16) | (green << 8) | blue)
    return _argb(np.where(inside & stripes, value, np.uint32(0)))
