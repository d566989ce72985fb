"""Working through a list of jobs: one after the other here, or on the machines of a Dask cluster."""

from __future__ import annotations

import time
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import Any

from inspector_core.benchmark.jobs import BenchmarkJob
from inspector_core.benchmark.output import OutputFolder
from inspector_core.benchmark.work import Outcome, outcome, sentence, steps
from inspector_core.device import hardware, resolve
from inspector_core.errors import Cancelled, OutputError
from inspector_core.progress import Job, Progress

_STAGE = "Benchmark:"


@dataclass(frozen=True, slots=True)
class Ran:
    """What a run did.

    documents : of the finished jobs, in the order of the list.   failed : (job, sentence) of the others.
    kept : how many were finished before this run.   seconds : that this run took.
    """

    documents: tuple[dict[str, Any], ...]
    failed: tuple[tuple[BenchmarkJob, str], ...]
    kept: int
    seconds: float


def run(
    jobs: Sequence[BenchmarkJob],
    output: OutputFolder,
    *,
    cluster: str = "",
    keep_recipes: bool = False,
) -> Job[Ran]:
    """Do the jobs that are not finished; what is done is kept at once, a failure is kept with its sentence.

    cluster : address of a Dask scheduler, "" for this process.
    Raises DeviceError when the cluster cannot be used, OutputError when an outcome cannot be written.
    """
    started = time.monotonic()
    pending = [job for job in jobs if output.finished(job) is None]
    kept = len(jobs) - len(pending)
    note = f"{kept} of {len(jobs)} jobs are finished already" if kept else ""
    yield Progress(f"{_STAGE} {len(pending)} jobs", kept, len(jobs), note)
    if pending and not cluster:
        resolve(pending[0].device, hardware())  # an impossible device is refused at once
    errors: dict[str, str] = {}
    outcomes = (
        _elsewhere(pending, cluster, kept, len(jobs))
        if cluster
        else _here(pending, output, keep_recipes, kept, len(jobs))
    )
    by_name = {job.name: job for job in pending}
    done = kept
    try:
        for step in outcomes:
            if isinstance(step, Progress):
                yield step
                continue
            done += 1
            job = by_name[step.name]
            if step.error:
                errors[step.name] = step.error
                output.write_failure(job, step.error)
            else:
                output.write(step)
            said = f"{job.title}: {step.error}" if step.error else ""
            yield Progress(f"{_STAGE} {job.title} done", done, len(jobs), said)
    finally:
        outcomes.close()
    documents = [document for job in jobs if (document := output.finished(job)) is not None]
    failed = tuple((by_name[name], text) for name, text in errors.items())
    return Ran(tuple(documents), failed, kept, time.monotonic() - started)


Steps = Generator[Progress | Outcome, None, None]


def _here(
    jobs: Sequence[BenchmarkJob], output: OutputFolder, keep: bool, before: int, total: int
) -> Steps:
    """The outcomes of the jobs, one after the other in this process, with each job's own progress."""
    for number, job in enumerate(jobs, start=before):
        try:
            with output.scratch(job.name, keep) as folder:
                work = steps(job, folder)
                try:
                    while True:
                        try:
                            step = next(work)
                        except StopIteration as end:
                            finished = end.value
                            break
                        stage = f"{_STAGE} {job.title}: {_lower(step.stage)}"
                        yield Progress(stage, number, total, step.note)
                finally:
                    work.close()
        except (Cancelled, OutputError):
            raise
        except Exception as error:
            finished = Outcome(job.name, error=sentence(error, job))
        yield finished


def _elsewhere(jobs: Sequence[BenchmarkJob], address: str, before: int, total: int) -> Steps:
    """The outcomes of the jobs as the cluster's machines finish them."""
    from inspector_core.benchmark import cluster

    folders = sorted({job.folder for job in jobs})
    with cluster.connected(address) as client:
        yield from cluster.checked(client, folders)
        done = before
        calls = [cluster.Call(f"relief-{job.name}", (job,)) for job in jobs]
        for found in cluster.answers(client, outcome, calls):
            if isinstance(found, cluster.Waiting):
                stage = f"{_STAGE} {total - done} jobs left on {found.workers} workers"
                yield Progress(stage, done, total, found.note)
                continue
            done += 1
            lost = Outcome(jobs[found.number].name, error=found.error)
            yield lost if found.error else found.value


def _lower(stage: str) -> str:
    return stage[:1].lower() + stage[1:]
