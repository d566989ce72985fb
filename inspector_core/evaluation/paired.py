"""Two detectors on the same parts: how sure is the difference between them?

Both are resampled with the same draws of parts, so what makes a part hard for both cancels out.

first, second = keep(one), keep(other)      # from two evaluations, or read_kept(path)
compare(first, second).metrics["i_auroc"].interval
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from inspector_core.errors import InputError
from inspector_core.evaluation.intervals import (
    REPLICATES,
    Interval,
    auroc_replicates,
    multiplicities,
    percentile_interval,
)
from inspector_core.evaluation.kept_arrays import KeptArrays
from inspector_core.evaluation.metrics import auroc
from inspector_core.evaluation.outcome import limit_key
from inspector_core.evaluation.ranking import of_scores
from inspector_core.evaluation.region_overlap import LIMITS
from inspector_core.evaluation.resampling import aupro_replicates
from inspector_core.types import Array

_NAMED = 5
"""So many parts are named in a sentence."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One metric of two detectors over the same parts.

    first, second : the metric itself.   value : first - second.   interval : 95 % of the replicates.
    share_above, share_below : replicates in which the first, the second was better; ties are neither.
    p : two-sided, how often a difference of this size or on the other side of 0 came about by the draw
    of the parts; never 0.
    """

    first: float
    second: float
    value: float
    interval: Interval
    share_above: float
    share_below: float
    p: float

    def document(self) -> dict[str, Any]:
        """The difference as JSON values."""
        return {
            "first": self.first,
            "second": self.second,
            "difference": self.value,
            "interval": [*self.interval],
            "share_above": self.share_above,
            "share_below": self.share_below,
            "p": self.p,
        }


@dataclass(frozen=True, slots=True)
class Comparison:
    """Differences in one map; metrics: "i_auroc", "aupro@0.30", ...; those undefined are missing.

    first, second : recipe facts.   n_good, n_bad : parts.
    """

    first: Mapping[str, Any]
    second: Mapping[str, Any]
    map_name: str
    n_good: int
    n_bad: int
    seed: int
    replicates: int
    metrics: Mapping[str, Difference]

    def document(self) -> dict[str, Any]:
        """The comparison as JSON values."""
        return {
            "map": self.map_name,
            "parts": {"good": self.n_good, "bad": self.n_bad},
            "seed": self.seed,
            "replicates": self.replicates,
            "metrics": {name: metric.document() for name, metric in self.metrics.items()},
        }


def compare(
    first: KeptArrays,
    second: KeptArrays,
    map_name: str = "fused",
    *,
    seed: int = 0,
    replicates: int = REPLICATES,
) -> Comparison:
    """I-AUROC and exact AUPRO at each limit, parts resampled, good and bad ones apart.

    Raises InputError when the two were not scored on the same parts, or lack the map.
    """
    second = _matched(first, second)
    for kept in (first, second):
        if map_name not in kept.scores and map_name not in kept.shares:
            raise InputError(f"{kept.title} has no {map_name} map, so it cannot be compared")
    in_pixels = _pixel_parts(first, second, map_name)
    drawn = multiplicities(
        list(zip(first.bad.tolist(), in_pixels.tolist(), strict=True)), seed, replicates
    )
    metrics: dict[str, Difference] = {}
    _add_auroc(metrics, first, second, map_name, drawn)
    _add_aupro(metrics, first, second, map_name, drawn[:, in_pixels])
    return Comparison(
        first.recipe,
        second.recipe,
        map_name,
        int((~first.bad).sum()),
        int(first.bad.sum()),
        seed,
        replicates,
        metrics,
    )


def common(first: KeptArrays, second: KeptArrays) -> tuple[KeptArrays, KeptArrays, tuple[str, ...]]:
    """Both on the parts that both scored, and the parts that only one did."""
    both = [part for part in first.ids if part in set(second.ids)]
    left_out = tuple(part for part in (*first.ids, *second.ids) if part not in set(both))
    if not left_out:
        return first, second, ()
    return first.only(both), second.only(both), left_out


def _matched(first: KeptArrays, second: KeptArrays) -> KeptArrays:
    """The second in the first's order of parts."""
    lacking = [
        (kept.title, sorted(set(other.ids) - set(kept.ids)))
        for kept, other in ((first, second), (second, first))
    ]
    for title, missing in lacking:
        if missing:
            raise InputError(
                f"the two were not scored on the same parts: {title} lacks {_some(missing)}",
                cure="evaluate both on the same folder",
            )
    second = second if second.ids == first.ids else second.only(first.ids)
    odd = [
        part for part, one, two in zip(first.ids, first.bad, second.bad, strict=True) if one != two
    ]
    if odd:
        raise InputError(
            f"the labels differ: {_some(odd)} good in one and defective in the other",
            cure="evaluate both on the same folder",
        )
    return second


def _some(parts: Sequence[str]) -> str:
    more = f" and {len(parts) - _NAMED} more" if len(parts) > _NAMED else ""
    return ", ".join(parts[:_NAMED]) + more


def _pixel_parts(first: KeptArrays, second: KeptArrays, name: str) -> Array:
    """(n,) bool: parts whose pixels count; the same in both, or none when either has no such map."""
    if name not in first.shares or name not in second.shares:
        return np.zeros(len(first.ids), bool)
    ids = first.shares[name].ids
    if set(ids) != set(second.shares[name].ids):
        odd = sorted(set(ids) ^ set(second.shares[name].ids))
        raise InputError(
            f"the two did not see the same pixels: {_some(odd)} counted in one only",
            cure="evaluate both on the same folder",
        )
    return np.isin(first.ids, ids)


def _add_auroc(
    metrics: dict[str, Difference],
    first: KeptArrays,
    second: KeptArrays,
    name: str,
    drawn: Array,
) -> None:
    if name not in first.scores or name not in second.scores:
        return
    columns = [kept.scores[name] for kept in (first, second)]
    good, bad = np.flatnonzero(~first.bad), np.flatnonzero(first.bad)
    if min(len(good), len(bad)) < 2 or not np.isfinite(columns).all():
        return
    values, areas = [], []
    for column in columns:
        pair = column[good].tolist(), column[bad].tolist()
        area = auroc(of_scores(*pair))
        assert area is not None
        values.append(area)
        areas.append(auroc_replicates(*pair, drawn[:, np.concatenate([good, bad])]))
    metrics["i_auroc"] = _difference(values, areas)


def _add_aupro(
    metrics: dict[str, Difference],
    first: KeptArrays,
    second: KeptArrays,
    name: str,
    drawn: Array,
) -> None:
    if not drawn.shape[1]:
        return
    order = first.shares[name].ids
    tables = [first.shares[name], second.shares[name].only(order)]
    if (tables[0].n_components > 0).sum() < 2 or not (tables[0].n_normal > 0).any():
        return
    once = np.ones((1, drawn.shape[1]))
    exact = [
        kept.aupro.get(name) or aupro_replicates(table, once)[0].tolist()
        for kept, table in zip((first, second), tables, strict=True)
    ]
    areas = [aupro_replicates(table, drawn) for table in tables]
    usable = ~np.isnan(areas[0]).any(axis=1)
    for at, limit in enumerate(LIMITS):
        metrics[f"aupro@{limit_key(limit)}"] = _difference(
            [values[at] for values in exact], [area[usable, at] for area in areas]
        )


def _difference(values: Sequence[float], replicates: Sequence[Array]) -> Difference:
    gaps = replicates[0] - replicates[1]
    above, below = int((gaps > 0).sum()), int((gaps < 0).sum())
    other_side = min(len(gaps) - above, len(gaps) - below)
    return Difference(
        first=values[0],
        second=values[1],
        value=values[0] - values[1],
        interval=percentile_interval(gaps),
        share_above=above / len(gaps),
        share_below=below / len(gaps),
        p=min(1.0, 2.0 * (1 + other_side) / (1 + len(gaps))),
    )
