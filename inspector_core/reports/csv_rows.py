"""results.csv: one row per defect, one for each part without defects; always "." and ",", UTF-8."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from inspector_core.files import write_atomic
from inspector_core.reports.document import MEASURES, uncertainty_key
from inspector_core.reports.figures import PartFigures
from inspector_core.reports.model import ReportModel
from inspector_core.reports.words import printable
from inspector_core.types import Result

_FILE = "results.csv"
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "'")
PART = ("part", "label", "verdict", "score", "score_rgb", "score_shape", "p_value", "t1", "t2")
DEFECT = (
    "defect",
    "name",
    *(key for name in MEASURES for key in (name, uncertainty_key(name))),
    *("x_mm", "y_mm", "z_mm", "x0_px", "y0_px", "x1_px", "y1_px", "peak_x_px", "peak_y_px"),
    *("peak", "peak_rgb", "peak_shape", "colour_share"),
)
COLUMNS = (*PART, *DEFECT, "unit", "reason", "error")


class CsvWriter:
    """results.csv"""

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
        """Nothing: all rows come from the document."""

    def finish(self) -> Iterator[None]:
        stream = io.StringIO(newline="")
        table = csv.DictWriter(stream, COLUMNS, restval="", lineterminator="\r\n")
        table.writeheader()
        limits = self.model.document["recipe"]["thresholds"]
        for number, part in enumerate(self.model.document["parts"]):
            shared = _part(part) | limits
            for defect in part["defects"] or [{}]:
                row = shared | (_defect(defect) if defect else {})
                table.writerow({name: cell(value) for name, value in row.items()})
            if number % 200 == 199:
                yield
        write_atomic(self.path, stream.getvalue().encode("utf-8"))
        yield


def cell(value: object) -> str:
    """A value as a cell: numbers with full precision, text that no spreadsheet takes for a formula."""
    if value is None:
        return ""
    if isinstance(value, int | float):
        return repr(value)
    text = printable(str(value))
    return f"'{text}" if text.startswith(_FORMULA) else text


def _part(part: Mapping[str, Any]) -> dict[str, Any]:
    scores = part["scores"]
    return {
        "part": part["id"],
        "label": part["label"],
        "verdict": part["verdict"],
        "score": scores["fused"],
        "score_rgb": scores["rgb"],
        "score_shape": scores["shape"],
        "p_value": part["p_value"],
        "unit": part["unit"],
        "reason": part["reason"],
        "error": part["error"],
    }


def _defect(defect: Mapping[str, Any]) -> dict[str, Any]:
    row = {"defect": defect["number"], "name": defect["name"]}
    for name in MEASURES:
        row[name], row[uncertainty_key(name)] = defect[name], defect[uncertainty_key(name)]
    x, y, z = defect["centroid_mm"] or (None, None, None)
    row |= {"x_mm": x, "y_mm": y, "z_mm": z}
    row |= zip(("x0_px", "y0_px", "x1_px", "y1_px"), defect["bbox_px"], strict=True)
    row |= zip(("peak_x_px", "peak_y_px"), defect["peak_px"], strict=True)
    return row | {
        "peak": defect["score"],
        "peak_rgb": defect["score_rgb"],
        "peak_shape": defect["score_shape"],
        "colour_share": defect["colour_share"],
    }
