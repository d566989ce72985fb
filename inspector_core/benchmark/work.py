"""Doing one job: scan, learn into a scratch folder, evaluate. The same here and on another machine."""

from __future__ import annotations

import logging
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from inspector_core import engine
from inspector_core.benchmark.inputs import census
from inspector_core.benchmark.jobs import FORMAT, BenchmarkJob, weights_of
from inspector_core.benchmark.shots import Shots, arranged
from inspector_core.benchmark.suite import ALL, Method
from inspector_core.device import out_of_memory
from inspector_core.errors import InputError, InspectorError, WeightsError
from inspector_core.evaluation.kept_arrays import keep, write_kept
from inspector_core.evaluation.outcome import Evaluation
from inspector_core.files import json_bytes, shown
from inspector_core.progress import Job, drain
from inspector_core.recipe import Recipe
from inspector_core.software import versions

log = logging.getLogger(__name__)

_THREADS = 4


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a job: its files' bytes, or the sentence that says why there are none.

    document : JSON.   arrays : what comparing two detectors part by part needs (.npz).
    """

    name: str
    document: bytes = b""
    arrays: bytes = b""
    error: str = ""


def steps(job: BenchmarkJob, scratch: Path) -> Job[Outcome]:
    """Do a job. The recipe stays in the scratch folder.

    Sums are shared by the same number of threads on every machine, so that the last digits agree.
    Raises InspectorError; InputError or WeightsError when the folder holds other parts, or this machine
    other pretrained networks, than the job was made for.
    """
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(_THREADS)
    try:
        return (yield from _steps(job, scratch))
    finally:
        torch.set_num_threads(before)


def _steps(job: BenchmarkJob, scratch: Path) -> Job[Outcome]:
    parts = yield from engine.scan(Path(job.folder), job.layout, job.reading)
    if census(parts.refs) != job.census:
        raise InputError(
            f"{shown(job.folder)} holds other parts than when the list of jobs was made",
            cure="run the benchmark again; on a cluster every machine must see the same folder",
        )
    if weights_of(Method(job.detector, job.given, job.settings)) != dict(job.weights):
        raise WeightsError(
            f"the pretrained networks of {job.detector} are not those of the list of jobs",
            cure="add the same weights on every machine and run the benchmark again",
        )
    if job.shots != ALL:
        parts = arranged(parts, Shots(job.learn, job.calibrate))
    recipe = yield from engine.learn(
        parts,
        scratch / "recipe",
        detector=job.detector,
        settings=job.settings,
        seed=job.seed,
        device=job.device,
        name=job.class_name,
    )
    outcome = yield from engine.evaluate(
        parts.select("test"), recipe, scope=job.scope, device=job.device
    )
    arrays = scratch / "arrays.npz"
    write_kept(arrays, keep(outcome))
    return Outcome(job.name, json_bytes(document(job, recipe, outcome)), arrays.read_bytes())


def document(job: BenchmarkJob, recipe: Recipe, outcome: Evaluation) -> dict[str, Any]:
    """The JSON of a finished job."""
    return {
        "schema": FORMAT,
        "name": job.name,
        "job": job.document(),
        "evaluation": outcome.document(),
        "learnt": {
            "parts": len(recipe.learn_parts),
            "calibrated": len(recipe.calibration.parts),
            "seconds": recipe.seconds,
        },
        "software": versions(),
    }


def outcome(job: BenchmarkJob) -> Outcome:
    """Do a job from start to end in a scratch folder of its own; every failure becomes a sentence.

    A module-level function of plain values: what a cluster's workers call.
    """
    try:
        with tempfile.TemporaryDirectory(prefix="relief-job-") as folder:
            return drain(steps(job, Path(folder)))
    except Exception as error:
        return Outcome(job.name, error=sentence(error, job))


def sentence(error: Exception, job: BenchmarkJob) -> str:
    """Why a job failed, for a person; a fault of ours goes to the log with its traceback."""
    if isinstance(error, InspectorError):
        return error.sentence
    if out_of_memory(error):
        return "the memory is exhausted; use fewer or smaller parts, or run fewer jobs at once."
    log.error("%s", job.title, exc_info=error)
    return f"a fault of the program ({type(error).__name__}: {error}); see the log and report it."
