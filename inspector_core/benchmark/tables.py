"""What a benchmark says: the short table on the terminal, and the files with everything."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import fmean
from typing import Any

from inspector_core.benchmark.output import OutputFolder
from inspector_core.benchmark.suite import Method
from inspector_core.evaluation.kept_arrays import read_kept
from inspector_core.evaluation.paired import common, compare

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
_DECIDING = "fused"

Row = tuple[str, ...]


def title_of(document: Mapping[str, Any]) -> str:
    """The detector of a job with what is not as usual: "btf cells=32"."""
    job = document["job"]
    return Method(job["detector"], job["given"], job["settings"]).title


def rows(documents: Sequence[Mapping[str, Any]]) -> list[Row]:
    """A row for each class, detector and number of shots: means over the seeds; then means over classes.

    Figures are those of the fused map; "-" where one is undefined for some seed.
    """
    groups: dict[tuple[str, str, str, str], list[Mapping[str, Any]]] = {}
    for document in documents:
        job = document["job"]
        key = (job["dataset"], job["class"], title_of(document), str(job["shots"] or "all"))
        groups.setdefault(key, []).append(document)
    means: dict[tuple[str, str, str], list[list[float | None]]] = {}
    found = []
    for (dataset, name, title, shots), members in groups.items():
        figures = _means([_figures(document) for document in members])
        means.setdefault((dataset, title, shots), []).append(figures)
        found.append((dataset, name, title, shots, str(len(members)), *map(_shown, figures)))
    for (dataset, title, shots), tables in means.items():
        if len(tables) > 1:
            figures = _means(tables)
            found.append((dataset, MEAN, title, shots, "", *map(_shown, figures)))
    return found


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


def _figures(document: Mapping[str, Any]) -> list[float | None]:
    figures = document["evaluation"]["maps"].get(_DECIDING, {})
    areas = figures.get("aupro", {})
    return [figures.get("i_auroc"), figures.get("p_auroc"), areas.get("0.30"), areas.get("0.01")]


def _means(tables: Sequence[Sequence[float | None]]) -> list[float | None]:
    return [
        None if None in column else fmean(value for value in column if value is not None)
        for column in zip(*tables, strict=True)
    ]


def _shown(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"
