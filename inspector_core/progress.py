"""Long work is a generator of `Progress` that returns its value; closing it cancels."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

from inspector_core.errors import Cancelled

T = TypeVar("T")

Job = Generator["Progress", None, T]
"""Work in steps well under a second each: yields `Progress`, returns its value."""


@dataclass(frozen=True, slots=True)
class Progress:
    """One step of long work.

    stage : what is being done, in a user's words ("Learning", "Inspecting test/dent/004").
    done, total : steps; total 0 means unknown.
    note : something worth saying once ("halved the batch: not enough memory"), or empty.
    """

    stage: str
    done: int = 0
    total: int = 0
    note: str = ""

    @property
    def share(self) -> float | None:
        """Done share in 0..1, or None where the total is unknown."""
        return min(1.0, self.done / self.total) if self.total > 0 else None


def ignore(_: Progress) -> None:
    """Tell nobody."""


def never() -> bool:
    """Do not stop."""
    return False


def drain(
    job: Job[T], tell: Callable[[Progress], None] = ignore, stop: Callable[[], bool] = never
) -> T:
    """Run a job to its end and return its value; raise Cancelled once `stop()` is true."""
    try:
        while not stop():
            try:
                tell(next(job))
            except StopIteration as finished:
                value: T = finished.value
                return value
        raise Cancelled.by_user()
    finally:
        job.close()


def counted(stage: str, items: Sequence[T]) -> Iterator[tuple[Progress, T]]:
    """Pairs of (progress before the item, item), for loops that yield once per item."""
    for done, item in enumerate(items):
        yield Progress(stage, done, len(items)), item


def relayed(job: Job[T], stage: str) -> Job[T]:
    """The same job under another stage name."""
    try:
        while True:
            try:
                step = next(job)
            except StopIteration as finished:
                value: T = finished.value
                return value
            yield Progress(stage, step.done, step.total, step.note)
    finally:
        job.close()


def finished(value: T, steps: Iterable[Progress] = ()) -> Job[T]:
    """A job that yields the given steps and returns the value."""
    yield from steps
    return value
