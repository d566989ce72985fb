"""Pretrained networks as the learn dialog sees them: what is here, what is missing, what to do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QObject, Signal

from inspector_core.detectors.contract import DetectorInfo
from inspector_core.features import weights

FREE_CHOICE = "auto"
"""The detector takes the first of its networks that is here."""


@dataclass(frozen=True, slots=True)
class Readiness:
    """Whether a detector can start, and why: the network it will use, or what brings a missing one."""

    is_ready: bool
    sentence: str


class WeightsModel(QObject):
    """Which networks are on this machine.

    changed : networks came, or what is said about adding them differs.
    asked(file, name) : take in this file as this network; an empty name finds out from the file.
    """

    changed = Signal()
    asked = Signal(object, str)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._here: frozenset[str] = frozenset()
        self._said = ""
        self._is_adding = False

    @property
    def said(self) -> str:
        """What came of the last file: added, or the sentence that says why not."""
        return self._said

    @property
    def is_adding(self) -> bool:
        return self._is_adding

    def refresh(self) -> None:
        """Look again at what is here, and forget what was said."""
        self._said = ""
        self._look()

    def add(self, file: Path, name: str) -> None:
        """Ask for a file to be taken in."""
        self._is_adding = True
        self._said = f"Reading {file.name}…"
        self.changed.emit()
        self.asked.emit(file, name)

    def added(self, name: str) -> None:
        """A network was taken in."""
        self._is_adding = False
        self._said = f"Added: {weights.entry_of(name).title}."
        self._look()

    def refused(self, sentence: str) -> None:
        """A file was not taken in."""
        self._is_adding = False
        self._said = sentence
        self.changed.emit()

    def stopped(self) -> None:
        """Nothing is being taken in any more, in whatever way it ended."""
        if self._is_adding:
            self.refused("Stopped; nothing was added.")

    def readiness(
        self, info: DetectorInfo, infos: Sequence[DetectorInfo], chosen: str = FREE_CHOICE
    ) -> Readiness:
        """Whether a detector can start with the networks that are here.

        infos : all detectors.   chosen : the network that its settings name, or "auto".
        """
        if not info.weights:
            return Readiness(True, "")
        entries = looking(info)
        if chosen != FREE_CHOICE:
            entries = {name: entry for name, entry in entries.items() if name == chosen}
            if not entries:
                return Readiness(False, f"{info.title} cannot use a network named {chosen}.")
        found = [entry for name, entry in entries.items() if name in self._here]
        if found:
            return Readiness(True, f"Uses {found[0].title}.")
        return Readiness(False, _missing(info, list(entries.values()), infos))

    def _look(self) -> None:
        self._here = frozenset(
            one.entry.name for one in weights.status() if one.presence == "present"
        )
        self.changed.emit()


def networks(info: DetectorInfo) -> Mapping[str, str]:
    """Name to title of every network that a detector can use, heads of its own included."""
    return {name: weights.entry_of(name).title for name in info.weights}


def looking(info: DetectorInfo) -> dict[str, weights.Entry]:
    """The networks that look at pictures, one of which a detector needs; what only helps is left out."""
    entries = {name: weights.entry_of(name) for name in info.weights}
    return {name: entry for name, entry in entries.items() if entry.kind != "layout"}


def _missing(
    info: DetectorInfo, entries: Sequence[weights.Entry], infos: Sequence[DetectorInfo]
) -> str:
    loadable = next((entry for entry in entries if entry.url), entries[0])
    known = next((entry for entry in entries if entry.file), loadable)
    if len(entries) == 1:
        what = f"The network that {info.title} uses is not on this machine"
    else:
        what = f"None of the {len(entries)} networks that {info.title} can use is on this machine"
    ways = [f"add {known.file}" if known.file else f"add its file from {known.page}"]
    if loadable.url:
        ways.append(f"run `relief weights fetch {loadable.name}`")
    free = [other.title for other in infos if not other.weights]
    without = f"; {' and '.join(free)} {'works' if len(free) == 1 else 'work'} without one"
    return f"{what}: {', or '.join(ways)}{without if free else ''}."
