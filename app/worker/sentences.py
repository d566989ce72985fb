"""From exceptions to what the message panel says: problem, cure, details."""

from __future__ import annotations

import logging
import re
import traceback
from dataclasses import dataclass

from inspector_core.device import out_of_memory
from inspector_core.errors import InspectorError
from inspector_core.files import shown

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Failure:
    """One problem as a person reads it.

    what : what was being done ("Opening dent / 004"), may be empty.
    sentence : the problem.   cure : what to do next, may be empty.   details : for a support request.
    """

    what: str
    sentence: str
    cure: str = ""
    details: str = ""

    @property
    def text(self) -> str:
        """All of it, as it is copied."""
        lines = (self.what, self.sentence, self.cure, self.details)
        return "\n".join(line for line in lines if line)


def failure_of(error: BaseException, what: str = "") -> Failure:
    """The failure an exception stands for; a fault of ours is logged with its traceback."""
    if isinstance(error, InspectorError):
        log.info("%s: %s", what, error.sentence, extra={"context": error.context})
        details = "\n".join(f"{key}: {value}" for key, value in error.context.items())
        cure = _full_stop(in_window(error.cure))
        return Failure(what, _full_stop(error.message), cure, details)
    trace = "".join(traceback.format_exception(error)).rstrip()
    if out_of_memory(error):
        log.warning("%s: memory exhausted\n%s", what, trace)
        return Failure(
            what, "The memory is exhausted.", "Close other programs or use fewer parts.", trace
        )
    if isinstance(error, OSError):
        log.warning("%s: %s\n%s", what, error, trace)
        name = f"{shown(error.filename)}: " if isinstance(error.filename, str) else ""
        reason = error.strerror or str(error)
        return Failure(
            what, _full_stop(f"{name}{reason}"), "Check that the place can be reached.", trace
        )
    log.error("%s: a fault of the program\n%s", what, trace)
    return Failure(
        what,
        f"The program made a mistake ({type(error).__name__}).",
        "Go on or restart it; nothing was half-written. Please report it with the details.",
        trace,
    )


def in_window(sentence: str) -> str:
    """A sentence that names options of the command line, in the words of the window's dialogs."""
    sentence = re.sub(r"--set (\w+)=([^\s;,]*[^\s;,.])", _setting, sentence)
    return sentence.replace("use --force", "tick Replace").replace("--device ", "device ")


def _setting(found: re.Match[str]) -> str:
    name = found[1].replace("_", " ")
    return f"{name[:1].upper()}{name[1:]} = {found[2]}"


def _full_stop(sentence: str) -> str:
    sentence = sentence.strip()
    if not sentence:
        return ""
    sentence = (
        sentence[0].upper() + sentence[1:]
        if sentence[0].isalpha() and "/" not in (sentence.split(" ", 1)[0])
        else sentence
    )
    return sentence if sentence.endswith((".", "!", "?")) else f"{sentence}."
