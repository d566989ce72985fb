"""What a benchmark says: the short table on the terminal, and the files with everything."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import fmean
from typing import Any

from inspector_core.benchmark.output import TIMES, OutputFolder, timeless
from inspector_core.benchmark.running import Ran
from inspector_core.benchmark.suite import Method
from inspector_core.evaluation.kept_arrays import read_kept
from inspector_core.evaluation.page import page
from inspector_core.evaluation.paired import common, compare
from inspector_core.evaluation.summary import (
    EXACT,
    I_AUROC,
    P_AUROC,
    Spread,
    classes_of,
    grouped,
)
from inspector_core.evaluation.tables import csv_text, markdown
from inspector_core.files import write_atomic

HEADS = (
    "data set",
    "class",
    "detector",
    "shots",
    "seeds",
    "I-AUROC",
    "P-AUROC",
    "AUPRO@30 %",
    "@1 %",
)
COMPARED_HEADS = ("class", "shots", "seed", "metric", "first", "second", "difference [95 %]", "p")
MEAN = "mean"
_COMPARED = {"i_auroc": "I-AUROC", "aupro@0.30": "AUPRO@30 %", "aupro@0.01": "AUPRO@1 %"}
_METRICS = (I_AUROC, P_AUROC, EXACT[0], EXACT[-1])

Row = tuple[str, ...]


def title_of(document: Mapping[str, Any]) -> str:
    """The detector of a job with what is not as usual: "btf cells=32"."""
    job = document["job"]
    return Method(job["detector"], job["given"], job["settings"]).title


def rows(documents: Sequence[Mapping[str, Any]]) -> list[Row]:
    """A row for each class, detector and number of shots: medians over the seeds; then means over classes.

    Figures are those of the fused map; "-" where one is undefined for some seed.
    """
    found: list[Row] = []
    means: list[Row] = []
    for group in grouped(documents):
        names = classes_of([group])
        head = (group.title, str(group.shots or "all"))
        for name in names:
            figures = [_shown(group.spread(name, metric)) for metric in _METRICS]
            seeds = str(len(group.runs[name]))
            found.append((group.dataset, name, *head, seeds, *figures))
        if len(names) > 1:
            figures = [_shown(group.mean(names, metric)) for metric in _METRICS]
            means.append((group.dataset, MEAN, *head, "", *figures))
    return found + means


def write_tables(ran: Ran, output: OutputFolder) -> tuple[str, ...]:
    """Write benchmark.md, .csv, .html and times.csv; returns their names.

    Times stand in times.csv alone: equal jobs give equal tables, byte for byte.
    """
    documents = [timeless(document) for document in ran.documents]
    files = {
        "benchmark.md": markdown(documents) + _not_done(ran),
        "benchmark.csv": csv_text(documents),
        "benchmark.html": page(documents),
    }
    for name, text in files.items():
        write_atomic(output.folder / name, text.encode("utf-8", "backslashreplace"))
    output.write_times(ran.documents)
    return (*files, TIMES)


def _not_done(ran: Ran) -> str:
    """The jobs that failed, as a section of the Markdown; nothing when all are done."""
    if not ran.failed:
        return ""
    rows = [f"- {job.title}: {text}" for job, text in ran.failed]
    return "\n".join(["", "## Not done", "", *rows, ""])


def compared(
    documents: Sequence[Mapping[str, Any]], output: OutputFolder, first: str, second: str
) -> list[dict[str, Any]]:
    """Differences between two detectors (titles), for each class, number of shots and seed that both did.

    Parts that only one of them could score are left out and counted.
    """
    names: dict[tuple[object, ...], dict[str, str]] = {}
    for document in documents:
        job = document["job"]
        key = (job["dataset"], job["class"], job["shots"], job["seed"])
        names.setdefault(key, {})[title_of(document)] = document["name"]
    found = []
    for (dataset, name, shots, seed), by_title in names.items():
        if not {first, second} <= by_title.keys():
            continue
        pair = [read_kept(output.arrays_of(by_title[title])) for title in (first, second)]
        one, other, left_out = common(*pair)
        found.append(
            {
                "dataset": dataset,
                "class": name,
                "shots": shots,
                "job_seed": seed,
                "first": first,
                "second": second,
                "left_out": list(left_out),
                **compare(one, other).document(),
            }
        )
    return found


def compared_rows(comparison: Sequence[Mapping[str, Any]]) -> list[Row]:
    """A row for each comparison and metric, and one for its mean over all of them."""
    found: list[Row] = []
    gaps: dict[str, list[float]] = {}
    for entry in comparison:
        for metric in _COMPARED:
            figure = entry["metrics"].get(metric)
            if figure is None:
                continue
            gaps.setdefault(metric, []).append(figure["difference"])
            low, high = figure["interval"]
            found.append(
                (
                    entry["class"],
                    str(entry["shots"] or "all"),
                    str(entry["job_seed"]),
                    _COMPARED[metric],
                    f"{figure['first']:.3f}",
                    f"{figure['second']:.3f}",
                    f"{figure['difference']:+.3f} [{low:+.3f}, {high:+.3f}]",
                    f"{figure['p']:.3f}",
                )
            )
    for metric, values in gaps.items():
        if len(values) > 1:
            better = sum(value > 0 for value in values)
            said = f"{fmean(values):+.3f}, the first better in {better} of {len(values)}"
            found.append((MEAN, "", "", _COMPARED[metric], "", "", said, ""))
    return found


def _shown(spread: Spread | None) -> str:
    return "-" if spread is None else f"{spread.middle:.3f}"
