"""An existing Dask cluster: connecting, checking its machines, handing out calls and collecting answers.

Scheduling, repeating what a lost worker had in hand, and moving data are Dask's. Answers come back to
this process, which writes them; parts and recipes are read by the workers at the same paths as here.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import takewhile
from typing import Any

from inspector_core import __version__
from inspector_core.errors import DeviceError, InspectorError, SettingError
from inspector_core.progress import Job, Progress

PATIENCE_S = 10.0
"""So long a scheduler may take to answer, and its first worker to appear."""
_TELL_EVERY_S = 0.1
_CONNECTING = "Connecting to the cluster"
_SAME = f"install Relief Inspector {__version__} on every worker"


@dataclass(frozen=True, slots=True)
class Call:
    """One call: key names it for the cluster (equal keys are the same work), arguments are plain values."""

    key: str
    arguments: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Answer:
    """What the call of that number returned, or the sentence that says why it did not."""

    number: int
    value: Any = None
    error: str = ""


@dataclass(frozen=True, slots=True)
class Waiting:
    """Nothing new: how many workers there are, and what is worth saying about them."""

    workers: int
    note: str = ""


@contextmanager
def connected(address: str) -> Iterator[Any]:
    """A client of the scheduler at tcp://HOST:PORT; closed at the end.

    Raises SettingError for what is no address, DeviceError without Dask or when nobody answers within
    10 s. Closing takes back whatever was handed out and not finished.
    """
    if "://" not in address:
        raise SettingError(f"--cluster {address} is no address", cure="write it as tcp://HOST:PORT")
    try:
        from distributed import Client
    except ImportError as error:
        raise DeviceError(
            "a cluster needs Dask, which is not installed here",
            cure='install it: pip install "relief-inspector[cluster]"',
        ) from error
    try:
        client = Client(address, timeout=PATIENCE_S, set_as_default=False, name="relief")
    except (OSError, ValueError, TypeError) as error:  # a timeout is an OSError
        raise DeviceError(
            f"no cluster answers at {address}",
            cure="start one (`dask scheduler`, then `dask worker ADDRESS`), or check the address",
            context={"error": repr(error)},
        ) from error
    try:
        yield client
    finally:
        client.close(timeout=PATIENCE_S)


def checked(client: Any, paths: Sequence[str]) -> Job[None]:
    """Wait for a worker, then make sure that all of them have this program and see these paths.

    Raises DeviceError that names the worker and the cure.
    """
    until = time.monotonic() + PATIENCE_S
    while not workers(client):
        if time.monotonic() > until:
            raise DeviceError(
                "the cluster has no workers", cure="start some: `dask worker ADDRESS --nthreads 1`"
            )
        yield Progress(_CONNECTING)
        time.sleep(_TELL_EVERY_S)
    yield Progress(_CONNECTING)
    try:
        reports = client.run(probe, tuple(paths), on_error="return")
    except Exception as error:
        raise DeviceError(
            f"the cluster's workers cannot be asked ({type(error).__name__})", cure=_SAME
        ) from error
    for worker, report in reports.items():
        _check_worker(worker, report)


def probe(paths: Sequence[str]) -> tuple[str, list[str]]:
    """What a worker says of itself: version of this program, and which of the paths it cannot read."""
    return __version__, [path for path in paths if not os.access(path, os.R_OK)]


def _check_worker(worker: str, report: Any) -> None:
    if isinstance(report, BaseException):
        raise DeviceError(
            f"the worker {worker} cannot run this program ({type(report).__name__}: {report})",
            cure=_SAME,
        )
    version, unreadable = report
    if version != __version__:
        raise DeviceError(
            f"the worker {worker} has version {version}, this machine {__version__}", cure=_SAME
        )
    if unreadable:
        raise DeviceError(
            f"the worker {worker} cannot read {unreadable[0]}",
            cure="put it on a drive that all machines mount at the same path",
        )


def answers(
    client: Any,
    function: Callable[..., Any],
    calls: Sequence[Call],
    *,
    window: int = 0,
    in_order: bool = False,
) -> Generator[Answer | Waiting, None, None]:
    """The answers, `Waiting` several times a second in between.

    function : module-level.   window : calls that may be out or unread at once, 0 for all.
    in_order : as the calls stand, not as they are done; what is early waits in its worker's memory.
    A worker that dies gives its calls back to the others; one that kills several workers in a row is
    given up with a sentence. Raises DeviceError when the scheduler is gone.
    """
    waiting = list(enumerate(calls))[::-1]
    out: dict[int, Any] = {}
    before = workers(client)
    try:
        while waiting or out:
            while waiting and (not window or len(out) < window):
                number, call = waiting.pop()
                out[number] = client.submit(function, *call.arguments, key=call.key, pure=True)
            ready = _ready(out, in_order)
            for number in ready:
                yield _answer(number, out[number])
                out.pop(number).release()
            now = workers(client)
            note = f"{before - now} of {before} workers are gone" if now < before else ""
            before = now
            yield Waiting(now, note)
            if not ready:
                time.sleep(_TELL_EVERY_S)
    finally:
        if out and client.status == "running":
            client.cancel(list(out.values()), force=True)


def _ready(out: Mapping[int, Any], in_order: bool) -> list[int]:
    """Numbers of the calls that are done; in order, those before the first that is not."""
    if in_order:
        return list(takewhile(lambda number: out[number].done(), sorted(out)))
    return [number for number, future in out.items() if future.done()]


def _answer(number: int, future: Any) -> Answer:
    if future.status == "finished":
        return Answer(number, future.result())
    if future.status == "error":
        error = future.exception()
        name = type(error).__name__
        if name == "KilledWorker":
            return Answer(
                number,
                error="several workers died on it, perhaps for memory; give them more, or run fewer "
                "at once.",
            )
        said = error.sentence if isinstance(error, InspectorError) else ""
        return Answer(number, error=said or f"a fault on a worker ({name}: {error}).")
    raise _gone()


def workers(client: Any) -> int:
    """How many workers there are; DeviceError when the scheduler does not say."""
    try:
        return len(client.nthreads())
    except (OSError, RuntimeError) as error:
        raise _gone() from error


def _gone() -> DeviceError:
    return DeviceError(
        "the cluster stopped answering",
        cure="start it again and repeat the command: what was finished is kept",
    )
