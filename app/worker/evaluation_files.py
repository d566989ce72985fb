"""An evaluation on disk: as the command line's JSON, and as the tables and the page of a benchmark."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from app.worker.jobs import EvaluationExport
from inspector_core import detectors
from inspector_core.evaluation import Evaluation
from inspector_core.evaluation.page import page
from inspector_core.evaluation.published import class_key, published_set
from inspector_core.evaluation.tables import csv_text, markdown
from inspector_core.files import json_bytes, new_folder, write_atomic
from inspector_core.progress import Job, Progress
from inspector_core.recipe import Recipe
from inspector_core.settings import declared

_WRITERS: Mapping[str, Callable[[Mapping[str, Any], str], bytes]] = {
    "html": lambda document, title: page([document], title).encode("utf-8"),
    "json": lambda document, _: json_bytes(document["evaluation"]),
    "md": lambda document, _: markdown([document]).encode("utf-8"),
    "csv": lambda document, _: csv_text([document]).encode("utf-8"),
}


def export(outcome: Evaluation, recipe: Recipe, request: EvaluationExport) -> Job[tuple[Path, ...]]:
    """Write an evaluation as a new folder: all its files appear together, or none does."""
    document = {"job": job_of(recipe, request), "evaluation": outcome.document()}
    names = []
    with new_folder(request.folder, replace=request.force) as folder:
        for done, name in enumerate(request.formats):
            yield Progress("Writing the evaluation", done, len(request.formats))
            file = folder / f"evaluation.{name}"
            write_atomic(file, _WRITERS[name](document, f"Evaluation of {request.title}"))
            names.append(file.name)
    return tuple(request.folder / name for name in names)


def job_of(recipe: Recipe, request: EvaluationExport) -> dict[str, Any]:
    """The evaluation as a job of a benchmark: what stands in the heads of its tables.

    A folder that is a class of a published data set, read in that set's layout, stands beside its
    published figures; any other one by itself.
    """
    known = published_set(request.layout)
    own = known is None or class_key(request.title) not in known.classes
    usual = {
        entry.name: entry.default
        for entry in declared(detectors.load(recipe.detector).info.settings)
    }
    given = {
        name: value
        for name, value in recipe.settings.items()
        if name in usual and value != usual[name]
    }
    return {
        "dataset": request.title if own or known is None else known.title,
        "class": request.title,
        "detector": recipe.detector,
        "settings": dict(recipe.settings),
        "given": given,
        "seed": recipe.seed,
        "shots": None,
    }
