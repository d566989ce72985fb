"""Reports: one `ReportModel`, one module per format, each a row in `EXPORTERS`.

    model = build(results, recipe, load)
    paths = drain(export(model, Path("report"), ["pdf", "html", "json"]))

Importing this package loads no format; a writer's module is imported when it is first used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from inspector_core.reports.exporting import export
    from inspector_core.reports.model import PartMaterial, ReportModel, build

EXPORTERS: dict[str, str] = {
    "pdf": "inspector_core.reports.pdf:PdfWriter",
    "html": "inspector_core.reports.html:HtmlWriter",
    "json": "inspector_core.reports.results_json:JsonWriter",
    "csv": "inspector_core.reports.csv_rows:CsvWriter",
    "png": "inspector_core.reports.png:PngWriter",
    "tiff": "inspector_core.reports.tiff:TiffWriter",
    "ply": "inspector_core.reports.ply:PlyWriter",
}

_HOMES = {
    "build": "inspector_core.reports.model",
    "ReportModel": "inspector_core.reports.model",
    "PartMaterial": "inspector_core.reports.model",
    "export": "inspector_core.reports.exporting",
}

__all__ = ["EXPORTERS", "PartMaterial", "ReportModel", "build", "export"]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(importlib.import_module(_HOMES[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
