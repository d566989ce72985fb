"""The report as one HTML file: no network, no scripts, readable on a phone and in print."""

from __future__ import annotations

import base64
import os
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from inspector_core import palette
from inspector_core.assets import resource
from inspector_core.reports import furniture
from inspector_core.reports.chart import score_chart
from inspector_core.reports.drawing import Drawing
from inspector_core.reports.figures import MOST_CLOSE_UPS, WIDTH, PartFigures
from inspector_core.reports.model import ReportModel
from inspector_core.reports.pages import (
    HATCHED,
    ONLY_LISTED,
    OUTLINES,
    DefectRow,
    head_facts,
    part_text,
)
from inspector_core.reports.summary import summary_text
from inspector_core.reports.words import printable
from inspector_core.types import Result, Verdict

if TYPE_CHECKING:
    from jinja2 import Environment

_FILE = "report.html"


class HtmlWriter:
    """report.html, written part by part."""

    draws = True

    def __init__(self, model: ReportModel, folder: Path) -> None:
        self.model = model
        self.path = folder / _FILE
        self._anchors = {result.id: f"part-{n}" for n, result in enumerate(model.ordered, 1)}

    @staticmethod
    def names(model: ReportModel) -> tuple[str, ...]:
        return (_FILE,)

    def wants(self, result: Result) -> bool:
        return self.model.has_page(result)

    def begin(self) -> Iterator[None]:
        model = self.model
        summary = summary_text(model) if model.is_batch else None
        self._append(
            "head.html",
            summary=summary,
            chart=score_chart(model, WIDTH) if model.is_batch else None,
            labelled=any(result.label for result in model.results),
        )
        yield

    def part(self, result: Result, figures: PartFigures | None, missing: str) -> None:
        limits = self.model.thresholds
        has_map = figures is not None and "fused" in figures.pictures.maps
        self._append(
            "part.html",
            text=part_text(self.model, result),
            result=result,
            anchor=self._anchors[result.id],
            figures=figures,
            missing=missing,
            legend=furniture.legend(self.model.display_top, limits.t1, limits.t2, 57.0)
            if has_map
            else None,
            deviation_legend=_deviation_legend(figures),
            shown=result.defects[:MOST_CLOSE_UPS] if figures is not None else (),
        )

    def finish(self) -> Iterator[None]:
        self._append("foot.html")
        with self.path.open("rb") as stream:
            os.fsync(stream.fileno())
        yield

    def _append(self, template: str, **values: Any) -> None:
        text = (
            _environment()
            .get_template(template)
            .render(
                model=self.model,
                anchors=self._anchors,
                facts=head_facts(self.model),
                only_listed=ONLY_LISTED,
                outlines=OUTLINES,
                hatched=HATCHED,
                **values,
            )
        )
        with self.path.open("ab") as stream:
            stream.write(text.encode("utf-8"))


def _deviation_legend(figures: PartFigures | None) -> Drawing | None:
    if figures is None or figures.pictures.deviation is None:
        return None
    return furniture.deviation_legend(figures.pictures.deviation_range, figures.result.unit, 62.0)


def _icon(verdict: Verdict) -> Drawing:
    return Drawing(16, 16, tuple(furniture.icon(verdict, 0, 0, 16)), palette.WORD[verdict])


def _share(row: DefectRow) -> Drawing:
    return Drawing(20, 1.5, tuple(furniture.share_bar(row.defect.colour_share, 0, 0, 20)))


@cache
def _font(name: str) -> str:
    return base64.b64encode(resource("fonts", name).read_bytes()).decode("ascii")


@cache
def _environment() -> Environment:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    from inspector_core.reports.svg import svg

    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals.update(svg=svg, icon=_icon, share=_share, font=_font, printable=printable)
    environment.globals.update(
        verdict_colours=palette.VERDICT["light"],
        text1=palette.TEXT["light"][0],
        text2=palette.TEXT["light"][1],
        text3=palette.TEXT["light"][2],
        line=palette.LINE["light"],
        accent=palette.ACCENT["light"],
    )
    return environment
