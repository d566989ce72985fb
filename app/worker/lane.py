"""The engine's one thread: work in the order of its requests, looks in between, the newest first.

Work (learn, inspect, export) waits in a queue. A look (open a part, explain a place, thumbnails) is
served between two steps of whatever runs, and a newer look of the same kind replaces an older one.
Signals carry frozen values and arrive in the window's thread.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any

from PySide6.QtCore import QObject, QThread, Signal

from app.worker.sentences import failure_of
from inspector_core.errors import Cancelled
from inspector_core.progress import Job

log = logging.getLogger(__name__)

FASTEST_S = 0.05
"""Progress is told at most twenty times a second."""


class Urgency(IntEnum):
    """What is served first between two steps."""

    PART = 0
    PREPARE = 1
    EXPLAIN = 2
    NEIGHBOUR = 3
    THUMBNAIL = 4
    CHOICE = 5
    WORK = 9


@dataclass(slots=True)
class _Request:
    ticket: int
    what: str
    make: Callable[[], Job[Any]]
    urgency: Urgency
    stop: threading.Event = field(default_factory=threading.Event)


class Lane(QThread):
    """Runs jobs; every signal's first argument is the ticket that the request got.

    started_work(ticket, what) : work left the queue.   stepped(ticket, Progress) : at most 20 a second,
    but every step that carries a value (a result, a thumbnail).
    done(ticket, value), failed(ticket, Failure), cancelled(ticket) : exactly one of them ends a request;
    a look that a newer one replaced ends as cancelled.
    idle : nothing is queued any more.
    """

    started_work = Signal(int, str)
    stepped = Signal(int, object)
    done = Signal(int, object)
    failed = Signal(int, object)
    cancelled = Signal(int)
    idle = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._wake = threading.Condition()
        self._work: deque[_Request] = deque()
        self._looks: dict[Urgency, _Request] = {}
        self._running: dict[Urgency, _Request] = {}
        self._tickets = 0
        self._closing = False

    def work(self, what: str, make: Callable[[], Job[Any]]) -> int:
        """Queue work behind what is queued already; returns its ticket."""
        with self._wake:
            request = self._request(what, make, Urgency.WORK)
            self._work.append(request)
            self._wake.notify()
        return request.ticket

    def look(self, what: str, make: Callable[[], Job[Any]], urgency: Urgency = Urgency.PART) -> int:
        """Ask for something to look at; an older request of this urgency is dropped."""
        with self._wake:
            replaced = self._looks.pop(urgency, None)
            if urgency in self._running:
                self._running[urgency].stop.set()
            request = self._request(what, make, urgency)
            self._looks[urgency] = request
            self._wake.notify()
        if replaced is not None:
            self.cancelled.emit(replaced.ticket)
        return request.ticket

    def cancel(self) -> None:
        """Stop the work that runs after its present step, and forget what waits behind it."""
        with self._wake:
            waiting = list(self._work)
            self._work.clear()
            if Urgency.WORK in self._running:
                self._running[Urgency.WORK].stop.set()
        for request in waiting:
            self.cancelled.emit(request.ticket)

    def close(self, patience_ms: int = 2000, meanwhile: Callable[[], None] | None = None) -> bool:
        """Cancel everything and end the thread; True when it ended in time.

        meanwhile : called every 20 ms so that the window can show that it is closing.
        """
        self.cancel()
        with self._wake:
            self._closing = True
            for request in (*self._looks.values(), *self._running.values()):
                request.stop.set()
            self._looks.clear()
            self._wake.notify()
        deadline = time.monotonic() + patience_ms / 1000
        while self.isRunning() and time.monotonic() < deadline:
            if meanwhile is not None:
                meanwhile()
            self.wait(20)
        return not self.isRunning()

    def run(self) -> None:
        """The thread's body (called by Qt)."""
        while (request := self._next()) is not None:
            self._serve(request)
            with self._wake:
                rest = bool(self._work or self._looks)
            if not rest:
                self.idle.emit()

    def _request(self, what: str, make: Callable[[], Job[Any]], urgency: Urgency) -> _Request:
        self._tickets += 1
        return _Request(self._tickets, what, make, urgency)

    def _next(self) -> _Request | None:
        with self._wake:
            while not self._closing and not self._work and not self._looks:
                self._wake.wait()
            if self._closing:
                return None
            if self._looks:
                return self._looks.pop(min(self._looks))
            return self._work.popleft()

    def _look_before(self, urgency: Urgency) -> _Request | None:
        with self._wake:
            pressing = [key for key in self._looks if key < urgency]
            return self._looks.pop(min(pressing)) if pressing and not self._closing else None

    def _serve(self, request: _Request) -> None:
        with self._wake:
            self._running[request.urgency] = request
        try:
            if request.urgency is Urgency.WORK:
                self.started_work.emit(request.ticket, request.what)
            self.done.emit(request.ticket, self._drive(request))
        except Cancelled:
            self.cancelled.emit(request.ticket)
        except Exception as error:
            self.failed.emit(request.ticket, failure_of(error, request.what))
        finally:
            with self._wake:
                del self._running[request.urgency]

    def _drive(self, request: _Request) -> Any:
        job = request.make()
        told = 0.0
        try:
            while not request.stop.is_set():
                while (look := self._look_before(request.urgency)) is not None:
                    self._serve(look)
                try:
                    step = next(job)
                except StopIteration as end:
                    return end.value
                now = time.monotonic()
                if carries_value(step) or now - told >= FASTEST_S:
                    told = now
                    self.stepped.emit(request.ticket, step)
            raise Cancelled.by_user()
        finally:
            job.close()


def carries_value(step: object) -> bool:
    """True for a progress that brings a finished part of the work with it."""
    return getattr(step, "result", None) is not None or getattr(step, "picture", None) is not None
