"""Tables of a benchmark, ours beside the published figures, a section for each data set."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from statistics import fmean

from inspector_core.evaluation.published import PublishedRow, class_key, published
from inspector_core.evaluation.region_overlap import LIMITS
from inspector_core.evaluation.summary import (
    EXACT,
    I_AUROC,
    METRICS,
    P_AUROC,
    SAMPLED,
    Document,
    Group,
    Metric,
    Spread,
    classes_of,
    deciding,
    grouped,
    n_classes,
    spread_of,
)

NONE = "–"
NO_MODEL = "no model"
LEGEND = (
    "Figures are those of the fused map. One seed: value and 95 % interval (whole parts drawn again, good and "
    "bad ones apart). Several seeds: median and range. Means over classes: the mean of each seed, then "
    "their median and range.",
    "Exact AUPRO integrates the whole curve. The published estimators (btf100, cfm99: 100 or 99 "
    "thresholds) read lower at small limits; published figures stand beside these only. Maps are compared "
    "in the size of the source pictures, by BTF, M3DM, CFM and Shape-Guided at 224 x 224: do not compare the "
    "third digit.",
    "no model: random numbers on the part, what knowing its outline alone is worth. A random map has "
    "half the limit: " + ", ".join(f"{x / 2:g} at {100 * x:.0f} %" for x in LIMITS) + ".",
)
_LISTED = 20
"""So many missing classes are named."""


@dataclass(frozen=True, slots=True)
class Row:
    """A line of a table.   kind : "ours", "published" or "reference"."""

    cells: tuple[str, ...]
    kind: str = "ours"


@dataclass(frozen=True, slots=True)
class _Own:
    """A row of ours before the columns that only published rows need.   tail : the estimator, or none."""

    cells: tuple[str, ...]
    kind: str
    tail: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """A table with its heads and what is to be said below it."""

    title: str
    heads: tuple[str, ...]
    rows: tuple[Row, ...]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Section:
    """The tables of one data set, and the sources of its published figures in the order of their numbers."""

    title: str
    groups: tuple[Group, ...]
    classes: tuple[str, ...]
    tables: tuple[Table, ...]
    sources: tuple[str, ...]


def sections(documents: Sequence[Document]) -> list[Section]:
    """A section for each data set, in the order in which they first appear."""
    by_set: dict[str, list[Group]] = {}
    for group in grouped(documents):
        by_set.setdefault(group.dataset, []).append(group)
    return [_section(dataset, groups) for dataset, groups in by_set.items()]


def _section(dataset: str, groups: Sequence[Group]) -> Section:
    sources: list[str] = []
    names = classes_of(groups)
    pairs = zip(EXACT, SAMPLED, strict=True)
    metrics = (I_AUROC, P_AUROC, *(metric for pair in pairs for metric in pair))
    tables = [_by_class(groups, metric, sources) for metric in metrics]
    if len(names) == 1 and not published(dataset):
        tables = []
    tables += [_details(groups), _types(groups)]
    kept = tuple(table for table in tables if table.rows)
    return Section(dataset, tuple(groups), tuple(names), kept, tuple(sources))


def _by_class(groups: Sequence[Group], metric: Metric, sources: list[str]) -> Table:
    """One metric: a row for each detector and published method, a column for each class."""
    names, everything = classes_of(groups), n_classes(groups)
    whole = len(names) == everything
    ours = [row for group in groups if (row := _our_row(group, metric, names)) is not None]
    if not ours:
        return Table(metric.title, (), ())
    if metric.estimator and (outline := _no_model(groups[0], metric, names)):
        ours.append(outline)
    theirs = _published_rows(groups, metric)
    heads = ["detector", *names]
    if len(names) > 1:
        heads.append("mean" if whole else f"mean of {len(names)} of {everything}")
    if theirs and not whole:
        heads.append(f"printed mean of {everything}")
        ours = [replace(row, cells=(*row.cells, "")) for row in ours]
    heads += ["estimator"] if metric.estimator == "published" else []
    heads += ["status", "source"] if theirs else []
    tails = {"ours": ("this run", ""), "reference": ("", "")}
    rows = [
        Row((*row.cells, *row.tail, *(tails[row.kind] if theirs else ())), row.kind) for row in ours
    ]
    rows += [
        _their_row(row, names, whole, bool(metric.estimator), sources)
        for row in theirs
        if row.mean is not None
    ]
    lacking = [row.method for row in theirs if row.mean is None]
    notes = [*_missing(groups, names)]
    notes += [f"not available: {', '.join(lacking)}"] if lacking else []
    return Table(metric.title, tuple(heads), tuple(rows), tuple(notes))


def _our_row(group: Group, metric: Metric, names: Sequence[str]) -> _Own | None:
    spreads = [group.spread(name, metric) for name in names]
    if not any(spreads):
        return None
    done = [name for name, spread in zip(names, spreads, strict=True) if spread is not None]
    cells = [group.label, *(shown(spread) for spread in spreads)]
    if len(names) > 1:
        partly = f" ({len(done)} of {len(names)})" if len(done) < len(names) else ""
        cells.append(shown(group.mean(done, metric)) + partly)
    return _Own(tuple(cells), "ours", _estimator(group, metric))


def _no_model(group: Group, metric: Metric, names: Sequence[str]) -> _Own | None:
    """Random numbers on the part, from the first detector's first seed: they hardly vary."""
    values = []
    for name in names:
        runs = list(group.runs.get(name, {}).values())
        values.append(metric.of(runs[0]["no_model"]) if runs else None)
    known = [value for value in values if value is not None]
    if not known:
        return None
    cells = [NO_MODEL, *(_number(value) for value in values)]
    if len(names) > 1:
        cells.append(_number(fmean(known) if len(known) == len(values) else None))
    return _Own(tuple(cells), "reference", _estimator(group, metric))


def _estimator(group: Group, metric: Metric) -> tuple[str, ...]:
    """The cell that names the published estimator, where the table has one."""
    return (group.estimator(metric),) if metric.estimator == "published" else ()


def _published_rows(groups: Sequence[Group], metric: Metric) -> list[PublishedRow]:
    """Those of the data set with all parts or a number of shots that we learnt from, or with none."""
    if not metric.printed:
        return []
    shots = {group.shots for group in groups} | {None, 0}
    return [row for row in published(groups[0].dataset, metric.printed) if row.shots in shots]


def _their_row(
    row: PublishedRow, names: Sequence[str], whole: bool, has_area: bool, sources: list[str]
) -> Row:
    source = row.source + (f" ({row.note})" if row.note else "")
    if source not in sources:
        sources.append(source)
    values = [row.classes.get(class_key(name)) for name in names]
    known = [value for value in values if value is not None]
    shots = {None: "", 1: ", 1 shot"}.get(row.shots, f", {row.shots} shots")
    cells = [row.method + shots, *map(_number, values)]
    if len(names) > 1 and not whole:
        cells.append(_number(fmean(known) if len(known) == len(values) else None))
    cells.append(_number(row.mean))
    cells += [row.estimator] if has_area else []
    return Row((*cells, row.status, f"[{sources.index(source) + 1}]"), "published")


def _missing(groups: Sequence[Group], names: Sequence[str]) -> Iterable[str]:
    for group in groups:
        lacking = [name for name in names if name not in group.runs]
        if lacking:
            more = f" and {len(lacking) - _LISTED} more" if len(lacking) > _LISTED else ""
            yield f"{group.label}: without {', '.join(lacking[:_LISTED])}{more}"


def _details(groups: Sequence[Group]) -> Table:
    """Every class and detector with its intervals, exact and published estimator side by side."""
    heads = ("class", "detector", "seeds", "good", "bad", "I-AUROC", "P-AUROC")
    areas = tuple(f"@{100 * limit:.0f}%" for limit in LIMITS)
    rows = []
    for name in classes_of(groups):
        present = [group for group in groups if name in group.runs]
        for group in present:
            runs = list(group.runs[name].values())
            counts = (len(runs), runs[0]["parts"]["good"], runs[0]["parts"]["bad"])
            cells = (shown(group.spread(name, metric)) for metric in METRICS)
            rows.append(Row((name, group.label, *map(str, counts), *cells)))
        outline = next(iter(present[0].runs[name].values()))["no_model"]
        values = (_number(metric.of(outline)) for metric in METRICS)
        rows.append(Row((name, NO_MODEL, "", "", "", *values), "reference"))
    titles = (f"AUPRO{areas[0]} exact", *areas[1:], f"AUPRO{areas[0]} published est.", *areas[1:])
    used = {group.label: group.estimator(SAMPLED[0]) for group in groups}
    notes = [
        f"published estimator {estimator}: "
        + ", ".join(label for label, own in used.items() if own == estimator)
        for estimator in sorted(set(used.values()))
    ]
    return Table("By class", (*heads, *titles), tuple(rows), tuple(notes))


def _types(groups: Sequence[Group]) -> Table:
    """Every defect type against all good parts of its class."""
    metrics = (I_AUROC, P_AUROC, EXACT[0], EXACT[-1], SAMPLED[0], SAMPLED[-1])
    rows = []
    for name in classes_of(groups):
        runs_of = {
            group.label: list(group.runs[name].values()) for group in groups if name in group.runs
        }
        kinds = {kind for runs in runs_of.values() for run in runs for kind in run["per_type"]}
        for kind in sorted(kinds):
            for label, runs in runs_of.items():
                seen = [run for run in runs if kind in run["per_type"]]
                if seen:
                    cells = [shown(_of_type(seen, kind, metric)) for metric in metrics]
                    bad = str(deciding(seen[0]["per_type"][kind])["parts"]["bad"])
                    rows.append(Row((name, kind, bad, label, *cells)))
    heads = ("class", "defect type", "parts", "detector", "I-AUROC", "P-AUROC")
    areas = ("AUPRO@30% exact", "@1%", "AUPRO@30% published est.", "@1%")
    return Table("By defect type", (*heads, *areas), tuple(rows))


def _of_type(runs: Sequence[Document], kind: str, metric: Metric) -> Spread | None:
    if metric.estimator == "exact" and any(run["protocol"] != "exact" for run in runs):
        return None
    tables = [deciding(run["per_type"][kind]) for run in runs]
    return spread_of([metric.of(table) for table in tables], metric.span(tables[0]))


def shown(spread: Spread | None) -> str:
    """ "0.912", with an interval "0.912 [0.871–0.947]", over seeds "0.912 (0.905–0.921)"."""
    if spread is None:
        return NONE
    text = _number(spread.middle)
    if spread.low is None or spread.high is None:
        return text
    ends = f"{_number(spread.low)}–{_number(spread.high)}"
    return f"{text} ({ends})" if spread.n_seeds > 1 else f"{text} [{ends}]"


def _number(value: float | None) -> str:
    return NONE if value is None else f"{value:.3f}"
