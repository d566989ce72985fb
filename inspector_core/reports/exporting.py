"""Writing a report: all files appear together at the end, or none does."""

from __future__ import annotations

import contextlib
import importlib
import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from inspector_core.errors import DiskFullError, InspectorError, OutputError, SettingError
from inspector_core.files import ensure_writable, shown, write_failure
from inspector_core.progress import Job, Progress
from inspector_core.reports import EXPORTERS
from inspector_core.reports.figures import PartFigures
from inspector_core.reports.model import ReportModel
from inspector_core.reports.pictures import PartPictures
from inspector_core.reports.writer import Writer
from inspector_core.types import Result

STAGE = "Writing the report"
_PREFIX, _SUFFIX = ".relief-export-", ".tmp"


def writer_class(name: str) -> type[Writer]:
    """The writer of a format; SettingError for an unknown one."""
    if name not in EXPORTERS:
        raise SettingError(
            f"there is no report format named {name}", cure=f"choose from {', '.join(EXPORTERS)}"
        )
    module, _, attribute = EXPORTERS[name].partition(":")
    found: type[Writer] = getattr(importlib.import_module(module), attribute)
    return found


def export(
    model: ReportModel, folder: Path, formats: Sequence[str], *, force: bool = False
) -> Job[tuple[Path, ...]]:
    """Write the report in these formats and return the files.

    The folder is tested before any work (OutputError); existing files are refused without `force`.
    Everything is written into a hidden folder inside the target and renamed at the end: a cancelled
    or failed export leaves nothing. A full disk raises DiskFullError with how far it came.
    A part that cannot be read any more is reported without pictures, and `Progress.note` says so.
    """
    classes = [writer_class(name) for name in dict.fromkeys(formats)]
    existed = folder.exists()
    ensure_writable(folder)
    _remove_stale(folder)
    _refuse_existing(model, folder, classes, force)
    try:
        staging = Path(tempfile.mkdtemp(prefix=_PREFIX, suffix=_SUFFIX, dir=folder))
    except OSError as error:
        raise write_failure(folder, error) from error
    complete = False
    try:
        yield from _written(model, staging, classes)
        paths = _moved(staging, folder)
        complete = True
        return paths
    finally:
        shutil.rmtree(staging, ignore_errors=True)
        if not complete and not existed:
            with contextlib.suppress(OSError):
                folder.rmdir()


def _written(model: ReportModel, staging: Path, classes: Sequence[type[Writer]]) -> Job[None]:
    done = 0
    total = 1
    try:
        writers = [cls(model, staging) for cls in classes]
        parts = [r for r in model.ordered if any(writer.wants(r) for writer in writers)]
        total += len(parts)
        yield Progress(STAGE, 0, total)
        for writer in writers:
            for _ in writer.begin():
                yield Progress(STAGE, 0, total)
        for result, figures, missing in _drawn(model, parts, any(cls.draws for cls in classes)):
            yield Progress(STAGE, done, total, missing)
            for writer in writers:
                if writer.wants(result):
                    writer.part(result, figures, missing)
                    yield Progress(STAGE, done, total)
            done += 1
        for writer in writers:
            for _ in writer.finish():
                yield Progress(STAGE, done, total)
        yield Progress(STAGE, total, total)
    except DiskFullError as error:
        raise _disk_full(staging, done, total - 1) from error
    except OSError as error:
        failure = write_failure(staging.parent, error)
        if isinstance(failure, DiskFullError):
            raise _disk_full(staging, done, total - 1) from error
        raise failure from error


def _drawn(
    model: ReportModel, parts: Sequence[Result], draw: bool
) -> Iterator[tuple[Result, PartFigures | None, str]]:
    """The parts in order; while one is written, the next is read and drawn in another thread."""
    if not parts:
        return
    with ThreadPoolExecutor(1, thread_name_prefix="relief-report") as pool:
        coming = pool.submit(_figures, model, parts[0], draw)
        for number, result in enumerate(parts, start=1):
            figures, missing = coming.result()
            if number < len(parts):
                coming = pool.submit(_figures, model, parts[number], draw)
            yield result, figures, missing


def _figures(model: ReportModel, result: Result, draw: bool) -> tuple[PartFigures | None, str]:
    """The part's figures, or None and the sentence why there are none."""
    try:
        material = model.load(result.id)
    except InspectorError as error:
        return None, f"No pictures: {error.sentence}"
    except OSError as error:
        return None, f"No pictures: {shown(result.id)} cannot be read ({error.strerror or error})."
    figures = PartFigures(PartPictures(model, result, material))
    if draw and model.has_page(result):
        figures.draw()
    return figures, ""


def _refuse_existing(
    model: ReportModel, folder: Path, classes: Sequence[type[Writer]], force: bool
) -> None:
    names = [name for cls in classes for name in cls.names(model)]
    taken = [name for name in names if (folder / name).exists()]
    if taken and not force:
        more = f" and {len(taken) - 1} more" if len(taken) > 1 else ""
        raise OutputError(
            f"{shown(folder / taken[0])}{more} exists already",
            cure="choose another folder or use --force",
        )


def _remove_stale(folder: Path) -> None:
    """Staging folders of exports that were killed."""
    for path in folder.glob(f"{_PREFIX}*{_SUFFIX}"):
        shutil.rmtree(path, ignore_errors=True)


def _moved(staging: Path, folder: Path) -> tuple[Path, ...]:
    """Rename every file into place; on one file system this needs no space and cannot be half done."""
    moved = []
    for path in sorted(path for path in staging.rglob("*") if path.is_file()):
        target = folder / path.relative_to(staging)
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            os.replace(path, target)
        except OSError as error:
            raise write_failure(target, error) from error
        moved.append(target)
    return tuple(moved)


def _disk_full(staging: Path, done: int, total: int) -> DiskFullError:
    used = sum(path.stat().st_size for path in staging.rglob("*") if path.is_file())
    need = used * max(1, total) / max(1, done)
    amount = f"{need / 1e9:.1f} GB" if need >= 1e9 else f"{max(1, round(need / 1e6))} MB"
    return DiskFullError(
        f"the disk was full after {done} of {total} parts; no report was written",
        cure=f"free about {amount} and export again",
    )
