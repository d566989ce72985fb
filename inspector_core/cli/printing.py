"""Words on a terminal: tables, progress, one JSON document. Results to stdout, all else to stderr."""

from __future__ import annotations

import contextlib
import os
import sys
import time
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TextIO, TypeVar

from inspector_core.files import json_bytes, shown
from inspector_core.progress import Job, Progress, drain, never

T = TypeVar("T")

LINE_EVERY_S = 5.0
"""Away from a terminal, progress is one line at most so often."""
BAR_EVERY_S = 0.1
_BAR_CELLS = 24
_TIME_LEFT_AFTER_S = 5.0


def printable(text: object) -> str:
    """Text that no terminal trips over: bytes that are no UTF-8 and control characters are escaped."""
    return "".join(
        char if char.isprintable() else char.encode("unicode_escape").decode("ascii")
        for char in shown(str(text))
    )


def _plain(content: object) -> object:
    """The same JSON values with every text printable: half a surrogate pair is no valid JSON text."""
    if isinstance(content, str):
        return shown(content)
    if isinstance(content, Mapping):
        return {str(_plain(key)): _plain(value) for key, value in content.items()}
    if isinstance(content, list | tuple):
        return [_plain(value) for value in content]
    return content


def width_of(text: str) -> int:
    """Columns a text takes on a terminal: Chinese characters take two, combining marks none."""
    return sum(
        0 if unicodedata.combining(char) else 2 if unicodedata.east_asian_width(char) in "WF" else 1
        for char in text
    )


def aligned(rows: Sequence[Sequence[object]], right: Sequence[int] = ()) -> list[str]:
    """Rows as lines with aligned columns; `right` names the columns that are set flush right."""
    cells = [[printable(cell) for cell in row] for row in rows]
    columns = max((len(row) for row in cells), default=0)
    widths = [
        max((width_of(row[at]) for row in cells if at < len(row)), default=0)
        for at in range(columns)
    ]
    lines = []
    for row in cells:
        padded = []
        for at, cell in enumerate(row):
            space = " " * (widths[at] - width_of(cell))
            padded.append(space + cell if at in right else cell + space)
        lines.append("  ".join(padded).rstrip())
    return lines


class Console:
    """Where a command's words go.

    out : results (with `as_json` a single document).   err : progress, notes, errors.
    stop : becomes true when the user asks to stop; running jobs then end with Cancelled.
    """

    def __init__(
        self,
        out: TextIO,
        err: TextIO,
        *,
        as_json: bool = False,
        quiet: bool = False,
        stop: Callable[[], bool] = never,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.as_json = as_json
        self.quiet = quiet
        self._out = out
        self._err = err
        self._stop = stop
        self._progress = _Meter(err, clock)

    def say(self, text: str = "") -> None:
        """A line of the result; nothing in JSON mode."""
        if not self.as_json:
            self._progress.clear()
            self._out.write(text + "\n")
            self._out.flush()

    def table(
        self, heads: Sequence[str], rows: Sequence[Sequence[object]], right: Sequence[int] = ()
    ) -> None:
        """A table of the result with its heads; nothing in JSON mode."""
        for line in aligned([heads, *rows], right):
            self.say(line)

    def document(self, content: object) -> None:
        """The JSON document of the command; nothing without --json."""
        if self.as_json:
            self._progress.clear()
            data = json_bytes(_plain(content))
            self._out.flush()
            self._out.buffer.write(data)
            self._out.flush()

    def note(self, text: str) -> None:
        """Something worth knowing beside the result; silenced by --quiet."""
        if not self.quiet:
            self.complain(text)

    def complain(self, text: str) -> None:
        """An error: printed whatever was asked for."""
        self._progress.clear()
        self._err.write(printable(text) + "\n")
        self._err.flush()

    def tell(self, step: Progress) -> None:
        """Progress of running work."""
        if step.note:
            self.note(step.note)
        if not self.quiet:
            self._progress.show(step)

    def run(self, job: Job[T], tell: Callable[[Progress], None] | None = None) -> T:
        """Run a job to its end with progress; Cancelled once the user asks to stop."""
        try:
            return drain(job, tell or self.tell, self._stop)
        finally:
            self._progress.clear()


class _Meter:
    """The progress bar of a terminal, or a line now and then where there is none."""

    def __init__(self, err: TextIO, clock: Callable[[], float]) -> None:
        self._err = err
        self._clock = clock
        self._on_terminal = err.isatty()
        self._shown_at = float("-inf")
        self._drawn = False
        self._stage = ""
        self._started = 0.0

    def show(self, step: Progress) -> None:
        now = self._clock()
        stage = step.stage.split(" ", 1)[0]
        if stage != self._stage:
            self._stage, self._started = stage, now
        every = BAR_EVERY_S if self._on_terminal else LINE_EVERY_S
        if now - self._shown_at < every:
            return
        self._shown_at = now
        if self._on_terminal:
            self._err.write("\r\x1b[K" + self._bar(step, now))
            self._drawn = True
        else:
            count = f": {step.done} of {step.total}" if step.total else ""
            self._err.write(f"{printable(step.stage)}{count}\n")
        self._err.flush()

    def clear(self) -> None:
        if self._drawn:
            self._err.write("\r\x1b[K")
            self._err.flush()
            self._drawn = False

    def _bar(self, step: Progress, now: float) -> str:
        share = step.share
        if share is None:
            text = f"{printable(step.stage)} …"
        else:
            cells = round(share * _BAR_CELLS)
            bar = "█" * cells + "░" * (_BAR_CELLS - cells)
            text = f"{bar} {step.done}/{step.total} {printable(step.stage)}"
            spent = now - self._started
            if spent > _TIME_LEFT_AFTER_S and share > 0:
                left = round(spent * (1 - share) / share)
                text += f", {left // 60}:{left % 60:02} left"
        room = _columns(self._err) - 1
        while width_of(text) > room:
            text = text[:-1]
        return text


def _columns(stream: TextIO) -> int:
    try:
        return os.get_terminal_size(stream.fileno()).columns or 80
    except (OSError, ValueError):
        return 80


def escape_what_cannot_be_encoded(*streams: TextIO) -> None:
    """Make streams escape characters that they cannot show, instead of failing on a file name."""
    for stream in streams:
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="backslashreplace")


@contextlib.contextmanager
def clean_stdout() -> Iterator[TextIO]:
    """The stream for results, while everything that libraries print to stdout goes to stderr.

    Some native libraries write warnings to file descriptor 1; they must not end up in a JSON document.
    """
    escape_what_cannot_be_encoded(sys.stdout, sys.stderr)
    try:
        descriptor = sys.stdout.fileno()
    except (OSError, ValueError, AttributeError):
        descriptor = -1
    if descriptor != 1:  # a test or an embedding program reads stdout: nothing to protect
        yield sys.stdout
        return
    sys.stdout.flush()
    kept = os.dup(1)
    os.dup2(2, 1)
    results = os.fdopen(
        os.dup(kept), "w", encoding=sys.stdout.encoding, errors="backslashreplace", newline=""
    )
    try:
        yield results
    finally:
        sys.stdout.flush()
        os.dup2(kept, 1)
        os.close(kept)
        with contextlib.suppress(BrokenPipeError):
            results.close()
