"""A benchmark as one HTML page: tables, sources and curves; no network, no scripts, light and dark.

page(documents)      # job documents: `summary`; equal documents give equal text
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from inspector_core import palette
from inspector_core.evaluation.outcome import DECIDING
from inspector_core.evaluation.plot import Line, Plot, look_of, plot_svg
from inspector_core.evaluation.sections import LEGEND, NO_MODEL, Section, sections
from inspector_core.evaluation.summary import EXACT, Document, Group, value_of

if TYPE_CHECKING:
    from jinja2 import Environment

_SERIES = {
    "light": (
        "#0b63ce",
        "#c8361f",
        "#157a58",
        "#8a4fbf",
        "#946600",
        "#0a7f8c",
        "#b3327a",
        "#4f5a63",
    ),
    "dark": (
        "#58a6ff",
        "#f0624d",
        "#3fb68b",
        "#c39af0",
        "#e0a92e",
        "#4cc3d0",
        "#f07ab8",
        "#a9b2ba",
    ),
}
"""Colours of lines on the page's ground, at least 4.5:1 in either theme."""
_GROUND = {"light": ("#ffffff", "#f3f5f6"), "dark": ("#15181a", "#1f2326")}
_MARKS = (0.01, 0.05, 0.1)


@dataclass(frozen=True, slots=True)
class ClassCurves:
    """The plots of one class, with the legend that they share."""

    name: str
    plots: tuple[Plot, ...]
    legend: tuple[tuple[str, str], ...]


def page(documents: Sequence[Document], title: str = "Benchmark") -> str:
    """The page's text."""
    parts = [(section, _curves(section)) for section in sections(documents)]
    return (
        _environment()
        .get_template("benchmark.html")
        .render(title=title, legend=LEGEND, parts=parts)
    )


def _curves(section: Section) -> list[ClassCurves]:
    looks = {group.label: look_of(number) for number, group in enumerate(section.groups)}
    return [
        _of_class(name, [group for group in section.groups if name in group.runs], looks)
        for name in section.classes
    ]


def _of_class(name: str, groups: Sequence[Group], looks: Mapping[str, str]) -> ClassCurves:
    drawn = {group.label: _typical(group, name).get("curves", {}) for group in groups}

    def lines(kind: str, key: str) -> tuple[Line, ...]:
        return tuple(
            line
            for label, curves in drawn.items()
            if (line := _line(curves, kind, key, label, looks[label])) is not None
        )

    outline = [
        line
        for curves in list(drawn.values())[:1]
        if (line := _line({"": curves.get("no_model")}, "pro", "pro", NO_MODEL, "line none"))
    ]
    plots = (
        Plot("Per-region overlap", "false-positive rate of pixels", "PRO",
             (*lines("pro", "pro"), *outline), 0.3, _MARKS),
        Plot("ROC over pixels", "false-positive rate of pixels", "true-positive rate",
             lines("roc", "tpr"), 0.3, diagonal=True),
        Plot("ROC over parts", "share of good parts", "share of defective parts",
             lines("part_roc", "tpr"), diagonal=True),
    )  # fmt: skip
    kept = tuple(plot for plot in plots if plot.lines)
    legend = [(label, looks[label]) for label in drawn] + [(NO_MODEL, "line none")] * bool(outline)
    return ClassCurves(name, kept, tuple(legend))


def _typical(group: Group, name: str) -> Document:
    """The run whose exact AUPRO@30% is the median of the seeds (the lower of the two middle ones)."""
    runs = sorted(
        group.runs[name].items(), key=lambda entry: (value_of(entry[1], EXACT[0]) or 0.0, entry[0])
    )
    return runs[(len(runs) - 1) // 2][1]


def _line(curves: Mapping[str, Any], kind: str, key: str, label: str, look: str) -> Line | None:
    """The line of the deciding map, None where the curve is undefined or was not kept."""
    chosen = curves.get(DECIDING) or next(iter(curves.values()), None)
    points = chosen and chosen[kind]
    if not points:
        return None
    return Line(label, np.array(points["fpr"], float), np.array(points[key], float), look)


@cache
def _environment() -> Environment:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals.update(
        plot_svg=plot_svg,
        series=_SERIES,
        ground=_GROUND,
        text=palette.TEXT,
        rule=palette.LINE,
        accent=palette.ACCENT,
    )
    return environment
