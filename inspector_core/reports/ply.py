"""The cloud as binary PLY with colour and score per point: parts/ID.ply."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from inspector_core.files import write_atomic
from inspector_core.reports.figures import PartFigures
from inspector_core.reports.model import ReportModel
from inspector_core.reports.pictures import PartPictures
from inspector_core.reports.words import printable
from inspector_core.types import Result, Verdict

POINT = np.dtype(
    [
        *((axis, "<f4") for axis in "xyz"),
        *((channel, "u1") for channel in ("red", "green", "blue")),
        ("score", "<f4"),
        ("column", "<i4"),
        ("row", "<i4"),
    ]
)
"""mm in the camera's frame; score in times the usual, NaN outside the part; the source pixel."""
_KINDS = {"<f4": "float", "|u1": "uchar", "<i4": "int"}


class PlyWriter:
    """One PLY per inspected part with a cloud."""

    draws = False

    def __init__(self, model: ReportModel, folder: Path) -> None:
        self.model = model
        self.folder = folder

    @staticmethod
    def names(model: ReportModel) -> tuple[str, ...]:
        return tuple(f"{model.names[result.id]}.ply" for result in model.results)

    def wants(self, result: Result) -> bool:
        return result.verdict is not Verdict.NOT_INSPECTED

    def begin(self) -> Iterator[None]:
        yield from ()

    def part(self, result: Result, figures: PartFigures | None, missing: str) -> None:
        if figures is None or figures.pictures.sample.xyz is None:
            return
        path = self.folder / f"{self.model.names[result.id]}.ply"
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomic(path, self._encoded(figures.pictures))

    def finish(self) -> Iterator[None]:
        yield from ()

    def _encoded(self, pictures: PartPictures) -> bytes:
        sample = pictures.sample
        assert sample.xyz is not None
        row, column = np.nonzero(sample.valid)
        points = np.zeros(len(row), POINT)
        for index, axis in enumerate("xyz"):
            points[axis] = sample.xyz[row, column, index]
        for index, channel in enumerate(("red", "green", "blue")):
            points[channel] = pictures.photo[row, column, index]
        points["score"] = np.nan
        if "fused" in pictures.maps:
            points["score"] = pictures.maps["fused"][row, column]
        points["column"], points["row"] = column, row
        return self._header(pictures.result, len(points)) + points.tobytes()

    def _header(self, result: Result, count: int) -> bytes:
        part = printable(result.id).encode("ascii", "backslashreplace").decode()
        lines = [
            "ply",
            "format binary_little_endian 1.0",
            f"comment part {part}",
            f"comment x y z in {result.unit}, camera frame; score in times the usual",
            f"comment report {self.model.report_id} recipe {self.model.recipe.sha256}",
            f"element vertex {count}",
            *(f"property {_KINDS[POINT[name].str]} {name}" for name in POINT.names or ()),
            "end_header",
        ]
        return ("\n".join(lines) + "\n").encode("ascii")
