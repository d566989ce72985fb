"""Tables of a benchmark as Markdown and as CSV; equal documents give equal text.

markdown(documents), csv_text(documents)      # job documents: `summary`
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from inspector_core.evaluation.published import COSTS, published
from inspector_core.evaluation.sections import LEGEND, sections
from inspector_core.evaluation.summary import (
    METRICS,
    OWN_I_AUROC,
    PRECISION,
    Document,
    Group,
    grouped,
    n_classes,
)

_DIGITS = 6
HEADS = (
    "dataset", "class", "detector", "shots", "seed", "map", "defect_type", "metric", "estimator",
    "value", "low", "high", "status", "source",
)  # fmt: skip
"""Of the CSV: a row for each figure. low, high: 95 % interval of one run, or the range over the seeds
where seed is "median". Ours have the status "run"."""


def markdown(documents: Sequence[Document]) -> str:
    """All tables as Markdown: equal documents give equal text."""
    lines = ["# Benchmark", "", *(f"- {sentence}" for sentence in LEGEND)]
    for section in sections(documents):
        lines += ["", f"## {_plain(section.title)}"]
        for table in section.tables:
            lines += ["", f"### {table.title}", ""]
            lines.append(_line(table.heads))
            lines.append("|" + "---|" * len(table.heads))
            lines += [_line(row.cells) for row in table.rows]
            lines += ["", *(f"- {_plain(note)}" for note in table.notes)] if table.notes else []
        if section.sources:
            lines += ["", "### Sources", ""]
            lines += [f"{at}. {_plain(text)}" for at, text in enumerate(section.sources, 1)]
    return "\n".join(lines) + "\n"


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(_plain(cell) for cell in cells) + " |"


def _plain(text: str) -> str:
    """Text that stays within its cell."""
    return " ".join(text.split()).replace("|", "\\|")


def csv_text(documents: Sequence[Document]) -> str:
    """Every figure of every map, defect type and seed, then the published ones; mean in class "mean"."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(HEADS)
    groups = grouped(documents)
    for group in groups:
        writer.writerows(map(_rounded, _ours(group)))
        everything = n_classes(_same_set(group, groups))
        writer.writerows(map(_rounded, _over_seeds_and_classes(group, everything)))
    for dataset in dict.fromkeys(group.dataset for group in groups):
        writer.writerows(_theirs(dataset))
    return stream.getvalue()


def _rounded(row: Sequence[object]) -> list[object]:
    """Digits that depend on how many cores shared a sum would make equal runs look different."""
    return [round(cell, _DIGITS) if isinstance(cell, float) else cell for cell in row]


def _ours(group: Group) -> Iterator[list[object]]:
    shots = "all" if group.shots is None else group.shots
    for name, by_seed in group.runs.items():
        for seed, run in by_seed.items():
            head = [group.dataset, name, group.title, shots, seed]
            tables: dict[str, Mapping[str, Any]] = {
                "": {**run["maps"], "no_model": run["no_model"]}
            }
            for kind, maps in {**tables, **run["per_type"]}.items():
                for map_name, figures in maps.items():
                    for row in _figures(run, figures):
                        yield [*head, map_name, kind, *row, "run", ""]


def _same_set(group: Group, groups: Sequence[Group]) -> list[Group]:
    return [other for other in groups if other.dataset == group.dataset]


def _over_seeds_and_classes(group: Group, everything: int) -> Iterator[list[object]]:
    """Medians over several seeds, and means over several classes, of the deciding map."""
    shots = "all" if group.shots is None else group.shots
    for metric in METRICS:
        spreads = {name: group.spread(name, metric) for name in group.runs}
        done = [name for name, spread in spreads.items() if spread is not None]
        figures = [(name, spread, "") for name, spread in spreads.items()]
        if len(done) > 1:
            said = f"mean of {len(done)} of {everything} classes"
            figures.append(("mean", group.mean(done, metric), said))
        for name, spread, said in figures:
            if spread is not None and (said or spread.n_seeds > 1):
                seed = "median" if spread.n_seeds > 1 else ""
                head = [group.dataset, name, group.title, shots, seed, "", "", metric.name]
                ends = ("" if end is None else end for end in (spread.low, spread.high))
                yield [*head, group.estimator(metric), spread.middle, *ends, "run", said]


def _figures(run: Mapping[str, Any], figures: Mapping[str, Any]) -> Iterator[list[object]]:
    for metric in (*METRICS, OWN_I_AUROC, *PRECISION):
        if metric.estimator == "exact" and run["protocol"] != "exact":
            continue
        value = metric.of(figures)
        if value is not None:
            estimator = run["published_protocol"] if metric.estimator == "published" else ""
            low, high = metric.span(figures) or ("", "")
            yield [metric.name, estimator or metric.estimator, value, low, high]


def _theirs(dataset: str) -> Iterator[list[object]]:
    for row in published(dataset, ablations=True):
        if row.metric in COSTS:
            continue
        shots = "all" if row.shots is None else row.shots
        tail = ["", "", row.status, row.source]
        figures = {**row.classes, "mean": "" if row.mean is None else row.mean}
        for name, value in figures.items():
            yield [
                dataset, name, row.method, shots, "", "", "", row.metric, row.estimator, value, *tail
            ]  # fmt: skip
