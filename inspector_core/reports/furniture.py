"""What is drawn on and beside pictures: outlines, numbers, labels, scale bars, legends, icons."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from inspector_core import palette
from inspector_core.colormaps import DIVERGING, table
from inspector_core.reports.drawing import Box, Drawing, Line, Raster, Shape, Words
from inspector_core.reports.words import length, nice, number
from inspector_core.types import Array, Defect, Verdict

_TAG, _TAG_TEXT = 3.3, 2.3
_LABEL_TEXT = 2.2
_OUTLINE, _HALO = 0.28, 0.62
_DARK, _LIGHT = "#0c0d0e", "#eceff1"
_QUIET = "#b9c1c8"
TEXT1, TEXT2, TEXT3 = palette.TEXT["light"]


def legend(top: float, t1: float, t2: float, width: float) -> Drawing:
    """The colours of the maps, 0 to the fixed top in times the usual, T1 and T2 marked."""
    bar = np.repeat(table("inferno")[None], 2, axis=0)
    height, low = 2.4, 3.4
    at1, at2 = (min(t / top, 1.0) * width for t in (t1, t2))
    size = _LABEL_TEXT
    shapes: list[Shape] = [Raster(0, low, width, height, bar, photo=False)]
    for at in (at1, at2):
        mark = np.array([[at, low - 0.7], [at, low + height + 0.7]])
        shapes += [Line(mark, 0.9, "#ffffff"), Line(mark, 0.35, TEXT1)]
    shapes += [
        Words(max(at1 - 0.4, 8.8), low - 1.1, f"T1 {number(t1)}", size, TEXT1, anchor="end"),
        Words(min(max(at2 + 0.4, 9.6), width - 8.8), low - 1.1, f"T2 {number(t2)}", size, TEXT1),
        Words(0, low + height + 2.7, "0", size, TEXT2),
        Words(
            width / 2,
            low + height + 2.7,
            "times the usual, fixed scale",
            size,
            TEXT2,
            False,
            "middle",
        ),
        Words(width, low + height + 2.7, f"≥ {number(top)}", size, TEXT2, anchor="end"),
    ]
    says = f"Scale 0 to {number(top)} times the usual; T1 {number(t1)}, T2 {number(t2)}"
    return Drawing(width, low + height + 3.4, tuple(shapes), says)


def deviation_legend(limit: float, unit: str, width: float) -> Drawing:
    """The colours of the deviation from the good surface, one line high."""
    bar = np.repeat(table(DIVERGING)[None], 2, axis=0)
    text = _LABEL_TEXT
    left, right = f"−{limit:g}", f"+{limit:g} {unit}"
    start, end = 8.0, width - _text_room(right)
    shapes: tuple[Shape, ...] = (
        Words(start - 0.8, 2.4, left, text, TEXT2, anchor="end"),
        Raster(start, 0.4, end - start, 2.2, bar, photo=False),
        Words(width, 2.4, right, text, TEXT2, anchor="end"),
    )
    return Drawing(width, 3.0, shapes, f"Deviation from the good parts, {left} to {right}")


def icon(verdict: Verdict, x: float, y: float, size: float) -> list[Shape]:
    """The verdict's shape on its colour: tick, question mark, cross or dash."""
    fill = palette.VERDICT["light"][verdict]
    unit = size / 16
    strokes: dict[Verdict, list[list[tuple[float, float]]]] = {
        Verdict.ACCEPT: [[(4, 8.4), (6.8, 11.2), (12, 5.2)]],
        Verdict.REJECT: [[(4.8, 4.8), (11.2, 11.2)], [(11.2, 4.8), (4.8, 11.2)]],
        Verdict.REVIEW: [_question()],
        Verdict.NOT_INSPECTED: [[(4.5, 8), (11.5, 8)]],
    }
    shapes: list[Shape] = [Box(x, y, size, size, fill, 3.4 * unit)]
    for stroke in strokes[verdict]:
        points = np.array(stroke) * unit + [x, y]
        shapes.append(Line(points, 1.8 * unit, "#ffffff"))
    if verdict is Verdict.REVIEW:
        shapes.append(Box(x + 7 * unit, y + 11.6 * unit, 2 * unit, 2 * unit, "#ffffff", unit))
    return shapes


def _question() -> list[tuple[float, float]]:
    arc = [np.radians(a) for a in range(-170, 60, 15)]
    hook = [(8 + 2.6 * float(np.cos(a)), 5.6 + 2.6 * float(np.sin(a))) for a in arc]
    return [*hook, (8.1, 8.7), (8, 10.0)]


def share_bar(colour_share: float | None, x: float, y: float, width: float) -> list[Shape]:
    """Colour and shape as one two-coloured bar; empty where only one was seen."""
    if colour_share is None:
        return []
    split = width * float(np.clip(colour_share, 0, 1))
    return [
        Box(x, y, split, 1.5, palette.COLOUR_SHARE),
        Box(x + split, y, width - split, 1.5, palette.SHAPE_SHARE),
    ]


def count_bar(share: float, width: float) -> Drawing:
    """A bar of a share 0..1 of the width."""
    return Drawing(width, 2.4, (Box(0, 0, max(0.3, width * share), 2.4, _QUIET),))


def outline(paths: Iterable[Array], dashed: bool) -> list[Shape]:
    shapes: list[Shape] = []
    for path in paths:
        shapes.append(Line(path, _HALO, palette.HALO, 0.7, closed=True))
        dash = (1.1, 0.7) if dashed else ()
        shapes.append(Line(path, _OUTLINE, palette.OUTLINE, closed=True, dash=dash))
    return shapes


def tag_place(paths: Sequence[Array], taken: Sequence[Box], width: float, height: float) -> Box:
    """Where the number goes: beside the outline, inside the pane, off the other numbers."""
    points = np.concatenate(list(paths))
    (left, top), (right, bottom) = points.min(axis=0), points.max(axis=0)
    gap = 0.5
    corners = (
        (left - _TAG - gap, top - _TAG - gap),
        (right + gap, top - _TAG - gap),
        (right + gap, bottom + gap),
        (left - _TAG - gap, bottom + gap),
    )
    best: tuple[float, Box] | None = None
    for x, y in corners:
        inside_x = float(np.clip(x, 0.4, max(0.4, width - _TAG - 0.4)))
        inside_y = float(np.clip(y, 0.4, max(0.4, height - _TAG - 0.4)))
        box = Box(inside_x, inside_y, _TAG, _TAG, palette.NUMBER_TAG, 0.6)
        cost = (
            abs(inside_x - x)
            + abs(inside_y - y)
            + sum(10 * _overlap(box, other) for other in taken)
        )
        if best is None or cost < best[0] - 1e-9:
            best = (cost, box)
    assert best is not None
    return best[1]


def _overlap(a: Box, b: Box) -> float:
    across = min(a.x + a.width, b.x + b.width) - max(a.x, b.x)
    down = min(a.y + a.height, b.y + b.height) - max(a.y, b.y)
    return max(0.0, across) * max(0.0, down)


def tags(boxes: Sequence[Box], defects: Sequence[Defect]) -> list[Shape]:
    shapes: list[Shape] = []
    for box, defect in zip(boxes, defects, strict=True):
        middle, base = box.x + box.width / 2, box.y + box.height / 2 + 0.36 * _TAG_TEXT
        shapes.append(Box(box.x - 0.15, box.y - 0.15, _TAG + 0.3, _TAG + 0.3, _DARK, 0.7, 0.7))
        shapes.append(box)
        text = Words(
            middle, base, str(defect.number), _TAG_TEXT, palette.ON_NUMBER_TAG, True, "middle"
        )
        shapes.append(text)
    return shapes


def label(text: str) -> list[Shape]:
    return [
        Box(0.8, 0.8, _text_room(text) + 1.0, 3.3, _DARK, 0.6, 0.72),
        Words(1.6, 3.15, text, _LABEL_TEXT, _LIGHT, True),
    ]


def _text_room(text: str) -> float:
    """Millimetres that a bold label needs, without asking a font."""
    widths = sum(0.34 if c in " .,:'ijlt" else 0.92 if c in "mwMW" else 0.62 for c in text)
    return _LABEL_TEXT * widths + 0.8


def scale_bar(width: float, height: float, per_unit: float, unit: str) -> list[Shape]:
    """A bar of a round length at the lower left; `per_unit` mm of paper stand for one unit."""
    value = nice(0.3 * width / per_unit)
    bar = value * per_unit
    text = length(value, unit)
    box = max(bar + 2.0, _text_room(text) + 1.0)
    y = height - 1.7
    ends = [[1.8, y - 0.6], [1.8, y], [1.8 + bar, y], [1.8 + bar, y - 0.6]]
    return [
        Box(0.8, height - 5.1, box, 4.3, _DARK, 0.6, 0.72),
        Line(np.array(ends), 0.3, _LIGHT),
        Words(1.8, height - 2.6, text, _LABEL_TEXT, _LIGHT),
    ]


def triad(axes: Array, width: float, height: float) -> list[Shape]:
    """Directions of the camera's x and y and of up, small in the lower right corner."""
    origin = np.array([width - 9.0, height - 8.4])
    shapes: list[Shape] = [Box(width - 11.6, height - 13.6, 10.8, 12.8, _DARK, 0.6, 0.4)]
    for axis, name, colour in zip(axes, ("x", "y", "up"), palette.AXES, strict=True):
        tip = origin + 4.2 * axis
        shapes.append(Line(np.stack([origin, tip]), 0.35, colour))
        beyond = tip + 1.3 * axis / max(float(np.hypot(*axis)), 0.3)
        x, y = float(beyond[0]), float(beyond[1]) + 0.7
        shapes.append(Words(x, y, name, _LABEL_TEXT, colour, True, "middle"))
    return shapes
