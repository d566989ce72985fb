"""Ctrl-C and SIGTERM: the first asks the work to stop, the second ends it at once."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
from collections.abc import Iterator
from types import FrameType

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class StopRequest:
    """Whether the user asked to stop; asking twice raises KeyboardInterrupt where the program is."""

    def __init__(self) -> None:
        self._asked = False

    def __call__(self) -> bool:
        return self._asked

    def ask(self, number: int = signal.SIGINT, frame: FrameType | None = None) -> None:
        """What a signal does."""
        if self._asked:
            raise KeyboardInterrupt
        self._asked = True
        with contextlib.suppress(OSError):
            os.write(2, b"\nStopping after this step; press Ctrl-C again to stop at once.\n")


@contextlib.contextmanager
def listening() -> Iterator[StopRequest]:
    """A request that the signals set, while the block runs; the previous handlers come back."""
    request = StopRequest()
    if threading.current_thread() is not threading.main_thread():
        yield request
        return
    before = {number: signal.signal(number, request.ask) for number in _SIGNALS}
    try:
        yield request
    finally:
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
