"""The error tree: every failure a user can cause, as one sentence and its cure.

    InspectorError                1   a fault of ours (anything that is none of the below)
    ├── SettingError              2   a setting or option with an impossible value
    ├── InputError                3   a file or folder that cannot be used
    ├── OutputError               3   a folder that cannot be written, found before any work
    │   └── DiskFullError         4   the disk filled up midway; what was finished stays
    ├── RecipeError               5   a recipe that is damaged, too new, or learnt on other parts
    ├── WeightsError              5   pretrained weights that are missing or not what they claim
    ├── DeviceError               6   device, memory or display
    └── Cancelled               130   the user stopped the work

The number is the command line's exit code (`design: cli`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar


class InspectorError(Exception):
    """A failure told to a person.

    message : one sentence that names the file and the problem.
    cure : what to do next, one sentence, may be empty.
    context : facts for the log file only.
    """

    exit_code: ClassVar[int] = 1

    def __init__(
        self, message: str, *, cure: str = "", context: Mapping[str, object] | None = None
    ) -> None:
        super().__init__(message)
        self.message = message
        self.cure = cure
        self.context: dict[str, object] = dict(context or {})

    def __str__(self) -> str:
        return self.sentence

    @property
    def sentence(self) -> str:
        """Problem and cure as they are printed: `problem; cure.`"""
        problem = self.message.rstrip(" .")
        cure = self.cure.rstrip(" .")
        return f"{problem}; {cure}." if cure else f"{problem}."

    def __reduce__(self) -> tuple[object, ...]:
        # keyword-only arguments do not survive the default pickling of exceptions
        return (_rebuild, (type(self), self.message, self.cure, self.context))


def _rebuild(
    kind: type[InspectorError], message: str, cure: str, context: dict[str, object]
) -> InspectorError:
    return kind(message, cure=cure, context=context)


class SettingError(InspectorError):
    """A setting or option with an impossible value."""

    exit_code = 2


class InputError(InspectorError):
    """A file or folder that cannot be used."""

    exit_code = 3


class OutputError(InspectorError):
    """A place that cannot be written to."""

    exit_code = 3


class DiskFullError(OutputError):
    """The disk filled up while writing; nothing half-written is left."""

    exit_code = 4


class RecipeError(InspectorError):
    """A recipe that is damaged, too new, or was learnt on other parts."""

    exit_code = 5


class WeightsError(InspectorError):
    """Pretrained weights that are missing or not what they claim to be."""

    exit_code = 5


class DeviceError(InspectorError):
    """Device, memory or display."""

    exit_code = 6


class Cancelled(InspectorError):
    """The user stopped the work."""

    exit_code = 130

    @classmethod
    def by_user(cls) -> Cancelled:
        return cls("Cancelled", cure="nothing was half-written; run it again to go on")
