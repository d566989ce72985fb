"""Figures that others published, with their source: `published.toml` beside this module.

published("MVTec 3D-AD", "I-AUROC")     # rows with a figure per class, the printed mean, source, status
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

METRICS = ("I-AUROC", "P-AUROC", "AUPRO@30%", "AUPRO@10%", "AUPRO@5%", "AUPRO@1%")
COSTS = ("frames_per_s", "memory_mb")
STATUSES = ("published", "repository", "not available")
"""Printed in a paper or leaderboard; printed in a code's README or scripts; could not be read."""

_FILE = Path(__file__).with_name("published.toml")


@dataclass(frozen=True, slots=True)
class PublishedSet:
    """A public data set: its title and the names of its classes in the order of tables."""

    key: str
    title: str
    classes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PublishedRow:
    """One method's figure of one metric on one data set, as printed.

    mean : over the classes as printed, None when not available.   classes : class to figure, may be
    empty.   status : one of STATUSES.   source : the sentence that says where it was read.
    estimator : behind an AUPRO ("btf100", "cfm99", "unknown"), else empty.
    shots : good parts learnt from, None = all.   detector : the one of this program it belongs beside,
    or empty.   ablation : a variant that its authors tried, not their method.
    """

    dataset: str
    method: str
    metric: str
    mean: float | None
    classes: Mapping[str, float]
    status: str
    source: str
    estimator: str
    shots: int | None
    detector: str
    ablation: bool
    note: str


def published(
    dataset: str, metric: str | None = None, *, ablations: bool = False
) -> tuple[PublishedRow, ...]:
    """The rows of a data set, in the order of the file; none for a set without published figures.

    dataset : key or title.   metric : one of METRICS or COSTS, None = all; rows that are not available
    come for every one of METRICS.
    """
    found = published_set(dataset)
    return tuple(
        row
        for row in _rows()
        if found is not None
        and row.dataset == found.key
        and metric in (None, row.metric)
        and (ablations or not row.ablation)
    )


def published_set(name: str) -> PublishedSet | None:
    """The data set of that key or title, or None."""
    return next((one for one in published_sets() if name in (one.key, one.title)), None)


@cache
def published_sets() -> tuple[PublishedSet, ...]:
    """The data sets that figures are known of."""
    return tuple(
        PublishedSet(key, table["title"], tuple(table["classes"]))
        for key, table in _content()["datasets"].items()
    )


def class_key(name: str) -> str:
    """A class as the tables write it: "CandyCane" is candy_cane."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).replace(" ", "_").lower()


@cache
def _content() -> dict[str, Any]:
    with _FILE.open("rb") as stream:
        return tomllib.load(stream)


@cache
def _rows() -> tuple[PublishedRow, ...]:
    sources = _content()["sources"]
    rows = []
    for entry in _content()["row"]:
        given = [name for name in (*METRICS, *COSTS) if name in entry]
        for metric in given or METRICS:
            rows.append(_row(entry, metric, sources[entry["source"]]))
    return tuple(rows)


def _row(entry: Mapping[str, Any], metric: str, source: str) -> PublishedRow:
    values = entry.get(metric)
    by_class: dict[str, float] = {}
    mean = values
    if isinstance(values, list):
        *each, mean = values
        names = _content()["datasets"][entry["dataset"]]["classes"]
        by_class = dict(zip(names, each, strict=True))
    return PublishedRow(
        dataset=entry["dataset"],
        method=entry["method"],
        metric=metric,
        mean=mean,
        classes=MappingProxyType(by_class),
        status=entry["status"],
        source=source,
        estimator=entry.get("estimator", "") if metric.startswith("AUPRO") else "",
        shots=entry.get("shots"),
        detector=entry.get("detector", ""),
        ablation=entry.get("kind") == "ablation",
        note=entry.get("note", ""),
    )
