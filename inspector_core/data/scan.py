"""A folder to references: the reader with the best claim lists it, headers are checked, one part is read."""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from inspector_core import settings as declared_settings
from inspector_core.data.checks import header_problems
from inspector_core.data.choice import chosen_reader, root_of
from inspector_core.data.listing import exists
from inspector_core.data.parts import Loaded, refused, refused_ref
from inspector_core.data.readers import Note, Reader
from inspector_core.errors import InputError, InspectorError
from inspector_core.files import existing_folder, shown
from inspector_core.progress import Job, Progress
from inspector_core.types import Problem, SampleRef, Scan

_TELL_S = 0.1
_FIRST_S = 0.02
"""The first references are told sooner: somebody looks at an empty list."""
_TRIES = 3


@dataclass(frozen=True, slots=True)
class Found(Progress):
    """Progress that carries the references found since the last one."""

    refs: tuple[SampleRef, ...] = ()


def scan(
    folder: Path, layout: str | None = None, options: Mapping[str, object] | None = None
) -> Job[Scan]:
    """How a folder is read. Nothing is decoded but the first readable part (for size and unit).

    layout : a name from READERS, or None for the reader that claims the folder best.
    options : the reader's settings by name.
    Yields Found with the first references within a fraction of a second. Raises InputError where the
    folder holds no parts, SettingError for an unknown layout or setting.
    """
    folder = _existing(folder)
    yield Progress("Reading the folder")
    reader, reasons = chosen_reader(folder, layout)
    chosen: object = declared_settings.build(reader.settings, options)
    listing = _Listed(os.fspath(folder))
    yield from listing.collect(reader.refs(folder, chosen))
    if not listing.refs:
        raise InputError(
            f"{shown(folder)}: no parts here in the layout {reader.name}",
            cure="choose another folder or another layout",
        )
    listing.refuse_repeated_ids()
    listing.note_mixed_sizes()
    yield Progress("Reading the first part", len(listing.refs), len(listing.refs))
    first = listing.read_first(reader)
    return Scan(
        root=os.fspath(folder),
        layout=reader.name,
        refs=tuple(listing.refs),
        problems=tuple(listing.problems),
        reasons=reasons,
        image_size=listing.image_size(first),
        unit=first.unit if first else "",
        notes=tuple(dict.fromkeys(listing.notes)),
    )


def scan_paths(
    paths: Sequence[Path], layout: str | None = None, options: Mapping[str, object] | None = None
) -> Job[Scan]:
    """The parts that paths name: folders whole, files the part that they belong to.

    Several folders become one scan; ids then begin with the folder's name. Raises InputError for a
    path that does not exist or belongs to no part.
    """
    wanted: dict[Path, set[str] | None] = {}
    for path in paths:
        if not exists(path):
            raise InputError(f"{shown(path)} does not exist", cure="check the path")
        absolute = Path(os.path.abspath(path))
        root = absolute if absolute.is_dir() else root_of(absolute, layout)
        files = wanted.setdefault(root, set())
        if absolute.is_dir():
            wanted[root] = None
        elif files is not None:
            files.add(os.fspath(absolute))
    scans = []
    for root, selected in wanted.items():
        whole = yield from scan(root, layout, options)
        scans.append(whole if selected is None else _only(whole, selected))
    return scans[0] if len(scans) == 1 else _joined(scans)


def _existing(folder: Path) -> Path:
    """The absolute folder; a name that is too long for the system does not exist either."""
    try:
        return Path(os.path.abspath(existing_folder(folder)))
    except OSError as error:
        raise InputError(
            f"{shown(folder)} cannot be opened ({error.strerror})",
            cure="check the name of the folder",
        ) from error


class _Listed:
    """What a reader yields, collected."""

    def __init__(self, root: str) -> None:
        self.root = root
        self.refs: list[SampleRef] = []
        self.problems: list[Problem] = []
        self.notes: list[str] = []
        self.sizes: Counter[tuple[int, int]] = Counter()

    def collect(self, entries: Iterator[Any]) -> Job[None]:
        """Sort a reader's entries, check headers, tell every tenth of a second what was found."""
        told, since = 0, time.monotonic()
        for entry in entries:
            match entry:
                case SampleRef():
                    self.refs.append(entry)
                    self.check(entry)
                case Problem():
                    self.problems.append(entry)
                case Note():
                    self.notes.append(entry.text)
            if time.monotonic() - since > (_TELL_S if told else _FIRST_S) and self.refs[told:]:
                yield Found("Reading the folder", len(self.refs), 0, "", tuple(self.refs[told:]))
                told, since = len(self.refs), time.monotonic()
        yield Found("Reading the folder", len(self.refs), 0, "", tuple(self.refs[told:]))

    def check(self, ref: SampleRef) -> None:
        if ref.read is refused:
            return
        size, problems = header_problems(ref.files, self.root)
        self.problems += problems
        if size is not None:
            self.sizes[size] += 1

    def refuse_repeated_ids(self) -> None:
        """Ids are paths, so only names that look equal once escaped can meet here."""
        counts = Counter(ref.id for ref in self.refs)
        for index, ref in enumerate(self.refs):
            if counts[ref.id] > 1:
                problem = Problem(ref.id, "another part has the same name", "rename one of them")
                self.problems.append(problem)
                unique = replace(ref, id=f"{ref.id} ({index})")
                self.refs[index] = refused_ref(unique, problem)

    def note_mixed_sizes(self) -> None:
        if len(self.sizes) < 2:
            return
        listed = ", ".join(f"{w}x{h} ({n} parts)" for (w, h), n in self.sizes.most_common(4))
        self.problems.append(
            Problem(".", f"parts of different sizes: {listed}", "crop or pad them to one size")
        )

    def read_first(self, reader: Reader) -> Loaded | None:
        """Decode the first readable part; all others then share its unit."""
        tries = [ref for ref in self.refs if ref.read is not refused][:_TRIES]
        told = {problem.path for problem in self.problems}
        for ref in tries:
            try:
                first = reader.first(ref)
            except InspectorError as error:
                path, _, problem = error.message.partition(": ")
                if path not in told:
                    self.problems.append(Problem(path, problem, error.cure))
                continue
            if first.fixed:
                self.refs = [_sharing(ref, first.fixed) for ref in self.refs]
            self.notes += first.sample.notes
            return first
        return None

    def image_size(self, first: Loaded | None) -> tuple[int, int] | None:
        """(W, H) of the first readable part."""
        if first is not None:
            return first.sample.shape[1], first.sample.shape[0]
        return next(iter(self.sizes), None)


def _sharing(ref: SampleRef, fixed: Mapping[str, Any]) -> SampleRef:
    return ref if ref.read is refused else replace(ref, options={**ref.options, **fixed})


def _only(whole: Scan, files: set[str]) -> Scan:
    refs = tuple(ref for ref in whole.refs if files & set(ref.files.values()))
    unused = files - {path for ref in refs for path in ref.files.values()}
    if unused:
        raise InputError(
            f"{shown(min(unused))}: belongs to no part in {shown(whole.root)}",
            cure="name the picture or the cloud of a part",
        )
    names = {ref.id for ref in refs} | {
        shown(os.path.relpath(path, whole.root)).replace(os.sep, "/")
        for ref in refs
        for path in ref.files.values()
    }
    problems = tuple(problem for problem in whole.problems if problem.path in names)
    return replace(whole, refs=refs, problems=problems)


def _joined(scans: Sequence[Scan]) -> Scan:
    """One scan of several folders; ids and problems begin with the shortest tail that tells them apart."""
    names = _distinct([scan.root for scan in scans])
    refs, problems, notes = [], [], []
    for name, part in zip(names, scans, strict=True):
        refs += [replace(ref, id=f"{name}/{ref.id}") for ref in part.refs]
        problems += [replace(problem, path=f"{name}/{problem.path}") for problem in part.problems]
        notes += [f"{name}: {note}" for note in part.notes]
    units = {part.unit for part in scans}
    return Scan(
        root=os.path.commonpath([part.root for part in scans]),
        layout=", ".join(dict.fromkeys(part.layout for part in scans)),
        refs=tuple(refs),
        problems=tuple(problems),
        reasons=tuple(reason for part in scans for reason in part.reasons),
        image_size=scans[0].image_size,
        unit=units.pop() if len(units) == 1 else "",
        notes=tuple(notes),
    )


def _distinct(roots: Sequence[str]) -> list[str]:
    pieces = [shown(root).strip(os.sep).split(os.sep) for root in roots]
    for length in range(1, max(map(len, pieces)) + 1):
        names = ["/".join(piece[-length:]) for piece in pieces]
        if len(set(names)) == len(names):
            return names
    return [f"{number}/{name}" for number, name in enumerate(names)]
