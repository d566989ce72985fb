"""The report as PDF: a summary for a batch, then a page for every part that is not accepted."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from inspector_core.files import write_atomic
from inspector_core.reports.figures import PartFigures
from inspector_core.reports.model import ReportModel
from inspector_core.reports.pages import part_text
from inspector_core.reports.pdf_flow import INNER, SMALL, TEXT3, Flow, anchor_name
from inspector_core.reports.pdf_part import PartPage
from inspector_core.reports.pdf_sheet import LEFT
from inspector_core.reports.pdf_summary import Summary
from inspector_core.types import Result

_FILE = "report.pdf"


class PdfWriter:
    """report.pdf"""

    draws = True

    def __init__(self, model: ReportModel, folder: Path) -> None:
        self.model = model
        self.path = folder / _FILE
        self.flow = Flow(model)
        self._first = True

    @staticmethod
    def names(model: ReportModel) -> tuple[str, ...]:
        return (_FILE,)

    def wants(self, result: Result) -> bool:
        return self.model.has_page(result)

    def begin(self) -> Iterator[None]:
        self.flow.head()
        if self.model.is_batch:
            yield from Summary(self.flow).draw()
            self._first = False

    def part(self, result: Result, figures: PartFigures | None, missing: str) -> None:
        text = part_text(self.model, result)
        self.flow.continued = ""
        if not self._first:
            self.flow.next_page()
        self._first = False
        self.flow.continued = text.title
        self.flow.sheet.anchor(anchor_name(result), text.title)
        PartPage(self.flow).draw(text, figures, missing)

    def finish(self) -> Iterator[None]:
        self._sign_off()
        self.flow.foot()
        yield
        write_atomic(self.path, self.flow.sheet.finish(SMALL, TEXT3))

    def _sign_off(self) -> None:
        self.flow.room(20)
        self.flow.y += 10
        for column, name in enumerate(("Inspected by", "Reviewed by", "Date and signature")):
            x = LEFT + column * INNER / 3
            self.flow.sheet.rule(self.flow.y, TEXT3, x, x + INNER / 3 - 6)
            self.flow.sheet.words(x, self.flow.y + 3, name, SMALL, TEXT3)
        self.flow.y += 7.5
        end = f"End of report {self.flow.model.report_id}"
        self.flow.sheet.words(LEFT + INNER / 2, self.flow.y, end, SMALL, TEXT3, anchor="middle")
