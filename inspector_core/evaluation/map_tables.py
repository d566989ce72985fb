"""All figures of all maps: over the whole test set and per defect type, from one pass over the pixels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from inspector_core.evaluation.curves import Curves, curves
from inspector_core.evaluation.figures import NO_MODEL, Request, figures, scores_of
from inspector_core.evaluation.ledger import KeptPixels, Ledger
from inspector_core.evaluation.outcome import MapFigures
from inspector_core.evaluation.pooling import pooled_by_label
from inspector_core.evaluation.ranking import Ranking, defect_values, empty, of_scores
from inspector_core.evaluation.resampling import Shares, shares
from inspector_core.progress import Job, Progress


@dataclass(slots=True)
class MapTables:
    """Figures as they come: map (and NO_MODEL) to figures, also per defect type; curves; shares."""

    whole: dict[str, MapFigures] = field(default_factory=dict)
    per_type: dict[str, dict[str, MapFigures]] = field(default_factory=dict)
    curves: dict[str, Curves] = field(default_factory=dict)
    shares: dict[str, Shares] = field(default_factory=dict)


def map_tables(ledger: Ledger, request: Request) -> Job[MapTables]:
    """The figures of every map of the parts in the ledger."""
    kinds = sorted({entry.label for entry in ledger.entries if entry.bad})
    tables = MapTables(per_type={kind: {} for kind in kinds})
    for name in (*ledger.modalities(), NO_MODEL):
        yield from _add_map(tables, ledger, name, request)
    return tables


def _add_map(tables: MapTables, ledger: Ledger, name: str, request: Request) -> Job[None]:
    entries = ledger.entries
    lowest = ledger.lowest(name)
    pixels = KeptPixels(ledger, entries, name)
    cuts = defect_values(pixels, lowest)
    labels = dict.fromkeys(entry.label for entry in pixels.entries)
    groups = {
        label: KeptPixels(ledger, [e for e in entries if e.label == label], name)
        for label in labels
    }
    stage = f"Computing figures: {name}"
    ranked = yield from pooled_by_label(groups, cuts, lowest, stage)
    whole = sum(ranked.values(), start=empty(cuts))
    table = None
    if name != NO_MODEL:
        table = shares(pixels, [entry.id for entry in pixels.entries], whole, lowest)
        tables.shares[name] = table
        yield Progress(f"{stage}, intervals")
    tables.curves[name] = curves(whole, of_scores(*scores_of(entries, name)))
    tables.whole[name] = figures(entries, pixels, whole, name, lowest, request, table)
    for kind, of_kind in tables.per_type.items():
        yield Progress(f"{stage} {kind}")
        members = [entry for entry in entries if entry.label in ("good", kind)]
        ranking = _together(ranked, ("good", kind), whole)
        seen = KeptPixels(ledger, members, name)
        of_kind[name] = figures(members, seen, ranking, name, lowest, request)


def _together(ranked: Mapping[str, Ranking], labels: Sequence[str], whole: Ranking) -> Ranking:
    chosen = [ranked[label] for label in labels if label in ranked]
    return sum(chosen, start=empty(whole.cuts)).at_own_cuts()
