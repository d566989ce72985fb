"""Evaluations of many classes, detectors and seeds, ordered for tables: groups, metrics, spreads.

A job document is {"job": {"dataset", "class", "detector", "settings", "given", "seed", "shots"},
"evaluation": Evaluation.document()}; "given" may be missing, shots None = all good parts.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean, median
from typing import Any

from inspector_core.evaluation.outcome import DECIDING, limit_key
from inspector_core.evaluation.published import class_key, published_set
from inspector_core.evaluation.region_overlap import LIMITS

Document = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Spread:
    """A figure over seeds: their median with smallest and largest, or one seed's 95 % interval.

    low, high : None where neither is known.   n_seeds : behind the figure.
    """

    middle: float
    low: float | None = None
    high: float | None = None
    n_seeds: int = 1


@dataclass(frozen=True, slots=True)
class Metric:
    """A figure of a map.

    name : short, without estimator.   title : for people.
    printed : the metric of published tables that it may stand beside, or "".
    estimator : of AUPRO: "exact" or "published"; else "".
    of : from a map's figures to the value.   span : to its interval, or None.
    """

    name: str
    title: str
    printed: str
    estimator: str
    of: Callable[[Mapping[str, Any]], float | None]
    span: Callable[[Mapping[str, Any]], Sequence[float] | None]


def _no_span(_: Mapping[str, Any]) -> None:
    return None


def _area(limit: float, published: bool) -> Metric:
    key, percent = limit_key(limit), f"{100 * limit:.0f}%"
    if published:
        return Metric(
            name=f"AUPRO@{percent}",
            title=f"AUPRO@{percent}, published estimator",
            printed=f"AUPRO@{percent}",
            estimator="published",
            of=lambda figures: figures.get("aupro_published", {}).get(key),
            span=_no_span,
        )
    return Metric(
        name=f"AUPRO@{percent}",
        title=f"AUPRO@{percent}, exact",
        printed="",
        estimator="exact",
        of=lambda figures: figures["aupro"][key],
        span=lambda figures: figures["aupro_interval"][key],
    )


def _plain(name: str, key: str, span: str = "", printed: str = "") -> Metric:
    return Metric(
        name=name,
        title=name,
        printed=printed,
        estimator="",
        of=lambda figures: figures[key],
        span=(lambda figures: figures[span]) if span else _no_span,
    )


I_AUROC = _plain("I-AUROC", "i_auroc", "i_auroc_interval", printed="I-AUROC")
OWN_I_AUROC = Metric(
    name="I-AUROC own score",
    title="I-AUROC of the method's own part score",
    printed="",
    estimator="",
    # documents of earlier versions have none
    of=lambda figures: figures.get("i_auroc_own"),
    span=lambda figures: figures["i_auroc_own_interval"],
)
P_AUROC = _plain("P-AUROC", "p_auroc", printed="P-AUROC")
PRECISION = (_plain("I-AP", "i_ap"), _plain("P-AP", "ap"), _plain("P-F1-max", "f1_max"))
EXACT = tuple(_area(limit, published=False) for limit in LIMITS)
SAMPLED = tuple(_area(limit, published=True) for limit in LIMITS)
METRICS = (I_AUROC, P_AUROC, *EXACT, *SAMPLED)


@dataclass(frozen=True, slots=True)
class Group:
    """One detector with its settings and number of shots on one data set.

    runs : class to seed to its evaluation document.
    """

    dataset: str
    title: str
    detector: str
    shots: int | None
    runs: Mapping[str, Mapping[int, Document]]

    @property
    def label(self) -> str:
        """The detector as it stands in tables: "btf cells=32, 4 shots"."""
        if self.shots is None:
            return self.title
        return f"{self.title}, {self.shots} shot{'' if self.shots == 1 else 's'}"

    def estimator(self, metric: Metric) -> str:
        """What stands behind this metric's AUPRO here: "exact", "btf100", "cfm99"; else ""."""
        if metric.estimator != "published":
            return metric.estimator
        runs = (run for by_seed in self.runs.values() for run in by_seed.values())
        return str(next(runs)["published_protocol"])

    def values(self, name: str, metric: Metric) -> dict[int, float | None]:
        """Seed to a class's figure in the deciding map."""
        return {seed: value_of(run, metric) for seed, run in self.runs.get(name, {}).items()}

    def spread(self, name: str, metric: Metric) -> Spread | None:
        """A class's figure over the seeds; None where a seed has none."""
        runs = list(self.runs.get(name, {}).values())
        values = [value_of(run, metric) for run in runs]
        span = metric.span(deciding(runs[0]["maps"])) if len(runs) == 1 else None
        return spread_of(values, span)

    def mean(self, names: Sequence[str], metric: Metric) -> Spread | None:
        """The mean over classes, seed by seed where all have the same seeds; None where one has none."""
        tables = [self.values(name, metric) for name in names]
        spreads = [spread_of(list(table.values())) for table in tables]
        middles = [spread.middle for spread in spreads if spread is not None]
        if not tables or len(middles) < len(tables):
            return None
        if any(table.keys() != tables[0].keys() for table in tables[1:]):
            return Spread(fmean(middles), n_seeds=max(len(table) for table in tables))
        return spread_of(
            [fmean(table[seed] or 0.0 for table in tables) for seed in sorted(tables[0])]
        )


def value_of(evaluation: Document, metric: Metric) -> float | None:
    """The figure of the deciding map; an evaluation by a published estimator has no exact area."""
    if metric.estimator == "exact" and evaluation["protocol"] != "exact":
        return None
    return metric.of(deciding(evaluation["maps"]))


def deciding(maps: Mapping[str, Any]) -> Mapping[str, Any]:
    """The figures of the fused map, or of the first one."""
    figures: Mapping[str, Any] = maps[DECIDING] if DECIDING in maps else next(iter(maps.values()))
    return figures


def spread_of(values: Sequence[float | None], span: Sequence[float] | None = None) -> Spread | None:
    """Median and range of one value a seed; with one seed its interval."""
    known = [value for value in values if value is not None]
    if not known or len(known) < len(values):
        return None
    if len(known) == 1:
        low, high = span or (None, None)
        return Spread(known[0], low, high)
    return Spread(median(known), min(known), max(known), len(known))


def grouped(documents: Sequence[Document]) -> list[Group]:
    """The groups in the order in which they first appear."""
    runs: dict[tuple[str, str, str, int | None], dict[str, dict[int, Document]]] = {}
    for document in documents:
        job = document["job"]
        settings = json.dumps(job.get("settings", {}), sort_keys=True)
        key = (job["dataset"], job["detector"], settings, job.get("shots"))
        name = class_of(job)
        by_class = runs.setdefault(key, {})
        by_class.setdefault(name, {})[job["seed"]] = document["evaluation"]
    titles = _titles(documents)
    return [
        Group(dataset, titles[detector, settings], detector, shots, by_class)
        for (dataset, detector, settings, shots), by_class in runs.items()
    ]


def class_of(job: Mapping[str, Any]) -> str:
    """The class of parts that a job is about."""
    return str(job["class"] if "class" in job else job["category"])


def _titles(documents: Sequence[Document]) -> dict[tuple[str, str], str]:
    """Detector and settings to a title of its own: what was given, a number where that is not enough."""
    titles: dict[tuple[str, str], str] = {}
    for document in documents:
        job = document["job"]
        key = (job["detector"], json.dumps(job.get("settings", {}), sort_keys=True))
        if key in titles:
            continue
        given = [f"{name}={value}" for name, value in job.get("given", {}).items()]
        title = " ".join([job["detector"], *given])
        same = sum(other == title or other.startswith(f"{title} (") for other in titles.values())
        titles[key] = f"{title} ({same + 1})" if same else title
    return titles


def classes_of(groups: Sequence[Group]) -> list[str]:
    """The classes of a data set's groups, in the published order where there is one, then by name."""
    names = {name for group in groups for name in group.runs}
    return sorted(names, key=lambda name: (_place(groups[0].dataset, name), name))


def _place(dataset: str, name: str) -> int:
    known = published_set(dataset)
    order = [class_key(each) for each in known.classes] if known else []
    return order.index(class_key(name)) if class_key(name) in order else len(order)


def n_classes(groups: Sequence[Group]) -> int:
    """How many classes the data set has: the published number, or those that any group did."""
    names = classes_of(groups)
    known = published_set(groups[0].dataset)
    if known and all(class_key(name) in known.classes for name in names):
        return len(known.classes)
    return len(names)
