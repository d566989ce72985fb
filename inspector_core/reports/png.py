"""Annotated picture of each part as PNG: verdict, panes with outlines, legend."""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

from inspector_core import palette
from inspector_core.files import write_atomic
from inspector_core.reports import furniture
from inspector_core.reports.canvas import Canvas
from inspector_core.reports.drawing import Drawing, Words
from inspector_core.reports.figures import GAP, WIDTH, PartFigures
from inspector_core.reports.model import ReportModel
from inspector_core.reports.pages import part_text
from inspector_core.types import Result

TEXT1, TEXT2, _ = palette.TEXT["light"]
_MARGIN = 5.0
_HEAD = 15.5
_TITLE, _NOTE = 4.2, 3.2


class PngWriter:
    """One PNG per part whose pictures can be read."""

    draws = False

    def __init__(self, model: ReportModel, folder: Path) -> None:
        self.model = model
        self.folder = folder

    @staticmethod
    def names(model: ReportModel) -> tuple[str, ...]:
        return tuple(f"{model.names[result.id]}.png" for result in model.results)

    def wants(self, result: Result) -> bool:
        return True

    def begin(self) -> Iterator[None]:
        yield from ()

    def part(self, result: Result, figures: PartFigures | None, missing: str) -> None:
        if figures is None:
            return
        stream = BytesIO()
        annotated(self.model, figures).save(stream)
        path = self.folder / f"{self.model.names[result.id]}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomic(path, stream.getvalue())

    def finish(self) -> Iterator[None]:
        yield from ()


def annotated(model: ReportModel, figures: PartFigures) -> Canvas:
    """The card of one part: verdict and reason, then the panes in a row with the legend."""
    text = part_text(model, figures.result)
    panes = figures.panes
    tallest = max(pane.height for pane in panes)
    limits = model.thresholds
    has_map = "fused" in figures.pictures.maps
    key = furniture.legend(model.display_top, limits.t1, limits.t2, panes[-1].width)
    height = _MARGIN + _HEAD + tallest + (key.height + 2.5 if has_map else 0) + _MARGIN
    canvas = Canvas(WIDTH + 2 * _MARGIN, height)
    shapes = furniture.icon(text.verdict, 0, 0, 11)
    colour = palette.VERDICT["light"][text.verdict]
    after = 16.5 + canvas.text_width(text.word, _TITLE, bold=True)
    shapes += [
        Words(
            14,
            4.4,
            canvas.shortened(text.title, _TITLE, WIDTH - 14, bold=True),
            _TITLE,
            TEXT1,
            True,
        ),
        Words(14, 10.2, text.word, _TITLE, colour, True),
        Words(after, 10.2, canvas.shortened(text.reason, _NOTE, WIDTH - after), _NOTE, TEXT2),
    ]
    canvas.draw(Drawing(WIDTH, _HEAD, tuple(shapes)), _MARGIN, _MARGIN)
    x, y = _MARGIN, _MARGIN + _HEAD
    for pane in panes:
        canvas.draw(pane, x, y)
        x += pane.width + GAP
    if has_map:
        canvas.draw(key, x - GAP - key.width, y + tallest + 2.0)
    return canvas
