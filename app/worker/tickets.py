"""Who waits for which request of the lane: tickets to what happens when it ends."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import QObject, Signal

from app.worker.lane import Lane, Urgency
from app.worker.sentences import Failure
from inspector_core.progress import Job


@dataclass(frozen=True, slots=True)
class Waiting:
    """What to do with a request's steps and its end."""

    done: Callable[[Any], None]
    step: Callable[[Any], None]
    failed: Callable[[Failure], None]
    is_work: bool


class Desk(QObject):
    """Hands requests to the lane and calls back in the window's thread.

    work_queued(what), work_started(what), work_failed(Failure), work_cancelled() : about learn, inspect,
    export and the like; work_ended() : nothing of that kind is left.
    progressed(Progress) : a step of the work that runs.
    """

    work_queued = Signal(str)
    work_started = Signal(str)
    progressed = Signal(object)
    work_failed = Signal(object)
    work_cancelled = Signal()
    work_ended = Signal()

    def __init__(self, lane: Lane, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._lane = lane
        self._waiting: dict[int, Waiting] = {}
        lane.started_work.connect(self._started)
        lane.stepped.connect(self._stepped)
        lane.done.connect(self._done)
        lane.failed.connect(self._failed)
        lane.cancelled.connect(self._cancelled)

    def work(
        self,
        what: str,
        make: Callable[[], Job[Any]],
        done: Callable[[Any], None],
        step: Callable[[Any], None] = lambda _: None,
        failed: Callable[[Failure], None] | None = None,
    ) -> None:
        """Queue work; `done` gets its value, `step` every progress that arrives.

        failed : takes the problem instead of whoever listens to `work_failed`.
        """
        ticket = self._lane.work(what, make)
        self._waiting[ticket] = Waiting(done, step, failed or self.work_failed.emit, True)
        self.work_queued.emit(what)

    def look(
        self,
        what: str,
        make: Callable[[], Job[Any]],
        done: Callable[[Any], None],
        step: Callable[[Any], None] = lambda _: None,
        failed: Callable[[Failure], None] = lambda _: None,
        urgency: Urgency = Urgency.PART,
    ) -> None:
        """Ask for something to look at; a newer request of this urgency replaces it silently."""
        ticket = self._lane.look(what, make, urgency)
        self._waiting[ticket] = Waiting(done, step, failed, False)

    @property
    def has_work(self) -> bool:
        """True while work is queued or runs."""
        return any(entry.is_work for entry in self._waiting.values())

    @property
    def is_idle(self) -> bool:
        """True when no answer is awaited, to work or to a look."""
        return not self._waiting

    def _started(self, _ticket: int, what: str) -> None:
        self.work_started.emit(what)

    def _stepped(self, ticket: int, progress: object) -> None:
        entry = self._waiting.get(ticket)
        if entry is not None:
            entry.step(progress)
            if entry.is_work:
                self.progressed.emit(progress)

    def _done(self, ticket: int, value: object) -> None:
        entry = self._waiting.pop(ticket, None)
        if entry is not None:
            entry.done(value)
            self._after(entry)

    def _failed(self, ticket: int, failure: Failure) -> None:
        entry = self._waiting.pop(ticket, None)
        if entry is not None:
            entry.failed(failure)
            self._after(entry)

    def _cancelled(self, ticket: int) -> None:
        entry = self._waiting.pop(ticket, None)
        if entry is not None and entry.is_work:
            self.work_cancelled.emit()
            self._after(entry)

    def _after(self, entry: Waiting) -> None:
        if entry.is_work and not self.has_work:
            self.work_ended.emit()
