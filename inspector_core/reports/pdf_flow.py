"""The flow of the PDF's pages: head and foot, room, sections, facts and hashes."""

from __future__ import annotations

from collections.abc import Sequence

from inspector_core import palette
from inspector_core.reports.model import ReportModel
from inspector_core.reports.pages import ONLY_LISTED, head_facts
from inspector_core.reports.pdf_sheet import BOTTOM, LEFT, RIGHT, TOP, Sheet
from inspector_core.reports.pdf_type import shortened, text_width
from inspector_core.reports.words import printable
from inspector_core.types import Result

TEXT1, TEXT2, TEXT3 = palette.TEXT["light"]
RULE = palette.LINE["light"]
BODY, NOTE, SMALL, HEAD = 8.5, 7.5, 6.5, 7.0
"""Sizes in points."""
BODY_LEADING, NOTE_LEADING, SMALL_LEADING = 4.2, 3.6, 3.0
"""Line distances in mm."""
INNER = RIGHT - LEFT


class Flow:
    """A sheet with a place on it: `y` is where the next thing goes, in mm from the top.

    continued : title of the part whose page is being filled, for the head of its further pages.
    """

    def __init__(self, model: ReportModel) -> None:
        self.model = model
        title, subject = f"{model.title} {model.report_id}", printable(model.recipe.name)
        self.sheet = Sheet(title, subject, model.software)
        self.y = TOP
        self.continued = ""

    def head(self) -> None:
        """The running head; what follows starts below it."""
        sheet, model = self.sheet, self.model
        width = sheet.words(LEFT, TOP + 3, "Relief Inspector", BODY, TEXT1, bold=True)
        if self.continued:
            title = shortened(self.continued, NOTE, 80)
            sheet.words(LEFT + width + 3, TOP + 3, f"{title}, continued", NOTE, TEXT2)
        right = f"{model.title} · {head_facts(model)[1][1]}"
        sheet.words(RIGHT, TOP + 3, right, NOTE, TEXT2, anchor="end")
        sheet.rule(TOP + 5.5, RULE)
        self.y = TOP + 12.5

    def foot(self) -> None:
        """Report id, what the results relate to, page n of m."""
        sheet, y = self.sheet, BOTTOM + 4.5
        sheet.rule(BOTTOM + 1, RULE)
        left = f"Report {self.model.report_id} · {ONLY_LISTED}"
        sheet.words(LEFT, y, left, SMALL, TEXT3)
        text = f"Page {sheet.page} of "
        width = text_width(text, SMALL)
        sheet.words(RIGHT - width - 4, y, text, SMALL, TEXT3)
        sheet.total_pages_here(RIGHT - 4, y)

    def next_page(self) -> None:
        """Close this page and start the next."""
        self.foot()
        self.sheet.show_page()
        self.head()

    def room(self, height: float) -> None:
        """Start the next page unless so much is left on this one."""
        if self.y + height > BOTTOM - 1:
            self.next_page()

    def section(self, title: str, height: float, x: float = LEFT) -> None:
        """A section head that stays with the first `height` mm below it."""
        self.room(height + 8)
        self.y += 5.2
        self.sheet.words(x, self.y, title.upper(), HEAD, TEXT2, bold=True, tracking=0.3)
        self.y += 2.2

    def facts(self, facts: Sequence[tuple[str, str]], columns: int = 4) -> None:
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

    def own_hashes(self) -> list[tuple[str, str]]:
        """Hashes of recipe and results."""
        return [
            ("recipe", self.model.recipe.sha256 or "not saved"),
            ("results.json", self.model.document_sha256),
        ]

    def hashes(self, rows: Sequence[tuple[str, str]]) -> None:
        """Hash and name, a line each."""
        for path, digest in rows:
            self.room(SMALL_LEADING)
            self.y += SMALL_LEADING
            self.sheet.words(LEFT, self.y, digest, SMALL, TEXT2, figures=True)
            self.sheet.words(LEFT + 96, self.y, shortened(path, SMALL, INNER - 96), SMALL, TEXT2)


def anchor_name(result: Result) -> str:
    """The name of a part's page inside the file."""
    return f"part:{result.id.encode('utf-8', 'surrogatepass').hex()}"
