"""What every format promises: declare its files, take the parts one by one, finish."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar, Protocol

from inspector_core.reports.figures import PartFigures
from inspector_core.reports.model import ReportModel
from inspector_core.types import Result


class Writer(Protocol):
    """One format. Files are written below `folder` only, under the names that were declared.

    `begin` and `finish` yield between steps well under a second each.
    draws : `part` sets the panes and close-ups of every part with a page; they are made beforehand.
    """

    draws: ClassVar[bool]

    def __init__(self, model: ReportModel, folder: Path) -> None: ...

    @staticmethod
    def names(model: ReportModel) -> tuple[str, ...]:
        """Every file that may be written, relative, with "/"."""
        ...

    def wants(self, result: Result) -> bool:
        """Whether `part` needs this part's pictures; they are costly to load."""
        ...

    def begin(self) -> Iterator[None]:
        """What comes before the parts."""
        ...

    def part(self, result: Result, figures: PartFigures | None, missing: str) -> None:
        """One part, in the report's order; `missing` says why there are no pictures."""
        ...

    def finish(self) -> Iterator[None]:
        """What comes after the parts; afterwards the files are complete."""
        ...
