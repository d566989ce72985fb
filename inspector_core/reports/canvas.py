"""Drawings on pixels, for PNG: drawn twice as fine and averaged, so lines and letters are smooth."""

from __future__ import annotations

from functools import cache
from io import BytesIO
from typing import Any

import numpy as np

from inspector_core import palette
from inspector_core.assets import resource
from inspector_core.reports.drawing import Box, Drawing, Line, Raster, Words
from inspector_core.types import Array

PX_PER_MM = 9
_FINER = 2
_SCALE = PX_PER_MM * _FINER
_FONTS = {False: "Inter-Regular.ttf", True: "Inter-SemiBold.ttf"}
_CHINESE = "NotoSansSC-Regular.ttf"


class Canvas:
    """A white picture of so many millimetres."""

    def __init__(self, width: float, height: float) -> None:
        from PIL import Image

        size = (_even(width), _even(height))
        self._image = Image.new("RGB", size, "#ffffff")

    def draw(self, drawing: Drawing, x: float, y: float) -> None:
        """A drawing with its upper left corner at (x, y) mm, clipped to its own size."""
        from PIL import Image

        size = (max(1, round(drawing.width * _SCALE)), max(1, round(drawing.height * _SCALE)))
        layer = Image.new("RGB", size, "#ffffff")
        for shape in drawing.shapes:
            if isinstance(shape, Line):
                _line(layer, shape)
            elif isinstance(shape, Box):
                _box(layer, shape)
            elif isinstance(shape, Raster):
                _raster(layer, shape)
            else:
                _words(layer, shape)
        self._image.paste(layer, (round(x * _SCALE), round(y * _SCALE)))

    @staticmethod
    def text_width(text: str, size: float, *, bold: bool = False) -> float:
        """Width of a line of text in mm; size in mm."""
        pieces = _runs(text, bold)
        wide = sum(_font(name, round(size * _SCALE)).getlength(piece) for name, piece in pieces)
        return float(wide) / _SCALE

    def shortened(self, text: str, size: float, width: float, *, bold: bool = False) -> str:
        """The text, cut with an ellipsis where it is wider than `width` mm."""
        if self.text_width(text, size, bold=bold) <= width:
            return text
        while text and self.text_width(f"{text}…", size, bold=bold) > width:
            text = text[: -max(1, len(text) // 20)]
        return f"{text}…"

    def pixels(self) -> Array:
        """(H, W, 3) uint8."""
        return np.asarray(self._image.reduce(_FINER))

    def save(self, stream: BytesIO) -> None:
        """As PNG."""
        self._image.reduce(_FINER).save(stream, "PNG", compress_level=4)


def _even(length: float) -> int:
    return round(length * PX_PER_MM) * _FINER


def _painted(layer: Any, mask: Any, colour: str, at: tuple[int, int]) -> None:
    layer.paste(palette.rgb(colour), (*at, at[0] + mask.width, at[1] + mask.height), mask)


def _box(layer: Any, shape: Box) -> None:
    from PIL import Image, ImageDraw

    left, top = round(shape.x * _SCALE), round(shape.y * _SCALE)
    right = max(left + 1, round((shape.x + shape.width) * _SCALE))
    bottom = max(top + 1, round((shape.y + shape.height) * _SCALE))
    mask = Image.new("L", (right - left, bottom - top), 0)
    ImageDraw.Draw(mask).rounded_rectangle(
        (0, 0, right - left - 1, bottom - top - 1),
        shape.radius * _SCALE,
        fill=round(255 * shape.opacity),
    )
    _painted(layer, mask, shape.fill, (left, top))


def _line(layer: Any, shape: Line) -> None:
    from PIL import Image, ImageDraw

    points = np.asarray(shape.points) * _SCALE
    if shape.closed:
        points = np.vstack([points, points[:1]])
    width = max(1, round(shape.width * _SCALE))
    low = np.floor(points.min(axis=0)).astype(int) - width
    size = np.ceil(points.max(axis=0)).astype(int) + width - low
    mask = Image.new("L", (int(size[0]), int(size[1])), 0)
    draw = ImageDraw.Draw(mask)
    value = round(255 * shape.opacity)
    for piece in _dashes(points - low, [d * _SCALE for d in shape.dash]):
        draw.line([tuple(p) for p in piece.tolist()], fill=value, width=width, joint="curve")
    _painted(layer, mask, shape.colour, (int(low[0]), int(low[1])))


def _dashes(points: Array, pattern: list[float]) -> list[Array]:
    """The path cut into dashes; whole where the pattern is empty."""
    if not pattern:
        return [points]
    steps = np.hypot(*np.diff(points, axis=0).T)
    at = np.concatenate([[0.0], np.cumsum(steps)])
    on, period = pattern[0], sum(pattern)
    pieces = []
    for start in np.arange(0.0, at[-1], period):
        end = min(start + on, at[-1])
        inner = at[(at > start) & (at < end)]
        where = np.concatenate([[start], inner, [end]])
        pieces.append(np.stack([np.interp(where, at, points[:, k]) for k in (0, 1)], axis=1))
    return pieces


def _raster(layer: Any, shape: Raster) -> None:
    from PIL import Image

    size = (max(1, round(shape.width * _SCALE)), max(1, round(shape.height * _SCALE)))
    kind = Image.Resampling.BICUBIC if shape.photo else Image.Resampling.NEAREST
    picture = Image.fromarray(np.ascontiguousarray(shape.picture)).resize(size, kind)
    layer.paste(picture, (round(shape.x * _SCALE), round(shape.y * _SCALE)))


@cache
def _font(name: str, size: int) -> Any:
    from PIL import ImageFont

    # basic layout: the same glyph positions whether or not a shaping library is installed
    return ImageFont.truetype(
        str(resource("fonts", name)), size, layout_engine=ImageFont.Layout.BASIC
    )


def _words(layer: Any, shape: Words) -> None:
    from PIL import ImageDraw

    draw = ImageDraw.Draw(layer)
    size = max(6, round(shape.size * _SCALE))
    pieces = [(_font(name, size), text) for name, text in _runs(shape.text, shape.bold)]
    width = sum(font.getlength(text) for font, text in pieces)
    x = shape.x * _SCALE - {"start": 0.0, "middle": width / 2, "end": width}[shape.anchor]
    for font, text in pieces:
        draw.text((x, shape.y * _SCALE), text, palette.rgb(shape.colour), font, anchor="ls")
        x += font.getlength(text)


def _runs(text: str, bold: bool) -> list[tuple[str, str]]:
    """(font file, piece): Chinese characters and full-width signs from the Chinese font."""
    pieces: list[tuple[str, str]] = []
    for character in text:
        name = _CHINESE if "\u3000" <= character <= "\uffef" else _FONTS[bold]
        if pieces and pieces[-1][0] == name:
            pieces[-1] = (name, pieces[-1][1] + character)
        else:
            pieces.append((name, character))
    return pieces
