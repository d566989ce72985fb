"""Maps as float TIFF: parts/ID.fused.tiff and its siblings, for other programs to compute with."""

from __future__ import annotations

import json
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

from inspector_core.files import write_atomic
from inspector_core.reports.figures import PartFigures
from inspector_core.reports.model import ReportModel
from inspector_core.types import Array, Result, Verdict

MAPS = ("rgb", "shape", "fused")
LENGTHS = ("deviation_mm", "spread_mm")


class TiffWriter:
    """One float32 TIFF per map: evidence in times the usual, lengths in mm, NaN where unknown."""

    draws = False

    def __init__(self, model: ReportModel, folder: Path) -> None:
        self.model = model
        self.folder = folder

    @staticmethod
    def names(model: ReportModel) -> tuple[str, ...]:
        return tuple(
            f"{model.names[result.id]}.{name}.tiff"
            for result in model.results
            for name in (*MAPS, *LENGTHS)
        )

    def wants(self, result: Result) -> bool:
        return result.verdict is not Verdict.NOT_INSPECTED

    def begin(self) -> Iterator[None]:
        yield from ()

    def part(self, result: Result, figures: PartFigures | None, missing: str) -> None:
        if figures is None:
            return
        maps = figures.pictures.maps
        for name in MAPS:
            if name in maps:
                self._write(result, name, maps[name], "times the usual")
        stored = figures.pictures.material.maps
        lengths = {} if stored is None else stored.arrays()
        for name in LENGTHS:
            if name in lengths:
                self._write(result, name, lengths[name], result.unit)

    def finish(self) -> Iterator[None]:
        yield from ()

    def _write(self, result: Result, name: str, values: Array, unit: str) -> None:
        import tifffile

        limits = self.model.thresholds
        facts = {
            "map": name,
            "unit": unit,
            "part": result.id,
            "report": self.model.report_id,
            "recipe_sha256": self.model.recipe.sha256,
            "t1": limits.t1,
            "t2": limits.t2,
        }
        stream = BytesIO()
        tifffile.imwrite(
            stream,
            values,
            photometric="minisblack",
            compression="zlib",
            software=self.model.software,
            description=json.dumps(facts, ensure_ascii=True),
            metadata=None,
        )
        path = self.folder / f"{self.model.names[result.id]}.{name}.tiff"
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomic(path, stream.getvalue())
