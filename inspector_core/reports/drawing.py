"""Drawings as plain shapes in millimetres of paper; PDF, SVG and PNG each know how to draw four of them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from io import BytesIO
from typing import Literal

from inspector_core.types import Array

Anchor = Literal["start", "middle", "end"]


@dataclass(frozen=True, slots=True)
class Line:
    """A path through (N, 2) points; `fill` paints its inside, `dash` is (on, off) or empty."""

    points: Array
    width: float
    colour: str
    opacity: float = 1.0
    closed: bool = False
    dash: tuple[float, ...] = ()
    fill: str = ""


@dataclass(frozen=True, slots=True)
class Box:
    """A filled rectangle, corners rounded by `radius`."""

    x: float
    y: float
    width: float
    height: float
    fill: str
    radius: float = 0.0
    opacity: float = 1.0


@dataclass(frozen=True, slots=True)
class Words:
    """One line of text; y is its baseline, size its height (em)."""

    x: float
    y: float
    text: str
    size: float
    colour: str
    bold: bool = False
    anchor: Anchor = "start"


@dataclass(frozen=True)
class Raster:
    """A picture, (h, w, 3) uint8; photographs travel as JPEG, exact colours as PNG."""

    x: float
    y: float
    width: float
    height: float
    picture: Array
    photo: bool = True

    @property
    def media_type(self) -> str:
        return "image/jpeg" if self.photo else "image/png"

    @cached_property
    def encoded(self) -> bytes:
        """The file: JPEG of quality 89 without colour subsampling, or PNG; made once."""
        from PIL import Image

        stream = BytesIO()
        image = Image.fromarray(self.picture)
        if self.photo:
            image.save(stream, "JPEG", quality=89, subsampling=0)
        else:
            image.save(stream, "PNG")
        return stream.getvalue()


Shape = Line | Box | Words | Raster


@dataclass(frozen=True, slots=True)
class Drawing:
    """Shapes drawn in order, y downwards from the upper left corner; `says` is its text for readers."""

    width: float
    height: float
    shapes: tuple[Shape, ...] = ()
    says: str = ""
