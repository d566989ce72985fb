"""The report as PDF: a summary for a batch, then a page for every part that is not accepted."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from inspector_core import palette
from inspector_core.files import write_atomic
from inspector_core.reports import furniture
from inspector_core.reports.chart import score_chart
from inspector_core.reports.drawing import Anchor, Drawing
from inspector_core.reports.figures import CLOSE_UP, GAP, MOST_CLOSE_UPS, PartFigures
from inspector_core.reports.model import ReportModel
from inspector_core.reports.pages import (
    HATCHED,
    ONLY_LISTED,
    OUTLINES,
    Column,
    DefectRow,
    PartLine,
    PartText,
    head_facts,
    part_text,
    summary_text,
)
from inspector_core.reports.pdf_sheet import BOTTOM, LEFT, RIGHT, TOP, Sheet
from inspector_core.reports.pdf_type import shortened, text_width, wrapped
from inspector_core.types import Result, Verdict

TEXT1, TEXT2, TEXT3 = palette.TEXT["light"]
RULE = palette.LINE["light"]
BODY, NOTE, SMALL, HEAD = 8.5, 7.5, 6.5, 7.0
BODY_LEADING, NOTE_LEADING, SMALL_LEADING = 4.2, 3.6, 3.0
INNER = RIGHT - LEFT
_FILE = "report.pdf"


class PdfWriter:
    """report.pdf"""

    def __init__(self, model: ReportModel, folder: Path) -> None:
        self.model = model
        self.path = folder / _FILE
        self.sheet = Sheet(f"{model.title} {model.report_id}", model.recipe.name, model.software)
        self.y = TOP
        self._fresh = True
        self._continued = ""

    @staticmethod
    def names(model: ReportModel) -> tuple[str, ...]:
        return (_FILE,)

    def wants(self, result: Result) -> bool:
        return self.model.has_page(result)

    def begin(self) -> Iterator[None]:
        self._head()
        if self.model.is_batch:
            yield from self._summary()

    def part(self, result: Result, figures: PartFigures | None, missing: str) -> None:
        if not self.model.has_page(result):
            return
        text = part_text(self.model, result)
        self._continued = ""
        if not self._fresh:
            self._next_page()
        self._fresh = False
        self._continued = text.title
        self.sheet.anchor(_anchor(result), text.title)
        self._verdict(text)
        if figures is None:
            self.y = self.sheet.paragraph(
                LEFT, self.y + 4, INNER, missing, BODY, BODY_LEADING, TEXT2
            )
        else:
            self._panes(figures)
        if text.rows:
            self._defects(text)
        if figures is not None and text.rows:
            self._close_ups(figures)
        self._how(text)
        self._inputs(text)

    def finish(self) -> Iterator[None]:
        self._sign_off()
        self._foot()
        yield
        write_atomic(self.path, self.sheet.finish(SMALL, TEXT3))

    # pages
    def _head(self) -> None:
        sheet, model = self.sheet, self.model
        width = sheet.words(LEFT, TOP + 3, "Relief Inspector", BODY, TEXT1, bold=True)
        if self._continued:
            title = shortened(self._continued, NOTE, 80)
            sheet.words(LEFT + width + 3, TOP + 3, f"{title}, continued", NOTE, TEXT2)
        right = f"{model.title} · {head_facts(model)[1][1]}"
        sheet.words(RIGHT, TOP + 3, right, NOTE, TEXT2, anchor="end")
        sheet.rule(TOP + 5.5, RULE)
        self.y = TOP + 12.5

    def _foot(self) -> None:
        sheet, y = self.sheet, BOTTOM + 4.5
        sheet.rule(BOTTOM + 1, RULE)
        left = f"Report {self.model.report_id} · {ONLY_LISTED}"
        sheet.words(LEFT, y, left, SMALL, TEXT3)
        text = f"Page {sheet.page} of "
        width = text_width(text, SMALL)
        sheet.words(RIGHT - width - 4, y, text, SMALL, TEXT3)
        sheet.total_pages_here(RIGHT - 4, y)

    def _next_page(self) -> None:
        self._foot()
        self.sheet.show_page()
        self._head()

    def _room(self, height: float) -> None:
        """Start the next page unless so much is left on this one."""
        if self.y + height > BOTTOM - 1:
            self._next_page()

    def _section(self, title: str, height: float, x: float = LEFT) -> None:
        """A section head that stays with the first `height` mm below it."""
        self._room(height + 8)
        self.y += 5.2
        self.sheet.words(x, self.y, title.upper(), HEAD, TEXT2, bold=True, tracking=0.3)
        self.y += 2.2

    def _facts(self, facts: Sequence[tuple[str, str]], columns: int = 4) -> None:
        """Label over value, in columns; long values wrap."""
        width = INNER / columns
        for start in range(0, len(facts), columns):
            lowest = self.y
            for column, (label, value) in enumerate(facts[start : start + columns]):
                x = LEFT + column * width
                self.sheet.words(x, self.y, label, HEAD, TEXT3)
                y = self.y + 3.9
                y = self.sheet.paragraph(x, y, width - 3, value, BODY, BODY_LEADING, TEXT1)
                lowest = max(lowest, y)
            self.y = lowest + 2.0

    # one part
    def _verdict(self, text: PartText) -> None:
        sheet = self.sheet
        title = shortened(text.title, 11, INNER, bold=True)
        sheet.words(LEFT, self.y, title, 11, TEXT1, bold=True)
        mark = Drawing(9, 9, tuple(furniture.icon(text.verdict, 0, 0, 9)))
        sheet.draw(mark, LEFT, self.y + 3.6)
        colour = palette.VERDICT["light"][text.verdict]
        base = self.y + 10.6
        width = sheet.words(LEFT + 12, base, text.word, 21, colour, bold=True)
        y = base - BODY_LEADING
        for sentence in (text.reason, text.rarity):
            x = LEFT + width + 17
            y = sheet.paragraph(x, y, RIGHT - x, sentence, BODY, BODY_LEADING, TEXT1)
        self.y = max(base + 7.5, y + 1)
        if not self.model.is_batch:
            self._facts(head_facts(self.model))
        self._facts(text.facts)
        self.y -= 2.0

    def _panes(self, figures: PartFigures) -> None:
        drawings = figures.panes
        tallest = max(drawing.height for drawing in drawings)
        self._room(tallest + 12)
        x = LEFT
        for drawing in drawings:
            self.sheet.draw(drawing, x, self.y)
            x += drawing.width + GAP
        self.y += tallest + 1.5
        if "fused" not in figures.pictures.maps:
            return
        limits = self.model.thresholds
        last = drawings[-1].width
        key = furniture.legend(self.model.display_top, limits.t1, limits.t2, last)
        self.sheet.draw(key, x - GAP - last, self.y)
        if figures.result.defects:
            note = OUTLINES + (f" {HATCHED}" if figures.shows_missing else "")
            self.sheet.words(LEFT, self.y + 2.6, note, NOTE, TEXT2)
        self.y += key.height

    def _defects(self, text: PartText) -> None:
        self._section("Defects", 16)
        self._table_head(text.columns)
        for row in text.rows:
            if self.y + 8 > BOTTOM - 1:
                self._next_page()
                self._table_head(text.columns)
            self._table_row(text.columns, row)
        self.y += 2.0
        for note in text.notes:
            self._room(NOTE_LEADING)
            self.y = (
                self.sheet.paragraph(LEFT, self.y + 2.4, INNER, note, NOTE, NOTE_LEADING, TEXT2)
                - 2.4
            )

    def _table_head(self, columns: Sequence[Column]) -> None:
        y = self.y + 3.2
        for column, left, right in _edges(columns):
            at, anchor = _side(column.is_number, left, right)
            self.sheet.words(at, y, column.name, NOTE, TEXT1, bold=True, anchor=anchor)
            self.sheet.words(at, y + 3.2, column.unit, SMALL, TEXT3, anchor=anchor)
        self.y = y + 4.6
        self.sheet.rule(self.y, RULE)

    def _table_row(self, columns: Sequence[Column], row: DefectRow) -> None:
        sheet, y = self.sheet, self.y + 3.9
        for (_, left, right), cell in zip(_edges(columns), row.cells, strict=True):
            at, anchor = _side(cell.is_number, left, right)
            main = shortened(cell.main, BODY, right - left)
            sheet.words(at, y, main, BODY, TEXT1, anchor=anchor, figures=cell.is_number)
            if cell.below:
                sheet.words(at, y + 3.0, cell.below, SMALL, TEXT3, anchor=anchor, figures=True)
        _, left, right = _edges(columns)[-1]
        bar = furniture.share_bar(row.defect.colour_share, 0, 0, right - left)
        sheet.draw(Drawing(right - left, 1.5, tuple(bar)), left, y + 1.6)
        self.y = y + 4.6
        sheet.rule(self.y, RULE)

    def _close_ups(self, figures: PartFigures) -> None:
        defects = figures.result.defects
        shown = defects[:MOST_CLOSE_UPS]
        self._section("Close-ups", CLOSE_UP + 8)
        if figures.pictures.deviation is not None:
            limit = figures.pictures.deviation_range
            key = furniture.deviation_legend(limit, figures.result.unit, 62)
            self.sheet.draw(key, RIGHT - 62, self.y - 4.4)
        for defect in shown:
            self._room(CLOSE_UP + 8)
            self.y += 3.0
            self.sheet.words(LEFT, self.y + 6, str(defect.number), 11, TEXT1, bold=True)
            x = LEFT + 8
            for title, drawing in figures.close_ups(defect):
                self.sheet.words(x, self.y, shortened(title, SMALL, CLOSE_UP), SMALL, TEXT3)
                self.sheet.draw(drawing, x, self.y + 1.2)
                x += CLOSE_UP + GAP
            self.y += CLOSE_UP + 2.4
        if len(shown) < len(defects):
            note = f"Close-ups of the {len(shown)} strongest of {len(defects)} defects."
            self.y = self.sheet.paragraph(LEFT, self.y + 3, INNER, note, NOTE, NOTE_LEADING, TEXT2)

    def _how(self, text: PartText) -> None:
        left_width, gap = 112.0, 8.0
        how = [wrapped(paragraph, NOTE, left_width) for paragraph in text.how]
        height = sum(len(lines) * NOTE_LEADING + 1.2 for lines in how)
        self._section("How it was decided", min(height, 120))
        top, page = self.y, self.sheet.page
        for lines in how:
            for line in lines:
                self._room(NOTE_LEADING)
                self.y += NOTE_LEADING
                self.sheet.words(LEFT, self.y, line, NOTE, TEXT1)
            self.y += 1.2
        bottom = self.y
        x = LEFT + left_width + gap
        if self.sheet.page == page:
            self.y = top
            self.sheet.words(x, top - 2.2, "DATA QUALITY", HEAD, TEXT2, bold=True, tracking=0.3)
        self._quality(text, x)
        self.y = max(self.y, bottom) if self.sheet.page == page else self.y

    def _quality(self, text: PartText, x: float) -> None:
        width = RIGHT - x
        for label, value in text.quality:
            for index, line in enumerate(wrapped(value, NOTE, width - 27)):
                self._room(NOTE_LEADING)
                self.y += NOTE_LEADING
                if index == 0:
                    self.sheet.words(x, self.y, label, NOTE, TEXT3)
                self.sheet.words(x + 27, self.y, line, NOTE, TEXT1)

    def _inputs(self, text: PartText) -> None:
        rows = list(text.inputs) if self.model.is_batch else [*text.inputs, *self._own_hashes()]
        if rows:
            self._section("Inputs, SHA-256", SMALL_LEADING * min(len(rows), 4))
            self._hashes(rows)

    def _own_hashes(self) -> list[tuple[str, str]]:
        return [
            ("recipe", self.model.recipe.sha256 or "not saved"),
            ("results.json", self.model.document_sha256),
        ]

    def _hashes(self, rows: Sequence[tuple[str, str]]) -> None:
        for path, digest in rows:
            self._room(SMALL_LEADING)
            self.y += SMALL_LEADING
            self.sheet.words(LEFT, self.y, digest, SMALL, TEXT2, figures=True)
            self.sheet.words(LEFT + 96, self.y, shortened(path, SMALL, INNER - 96), SMALL, TEXT2)

    # a batch
    def _summary(self) -> Iterator[None]:
        sheet, model = self.sheet, self.model
        text = summary_text(model)
        sheet.words(LEFT, self.y + 2, model.title, 21, TEXT1, bold=True)
        self.y += 11
        self._facts(head_facts(model))
        self._tiles(text.counts)
        chart = score_chart(model, INNER)
        self._section("Scores", chart.height)
        sheet.draw(chart, LEFT, self.y + 1)
        self.y += chart.height + 1
        yield
        self._section("How it was decided", 30)
        for paragraph in text.how:
            self._room(NOTE_LEADING * 3)
            self.y = (
                sheet.paragraph(
                    LEFT, self.y + NOTE_LEADING, INNER, paragraph, NOTE, NOTE_LEADING, TEXT1
                )
                - NOTE_LEADING
                + 1.2
            )
        self._kinds(text.kinds)
        self._refused(text.refused)
        yield
        yield from self._all_parts(text.lines)
        self._section("Recipe and results, SHA-256", 8)
        self._hashes(self._own_hashes())
        note = "results.json lists the hashes of all inputs."
        sheet.words(LEFT, self.y + SMALL_LEADING, note, SMALL, TEXT2)
        self._fresh = False

    def _tiles(self, counts: Sequence[tuple[Verdict, str, int, str]]) -> None:
        width = INNER / len(counts)
        self.y += 2
        for column, (verdict, word, n, share) in enumerate(counts):
            x = LEFT + column * width
            mark = Drawing(6, 6, tuple(furniture.icon(verdict, 0, 0, 6)))
            self.sheet.draw(mark, x, self.y)
            colour = palette.VERDICT["light"][verdict] if n else TEXT3
            used = self.sheet.words(
                x + 8, self.y + 5.4, f"{n:,}", 17, colour, bold=True, figures=True
            )
            self.sheet.words(x + 10 + used, self.y + 2.4, word, NOTE, TEXT1, bold=True)
            self.sheet.words(x + 10 + used, self.y + 5.6, share, NOTE, TEXT3)
        self.y += 9

    def _kinds(self, kinds: Sequence[tuple[str, int, int]]) -> None:
        if not kinds:
            return
        self._section("Defects by suggested name", 6 * len(kinds[:8]))
        most = kinds[0][1]
        for name, n, parts in kinds[:8]:
            self.y += 4.4
            self.sheet.words(LEFT, self.y, shortened(name, BODY, 36), BODY, TEXT1)
            self.sheet.words(LEFT + 48, self.y, str(n), BODY, TEXT1, anchor="end", figures=True)
            bar = furniture.count_bar(n / most, 80)
            self.sheet.draw(bar, LEFT + 52, self.y - 2.2)
            where = f"in {parts} part{'' if parts == 1 else 's'}"
            self.sheet.words(LEFT + 54 + 80 * n / most, self.y, where, NOTE, TEXT3)

    def _refused(self, refused: Sequence[tuple[str, str]]) -> None:
        if not refused:
            return
        self._section("Not inspected", 10)
        for title, sentence in refused:
            lines = wrapped(sentence, NOTE, INNER - 58)
            self._room(NOTE_LEADING * len(lines))
            self.sheet.words(LEFT, self.y + NOTE_LEADING, shortened(title, NOTE, 54), NOTE, TEXT1)
            for line in lines:
                self.y += NOTE_LEADING
                self.sheet.words(LEFT + 58, self.y, line, NOTE, TEXT2)
            self.y += 1

    def _all_parts(self, lines: Sequence[PartLine]) -> Iterator[None]:
        labelled = any(line.label for line in lines)
        self.y += 1.5
        self._section("All parts", 20)
        self._parts_head(labelled)
        for line in lines:
            if self.y + 5 > BOTTOM - 1:
                self._next_page()
                self._parts_head(labelled)
                yield
            self._parts_row(line, labelled)

    def _parts_head(self, labelled: bool) -> None:
        self.y += 3.4
        for name, x, anchor in _PART_COLUMNS:
            if name != "Labelled" or labelled:
                name = f"{name} {self.model.unit}²" if name == "Largest" else name
                self.sheet.words(LEFT + x, self.y, name, NOTE, TEXT1, bold=True, anchor=anchor)
        self.y += 1.6
        self.sheet.rule(self.y, RULE)

    def _parts_row(self, line: PartLine, labelled: bool) -> None:
        sheet, y = self.sheet, self.y + 3.7
        result = line.result
        sheet.draw(Drawing(3, 3, tuple(furniture.icon(result.verdict, 0, 0, 3))), LEFT, y - 2.5)
        title = shortened(line.title, BODY, 66)
        paged = self.model.has_page(result)
        colour = palette.ACCENT["light"] if paged else TEXT1
        width = sheet.words(LEFT + 28, y, title, BODY, colour)
        if paged:
            sheet.link(_anchor(result), LEFT + 28, y - 3, width, 4)
        values = (line.word, "", line.score, line.p, line.defects, line.largest, line.label)
        for value, (name, x, anchor) in zip(values, _PART_COLUMNS, strict=True):
            if name == "Part" or (name == "Labelled" and not labelled):
                continue
            text = shortened(value, BODY, 23)
            sheet.words(LEFT + x, y, text, BODY, TEXT1, anchor=anchor, figures=anchor == "end")
        self.y = y + 1.5
        sheet.rule(self.y, RULE)

    def _sign_off(self) -> None:
        self._room(20)
        self.y += 10
        for column, name in enumerate(("Inspected by", "Reviewed by", "Date and signature")):
            x = LEFT + column * INNER / 3
            self.sheet.rule(self.y, TEXT3, x, x + INNER / 3 - 6)
            self.sheet.words(x, self.y + 3, name, SMALL, TEXT3)
        self.y += 7.5
        end = f"End of report {self.model.report_id}"
        self.sheet.words(LEFT + INNER / 2, self.y, end, SMALL, TEXT3, anchor="middle")


_PART_COLUMNS: tuple[tuple[str, float, Anchor], ...] = (
    ("Verdict", 5.0, "start"),
    ("Part", 28.0, "start"),
    ("Score", 106.0, "end"),
    ("p", 119.0, "end"),
    ("Defects", 134.0, "end"),
    ("Largest", 153.0, "end"),
    ("Labelled", 155.0, "start"),
)


def _side(is_number: bool, left: float, right: float) -> tuple[float, Anchor]:
    """Numbers are set against the right edge, words from the left one."""
    return (right, "end") if is_number else (left, "start")


def _edges(columns: Sequence[Column]) -> list[tuple[Column, float, float]]:
    """Columns with their left and right text edges in mm."""
    found, left = [], LEFT
    for column in columns:
        width = column.share * INNER
        found.append((column, left + 1.0, left + width - 1.0))
        left += width
    return found


def _anchor(result: Result) -> str:
    return f"part:{result.id.encode('utf-8', 'surrogatepass').hex()}"
