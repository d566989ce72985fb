"""What lies in a folder: names in an order for people, links followed once, stems to pair by."""

from __future__ import annotations

import os
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from inspector_core.data.decode import name_in, unreadable
from inspector_core.errors import InputError
from inspector_core.files import shown

_DIGITS = re.compile(r"(\d+)")


@dataclass(frozen=True, slots=True)
class Listing:
    """Names of the files and folders in a folder, sorted (folders for people); hidden ones left out."""

    path: str
    files: tuple[str, ...] = ()
    folders: tuple[str, ...] = ()

    def at(self, name: str) -> str:
        """The path of a name in this folder."""
        return f"{self.path}{os.sep}{name}"


def list_folder(path: str | os.PathLike[str]) -> Listing:
    """The listing of a folder, empty when there is none; raises InputError without permission."""
    folder = os.fspath(path)
    files, folders = [], []
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                if entry.name.startswith("."):
                    continue
                if _is(entry, os.DirEntry.is_dir):
                    folders.append(entry.name)
                elif _is(entry, os.DirEntry.is_file):
                    files.append(entry.name)
    except (FileNotFoundError, NotADirectoryError):
        return Listing(folder)
    except OSError as error:
        problem, cure = unreadable(error)
        raise InputError(f"{shown(folder)}: {problem}", cure=cure) from error
    return Listing(folder, tuple(sorted(files)), tuple(sorted(folders, key=natural)))


def _is(entry: os.DirEntry[str], kind: object) -> bool:
    try:
        return bool(kind(entry))  # type: ignore[operator]
    except OSError:  # a link that leads in a circle, or into a lost network drive
        return False


def natural(name: str) -> tuple[list[str | int], str]:
    """Sort key that puts part2 before part10; equal keys fall back to the name itself."""
    if name.isascii() and name.isdigit():  # most names of most folders, ten times quicker
        return ["", int(name), ""], name
    pieces = _DIGITS.split(name.casefold())
    # every second piece is a run of digits, so that words meet words and numbers meet numbers
    return [int(piece) if at % 2 else piece for at, piece in enumerate(pieces)], name


def stem_and_suffix(name: str) -> tuple[str, str]:
    """A file name without its last suffix, and that suffix in lower case with its dot.

    The stem comes in one Unicode form: macOS writes é as e plus accent.
    """
    stem, dot, last = name.rpartition(".")
    if not stem:
        return name, ""
    if not stem.isascii():
        stem = unicodedata.normalize("NFC", stem)
    return stem, dot + last.lower()


def suffix(name: str) -> str:
    """The last suffix in lower case, with the dot."""
    return stem_and_suffix(name)[1]


def has_file(path: str, suffixes: frozenset[str]) -> bool:
    """True when a folder holds a file with one of the suffixes; stops at the first."""
    try:
        with os.scandir(path) as entries:
            return any(suffix(entry.name) in suffixes for entry in entries)
    except OSError:
        return False


class Folders:
    """Visits folders once each, however many links lead to them."""

    def __init__(self) -> None:
        self._seen: set[tuple[int, int]] = set()
        self.repeated: list[str] = []

    def new(self, path: str) -> bool:
        """True for the first visit of the real folder behind a path."""
        try:
            status = os.stat(path)
        except OSError:
            return False
        key = (status.st_dev, status.st_ino)
        if key in self._seen:
            self.repeated.append(path)
            return False
        self._seen.add(key)
        return True

    def notes(self, root: str) -> list[str]:
        """One sentence for each link that led to a folder seen before."""
        return [
            f"{name_in(path, root)} leads to a folder that is read already"
            for path in self.repeated
        ]

    def below(self, path: str, depth: int) -> Iterator[Listing]:
        """The folder and those below it, to a depth, each real folder once."""
        if not self.new(path):
            return
        listing = list_folder(path)
        yield listing
        if depth:
            for name in listing.folders:
                yield from self.below(listing.at(name), depth - 1)


def exists(path: Path) -> bool:
    """True for an existing path; a name too long for the system does not exist."""
    try:
        return path.exists()
    except OSError:
        return False
