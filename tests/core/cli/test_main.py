"""Parsing, exit codes, and what happens when something breaks."""

from __future__ import annotations

import argparse
import errno
import json
import os
import signal
import subprocess
import sys
import time

import jsonschema
import pytest

from inspector_core import errors
from inspector_core.assets import resource
from inspector_core.cli import main, stopping
from inspector_core.cli.display import has_display
from inspector_core.cli.execution import execute
from inspector_core.cli.options import whole_number
from inspector_core.progress import Progress


def executed(work, **options):
    """The exit code of a command that does `work(args, console)`."""
    facts = {"command": "test", "json": False, "quiet": False, "verbose": False, "log": None}
    return execute(argparse.Namespace(run=work, **{**facts, **options}))


def failing(error):
    def work(args, console):
        raise error

    return work


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        ("SettingError", 2), ("InputError", 3), ("OutputError", 3), ("DiskFullError", 4),
        ("RecipeError", 5), ("WeightsError", 5), ("DeviceError", 6), ("Cancelled", 130),
        ("InspectorError", 1),
    ],
)  # fmt: skip
def test_that_each_failure_has_its_sentence_and_code(kind, code, capsys):
    error = getattr(errors, kind)("a.png: broken", cure="copy it again")
    assert executed(failing(error)) == code
    captured = capsys.readouterr()
    assert captured.err == "relief test: a.png: broken; copy it again.\n"
    assert captured.out == ""


def test_that_a_failure_in_json_mode_is_a_document_too(capsys):
    assert executed(failing(errors.InputError("no parts", cure="look elsewhere")), json=True) == 3
    document = json.loads(capsys.readouterr().out)
    schema = json.loads(resource("schemas", "relief-error-1.json").read_text("utf-8"))
    jsonschema.validate(document, schema)
    assert document["error"] == {
        "message": "no parts",
        "cure": "look elsewhere",
        "exit_code": 3,
    }


def test_that_a_fault_leaves_its_traceback_in_the_log_only(capsys, tmp_path):
    assert executed(failing(ZeroDivisionError("x"))) == 1
    said = capsys.readouterr().err
    assert said.startswith("relief test: a fault of the program (ZeroDivisionError); please report")
    assert "Traceback" not in said
    log = tmp_path / "xdg" / "XDG_STATE_HOME" / "relief-inspector" / "log" / "relief.log"
    assert str(log) in said
    assert "Traceback" in log.read_text("utf-8")
    assert "ZeroDivisionError: x" in log.read_text("utf-8")


def test_that_a_named_log_gets_the_traceback_and_the_course_of_work(tmp_path):
    log = tmp_path / "run.log"
    assert executed(failing(KeyError("y")), log=log) == 1
    text = log.read_text("utf-8")
    assert "relief test" in text
    assert "KeyError: 'y'" in text


def test_that_a_log_that_cannot_be_written_is_refused_before_any_work(tmp_path, capsys):
    done = []
    assert executed(lambda *_: done.append(1) or 0, log=tmp_path / "none" / "run.log") == 3
    assert done == []
    assert "cannot write the log" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), 4, "the disk is full"),
        (PermissionError(13, "Permission denied", "a.png"), 3, "a.png: Permission denied"),
        (MemoryError(), 6, "the memory is exhausted"),
        (RuntimeError("CUDA out of memory. Tried"), 6, "the memory is exhausted"),
        (KeyboardInterrupt(), 130, "Cancelled"),
        (BrokenPipeError(), 130, ""),
    ],
)
def test_that_the_systems_failures_become_sentences(error, code, said, capsys):
    assert executed(failing(error)) == code
    assert said in capsys.readouterr().err


def test_that_a_signal_stops_running_work_with_code_130(capsys):
    closed = []

    def job():
        try:
            while True:
                yield Progress("Working")
                signal.raise_signal(signal.SIGTERM)
        finally:
            closed.append(True)

    assert executed(lambda args, console: console.run(job())) == 130
    assert closed == [True]
    assert "Cancelled" in capsys.readouterr().err


def test_that_asking_twice_stops_at_once_and_handlers_come_back():
    before = signal.getsignal(signal.SIGINT)
    with stopping.listening() as stop:
        signal.raise_signal(signal.SIGINT)
        assert stop()
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
        with stopping.released():
            assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    assert signal.getsignal(signal.SIGINT) is before


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="needs interval timers")
def test_that_a_step_that_takes_too_long_is_interrupted_and_cleaned_up(monkeypatch):
    monkeypatch.setattr(stopping, "PATIENCE_S", 0.05)
    cleaned = []

    def job():
        try:
            yield Progress("Working")
            signal.raise_signal(signal.SIGINT)
            time.sleep(20)
        finally:
            time.sleep(0.1)  # longer than the patience: cleaning up is not interrupted
            cleaned.append(True)

    started = time.monotonic()
    assert executed(lambda args, console: console.run(job())) == 130
    assert time.monotonic() - started < 5
    assert cleaned == [True]


def test_that_cleaning_up_after_a_step_is_never_interrupted(monkeypatch):
    monkeypatch.setattr(stopping, "PATIENCE_S", 0.05)
    cleaned = []

    def job():
        try:
            while True:
                signal.raise_signal(signal.SIGINT)
                yield Progress("Working")
        finally:
            time.sleep(0.2)
            cleaned.append(True)

    assert executed(lambda args, console: console.run(job())) == 130
    assert cleaned == [True]


@pytest.mark.parametrize("name", main.COMMANDS)
def test_that_help_of_every_command_has_a_sentence_defaults_and_two_examples(name, capsys):
    assert main.run([name, "--help"]) == 0
    text = capsys.readouterr().out
    assert main.COMMANDS[name].split(",")[0] in text
    examples = text.partition("examples:\n")[2].strip().splitlines()
    assert len(examples) == 2
    assert all(line.strip().startswith("relief ") for line in examples)
    assert "{sample}" not in text
    assert "--json" in text


@pytest.mark.parametrize("name", main.COMMANDS)
def test_that_the_examples_of_every_command_parse(name):
    import importlib
    import shlex

    for line in importlib.import_module(f"inspector_core.cli.{name}").EXAMPLES:
        words = main._with_command(shlex.split(line.replace("{sample}", "/"))[1:])
        assert main.parser(words[0]).parse_args(words).command == name


def test_that_options_without_a_default_in_words_are_flags_or_required():
    for name in main.COMMANDS:
        sub = main.parser(name)._subparsers._group_actions[0].choices[name]
        for action in sub._actions:
            optional = action.option_strings and not action.required and action.nargs != 0
            if optional:
                assert "default:" in action.help, (name, action.dest)


def test_that_wrong_usage_is_code_2(capsys):
    assert main.run(["learn"]) == 2
    assert main.run(["scan", "a", "b"]) == 2
    assert main.run(["learn", ".", "--out", "x", "--seed", "-1"]) == 2
    assert "no whole number from 0" in capsys.readouterr().err


def test_that_an_unknown_command_is_answered_with_a_guess(capsys):
    assert main.run(["inspekt", "x"]) == 2
    assert "did you mean `relief inspect`?" in capsys.readouterr().err


def test_that_version_and_help_end_with_0(capsys):
    assert main.run(["--version"]) == 0
    assert main.run(["--help"]) == 0
    text = capsys.readouterr().out
    assert all(name in text for name in main.COMMANDS)


@pytest.mark.parametrize("words", [[], ["."], ["app", "."], ["--recipe", ".", "."]])
def test_that_a_folder_alone_opens_the_window(words, monkeypatch):
    monkeypatch.setenv("QT_QPA_PLATFORM", "offscreen")
    seen = []

    def window(args):
        seen.append(args.folder)
        return 0

    assert main.run(words, {"app": window}) == 0
    assert [str(folder) for folder in seen] == (["."] if "." in words else ["None"])


def test_that_a_window_without_display_is_code_6(monkeypatch, capsys):
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("inspector_core.cli.app.has_display", lambda: has_display({}, "linux"))
    assert main.run([], {"app": lambda args: 0}) == 6
    assert "there is no display" in capsys.readouterr().err
    assert main.run([]) == 6
    assert main.run(["./none"], {"app": lambda args: 0}) == 3


def test_that_a_display_is_told_from_variables_alone():
    assert has_display({"DISPLAY": ":0"}, "linux")
    assert has_display({"WAYLAND_DISPLAY": "wayland-0"}, "linux")
    assert has_display({"QT_QPA_PLATFORM": "offscreen"}, "linux")
    assert not has_display({"QT_QPA_PLATFORM": "xcb"}, "linux")
    assert has_display({}, "darwin")


def test_that_whole_numbers_are_checked_against_their_range():
    convert = whole_number(1, 9)
    assert convert("9") == 9
    for text in ("0", "10", "1.5", "x"):
        with pytest.raises(argparse.ArgumentTypeError, match="from 1 to 9"):
            convert(text)


def test_that_a_reader_that_goes_away_ends_the_command_quietly():
    code = (
        "import sys\n"
        "from inspector_core.cli.main import run\n"
        "sys.exit(run(['scan', sys.argv[1]]))\n"
    )
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        [sys.executable, "-c", code, str(resource("parts", "casting"))],
        stdout=writing,
        stderr=subprocess.PIPE,
        check=False,
    )
    os.close(writing)
    assert done.returncode == 130
    assert b"Traceback" not in done.stderr


def test_that_ctrl_c_in_a_real_process_ends_with_130():
    code = (
        "import sys, time\n"
        "import inspector_core.cli.scan as scan\n"
        "from inspector_core.progress import Progress\n"
        "from inspector_core.cli.main import run\n"
        "def work():\n"
        "    print('ready', flush=True, file=sys.stderr)\n"
        "    while True:\n"
        "        time.sleep(0.01)\n"
        "        yield Progress('Working')\n"
        "scan.run = lambda args, console: console.run(work())\n"
        "sys.exit(run(['scan', '.', '--quiet']))\n"
    )
    child = subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.PIPE)
    assert child.stderr.readline().strip() == b"ready"
    started = time.monotonic()
    child.send_signal(signal.SIGINT)
    said = child.stderr.read().decode()
    assert child.wait(10) == 130
    assert time.monotonic() - started < 5
    assert "Cancelled" in said
    assert "Traceback" not in said
