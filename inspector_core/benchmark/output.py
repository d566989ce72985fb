"""The folder of a benchmark: outcomes by name, each complete or absent, and the tables made of them.

    suite.json                 what was asked for, with the lists of few-shot parts
    jobs/<name>.json           one finished job; never made again while it is there
    jobs/<name>.npz            its scores and curves part by part, to compare detectors
    failed/<name>.json         why a job failed; tried again at the next start
    benchmark.md .csv .html    tables and curves: no times in them, so the same jobs give the same bytes
    times.csv                  how long each job took, and its memory
    hashes.json                hashes of the input files, to start quickly again

`name` is the hash of everything that determines the outcome (`jobs.BenchmarkJob.document`).
"""

from __future__ import annotations

import csv
import io
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from inspector_core import __version__
from inspector_core.benchmark.jobs import FORMAT, BenchmarkJob
from inspector_core.benchmark.suite import ALL
from inspector_core.benchmark.work import Outcome
from inspector_core.errors import OutputError
from inspector_core.files import (
    ensure_writable,
    read_json,
    remove_leftovers,
    shown,
    write_atomic,
    write_json,
)

SUITE = "suite.json"
SUITE_FORMAT = "relief-benchmark-suite/1"
HASHES = "hashes.json"
TIMES = "times.csv"
_TIMED = ("dataset", "class", "detector", "given", "shots", "seed")
_COLUMNS = ("learn_s", "part_s", "peak_memory_mb")


class OutputFolder:
    """Where outcomes lie. One run at a time works in a folder."""

    def __init__(self, folder: Path, *, new: bool = False) -> None:
        self.folder = folder
        self._new = new
        self._jobs = folder / "jobs"
        self._failed = folder / "failed"

    @classmethod
    def prepared(cls, folder: Path) -> OutputFolder:
        """The folder, made or gone on with; what a killed run left half-made is removed.

        Raises OutputError when it holds something else or cannot be written.
        """
        if folder.exists() and not _ours(folder):
            raise OutputError(
                f"{shown(folder)} holds something else than a benchmark",
                cure="choose another folder",
            )
        output = cls(folder, new=not folder.exists())
        for path in (folder, output._jobs, output._failed):
            ensure_writable(path)
            remove_leftovers(path)
        if not (folder / SUITE).exists():
            write_json(folder / SUITE, {"format": SUITE_FORMAT})
        return output

    def discard(self) -> None:
        """Remove a folder that this run made; one that was there before stays."""
        if self._new:
            shutil.rmtree(self.folder, ignore_errors=True)

    def write_suite(self, jobs: Sequence[BenchmarkJob]) -> None:
        """Say what this run does: every job by its name, and which parts few-shot jobs see."""
        lists = {
            (job.dataset, job.class_name, job.shots, job.seed): job
            for job in jobs
            if job.shots != ALL
        }
        write_json(
            self.folder / SUITE,
            {
                "format": SUITE_FORMAT,
                "software": __version__,
                "jobs": [
                    {"name": job.name, "title": job.title, **_facts(job.document())} for job in jobs
                ],
                "shot_lists": [
                    {
                        "dataset": job.dataset,
                        "class": job.class_name,
                        "shots": job.shots,
                        "seed": job.seed,
                        "learn": list(job.learn),
                        "calibrate": list(job.calibrate),
                    }
                    for job in lists.values()
                ],
            },
        )

    def finished(self, job: BenchmarkJob) -> dict[str, Any] | None:
        """The document of a job that is done, None otherwise (also when its file is damaged)."""
        try:
            content = read_json(self._jobs / f"{job.name}.json")
            whole = content["schema"] == FORMAT and content["name"] == job.name
            if whole and self.arrays_of(job.name).is_file():
                return dict(content)
        except (OSError, ValueError, KeyError, TypeError):
            pass
        return None

    def forget(self, jobs: Sequence[BenchmarkJob]) -> None:
        """Remove the outcomes of these jobs, so that they are made again."""
        for job in jobs:
            (self._jobs / f"{job.name}.json").unlink(missing_ok=True)

    def arrays_of(self, name: str) -> Path:
        """The file with a finished job's scores and curves part by part."""
        return self._jobs / f"{name}.npz"

    def write(self, outcome: Outcome) -> None:
        """Keep a finished job; its document comes last, so a job with a document is complete."""
        write_atomic(self.arrays_of(outcome.name), outcome.arrays)
        write_atomic(self._jobs / f"{outcome.name}.json", outcome.document)
        (self._failed / f"{outcome.name}.json").unlink(missing_ok=True)

    def write_failure(self, job: BenchmarkJob, sentence: str) -> None:
        """Keep why a job failed."""
        content = {"name": job.name, "job": job.document(), "error": sentence}
        write_json(self._failed / f"{job.name}.json", content)

    @contextmanager
    def scratch(self, name: str, keep: bool) -> Iterator[Path]:
        """A folder for a job's recipe; it becomes recipes/<name> when `keep`, else it is removed."""
        folder = self.folder / f".{name}.tmp"
        shutil.rmtree(folder, ignore_errors=True)
        ensure_writable(folder)
        try:
            yield folder
            if keep:
                target = self.folder / "recipes" / name
                ensure_writable(target.parent)
                shutil.rmtree(target, ignore_errors=True)
                (folder / "recipe").rename(target)
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def write_times(self, documents: Sequence[Mapping[str, Any]]) -> None:
        """times.csv: a row a job, in the order of the jobs."""
        stream = io.StringIO()
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow([*_TIMED, *_COLUMNS])
        for document in documents:
            job, found = document["job"], document["evaluation"]
            given = " ".join(f"{name}={value}" for name, value in job["given"].items())
            row = {**job, "given": given, "shots": job["shots"] or "all"}
            times = (
                document["learnt"]["seconds"],
                found["seconds_per_part"]["median"],
                found["peak_memory_mb"],
            )
            rounded = ["" if value is None else f"{value:.4g}" for value in times]
            writer.writerow([*(row[key] for key in _TIMED), *rounded])
        write_atomic(self.folder / TIMES, stream.getvalue().encode("utf-8", "backslashreplace"))


def timeless(document: Mapping[str, Any]) -> dict[str, Any]:
    """A job's document without times and memory: equal for equal jobs, whoever did them."""
    unknown = {"seconds_per_part": {"median": None, "p95": None}, "peak_memory_mb": None}
    return {
        "job": document["job"],
        "evaluation": {**document["evaluation"], **unknown},
    }


def _facts(document: Mapping[str, Any]) -> dict[str, Any]:
    """A job's document without the lists of parts, which stand in the list of their own."""
    return {key: value for key, value in document.items() if key not in ("learn", "calibrate")}


def _ours(folder: Path) -> bool:
    if not folder.is_dir():
        return False
    try:
        return bool(read_json(folder / SUITE)["format"] == SUITE_FORMAT)
    except FileNotFoundError:
        return not any(folder.iterdir())
    except (OSError, ValueError, KeyError, TypeError):
        return False
