"""A4 sheets for the PDF report: type in the shipped fonts, lines, drawings; y counts down from the top."""

from __future__ import annotations

from functools import cache
from io import BytesIO
from typing import Any

from inspector_core.reports.drawing import Anchor, Box, Drawing, Line, Raster, Words
from inspector_core.reports.pdf_type import POINT, font, runs, text_width, wrapped
from inspector_core.types import Array

WIDTH, HEIGHT = 210.0, 297.0
LEFT, RIGHT, TOP, BOTTOM = 16.0, 194.0, 14.0, 281.0
"""The text area in mm; the foot stands below BOTTOM."""
MM = 72.0 / 25.4
TOTAL = "number-of-pages"


class Sheet:
    """A canvas in millimetres; `show_page` starts the next page."""

    def __init__(self, title: str, subject: str, author: str) -> None:
        from reportlab import rl_config
        from reportlab.pdfgen.canvas import Canvas

        rl_config.useA85 = 0  # binary streams: a fifth smaller
        font("Inter")
        self.stream = BytesIO()
        self.canvas = Canvas(
            self.stream,
            pagesize=(WIDTH * MM, HEIGHT * MM),
            pageCompression=1,
            invariant=1,
            initialFontName="Inter",
            initialFontSize=9,
            lang="en",
        )
        self.canvas.setTitle(title)
        self.canvas.setSubject(subject)
        self.canvas.setAuthor(author)
        self.canvas.setCreator(author)
        self.canvas.setProducer(author)
        self.page = 1

    def words(
        self,
        x: float,
        y: float,
        text: str,
        size: float,
        colour: str,
        *,
        bold: bool = False,
        anchor: Anchor = "start",
        figures: bool = False,
        tracking: float = 0.0,
    ) -> float:
        """One line, y its baseline; returns its width in mm. `figures`: all of one width."""
        width = text_width(text, size, bold, figures) + tracking * len(text) * POINT
        start = x - {"start": 0.0, "middle": width / 2, "end": width}[anchor]
        line = self.canvas.beginText(start * MM, (HEIGHT - y) * MM)
        line.setFillColor(_colour(colour))
        if tracking:
            line.setCharSpace(tracking)
        for name, piece in runs(text, bold, figures):
            line.setFont(name, size)
            line.textOut(piece)
        if tracking:
            line.setCharSpace(0)
        self.canvas.drawText(line)
        return width

    def paragraph(
        self, x: float, y: float, width: float, text: str, size: float, leading: float, colour: str
    ) -> float:
        """Wrapped text from baseline y; returns the baseline after it. Leading in mm."""
        for line in wrapped(text, size, width):
            self.words(x, y, line, size, colour)
            y += leading
        return y

    def rule(self, y: float, colour: str, left: float = LEFT, right: float = RIGHT) -> None:
        """A hairline."""
        self.canvas.setStrokeColor(_colour(colour))
        self.canvas.setLineWidth(0.4)
        self.canvas.setStrokeAlpha(1)
        self.canvas.line(left * MM, (HEIGHT - y) * MM, right * MM, (HEIGHT - y) * MM)

    def draw(self, drawing: Drawing, x: float, y: float) -> None:
        """A drawing with its upper left corner at (x, y), clipped to its own size."""
        canvas = self.canvas
        canvas.saveState()
        canvas.translate(x * MM, (HEIGHT - y) * MM)
        canvas.scale(MM, -MM)
        frame = canvas.beginPath()
        frame.rect(-0.01, -0.01, drawing.width + 0.02, drawing.height + 0.02)
        canvas.clipPath(frame, stroke=0, fill=0)
        for shape in drawing.shapes:
            self._shape(shape)
        canvas.restoreState()

    def _shape(self, shape: Line | Box | Words | Raster) -> None:
        if isinstance(shape, Line):
            self._line(shape)
        elif isinstance(shape, Box):
            self._box(shape)
        elif isinstance(shape, Raster):
            self._raster(shape)
        else:
            self._words(shape)

    def _line(self, shape: Line) -> None:
        canvas = self.canvas
        path = canvas.beginPath()
        _trace(path, shape.points, shape.closed)
        canvas.setLineWidth(shape.width)
        canvas.setLineJoin(1)
        canvas.setLineCap(0 if shape.dash else 1)
        canvas.setDash(list(shape.dash))
        canvas.setStrokeColor(_colour(shape.colour))
        canvas.setStrokeAlpha(shape.opacity)
        if shape.fill:
            canvas.setFillColor(_colour(shape.fill))
            canvas.setFillAlpha(1)
        canvas.drawPath(path, stroke=1, fill=1 if shape.fill else 0)

    def _box(self, shape: Box) -> None:
        canvas = self.canvas
        canvas.setFillColor(_colour(shape.fill))
        canvas.setFillAlpha(shape.opacity)
        where = (shape.x, shape.y, shape.width, shape.height)
        if shape.radius:
            canvas.roundRect(*where, shape.radius, stroke=0, fill=1)
        else:
            canvas.rect(*where, stroke=0, fill=1)
        canvas.setFillAlpha(1)

    def _raster(self, shape: Raster) -> None:
        from reportlab.lib.utils import ImageReader

        canvas = self.canvas
        canvas.saveState()
        canvas.translate(shape.x, shape.y + shape.height)
        canvas.scale(1, -1)
        kind = _jpeg_reader() if shape.photo else ImageReader
        canvas.drawImage(kind(BytesIO(shape.encoded)), 0, 0, shape.width, shape.height)
        canvas.restoreState()

    def _words(self, shape: Words) -> None:
        canvas = self.canvas
        size = shape.size / POINT
        width = text_width(shape.text, size, shape.bold)
        start = shape.x - {"start": 0.0, "middle": width / 2, "end": width}[shape.anchor]
        canvas.saveState()
        canvas.translate(start, shape.y)
        canvas.scale(1, -1)
        line = canvas.beginText(0, 0)
        line.setFillColor(_colour(shape.colour))
        for name, piece in runs(shape.text, shape.bold):
            line.setFont(name, shape.size)
            line.textOut(piece)
        canvas.drawText(line)
        canvas.restoreState()

    def anchor(self, name: str, title: str) -> None:
        """A place that links can point to, listed in the reader's outline."""
        self.canvas.bookmarkPage(name)
        self.canvas.addOutlineEntry(title, name, level=0, closed=False)

    def link(self, name: str, x: float, y: float, width: float, height: float) -> None:
        """An area that leads to an anchor, which may come later."""
        area = (x * MM, (HEIGHT - y - height) * MM, (x + width) * MM, (HEIGHT - y) * MM)
        self.canvas.linkRect("", name, area, relative=0, thickness=0)

    def total_pages_here(self, x: float, y: float) -> None:
        """The number of pages, known only at the end, is set from (x, y) on."""
        self.canvas.saveState()
        self.canvas.translate(x * MM, (HEIGHT - y) * MM)
        self.canvas.doForm(TOTAL)
        self.canvas.restoreState()

    def show_page(self) -> None:
        self.canvas.showPage()
        self.page += 1

    def finish(self, size: float, colour: str) -> bytes:
        """End the last page, fill in the number of pages and return the file."""
        self.canvas.showPage()
        self.canvas.beginForm(TOTAL, 0, -size, 20 * MM, 2 * size)
        line = self.canvas.beginText(0, 0)
        line.setFillColor(_colour(colour))
        line.setFont("Inter", size)
        line.textOut(str(self.page))
        self.canvas.drawText(line)
        self.canvas.endForm()
        self.canvas.save()
        return self.stream.getvalue()


def _trace(path: Any, points: Array, closed: bool) -> None:
    (x, y), *rest = points.tolist()
    path.moveTo(x, y)
    for x, y in rest:
        path.lineTo(x, y)
    if closed:
        path.close()


@cache
def _jpeg_reader() -> Any:
    from reportlab.lib.utils import ImageReader

    class JpegReader(ImageReader):
        """A JPEG goes into the PDF as it is; named by its bytes, it is never decoded."""

        _dataA = None  # noqa: N815 - the library's name

        def getRGBData(self) -> bytes:  # noqa: N802 - the library's name
            return bytes(self.fp.getvalue())

    return JpegReader


@cache
def _colour(code: str) -> Any:
    from reportlab.lib.colors import HexColor

    return HexColor(code)
