"""What reaches stdout and stderr, on a terminal and elsewhere."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys

import pytest

from inspector_core.cli.printing import Console, aligned, printable, width_of
from inspector_core.errors import Cancelled
from inspector_core.progress import Progress, finished


class Output(io.TextIOWrapper):
    """Stdout as it is: text over bytes."""

    def __init__(self) -> None:
        super().__init__(io.BytesIO(), "utf-8", newline="")

    def read(self) -> str:
        self.flush()
        return self.buffer.getvalue().decode("utf-8")


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


class Clock:
    """A clock that tests set by hand."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def console(err=None, **options):
    out = Output()
    err = io.StringIO() if err is None else err
    return Console(out, err, **options), out, err


def test_that_bytes_that_are_no_utf8_are_shown_escaped():
    name = os.fsdecode(b"gr\xfcn.png")
    assert printable(name) == "gr\\xfcn.png"


def test_that_control_characters_never_reach_the_terminal():
    assert printable("a\x1b[2Jb\nc") == "a\\x1b[2Jb\\nc"
    assert printable("=cmd()|'calc'!A0") == "=cmd()|'calc'!A0"
    assert printable("Bügel 面") == "Bügel 面"


def test_that_columns_line_up_whatever_the_width_of_letters():
    lines = aligned([("name", "n"), ("面a", "5"), ("abc", "12")], right=(1,))
    assert lines == ["name   n", "面a    5", "abc   12"]
    assert width_of("面a") == 3
    assert width_of("é") == 1


def test_that_json_mode_prints_the_document_alone():
    target, out, _ = console(as_json=True)
    target.say("a line")
    target.table(("a",), [("b",)])
    target.document({"name": os.fsdecode(b"\xff.png"), "value": None})
    assert json.loads(out.read()) == {"name": "\\xff.png", "value": None}


def test_that_without_json_no_document_is_printed():
    target, out, _ = console()
    target.document({"a": 1})
    target.say("a line")
    assert out.read() == "a line\n"


def test_that_notes_and_progress_go_to_stderr_and_quiet_silences_them():
    target, out, err = console()
    target.note("a note")
    target.tell(Progress("Reading", 1, 2))
    assert out.read() == ""
    assert err.getvalue() == "a note\nReading: 1 of 2\n"
    target, out, err = console(quiet=True)
    target.note("a note")
    target.tell(Progress("Reading", 1, 2, "half the memory"))
    target.complain("an error")
    assert err.getvalue() == "an error\n"


def test_that_away_from_a_terminal_progress_is_a_line_every_five_seconds():
    clock = Clock()
    target, _, err = console(clock=clock)
    for tenth in range(120):
        clock.now = tenth / 10
        target.tell(Progress("Learning", tenth, 120))
    assert err.getvalue().splitlines() == [
        "Learning: 0 of 120",
        "Learning: 50 of 120",
        "Learning: 100 of 120",
    ]


def test_that_a_terminal_gets_a_bar_with_the_time_left():
    clock = Clock()
    terminal = Terminal()
    target, _, _ = console(terminal, clock=clock)
    target.tell(Progress("Learning", 0, 40))
    clock.now = 10.0
    target.tell(Progress("Learning", 10, 40))
    bars = terminal.getvalue().split("\r\x1b[K")
    assert bars[-1] == "██████░░░░░░░░░░░░░░░░░░ 10/40 Learning, 0:30 left"
    target.say("a result")
    assert terminal.getvalue().endswith("\r\x1b[K")


def test_that_a_note_of_the_work_is_said_at_once():
    target, _, err = console()
    target.run(finished(None, [Progress("A", 0, 2), Progress("A", 1, 2, "halved the batch")]))
    assert "halved the batch\n" in err.getvalue()


def test_that_a_job_ends_when_the_user_asks_to_stop():
    steps = iter([False, False, True])
    target, _, _ = console(stop=lambda: next(steps))
    seen = []

    def job():
        try:
            for number in range(10):
                seen.append(number)
                yield Progress("Working", number, 10)
        finally:
            seen.append("closed")

    with pytest.raises(Cancelled):
        target.run(job())
    assert seen == [0, 1, "closed"]


def test_that_what_libraries_print_on_stdout_does_not_spoil_the_document():
    code = (
        "import os\n"
        "from inspector_core.cli.printing import Console, clean_stdout\n"
        "import sys\n"
        "with clean_stdout() as out:\n"
        "    os.write(1, b'native warning\\n')\n"
        "    print('python chatter')\n"
        "    Console(out, sys.stderr, as_json=True).document({'ok': True})\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    assert json.loads(done.stdout) == {"ok": True}
    assert b"native warning" in done.stderr
    assert b"python chatter" in done.stderr


def test_that_an_ascii_terminal_gets_escapes_instead_of_a_failure():
    code = (
        "import sys\n"
        "from inspector_core.cli.printing import Console, clean_stdout\n"
        "with clean_stdout() as out:\n"
        "    Console(out, sys.stderr).say('Bügel')\n"
    )
    environment = {**os.environ, "PYTHONIOENCODING": "ascii"}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, check=True, env=environment
    )
    assert done.stdout == b"B\\xfcgel\n"
