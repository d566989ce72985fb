"""Drawings as SVG inside an HTML page: pictures embedded, text selectable, nothing outside the file."""

from __future__ import annotations

import base64

from markupsafe import Markup, escape

from inspector_core.reports.drawing import Box, Drawing, Line, Raster, Shape, Words

FONTS = "Inter, sans-serif"


def svg(drawing: Drawing, css_class: str = "") -> Markup:
    """The drawing as an `svg` element whose units are millimetres of paper."""
    body = Markup("").join(_shape(shape) for shape in drawing.shapes)
    width, height = _n(drawing.width), _n(drawing.height)
    says = drawing.says
    role = (
        Markup(' role="img" aria-label="{}"').format(says)
        if says
        else Markup(' aria-hidden="true"')
    )
    kind = Markup(' class="{}"').format(css_class) if css_class else ""
    return Markup(
        '<svg{} viewBox="0 0 {w} {h}" style="aspect-ratio:{w}/{h}" font-family="{}"{}>{}</svg>'
    ).format(kind, FONTS, role, body, w=width, h=height)


def _n(value: float) -> str:
    """Three digits behind the point, no trailing zeros: a micrometre of paper."""
    text = f"{value:.3f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def _shape(shape: Shape) -> Markup:
    if isinstance(shape, Line):
        return _line(shape)
    if isinstance(shape, Box):
        return _box(shape)
    if isinstance(shape, Raster):
        return _raster(shape)
    return _words(shape)


def _line(shape: Line) -> Markup:
    points = " ".join(f"{_n(x)},{_n(y)}" for x, y in shape.points.tolist())
    extra = f' stroke-dasharray="{" ".join(_n(d) for d in shape.dash)}"' if shape.dash else ""
    if shape.opacity != 1.0:
        extra += f' stroke-opacity="{_n(shape.opacity)}"'
    return Markup(
        '<{} points="{}" fill="{}" stroke="{}" stroke-width="{}" stroke-linejoin="round"'
        ' stroke-linecap="{}"{}/>'
    ).format(
        "polygon" if shape.closed else "polyline",
        points,
        shape.fill or "none",
        shape.colour,
        _n(shape.width),
        "butt" if shape.dash else "round",
        Markup(extra),
    )


def _box(shape: Box) -> Markup:
    extra = f' rx="{_n(shape.radius)}"' if shape.radius else ""
    if shape.opacity != 1.0:
        extra += f' fill-opacity="{_n(shape.opacity)}"'
    return Markup('<rect x="{}" y="{}" width="{}" height="{}" fill="{}"{}/>').format(
        _n(shape.x), _n(shape.y), _n(shape.width), _n(shape.height), shape.fill, Markup(extra)
    )


def _raster(shape: Raster) -> Markup:
    data = base64.b64encode(shape.encoded).decode("ascii")
    return Markup(
        '<image x="{}" y="{}" width="{}" height="{}" preserveAspectRatio="none"'
        ' href="data:{};base64,{}"/>'
    ).format(_n(shape.x), _n(shape.y), _n(shape.width), _n(shape.height), shape.media_type, data)


def _words(shape: Words) -> Markup:
    weight = Markup(' font-weight="600"') if shape.bold else ""
    anchor = Markup(' text-anchor="{}"').format(shape.anchor) if shape.anchor != "start" else ""
    return Markup('<text x="{}" y="{}" font-size="{}" fill="{}"{}{}>{}</text>').format(
        _n(shape.x), _n(shape.y), _n(shape.size), shape.colour, weight, anchor, escape(shape.text)
    )
