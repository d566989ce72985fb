"""results.json: the source of truth, by the contract `relief-results/1`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from inspector_core.files import json_bytes, write_atomic
from inspector_core.reports.figures import PartFigures
from inspector_core.reports.model import ReportModel
from inspector_core.types import Result

_FILE = "results.json"


class JsonWriter:
    """results.json"""

    draws = False

    def __init__(self, model: ReportModel, folder: Path) -> None:
        self.model = model
        self.path = folder / _FILE

    @staticmethod
    def names(model: ReportModel) -> tuple[str, ...]:
        return (_FILE,)

    def wants(self, result: Result) -> bool:
        return False

    def begin(self) -> Iterator[None]:
        yield from ()

    def part(self, result: Result, figures: PartFigures | None, missing: str) -> None:
        """Nothing: the document holds all parts already."""

    def finish(self) -> Iterator[None]:
        write_atomic(self.path, json_bytes(self.model.document))
        yield
