"""The one list of problems and notes that the message panel shows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from PySide6.QtCore import QObject, Signal

MOST = 50
Tone = Literal["problem", "note"]


@dataclass(frozen=True, slots=True)
class Entry:
    """One message: what it is about, a sentence, what to do, and details to unfold.

    action : id of the action that helps, or empty.
    """

    tone: Tone
    what: str
    sentence: str
    cure: str = ""
    details: str = ""
    action: str = ""

    @property
    def text(self) -> str:
        """All of it, as it is copied."""
        lines = (self.what, self.sentence, self.cure, self.details)
        return "\n".join(line for line in lines if line)


class MessageList(QObject):
    """Messages in the order in which they came; the newest is in front. Equal ones appear once."""

    changed = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._entries: list[Entry] = []
        self._place = -1

    @property
    def front(self) -> Entry | None:
        """The message that is shown."""
        return self._entries[self._place] if self._entries else None

    @property
    def position(self) -> tuple[int, int]:
        """(place of the shown message from 1, number of messages)."""
        return self._place + 1, len(self._entries)

    def add(self, entry: Entry) -> None:
        """Put a message in front."""
        self._entries = [other for other in self._entries if other != entry][-(MOST - 1) :]
        self._entries.append(entry)
        self._place = len(self._entries) - 1
        self.changed.emit()

    def step(self, offset: int) -> None:
        """Show an older (-1) or newer (+1) message."""
        place = min(max(0, self._place + offset), len(self._entries) - 1)
        if place != self._place:
            self._place = place
            self.changed.emit()

    def dismiss(self) -> None:
        """Remove the shown message."""
        if self._entries:
            del self._entries[self._place]
            self._place = min(self._place, len(self._entries) - 1)
            self.changed.emit()

    def clear_notes(self) -> None:
        """Remove notes: they belong to the folder that was open before."""
        kept = [entry for entry in self._entries if entry.tone == "problem"]
        if len(kept) != len(self._entries):
            self._entries = kept
            self._place = len(kept) - 1
            self.changed.emit()
