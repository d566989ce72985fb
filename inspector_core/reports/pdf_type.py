"""Type for the PDF: the shipped fonts, one text in several scripts, widths and line breaks."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache, lru_cache
from typing import Any

from inspector_core.assets import resource

POINT = 25.4 / 72.0
"""Millimetres in a point."""

_FILES = {
    "Inter": "Inter-Regular.ttf",
    "Inter-Bold": "Inter-SemiBold.ttf",
    "Figures": "InterTabular-Regular.ttf",
    "Figures-Bold": "InterTabular-SemiBold.ttf",
    "Chinese": "NotoSansSC-Regular.ttf",
}
_MISSING = "□"


@cache
def font(name: str) -> Any:
    """A registered font; each is read once a process, Chinese only when a text needs it."""
    from reportlab.pdfbase import pdfmetrics
    from reportlab.pdfbase.ttfonts import TTFont

    font = TTFont(name, str(resource("fonts", _FILES[name])))
    pdfmetrics.registerFont(font)
    return font


def runs(text: str, bold: bool = False, figures: bool = False) -> Iterator[tuple[str, str]]:
    """(font, piece) for a line of text: Inter where it has the character, then Chinese, then a box."""
    first = ("Figures" if figures else "Inter") + ("-Bold" if bold else "")
    current, piece = first, ""
    for character in text:
        name = _font_for(character, first, bold)
        if name is None:
            name, character = ("Inter-Bold" if bold else "Inter"), _MISSING
        if name != current and piece:
            yield current, piece
            piece = ""
        current = name
        piece += character
    if piece:
        yield current, piece


@cache
def _font_for(character: str, first: str, bold: bool) -> str | None:
    code = ord(character)
    for name in (first, "Inter-Bold" if bold else "Inter", "Chinese"):
        if code in font(name).face.charToGlyph:
            return name
    return None


@lru_cache(maxsize=50_000)
def text_width(text: str, size: float, bold: bool = False, figures: bool = False) -> float:
    """Width in mm of a line of text; size in points."""
    total = sum(font(name).stringWidth(piece, size) for name, piece in runs(text, bold, figures))
    return float(total) * POINT


def wrapped(text: str, size: float, width: float, bold: bool = False) -> list[str]:
    """Lines no wider than `width` mm; words too long for a line (paths, hashes) are broken."""
    lines: list[str] = []
    line, used = "", 0.0
    space = text_width(" ", size, bold)
    for word in text.split(" "):
        wide = text_width(word, size, bold)
        if line and used + space + wide <= width:
            line, used = f"{line} {word}", used + space + wide
            continue
        if line:
            lines.append(line)
        while wide > width:
            fitting = _fitting(word, size, width, bold)
            lines.append(word[:fitting])
            word = word[fitting:]
            wide = text_width(word, size, bold)
        line, used = word, wide
    return [*lines, line]


def shortened(text: str, size: float, width: float, bold: bool = False) -> str:
    """The text, its middle left out where it is wider than `width` mm."""
    if text_width(text, size, bold) <= width:
        return text
    keep = len(text)
    while keep > 2 and text_width(_elided(text, keep), size, bold) > width:
        keep -= max(1, keep // 16)
    return _elided(text, keep)


def _elided(text: str, keep: int) -> str:
    tail = keep // 2
    return f"{text[: keep - tail]}…{text[len(text) - tail :]}"


def _fitting(word: str, size: float, width: float, bold: bool) -> int:
    low, high = 1, len(word)
    while low < high:
        middle = (low + high + 1) // 2
        if text_width(word[:middle], size, bold) <= width:
            low = middle
        else:
            high = middle - 1
    return low
