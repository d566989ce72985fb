"""The table of readers: one per folder layout, asked in turn, loaded on first use."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, Protocol

from inspector_core.data.parts import Loaded
from inspector_core.errors import SettingError
from inspector_core.progress import Progress
from inspector_core.types import Problem, SampleRef

READERS = {
    "mvtec3d": "inspector_core.data.readers.mvtec3d:MVTec3D",
    "eyecandies": "inspector_core.data.readers.eyecandies:Eyecandies",
    "mvtec_ad": "inspector_core.data.readers.mvtec_ad:MVTecAD",
    "visa": "inspector_core.data.readers.visa:VisA",
    "folder": "inspector_core.data.readers.folder:Folder",
}


@dataclass(frozen=True, slots=True)
class Claim:
    """How sure a reader is that a folder has its layout, 0 (not at all) .. 1, and why."""

    score: float
    reason: str


@dataclass(frozen=True, slots=True)
class Note:
    """Something about the whole folder that a person should know."""

    text: str


Entry = SampleRef | Problem | Note | Progress


class Reader(Protocol):
    """What every layout promises.

    settings : frozen dataclass of its declared settings.
    """

    name: str
    title: str
    settings: type

    def claims(self, folder: Path) -> Claim:
        """How sure it is; looks at names only and never raises."""

    def refs(self, folder: Path, settings: Any) -> Iterator[Entry]:
        """The parts of a folder with what is wrong with them; reads names and headers only.

        A part that cannot be used is yielded all the same: its `load()` raises the problem.
        """

    def first(self, ref: SampleRef) -> Loaded:
        """Decode a part and say what it tells about all others (unit)."""


def load(name: str) -> Reader:
    """The reader of that name; raises SettingError for an unknown one."""
    if name not in READERS:
        raise SettingError(
            f"there is no layout named {name}", cure=f"known layouts: {', '.join(READERS)}"
        )
    module, _, attribute = READERS[name].partition(":")
    reader: Reader = getattr(import_module(module), attribute)()
    return reader
