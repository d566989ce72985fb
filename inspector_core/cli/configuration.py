"""Settings of the program: defaults < settings file < environment < options, with their origin.

    settings.toml                       environment                      option
    device = "cpu"                      RELIEF_DEVICE=cpu                --device cpu
    [aligned]
    minimum_height_mm = 2.0             RELIEF_ALIGNED_MINIMUM_HEIGHT_MM=2.0   --set minimum_height_mm=2.0

A table named after a detector holds what `--set` takes when that detector learns.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from inspector_core.errors import SettingError
from inspector_core.files import shown
from inspector_core.settings import Value, declared, setting

PREFIX = "RELIEF_"
FILE_NAME = "settings.toml"
FOLDER_NAME = "relief-inspector"

_OTHERS = ("RELIEF_PYTHON", "RELIEF_TORCH_INDEX", "RELIEF_SHARED")
"""Variables of the same prefix that are no settings: the bootstrap's and the tests'."""


def _detectors() -> tuple[str, ...]:
    # imports numpy, so not before a command runs
    from inspector_core.detectors import DETECTORS

    return tuple(DETECTORS)


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgramSettings:
    """What several commands share."""

    device: str = setting("auto", help="Where to compute: auto, cpu, cuda or cuda:N.")
    detector: str = setting(
        "auto", help="Detector that `learn` uses; auto takes the one that suits the good parts."
    )
    seed: int = setting(
        0, low=0, high=2**31 - 1, help="Seed of every random choice: the same seed, the same bytes."
    )
    weights: str = setting(
        "", help="Folder of pretrained networks; empty is the user's data folder."
    )


@dataclass(frozen=True, slots=True)
class Chosen:
    """A setting in force and where it came from ("default", the file, a variable, an option)."""

    name: str
    value: Value
    origin: str


def settings_file() -> Path:
    """Where the settings file lies: the platform's folder for configuration."""
    import platformdirs

    return Path(platformdirs.user_config_dir(FOLDER_NAME, appauthor=False)) / FILE_NAME


def weights_in_file() -> str:
    """The settings file's weights folder, empty where it names none; its other faults are not told here."""
    try:
        named = tomllib.loads(settings_file().read_text("utf-8")).get("weights", "")
    except (OSError, ValueError):
        return ""
    return named if isinstance(named, str) else ""


class Configuration:
    """Everything but the options: read once, asked by each command.

    problems : one sentence for each thing in file or environment that is not used.
    """

    def __init__(
        self, path: Path | None = None, environment: Mapping[str, str] | None = None
    ) -> None:
        self.path = path or settings_file()
        self.problems: list[str] = []
        self._declared = {entry.name: entry for entry in declared(ProgramSettings)}
        self._environment = os.environ if environment is None else environment
        self._file = self._read()

    def program(self, **options: object) -> dict[str, Chosen]:
        """The program's settings; an option that is None was not given."""
        chosen = {}
        for name, entry in self._declared.items():
            variable = PREFIX + name.upper()
            value: object = entry.default
            origin = "default"
            if name in self._file:
                value, origin = self._file[name], shown(self.path)
            if variable in self._environment:
                value, origin = self._environment[variable], variable
            if options.get(name) is not None:
                value, origin = options[name], f"--{name}"
            chosen[name] = Chosen(name, _converted(entry.convert, value, origin), origin)
        return chosen

    def of_detector(self, detector: str, given: Mapping[str, str]) -> dict[str, Chosen]:
        """What file, environment and `--set` say about a detector's settings; unchecked values."""
        chosen: dict[str, Chosen] = {}
        table = self._file.get(detector)
        for name, value in (table if isinstance(table, dict) else {}).items():
            chosen[name] = Chosen(name, value, f"{shown(self.path)} [{detector}]")
        prefix = f"{PREFIX}{detector.upper()}_"
        for variable, text in sorted(self._environment.items()):
            if variable.startswith(prefix):
                name = variable.removeprefix(prefix).lower()
                chosen[name] = Chosen(name, text, variable)
        for name, text in given.items():
            chosen[name] = Chosen(name, text, "--set")
        return chosen

    def values_of(self, detector: str, given: Mapping[str, str]) -> dict[str, Value]:
        """The same without the origins."""
        return {name: entry.value for name, entry in self.of_detector(detector, given).items()}

    def _read(self) -> dict[str, object]:
        try:
            content = tomllib.loads(self.path.read_text("utf-8"))
        except FileNotFoundError:
            content = {}
        except (OSError, ValueError) as error:
            self.problems.append(self._set_aside(error))
            content = {}
        tables = _detectors()
        for name in content:
            if name not in self._declared and name not in tables:
                known = ", ".join((*self._declared, *(f"[{table}]" for table in tables)))
                self.problems.append(f"{shown(self.path)}: {name} is no setting; known: {known}.")
        self.problems += [
            f"{variable} is no setting; known: {self._variables()}."
            for variable in sorted(self._environment)
            if variable.startswith(PREFIX) and not self._known_variable(variable)
        ]
        return content

    def _set_aside(self, error: Exception) -> str:
        kept = self.path.with_name(self.path.name + ".bad")
        try:
            if not isinstance(error, OSError):
                self.path.replace(kept)
        except OSError:
            kept = self.path
        where = f"; it is kept as {shown(kept)}" if kept.exists() else ""
        return f"{shown(self.path)} cannot be read ({error}): the defaults are used{where}."

    def _known_variable(self, variable: str) -> bool:
        name = variable.removeprefix(PREFIX).lower()
        return (
            variable in _OTHERS
            or name in self._declared
            or any(name.startswith(f"{detector}_") for detector in _detectors())
        )

    def _variables(self) -> str:
        plain = [PREFIX + name.upper() for name in self._declared]
        return ", ".join([*plain, *(f"{PREFIX}{d.upper()}_NAME" for d in _detectors())])


def _converted(convert: Callable[[object], Value], value: object, origin: str) -> Value:
    try:
        return convert(value)
    except SettingError as error:
        raise SettingError(f"{error.message} (from {origin})", cure=error.cure) from error
