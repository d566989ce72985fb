"""One part's page in the PDF."""

from __future__ import annotations

from collections.abc import Sequence

from inspector_core import palette
from inspector_core.reports import furniture
from inspector_core.reports.drawing import Anchor, Drawing
from inspector_core.reports.figures import CLOSE_UP, GAP, MOST_CLOSE_UPS, PartFigures
from inspector_core.reports.pages import (
    HATCHED,
    OUTLINES,
    Column,
    DefectRow,
    PartText,
    head_facts,
)
from inspector_core.reports.pdf_flow import (
    BODY,
    BODY_LEADING,
    HEAD,
    INNER,
    NOTE,
    NOTE_LEADING,
    RULE,
    SMALL,
    SMALL_LEADING,
    TEXT1,
    TEXT2,
    TEXT3,
    Flow,
)
from inspector_core.reports.pdf_sheet import BOTTOM, LEFT, RIGHT
from inspector_core.reports.pdf_type import shortened, wrapped


class PartPage:
    """Verdict, pictures, defects, close-ups, how it was decided, inputs; on as many pages as needed."""

    def __init__(self, flow: Flow) -> None:
        self.flow = flow

    def draw(self, text: PartText, figures: PartFigures | None, missing: str) -> None:
        """The page from the flow's place on; `missing` stands where there are no pictures."""
        self._verdict(text)
        if figures is None:
            self.flow.y = self.flow.sheet.paragraph(
                LEFT, self.flow.y + 4, INNER, missing, BODY, BODY_LEADING, TEXT2
            )
        else:
            self._panes(figures)
        if text.rows:
            self._defects(text)
        if figures is not None and text.rows:
            self._close_ups(figures)
        self._how(text)
        self._inputs(text)

    def _verdict(self, text: PartText) -> None:
        sheet = self.flow.sheet
        title = shortened(text.title, 11, INNER, bold=True)
        sheet.words(LEFT, self.flow.y, title, 11, TEXT1, bold=True)
        mark = Drawing(9, 9, tuple(furniture.icon(text.verdict, 0, 0, 9)))
        sheet.draw(mark, LEFT, self.flow.y + 3.6)
        colour = palette.VERDICT["light"][text.verdict]
        base = self.flow.y + 10.6
        width = sheet.words(LEFT + 12, base, text.word, 21, colour, bold=True)
        y = base - BODY_LEADING
        for sentence in (text.reason, text.rarity):
            x = LEFT + width + 17
            y = sheet.paragraph(x, y, RIGHT - x, sentence, BODY, BODY_LEADING, TEXT1)
        self.flow.y = max(base + 7.5, y + 1)
        if not self.flow.model.is_batch:
            self.flow.facts(head_facts(self.flow.model))
        self.flow.facts(text.facts)
        self.flow.y -= 2.0

    def _panes(self, figures: PartFigures) -> None:
        drawings = figures.panes
        tallest = max(drawing.height for drawing in drawings)
        self.flow.room(tallest + 12)
        x = LEFT
        for drawing in drawings:
            self.flow.sheet.draw(drawing, x, self.flow.y)
            x += drawing.width + GAP
        self.flow.y += tallest + 1.5
        if "fused" not in figures.pictures.maps:
            return
        limits = self.flow.model.thresholds
        last = drawings[-1].width
        key = furniture.legend(self.flow.model.display_top, limits.t1, limits.t2, last)
        self.flow.sheet.draw(key, x - GAP - last, self.flow.y)
        if figures.result.defects:
            note = OUTLINES + (f" {HATCHED}" if figures.shows_missing else "")
            self.flow.sheet.words(LEFT, self.flow.y + 2.6, note, NOTE, TEXT2)
        self.flow.y += key.height

    def _defects(self, text: PartText) -> None:
        self.flow.section("Defects", 16)
        self._table_head(text.columns)
        for row in text.rows:
            if self.flow.y + 8 > BOTTOM - 1:
                self.flow.next_page()
                self._table_head(text.columns)
            self._table_row(text.columns, row)
        self.flow.y += 2.0
        for note in text.notes:
            self.flow.room(NOTE_LEADING)
            self.flow.y = (
                self.flow.sheet.paragraph(
                    LEFT, self.flow.y + 2.4, INNER, note, NOTE, NOTE_LEADING, TEXT2
                )
                - 2.4
            )

    def _table_head(self, columns: Sequence[Column]) -> None:
        y = self.flow.y + 3.2
        for column, left, right in _edges(columns):
            at, anchor = _side(column.is_number, left, right)
            self.flow.sheet.words(at, y, column.name, NOTE, TEXT1, bold=True, anchor=anchor)
            self.flow.sheet.words(at, y + 3.2, column.unit, SMALL, TEXT3, anchor=anchor)
        self.flow.y = y + 4.6
        self.flow.sheet.rule(self.flow.y, RULE)

    def _table_row(self, columns: Sequence[Column], row: DefectRow) -> None:
        sheet, y = self.flow.sheet, self.flow.y + 3.9
        for (_, left, right), cell in zip(_edges(columns), row.cells, strict=True):
            at, anchor = _side(cell.is_number, left, right)
            main = shortened(cell.main, BODY, right - left)
            sheet.words(at, y, main, BODY, TEXT1, anchor=anchor, figures=cell.is_number)
            if cell.below:
                sheet.words(at, y + 3.0, cell.below, SMALL, TEXT3, anchor=anchor, figures=True)
        _, left, right = _edges(columns)[-1]
        bar = furniture.share_bar(row.defect.colour_share, 0, 0, right - left)
        sheet.draw(Drawing(right - left, 1.5, tuple(bar)), left, y + 1.6)
        self.flow.y = y + 4.6
        sheet.rule(self.flow.y, RULE)

    def _close_ups(self, figures: PartFigures) -> None:
        defects = figures.result.defects
        shown = defects[:MOST_CLOSE_UPS]
        self.flow.section("Close-ups", CLOSE_UP + 8)
        if figures.pictures.deviation is not None:
            limit = figures.pictures.deviation_range
            key = furniture.deviation_legend(limit, figures.result.unit, 62)
            self.flow.sheet.draw(key, RIGHT - 62, self.flow.y - 4.4)
        for defect in shown:
            self.flow.room(CLOSE_UP + 8)
            self.flow.y += 3.0
            self.flow.sheet.words(LEFT, self.flow.y + 6, str(defect.number), 11, TEXT1, bold=True)
            x = LEFT + 8
            for title, drawing in figures.close_ups(defect):
                self.flow.sheet.words(
                    x, self.flow.y, shortened(title, SMALL, CLOSE_UP), SMALL, TEXT3
                )
                self.flow.sheet.draw(drawing, x, self.flow.y + 1.2)
                x += CLOSE_UP + GAP
            self.flow.y += CLOSE_UP + 2.4
        if len(shown) < len(defects):
            note = f"Close-ups of the {len(shown)} strongest of {len(defects)} defects."
            self.flow.y = self.flow.sheet.paragraph(
                LEFT, self.flow.y + 3, INNER, note, NOTE, NOTE_LEADING, TEXT2
            )

    def _how(self, text: PartText) -> None:
        left_width, gap = 112.0, 8.0
        how = [wrapped(paragraph, NOTE, left_width) for paragraph in text.how]
        height = sum(len(lines) * NOTE_LEADING + 1.2 for lines in how)
        self.flow.section("How it was decided", min(height, 120))
        top, page = self.flow.y, self.flow.sheet.page
        for lines in how:
            for line in lines:
                self.flow.room(NOTE_LEADING)
                self.flow.y += NOTE_LEADING
                self.flow.sheet.words(LEFT, self.flow.y, line, NOTE, TEXT1)
            self.flow.y += 1.2
        bottom = self.flow.y
        x = LEFT + left_width + gap
        if self.flow.sheet.page == page:
            self.flow.y = top
            self.flow.sheet.words(
                x, top - 2.2, "DATA QUALITY", HEAD, TEXT2, bold=True, tracking=0.3
            )
        self._quality(text, x)
        self.flow.y = max(self.flow.y, bottom) if self.flow.sheet.page == page else self.flow.y

    def _quality(self, text: PartText, x: float) -> None:
        width = RIGHT - x
        for label, value in text.quality:
            for index, line in enumerate(wrapped(value, NOTE, width - 27)):
                self.flow.room(NOTE_LEADING)
                self.flow.y += NOTE_LEADING
                if index == 0:
                    self.flow.sheet.words(x, self.flow.y, label, NOTE, TEXT3)
                self.flow.sheet.words(x + 27, self.flow.y, line, NOTE, TEXT1)

    def _inputs(self, text: PartText) -> None:
        rows = (
            list(text.inputs)
            if self.flow.model.is_batch
            else [*text.inputs, *self.flow.own_hashes()]
        )
        if rows:
            self.flow.section("Inputs, SHA-256", SMALL_LEADING * min(len(rows), 4))
            self.flow.hashes(rows)


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
