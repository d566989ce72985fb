"""Evaluations on disk: the document of `relief evaluate --json`, read back."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from inspector_core.errors import InputError
from inspector_core.evaluation.curves import Curves
from inspector_core.evaluation.metrics import BestF1
from inspector_core.evaluation.outcome import (
    SCHEMA,
    Evaluation,
    MapFigures,
    PartOutcome,
    limit_key,
)
from inspector_core.evaluation.region_overlap import LIMITS
from inspector_core.files import read_json, shown, write_json


def write_evaluation(path: Path, evaluation: Evaluation) -> None:
    """Keep an evaluation as JSON, complete or not at all."""
    write_json(path, evaluation.document())


def read_evaluation(path: Path) -> Evaluation:
    """An evaluation that was kept as JSON; InputError when the file is none."""
    try:
        document = read_json(path)
    except (OSError, ValueError) as error:
        raise InputError(
            f"{shown(path)} could not be read as an evaluation ({error})",
            cure="name a file that `relief evaluate --json` printed",
        ) from error
    return from_document(document, shown(path))


def from_document(document: Mapping[str, Any], name: str = "the document") -> Evaluation:
    """The evaluation whose `document()` this is.

    Documents from before there were parts, curves and own scores are read without them.
    name : said in errors.
    """
    if not isinstance(document, Mapping) or document.get("schema") != SCHEMA:
        raise InputError(
            f"{name} is no evaluation ({SCHEMA})",
            cure="name a file that `relief evaluate --json` printed",
        )
    try:
        return _evaluation(document)
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(
            f"{name} is a damaged evaluation ({error!r})", cure="evaluate the recipe again"
        ) from error


def _evaluation(document: Mapping[str, Any]) -> Evaluation:
    seconds = document["seconds_per_part"]
    span = document["interval"]
    return Evaluation(
        recipe=dict(document["recipe"]),
        scope=document["scope"],
        estimator=document["protocol"],
        n_good=document["parts"]["good"],
        n_bad=document["parts"]["bad"],
        maps=_table(document["maps"]),
        no_model=_figures(document["no_model"]),
        per_type={kind: _table(table) for kind, table in document["per_type"].items()},
        verdicts={kind: dict(counts) for kind, counts in document["verdicts"].items()},
        not_inspected=tuple((entry["id"], entry["error"]) for entry in document["not_inspected"]),
        seconds=None if seconds["median"] is None else (seconds["median"], seconds["p95"]),
        peak_memory_mb=document["peak_memory_mb"],
        seed=span["seed"],
        replicates=span["replicates"],
        notes=tuple(document["notes"]),
        published_estimator=document.get("published_protocol", "btf100"),
        parts=tuple(
            PartOutcome(
                id=part["id"],
                label=part["label"],
                bad=part["bad"],
                scores=dict(part["scores"]),
                verdict=part["verdict"],
                own_score=part.get("own_score"),
            )
            for part in document.get("part_scores", ())
        ),
        curves={
            name: Curves.from_document(drawn) for name, drawn in document.get("curves", {}).items()
        },
    )


def _table(document: Mapping[str, Any]) -> dict[str, MapFigures]:
    return {name: _figures(figures) for name, figures in document.items()}


def _figures(document: Mapping[str, Any]) -> MapFigures:
    parts, best = document["parts"], document["f1_max_at"]
    span, own = document["i_auroc_interval"], document.get("i_auroc_own_interval")
    spans = [document["aupro_interval"][limit_key(limit)] for limit in LIMITS]
    return MapFigures(
        n_good=parts["good"],
        n_bad=parts["bad"],
        n_pixel_parts=parts["with_pixels"],
        i_auroc=document["i_auroc"],
        i_auroc_interval=None if span is None else (span[0], span[1]),
        i_auroc_maximum=document["i_auroc_maximum"],
        i_auroc_own=document.get("i_auroc_own"),
        i_auroc_own_interval=None if own is None else (own[0], own[1]),
        i_ap=document["i_ap"],
        p_auroc=document["p_auroc"],
        ap=document["ap"],
        best_f1=None
        if best is None
        else BestF1(document["f1_max"], best["threshold"], best["precision"], best["recall"]),
        aupro=_areas(document["aupro"]),
        aupro_intervals=None
        if any(one is None for one in spans)
        else tuple((one[0], one[1]) for one in spans),
        published=_areas(document.get("aupro_published", {})),
        reasons=dict(document["reasons"]),
    )


def _areas(document: Mapping[str, Any]) -> tuple[float, ...] | None:
    areas = [document.get(limit_key(limit)) for limit in LIMITS]
    given = tuple(float(area) for area in areas if area is not None)
    return given if len(given) == len(areas) else None
