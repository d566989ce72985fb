"""Exceptions that nobody caught: into the log, and as one sentence into the message panel."""

from __future__ import annotations

import logging
import logging.handlers
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any

from PySide6.QtCore import QObject, Signal

from app.worker.sentences import Failure, failure_of

log = logging.getLogger(__name__)

LOG_NAME = "relief.log"


class Faults(QObject):
    """Installs the three hooks while it lives. caught(Failure) : in the thread of the receiver.

    A slot that raises ends in `sys.excepthook`, a destructor in `sys.unraisablehook`.
    """

    caught = Signal(object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._before = (sys.excepthook, sys.unraisablehook, threading.excepthook)
        sys.excepthook = self._main
        sys.unraisablehook = self._unraisable
        threading.excepthook = self._thread

    def remove(self) -> None:
        """Put the hooks back that were there before."""
        sys.excepthook, sys.unraisablehook, threading.excepthook = self._before

    def _main(
        self, kind: type[BaseException], error: BaseException, trace: TracebackType | None
    ) -> None:
        if issubclass(kind, KeyboardInterrupt):
            self._before[0](kind, error, trace)
            return
        self.caught.emit(failure_of(error.with_traceback(trace)))

    def _unraisable(self, report: Any) -> None:
        if report.exc_value is not None:
            # a destructor's complaint is for the log; there is nothing a user could do
            failure_of(report.exc_value, "cleaning up")

    def _thread(self, report: Any) -> None:
        if report.exc_value is not None:
            self.caught.emit(failure_of(report.exc_value))


def start_log(folder: Path) -> Callable[[], None]:
    """Write the program's log into a file of at most 1 MB (and one older); returns how to stop."""
    loggers = [logging.getLogger(name) for name in ("app", "inspector_core")]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        handler: logging.Handler = logging.handlers.RotatingFileHandler(
            folder / LOG_NAME, maxBytes=1 << 20, backupCount=1, encoding="utf-8"
        )
    except OSError:
        return lambda: None
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    for logger in loggers:
        logger.addHandler(handler)
        logger.setLevel(logging.INFO)

    def stop() -> None:
        for logger in loggers:
            logger.removeHandler(handler)
        handler.close()

    return stop


__all__ = ["LOG_NAME", "Failure", "Faults", "start_log"]
