"""Curves as SVG whose colours come from the page's style, so that they follow light and dark."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from markupsafe import Markup, escape

from inspector_core.types import Array

WIDTH, HEIGHT = 340.0, 280.0
_LEFT, _RIGHT, _TOP, _BOTTOM = 44.0, 14.0, 36.0, 36.0
COLOURS = 8
"""So many lines have a colour of their own; further ones repeat them dashed."""


@dataclass(frozen=True, slots=True)
class Line:
    """One curve: x and y ascending in 0..1.   look : CSS classes ("line s0", "line s1 dashed", ...)."""

    label: str
    x: Array
    y: Array
    look: str


@dataclass(frozen=True, slots=True)
class Plot:
    """Axes with lines.   x_end : the axis runs from 0 to it.   marks : x values with a thin line."""

    title: str
    x_title: str
    y_title: str
    lines: tuple[Line, ...]
    x_end: float = 1.0
    marks: tuple[float, ...] = ()
    diagonal: bool = False


def look_of(number: int) -> str:
    """The style of the n-th line."""
    return f"line s{number % COLOURS}" + (" dashed" if number >= COLOURS else "")


def plot_svg(plot: Plot) -> Markup:
    """The plot as an `svg` element of 340 x 280."""
    says = f"{plot.title}: {plot.y_title} over {plot.x_title} of {', '.join(line.label for line in plot.lines)}"
    parts = [
        Markup('<svg class="plot" viewBox="0 0 {} {}" role="img" aria-label="{}">').format(
            _n(WIDTH), _n(HEIGHT), says
        ),
        _text(_LEFT, 13, plot.title, "title", "start"),
        *_grid(plot),
    ]
    if plot.diagonal:
        parts.append(_path([0.0, plot.x_end], [0.0, plot.x_end], "chance", plot.x_end))
    parts += [_drawn(line, plot.x_end) for line in plot.lines]
    parts += [
        _text((_LEFT + WIDTH - _RIGHT) / 2, HEIGHT - 5, plot.x_title, "label"),
        Markup(
            '<text class="label" text-anchor="middle" transform="translate(13 {}) rotate(-90)">{}</text>'
        ).format(_n((_TOP + HEIGHT - _BOTTOM) / 2), plot.y_title),
        Markup("</svg>"),
    ]
    return Markup("").join(parts)


def _grid(plot: Plot) -> list[Markup]:
    bottom, right = HEIGHT - _BOTTOM, WIDTH - _RIGHT
    parts = []
    for step in range(6):
        y = _y(step / 5)
        parts.append(_rule(_LEFT, y, right, y, "grid"))
        parts.append(_text(_LEFT - 5, y + 3.5, f"{step / 5:.1f}", "tick", "end"))
    for value in np.linspace(0.0, plot.x_end, 4 if plot.x_end < 1 else 6):
        x = _x(float(value), plot.x_end)
        parts.append(_rule(x, _TOP, x, bottom, "grid"))
        parts.append(_text(x, bottom + 13, f"{value:.1f}", "tick"))
    for value in plot.marks:
        x = _x(value, plot.x_end)
        parts.append(_rule(x, _TOP, x, bottom, "mark"))
        parts.append(_text(x, _TOP - 3, f"{100 * value:.0f} %", "tick"))
    return parts


def _drawn(line: Line, x_end: float) -> Markup:
    inside = line.x <= x_end
    x, y = line.x[inside], line.y[inside]
    if len(x) < len(line.x) and x[-1] < x_end:
        after = len(x)
        share = (x_end - x[-1]) / (line.x[after] - x[-1])
        x, y = np.append(x, x_end), np.append(y, y[-1] + share * (line.y[after] - y[-1]))
    return _path(x.tolist(), y.tolist(), line.look, x_end, line.label)


def _path(
    xs: Sequence[float], ys: Sequence[float], look: str, x_end: float, label: str = ""
) -> Markup:
    pairs = (f"{_n(_x(x, x_end))},{_n(_y(y))}" for x, y in zip(xs, ys, strict=True))
    title = Markup("<title>{}</title>").format(label) if label else Markup("")
    return Markup('<polyline class="{}" points="{}">{}</polyline>').format(
        look, " ".join(dict.fromkeys(pairs)), title
    )


def _x(value: float, x_end: float) -> float:
    return _LEFT + value / x_end * (WIDTH - _LEFT - _RIGHT)


def _y(value: float) -> float:
    return HEIGHT - _BOTTOM - value * (HEIGHT - _TOP - _BOTTOM)


def _rule(x0: float, y0: float, x1: float, y1: float, look: str) -> Markup:
    return Markup('<line class="{}" x1="{}" y1="{}" x2="{}" y2="{}"/>').format(
        look, _n(x0), _n(y0), _n(x1), _n(y1)
    )


def _text(x: float, y: float, text: str, look: str, anchor: str = "middle") -> Markup:
    return Markup('<text class="{}" x="{}" y="{}" text-anchor="{}">{}</text>').format(
        look, _n(x), _n(y), anchor, escape(text)
    )


def _n(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")
