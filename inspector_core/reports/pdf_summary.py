"""The first pages of a batch in the PDF."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from inspector_core import palette
from inspector_core.reports import furniture
from inspector_core.reports.chart import score_chart
from inspector_core.reports.drawing import Anchor, Drawing
from inspector_core.reports.pages import head_facts
from inspector_core.reports.pdf_flow import (
    BODY,
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
    anchor_name,
)
from inspector_core.reports.pdf_sheet import BOTTOM, LEFT
from inspector_core.reports.pdf_type import shortened, wrapped
from inspector_core.reports.summary import PartLine, summary_text
from inspector_core.types import Verdict

_PART_COLUMNS: tuple[tuple[str, float, Anchor], ...] = (
    ("Verdict", 5.0, "start"),
    ("Part", 28.0, "start"),
    ("Score", 106.0, "end"),
    ("p", 119.0, "end"),
    ("Defects", 134.0, "end"),
    ("Largest", 153.0, "end"),
    ("Labelled", 155.0, "start"),
)
"""Name, mm from the left edge, alignment."""


class Summary:
    """Counts, scores, rule and promise, kinds of defects, what was not inspected, all parts."""

    def __init__(self, flow: Flow) -> None:
        self.flow = flow

    def draw(self) -> Iterator[None]:
        """The pages, yielding between steps."""
        sheet, model = self.flow.sheet, self.flow.model
        text = summary_text(model)
        sheet.words(LEFT, self.flow.y + 2, model.title, 21, TEXT1, bold=True)
        self.flow.y += 11
        self.flow.facts(head_facts(model))
        self._tiles(text.counts)
        chart = score_chart(model, INNER)
        self.flow.section("Scores", chart.height)
        sheet.draw(chart, LEFT, self.flow.y + 1)
        self.flow.y += chart.height + 1
        yield
        self.flow.section("How it was decided", 30)
        for paragraph in text.how:
            self.flow.room(NOTE_LEADING * 3)
            self.flow.y = (
                sheet.paragraph(
                    LEFT, self.flow.y + NOTE_LEADING, INNER, paragraph, NOTE, NOTE_LEADING, TEXT1
                )
                - NOTE_LEADING
                + 1.2
            )
        self._kinds(text.kinds)
        self._refused(text.refused)
        yield
        yield from self._all_parts(text.lines)
        self.flow.section("Recipe and results, SHA-256", 8)
        self.flow.hashes(self.flow.own_hashes())
        note = "results.json lists the hashes of all inputs."
        sheet.words(LEFT, self.flow.y + SMALL_LEADING, note, SMALL, TEXT2)

    def _tiles(self, counts: Sequence[tuple[Verdict, str, int, str]]) -> None:
        width = INNER / len(counts)
        self.flow.y += 2
        for column, (verdict, word, n, share) in enumerate(counts):
            x = LEFT + column * width
            mark = Drawing(6, 6, tuple(furniture.icon(verdict, 0, 0, 6)))
            self.flow.sheet.draw(mark, x, self.flow.y)
            colour = palette.VERDICT["light"][verdict] if n else TEXT3
            used = self.flow.sheet.words(
                x + 8, self.flow.y + 5.4, f"{n:,}", 17, colour, bold=True, figures=True
            )
            self.flow.sheet.words(x + 10 + used, self.flow.y + 2.4, word, NOTE, TEXT1, bold=True)
            self.flow.sheet.words(x + 10 + used, self.flow.y + 5.6, share, NOTE, TEXT3)
        self.flow.y += 9

    def _kinds(self, kinds: Sequence[tuple[str, int, int]]) -> None:
        if not kinds:
            return
        self.flow.section("Defects by suggested name", 6 * len(kinds[:8]))
        most = kinds[0][1]
        for name, n, parts in kinds[:8]:
            self.flow.y += 4.4
            self.flow.sheet.words(LEFT, self.flow.y, shortened(name, BODY, 36), BODY, TEXT1)
            self.flow.sheet.words(
                LEFT + 48, self.flow.y, str(n), BODY, TEXT1, anchor="end", figures=True
            )
            bar = furniture.count_bar(n / most, 80)
            self.flow.sheet.draw(bar, LEFT + 52, self.flow.y - 2.2)
            where = f"in {parts} part{'' if parts == 1 else 's'}"
            self.flow.sheet.words(LEFT + 54 + 80 * n / most, self.flow.y, where, NOTE, TEXT3)

    def _refused(self, refused: Sequence[tuple[str, str]]) -> None:
        if not refused:
            return
        self.flow.section("Not inspected", 10)
        for title, sentence in refused:
            lines = wrapped(sentence, NOTE, INNER - 58)
            self.flow.room(NOTE_LEADING * len(lines))
            self.flow.sheet.words(
                LEFT, self.flow.y + NOTE_LEADING, shortened(title, NOTE, 54), NOTE, TEXT1
            )
            for line in lines:
                self.flow.y += NOTE_LEADING
                self.flow.sheet.words(LEFT + 58, self.flow.y, line, NOTE, TEXT2)
            self.flow.y += 1

    def _all_parts(self, lines: Sequence[PartLine]) -> Iterator[None]:
        labelled = any(line.label for line in lines)
        self.flow.y += 1.5
        self.flow.section("All parts", 20)
        self._parts_head(labelled)
        for line in lines:
            if self.flow.y + 5 > BOTTOM - 1:
                self.flow.next_page()
                self._parts_head(labelled)
                yield
            self._parts_row(line, labelled)

    def _parts_head(self, labelled: bool) -> None:
        self.flow.y += 3.4
        for name, x, anchor in _PART_COLUMNS:
            if name != "Labelled" or labelled:
                name = f"{name} {self.flow.model.unit}²" if name == "Largest" else name
                self.flow.sheet.words(
                    LEFT + x, self.flow.y, name, NOTE, TEXT1, bold=True, anchor=anchor
                )
        self.flow.y += 1.6
        self.flow.sheet.rule(self.flow.y, RULE)

    def _parts_row(self, line: PartLine, labelled: bool) -> None:
        sheet, y = self.flow.sheet, self.flow.y + 3.7
        result = line.result
        sheet.draw(Drawing(3, 3, tuple(furniture.icon(result.verdict, 0, 0, 3))), LEFT, y - 2.5)
        title = shortened(line.title, BODY, 66)
        paged = self.flow.model.has_page(result)
        colour = palette.ACCENT["light"] if paged else TEXT1
        width = sheet.words(LEFT + 28, y, title, BODY, colour)
        if paged:
            sheet.link(anchor_name(result), LEFT + 28, y - 3, width, 4)
        values = (line.word, "", line.score, line.p, line.defects, line.largest, line.label)
        for value, (name, x, anchor) in zip(values, _PART_COLUMNS, strict=True):
            if name == "Part" or (name == "Labelled" and not labelled):
                continue
            text = shortened(value, BODY, 23)
            sheet.words(LEFT + x, y, text, BODY, TEXT1, anchor=anchor, figures=anchor == "end")
        self.flow.y = y + 1.5
        sheet.rule(self.flow.y, RULE)
