"""What an evaluation found out, and its JSON (`resources/schemas/relief-evaluation-1.json`)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from inspector_core.evaluation.curves import Curves
from inspector_core.evaluation.intervals import COVERAGE, Interval
from inspector_core.evaluation.metrics import BestF1
from inspector_core.evaluation.region_overlap import LIMITS
from inspector_core.evaluation.resampling import Shares

SCHEMA = "relief-evaluation/1"
DECIDING = "fused"
"""The map that verdicts rest on and tables show; a detector without it is shown by its first map."""


def limit_key(limit: float) -> str:
    """How a limit is written in JSON and tables: 0.3 is "0.30"."""
    return f"{limit:.2f}"


@dataclass(frozen=True, slots=True)
class MapFigures:
    """The figures of one map over one set of parts; None = undefined, `reasons` says why.

    n_good, n_bad : parts whose score counts.   n_pixel_parts : parts whose pixels count.
    i_auroc, i_ap : over part scores.   i_auroc_maximum : the same with the map's largest value as score.
    i_auroc_own : the same with the method's own score of the part, where all parts have one; only
    beside the fused map.
    p_auroc, ap, best_f1 : over pixels.
    aupro : by the evaluation's estimator, at 0.30, 0.10, 0.05, 0.01 (`LIMITS`).
    published : by the estimator of the detector's paper, for comparison with its tables only.
    *_interval : 95 %, parts resampled; AUPRO's only for whole test sets and the exact estimator.
    """

    n_good: int
    n_bad: int
    n_pixel_parts: int
    i_auroc: float | None = None
    i_auroc_interval: Interval | None = None
    i_auroc_maximum: float | None = None
    i_auroc_own: float | None = None
    i_auroc_own_interval: Interval | None = None
    i_ap: float | None = None
    p_auroc: float | None = None
    ap: float | None = None
    best_f1: BestF1 | None = None
    aupro: tuple[float, ...] | None = None
    aupro_intervals: tuple[Interval, ...] | None = None
    published: tuple[float, ...] | None = None
    reasons: Mapping[str, str] = field(default_factory=dict)

    def document(self) -> dict[str, Any]:
        """The figures as JSON values."""
        best, spans = self.best_f1, self.aupro_intervals
        return {
            "parts": {"good": self.n_good, "bad": self.n_bad, "with_pixels": self.n_pixel_parts},
            "i_auroc": self.i_auroc,
            "i_auroc_interval": _ends(self.i_auroc_interval),
            "i_auroc_maximum": self.i_auroc_maximum,
            "i_auroc_own": self.i_auroc_own,
            "i_auroc_own_interval": _ends(self.i_auroc_own_interval),
            "i_ap": self.i_ap,
            "p_auroc": self.p_auroc,
            "aupro": _by_limit(self.aupro),
            "aupro_published": _by_limit(self.published),
            "aupro_interval": {
                limit_key(limit): None if spans is None else [*spans[at]]
                for at, limit in enumerate(LIMITS)
            },
            "ap": self.ap,
            "f1_max": None if best is None else best.value,
            "f1_max_at": None
            if best is None
            else {
                "threshold": best.threshold,
                "precision": best.precision,
                "recall": best.recall,
                "chosen": "oracle",
            },
            "reasons": dict(self.reasons),
        }


def _ends(span: Interval | None) -> list[float] | None:
    return None if span is None else [*span]


def _by_limit(areas: tuple[float, ...] | None) -> dict[str, float | None]:
    return {
        limit_key(limit): None if areas is None else areas[at] for at, limit in enumerate(LIMITS)
    }


@dataclass(frozen=True, slots=True)
class PartOutcome:
    """One counted part.

    label : "good" or its defect type.   bad : whether it is defective.
    scores : map to part score in times the usual.   own_score : the method's own, or None.
    verdict : "accept", "review" or "reject" at the recipe's thresholds; None without thresholds or
    without a fused score.
    """

    id: str
    label: str
    bad: bool
    scores: Mapping[str, float]
    verdict: str | None
    own_score: float | None = None

    def document(self) -> dict[str, Any]:
        """The part as JSON values."""
        return {
            "id": self.id,
            "label": self.label,
            "bad": self.bad,
            "scores": dict(self.scores),
            "verdict": self.verdict,
            "own_score": self.own_score,
        }


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Figures of one recipe on one annotated set of parts.

    recipe : name, detector, sha256, seed, thresholds, as the caller gave them.
    scope : "all" or "part".   estimator : "exact", "btf100" or "cfm99", behind every AUPRO.
    published_estimator : that behind every `MapFigures.published`.
    maps : map to figures.   no_model : random numbers on the foreground.
    per_type : defect type to map (and "no_model") to figures; its parts against all good ones.
    verdicts : "good" and "bad" to verdict to parts, at the recipe's thresholds; empty without them.
    not_inspected : (id, sentence) of parts that could not be scored.
    seed, replicates : of the resampling behind the intervals.
    seconds : median and 95 % point of a part, or None.   peak_memory_mb : of this process, or None.
    parts : every counted part, in the order they came.   curves : map to its curves, whole test set.
    shares : map to what a comparison of two detectors resamples (`paired`); not in the document.
    """

    recipe: Mapping[str, Any]
    scope: str
    estimator: str
    n_good: int
    n_bad: int
    maps: Mapping[str, MapFigures]
    no_model: MapFigures
    per_type: Mapping[str, Mapping[str, MapFigures]]
    verdicts: Mapping[str, Mapping[str, int]]
    not_inspected: tuple[tuple[str, str], ...]
    seconds: tuple[float, float] | None
    peak_memory_mb: float | None
    seed: int
    replicates: int
    notes: tuple[str, ...] = ()
    published_estimator: str = "btf100"
    parts: tuple[PartOutcome, ...] = ()
    curves: Mapping[str, Curves] = field(default_factory=dict)
    shares: Mapping[str, Shares] = field(default_factory=dict)

    def document(self) -> dict[str, Any]:
        """The JSON of `relief evaluate --json`."""
        median, p95 = self.seconds or (None, None)
        return {
            "schema": SCHEMA,
            "recipe": dict(self.recipe),
            "scope": self.scope,
            "protocol": self.estimator,
            "published_protocol": self.published_estimator,
            "parts": {"good": self.n_good, "bad": self.n_bad},
            "maps": {name: figures.document() for name, figures in self.maps.items()},
            "no_model": self.no_model.document(),
            "per_type": {
                kind: {name: figures.document() for name, figures in table.items()}
                for kind, table in self.per_type.items()
            },
            "verdicts": {kind: dict(counts) for kind, counts in self.verdicts.items()},
            "not_inspected": [{"id": part, "error": text} for part, text in self.not_inspected],
            "seconds_per_part": {"median": median, "p95": p95},
            "peak_memory_mb": self.peak_memory_mb,
            "interval": {"coverage": COVERAGE, "replicates": self.replicates, "seed": self.seed},
            "notes": list(self.notes),
            "part_scores": [part.document() for part in self.parts],
            "curves": {name: drawn.document() for name, drawn in self.curves.items()},
        }
