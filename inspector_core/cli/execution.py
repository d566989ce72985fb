"""Running a parsed command: the one place where failures become sentences and exit codes.

0 done   1 a fault of ours   2 wrong usage   3 input or output folder unusable   4 some parts failed
5 recipe or weights   6 device, memory, display   7 --fail-on was met   130 cancelled
"""

from __future__ import annotations

import argparse
import contextlib
import errno
import logging
import os
import sys
import tempfile
import traceback
from collections.abc import Iterator
from pathlib import Path

from inspector_core import __version__
from inspector_core.cli.printing import Console, clean_stdout, printable
from inspector_core.cli.stopping import StopRequest, listening
from inspector_core.errors import (
    Cancelled,
    DeviceError,
    DiskFullError,
    InputError,
    InspectorError,
    OutputError,
)

log = logging.getLogger(__name__)


def execute(args: argparse.Namespace) -> int:
    """Run `args.run` and return the exit code; never raises."""
    with clean_stdout() as out, listening() as stop:
        console = Console(out, sys.stderr, as_json=args.json, quiet=args.quiet, stop=stop)
        try:
            with _logging_to(args.log, args.verbose):
                log.info("relief %s", args.command)
                _name_weights_folder()
                return int(args.run(args, console))
        except BrokenPipeError:
            return Cancelled.exit_code  # whoever read our results went away
        except KeyboardInterrupt:
            return _failed(Cancelled.by_user(), args, console)
        except Exception as error:
            return _failed(_explained(error, args, stop), args, console)


def _name_weights_folder() -> None:
    """Hand the settings file's weights folder on, to this process and to those it starts."""
    from inspector_core.cli.configuration import PREFIX, weights_in_file

    chosen = weights_in_file()
    if chosen:
        os.environ.setdefault(PREFIX + "WEIGHTS", chosen)


def _failed(error: InspectorError, args: argparse.Namespace, console: Console) -> int:
    log.info("%s %s", error.sentence, error.context)
    with contextlib.suppress(BrokenPipeError):
        console.complain(f"relief {args.command}: {error.sentence}")
        console.document(
            {
                "schema": "relief-error/1",
                "error": {
                    "message": printable(error.message),
                    "cure": printable(error.cure) or None,
                    "exit_code": error.exit_code,
                },
            }
        )
    return error.exit_code


def _explained(error: Exception, args: argparse.Namespace, stop: StopRequest) -> InspectorError:
    """The sentence for an exception; a fault of ours goes to the log file with its traceback."""
    from inspector_core.device import out_of_memory

    if isinstance(error, InspectorError):
        return error
    if stop():
        return Cancelled.by_user()  # what breaks while everything is being torn down is no fault
    if out_of_memory(error):
        return DeviceError("the memory is exhausted", cure="use fewer or smaller parts")
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        return DiskFullError("the disk is full", cure="free some space and run it again")
    if isinstance(error, OSError) and error.filename is not None:
        return InputError(
            f"{printable(error.filename)}: {error.strerror or error}",
            cure="check that it can be reached",
        )
    where = _keep_traceback(args.log)
    return InspectorError(
        f"a fault of the program ({type(error).__name__})",
        cure=f"please report it with {where}" if where else "run it again with --log FILE",
    )


def _keep_traceback(chosen: Path | None) -> str:
    """Append the traceback to the log file; returns that file's name, "" where none can be written."""
    import platformdirs

    from inspector_core.cli.configuration import FOLDER_NAME

    usual = Path(platformdirs.user_log_dir(FOLDER_NAME, appauthor=False)) / "relief.log"
    fallback = Path(tempfile.gettempdir()) / "relief-inspector.log"
    for path in (chosen, usual, fallback):
        if path is None:
            continue
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("a", encoding="utf-8", errors="backslashreplace") as stream:
                stream.write(f"relief {__version__}\n{traceback.format_exc()}\n")
        except OSError:
            continue
        return printable(path)
    return ""


@contextlib.contextmanager
def _logging_to(path: Path | None, verbose: bool) -> Iterator[None]:
    handlers: list[logging.Handler] = []
    if path is not None:
        try:
            handlers.append(logging.FileHandler(path, encoding="utf-8", errors="backslashreplace"))
        except OSError as error:
            raise OutputError(
                f"cannot write the log {printable(path)} ({error.strerror or error})",
                cure="name another file",
            ) from error
    if verbose:
        handlers.append(logging.StreamHandler(sys.stderr))
    form = logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s")
    loggers = [logging.getLogger("inspector_core"), logging.getLogger("app")]
    levels = [logger.level for logger in loggers]
    for handler in handlers:
        handler.setFormatter(form)
        for logger in loggers:
            logger.addHandler(handler)
            logger.setLevel(logging.DEBUG)
    try:
        yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)
            for handler in handlers:
                logger.removeHandler(handler)
        for handler in handlers:
            handler.close()
