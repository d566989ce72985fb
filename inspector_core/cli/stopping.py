"""Ctrl-C and SIGTERM: the work ends with its current step, or at once when that takes too long."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
from collections.abc import Iterator
from types import FrameType

PATIENCE_S = 0.7
"""A step may take so long after the first signal; then it is interrupted where it is."""
_SIGNALS = (signal.SIGINT, signal.SIGTERM)
_CAN_WAIT = hasattr(signal, "setitimer")


class StopRequest:
    """Whether the user asked to stop.

    A job notices between two steps and cleans up in peace. A step that goes on longer than the patience
    (importing torch), or a second signal, gets a KeyboardInterrupt; cleaning up never does.
    """

    def __init__(self) -> None:
        self._asked = False

    def __call__(self) -> bool:
        if self._asked and _CAN_WAIT:
            signal.setitimer(signal.ITIMER_REAL, 0)
        return self._asked

    def ask(self, number: int = signal.SIGINT, frame: FrameType | None = None) -> None:
        """What a signal does."""
        if self._asked:
            raise KeyboardInterrupt
        self._asked = True
        if _CAN_WAIT:
            signal.setitimer(signal.ITIMER_REAL, PATIENCE_S)
        with contextlib.suppress(OSError):
            os.write(2, b"\nStopping.\n")


@contextlib.contextmanager
def listening() -> Iterator[StopRequest]:
    """A request that the signals set, while the block runs; the previous handlers come back."""
    request = StopRequest()
    if threading.current_thread() is not threading.main_thread():
        yield request
        return
    alarm = (signal.SIGALRM,) if _CAN_WAIT else ()
    before = {number: signal.signal(number, request.ask) for number in (*_SIGNALS, *alarm)}
    try:
        yield request
    finally:
        request()
        for number, handler in before.items():
            signal.signal(number, handler)


@contextlib.contextmanager
def released() -> Iterator[None]:
    """Python's own reaction to the signals while a window runs: it has its own way to stop."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.getsignal(number) for number in _SIGNALS}
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
