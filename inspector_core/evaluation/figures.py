"""One row of an evaluation table: the figures of one map over one set of parts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from inspector_core.evaluation.curves import Curves, curves
from inspector_core.evaluation.intervals import aupro_intervals, auroc_interval
from inspector_core.evaluation.metrics import auroc, average_precision, best_f1
from inspector_core.evaluation.outcome import MapFigures
from inspector_core.evaluation.pixels import PartPixels
from inspector_core.evaluation.ranking import Ranking, defect_values, empty, of_scores, rank
from inspector_core.evaluation.region_overlap import aupro, sampled_aupro
from inspector_core.progress import Job, Progress

NO_MODEL = "no_model"
"""The row of random numbers on the foreground: what knowing the outline alone is worth."""

FEW_VALUES = 1000
MUCH_SHARED = 0.01
"""A map with fewer distinct values, or one value on a larger share of its pixels, is probably
saturated or was stored with 8 bits: its ties are said."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A labelled part in an evaluation.

    scores : modality to part score.   number : its place in the set.
    """

    id: str
    label: str
    scores: Mapping[str, float]
    number: int

    @property
    def bad(self) -> bool:
        return self.label != "good"


def figures(
    entries: Sequence[Entry],
    pixels: Sequence[PartPixels],
    name: str,
    *,
    estimator: str,
    published: str,
    lowest: float,
    seed: int,
    replicates: int,
    with_intervals: bool,
) -> Job[tuple[MapFigures, Curves]]:
    """Figures and curves of the map `name`; `pixels` are those of the entries whose pixels count.

    estimator, published : of AUPRO and of the figures beside it.
    lowest : what a pixel without a value is worth.   with_intervals : AUPRO's too, not I-AUROC's alone.
    """
    good = [entry.scores[name] for entry in entries if not entry.bad and name in entry.scores]
    bad = [entry.scores[name] for entry in entries if entry.bad and name in entry.scores]
    parts = of_scores(good, bad)
    ranking = yield from _pooled(pixels, lowest, name)
    exact = estimator == "exact"
    sampled = sampled_aupro(pixels, published if exact else estimator, lowest=lowest)
    areas = aupro(ranking) if exact else sampled
    spans = None
    if with_intervals and exact and areas is not None:
        yield Progress(f"Computing figures: {name}, intervals")
        kinds = [part.n_components > 0 for part in pixels]
        spans = aupro_intervals(pixels, kinds, lowest, seed, replicates)
    span = auroc_interval(good, bad, seed, replicates)
    real = name != NO_MODEL
    reasons = _undefined(good, bad, ranking, span)
    if not real:
        reasons["i_auroc"] = "a random score has 0.5"
    elif ties := tie_note(pixels):
        reasons["ties"] = ties
    table = MapFigures(
        n_good=len(good) if real else sum(not entry.bad for entry in entries),
        n_bad=len(bad) if real else sum(entry.bad for entry in entries),
        n_pixel_parts=len(pixels),
        i_auroc=auroc(parts),
        i_auroc_interval=span,
        i_auroc_maximum=_auroc_of_maximum(pixels) if real else None,
        i_ap=average_precision(parts),
        p_auroc=auroc(ranking),
        ap=average_precision(ranking),
        best_f1=best_f1(ranking),
        aupro=areas,
        aupro_intervals=spans,
        published=sampled,
        reasons=reasons,
    )
    return table, curves(ranking, parts)


def _pooled(pixels: Sequence[PartPixels], lowest: float, name: str) -> Job[Ranking]:
    cuts = defect_values(pixels, lowest)
    total = empty(cuts)
    for done, part in enumerate(pixels):
        yield Progress(f"Computing figures: {name}", done, len(pixels))
        total = total + rank(part, cuts, lowest)
    return total


def _auroc_of_maximum(pixels: Sequence[PartPixels]) -> float | None:
    kinds: dict[bool, list[float]] = {False: [], True: []}
    for part in pixels:
        if np.isfinite(part.highest):
            kinds[part.n_components > 0].append(part.highest)
    return auroc(of_scores(kinds[False], kinds[True]))


def _undefined(
    good: Sequence[float], bad: Sequence[float], ranking: Ranking, span: tuple[float, float] | None
) -> dict[str, str]:
    reasons = {}
    if not good or not bad:
        reasons["i_auroc"] = f"no {'bad' if good else 'good'} parts"
    elif span is None:
        reasons["i_auroc_interval"] = "fewer than two parts of a kind"
    elif span[0] == span[1]:
        reasons["separation"] = (
            "every resampling gave the same I-AUROC, so its interval has no width"
        )
    if ranking.n_components == 0:
        reasons["pixels"] = "no defect pixels"
    elif ranking.n_normal == 0:
        reasons["pixels"] = "no defect-free pixels"
    return reasons


def tie_note(pixels: Sequence[PartPixels]) -> str:
    """A sentence when the maps look quantised or saturated, else empty."""
    normals = [part.normal for part in pixels if len(part.normal)]
    total = sum(len(values) for values in normals)
    if total < FEW_VALUES:
        return ""
    runs = [np.unique(values, return_counts=True) for values in normals]
    if max(len(values) for values, _ in runs) < FEW_VALUES:
        distinct = len(np.unique(np.concatenate([values for values, _ in runs])))
        if distinct < FEW_VALUES:
            return f"only {distinct} distinct values: the map looks quantised"
    # a value on more than 1 % of all pixels is on more than 1 % of some part's
    often = [values[counts > MUCH_SHARED * counts.sum()] for values, counts in runs]
    for value in np.unique(np.concatenate(often)):
        count = sum(
            int(np.searchsorted(v, value, "right") - np.searchsorted(v, value, "left"))
            for v in normals
        )
        if count > MUCH_SHARED * total:
            share = 100.0 * count / total
            return f"{share:.0f} % of the pixels share the value {value:g}: the map looks saturated"
    return ""
