"""One row of an evaluation table: the figures of one map over one set of parts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from inspector_core.evaluation.intervals import Interval, aupro_intervals, auroc_interval
from inspector_core.evaluation.metrics import auroc, average_precision, best_f1
from inspector_core.evaluation.outcome import DECIDING, MapFigures
from inspector_core.evaluation.pixels import PartPixels
from inspector_core.evaluation.ranking import Ranking, of_scores
from inspector_core.evaluation.region_overlap import aupro, sampled_aupro
from inspector_core.evaluation.resampling import Shares

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
    own : the method's own score of the part beside those of its maps, or None.
    """

    id: str
    label: str
    scores: Mapping[str, float]
    number: int
    own: float | None = None

    @property
    def bad(self) -> bool:
        return self.label != "good"


@dataclass(frozen=True, slots=True)
class Request:
    """How figures are to be computed.

    estimator, published : of AUPRO and of the figures beside it.
    seed, replicates : of the resampling behind the intervals.
    """

    estimator: str
    published: str
    seed: int
    replicates: int


def figures(
    entries: Sequence[Entry],
    pixels: Sequence[PartPixels],
    ranking: Ranking,
    name: str,
    lowest: float,
    request: Request,
    table: Shares | None = None,
) -> MapFigures:
    """Figures of the map `name`; `pixels` are those of the entries whose pixels count.

    ranking : of these pixels.   lowest : what a pixel without a value is worth.
    table : gives AUPRO's intervals.
    """
    good, bad = scores_of(entries, name)
    parts = of_scores(good, bad)
    exact = request.estimator == "exact"
    sampled = sampled_aupro(pixels, request.published, lowest=lowest)
    areas = aupro(ranking) if exact else sampled
    own, own_span = _own_figures(entries, request) if name == DECIDING else (None, None)
    spans = None
    if table is not None and exact and areas is not None:
        spans = aupro_intervals(table, request.seed, request.replicates)
    span = auroc_interval(good, bad, request.seed, request.replicates)
    real = name != NO_MODEL
    reasons = _undefined(good, bad, ranking, span)
    if not real:
        reasons["i_auroc"] = "a random score has 0.5"
    elif ties := tie_note(pixels):
        reasons["ties"] = ties
    return MapFigures(
        n_good=len(good) if real else sum(not entry.bad for entry in entries),
        n_bad=len(bad) if real else sum(entry.bad for entry in entries),
        n_pixel_parts=len(pixels),
        i_auroc=auroc(parts),
        i_auroc_interval=span,
        i_auroc_maximum=_auroc_of_maximum(pixels) if real else None,
        i_auroc_own=own,
        i_auroc_own_interval=own_span,
        i_ap=average_precision(parts),
        p_auroc=auroc(ranking),
        ap=average_precision(ranking),
        best_f1=best_f1(ranking),
        aupro=areas,
        aupro_intervals=spans,
        published=sampled,
        reasons=reasons,
    )


def scores_of(entries: Sequence[Entry], name: str) -> tuple[list[float], list[float]]:
    """The part scores that this map gave to good and to bad parts."""
    kinds: dict[bool, list[float]] = {False: [], True: []}
    for entry in entries:
        if name in entry.scores:
            kinds[entry.bad].append(entry.scores[name])
    return kinds[False], kinds[True]


def _own_figures(
    entries: Sequence[Entry], request: Request
) -> tuple[float | None, Interval | None]:
    """I-AUROC of the method's own scores with its interval; None unless every part has one."""
    known = [(entry.bad, entry.own) for entry in entries if entry.own is not None]
    if len(known) < len(entries):
        return None, None
    good, bad = ([score for kind, score in known if kind == wanted] for wanted in (False, True))
    span = auroc_interval(good, bad, request.seed, request.replicates)
    return auroc(of_scores(good, bad)), span


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
    # in an ascending array a value is new where it differs from the one before
    if max(1 + np.count_nonzero(np.diff(values)) for values in normals) < FEW_VALUES:
        distinct = len(np.unique(np.concatenate([np.unique(values) for values in normals])))
        if distinct < FEW_VALUES:
            return f"only {distinct} distinct values: the map looks quantised"
    # a value on more than 1 % of all pixels is on more than 1 % of some part's, so it lies on one of
    # these places of it
    often = [values[:: max(1, int(MUCH_SHARED * len(values)))] for values in normals]
    candidates = np.unique(np.concatenate(often))
    counts = np.zeros(len(candidates), np.int64)
    for values in normals:
        counts += np.searchsorted(values, candidates, "right")
        counts -= np.searchsorted(values, candidates, "left")
    most = int(counts.argmax())
    if counts[most] <= MUCH_SHARED * total:
        return ""
    share = 100.0 * counts[most] / total
    return (
        f"{share:.0f} % of the pixels share the value {candidates[most]:g}: the map looks saturated"
    )
