"""What a benchmark is asked to do: data sets, detectors, seeds, shots. From SUITE.toml or from words.

    seeds = [0, 1, 2]              # default [0]
    shots = ["all", 1, 2, 4]       # good parts to learn from; default ["all"]
    device = "auto"                # default
    scope = "all"                  # or "part", as in `relief evaluate`

    [[dataset]]
    root = "mvtec_ad"              # one class or a folder of classes, relative to this file
    name = "MVTec AD"              # default: the published set whose classes these are, or the folder
    layout = "mvtec_ad"            # default: found by looking
    classes = ["bottle", "cable"]  # default: all
    settings = { }                 # of the reader

    [[detector]]
    name = "btf"
    settings = { cells = 32 }      # of the detector, the preparation, the decision

Everything is checked before any work; what is wrong is said with the row, the key and the cure.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from inspector_core import detectors
from inspector_core.data import readers
from inspector_core.engine import configure
from inspector_core.errors import InputError, SettingError
from inspector_core.evaluation.protocol import SCOPES
from inspector_core.files import existing_folder, shown
from inspector_core.settings import Value, as_json, build

T = TypeVar("T")

ALL = 0
"""Shots: learn from all good parts, as `relief learn` does."""
MOST_SEED = 2**31 - 1
_MOST_SHOTS = 100_000
_TOP = ("seeds", "shots", "device", "scope", "dataset", "detector")
_DATASET = ("root", "name", "layout", "classes", "settings")
_DETECTOR = ("name", "settings")


@dataclass(frozen=True, slots=True)
class DataSet:
    """A folder of one class, or of many.

    name : "" takes the published set's or the folder's.   layout : "" is found by looking.
    classes : () takes all.   reading : settings of the reader.
    """

    root: Path
    name: str = ""
    layout: str = ""
    classes: tuple[str, ...] = ()
    reading: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Method:
    """A detector with its settings.

    given : the settings that were asked for, converted.   settings : all of them, defaults included.
    """

    detector: str
    given: Mapping[str, Value]
    settings: Mapping[str, Value]

    @property
    def title(self) -> str:
        """The detector and what is not as usual: "btf cells=32"."""
        return " ".join([self.detector, *(f"{name}={value}" for name, value in self.given.items())])


@dataclass(frozen=True, slots=True)
class Suite:
    """Everything that a benchmark compares; `shots` holds ALL or numbers of good parts."""

    datasets: tuple[DataSet, ...]
    methods: tuple[Method, ...]
    seeds: tuple[int, ...] = (0,)
    shots: tuple[int, ...] = (ALL,)
    device: str = "auto"
    scope: str = "all"


def method(detector: str, given: Mapping[str, object]) -> Method:
    """A detector with checked settings; SettingError for an unknown detector, name or value."""
    chosen = configure(detector, given)
    everything = {
        **as_json(chosen.method_settings),
        **as_json(chosen.prepare),
        **as_json(chosen.decision),
    }
    return Method(detector, {name: everything[name] for name in given}, everything)


def dataset(
    root: Path,
    name: str = "",
    layout: str = "",
    classes: Sequence[str] = (),
    reading: Mapping[str, object] | None = None,
) -> DataSet:
    """A data set whose folder exists and whose layout and settings are known.

    Raises InputError without the folder, SettingError for an unknown layout or setting.
    """
    if reading and not layout:
        raise SettingError(
            f"settings of the reader ({', '.join(reading)}) without a layout",
            cure=f"name the layout as well: {', '.join(readers.READERS)}",
        )
    if layout:
        build(readers.load(layout).settings, reading)
    return DataSet(existing_folder(root), name, layout, tuple(classes), dict(reading or {}))


def suite(
    datasets: Sequence[DataSet],
    methods: Sequence[Method],
    *,
    seeds: Sequence[int] = (0,),
    shots: Sequence[int | str] = ("all",),
    device: str = "auto",
    scope: str = "all",
) -> Suite:
    """A checked suite; SettingError where something is missing, impossible or named twice."""
    if not datasets:
        raise SettingError("there is no data set", cure="name at least one folder of parts")
    if not methods:
        raise SettingError(
            "there is no detector", cure=f"choose of {', '.join(detectors.DETECTORS)}"
        )
    if scope not in SCOPES:
        raise SettingError(f"scope={scope} is not possible", cure=f"use {' or '.join(SCOPES)}")
    numbers = [_number("seed", seed, 0, MOST_SEED) for seed in seeds]
    counts = [
        ALL if entry == "all" else _number("shots", entry, 1, _MOST_SHOTS, 'or "all"')
        for entry in shots
    ]
    _all_different("seed", numbers)
    _all_different("number of shots", ["all" if count == ALL else count for count in counts])
    _all_different("detector", [entry.title for entry in methods])
    _all_different("folder", [shown(entry.root) for entry in datasets])
    return Suite(tuple(datasets), tuple(methods), tuple(numbers), tuple(counts), device, scope)


def read_suite(path: Path) -> Suite:
    """The suite of a SUITE.toml; InputError when it cannot be read, SettingError for what it says."""
    content = _parsed(path)
    _known(content, _TOP, shown(path))
    datasets, methods = [], []
    for place, row in _rows(content, "dataset", path):
        _known(row, _DATASET, place)
        root = path.parent / _typed(row, "root", str, place, needed=True)
        with _at(place):
            datasets.append(
                dataset(
                    root,
                    _typed(row, "name", str, place),
                    _typed(row, "layout", str, place),
                    [_one(name, str, f"{place}, classes") for name in _list(row, "classes", place)],
                    _table(row, "settings", place),
                )
            )
    for place, row in _rows(content, "detector", path):
        _known(row, _DETECTOR, place)
        name = _typed(row, "name", str, place, needed=True)
        with _at(place):
            methods.append(method(name, _table(row, "settings", place)))
    with _at(shown(path)):
        return suite(
            datasets,
            methods,
            seeds=_list(content, "seeds", shown(path)) or (0,),
            shots=_list(content, "shots", shown(path)) or ("all",),
            device=_typed(content, "device", str, shown(path)) or "auto",
            scope=_typed(content, "scope", str, shown(path)) or "all",
        )


@contextmanager
def _at(place: str) -> Iterator[None]:
    """Puts the place in the suite file before the sentence of whatever is refused inside the block."""
    try:
        yield
    except (SettingError, InputError) as error:
        raise type(error)(
            f"{place}: {error.message}", cure=error.cure, context=error.context
        ) from error


def _parsed(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        said = error.strerror if isinstance(error, OSError) else "it is no UTF-8 text"
        raise InputError(f"{shown(path)} cannot be read ({said})", cure="check the file") from error
    except tomllib.TOMLDecodeError as error:
        raise SettingError(f"{shown(path)}: {error}", cure="correct that line") from error


def _rows(content: Mapping[str, Any], key: str, path: Path) -> list[tuple[str, dict[str, Any]]]:
    """("FILE, [[key]] 1", row) of every table of a list."""
    rows = content.get(key, [])
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise SettingError(
            f"{shown(path)}: {key} is no list of tables", cure=f"write [[{key}]] above each"
        )
    return [(f"{shown(path)}, [[{key}]] {number}", row) for number, row in enumerate(rows, 1)]


def _known(row: Mapping[str, Any], keys: Sequence[str], place: str) -> None:
    for key in row:
        if key not in keys:
            raise SettingError(f"{place}: there is no key {key}", cure=f"known: {', '.join(keys)}")


def _typed(row: Mapping[str, Any], key: str, kind: type[T], place: str, needed: bool = False) -> T:
    if key not in row:
        if needed:
            raise SettingError(f"{place}: {key} is missing", cure=f"add {key} = …")
        return kind()
    return _one(row[key], kind, f"{place}, {key}")


def _one(value: object, kind: type[T], place: str) -> T:
    if not isinstance(value, kind):
        raise SettingError(f"{place}: {value!r} is no text", cure="put it in quotes")
    return value


def _list(row: Mapping[str, Any], key: str, place: str) -> list[Any]:
    value = row.get(key, [])
    if not isinstance(value, list):
        raise SettingError(f"{place}: {key} is no list", cure=f"write {key} = [{value!r}]")
    return value


def _table(row: Mapping[str, Any], key: str, place: str) -> dict[str, object]:
    value = row.get(key, {})
    if not isinstance(value, dict):
        raise SettingError(f"{place}: {key} is no table", cure=f"write {key} = {{ name = value }}")
    return value


def _number(what: str, value: object, low: int, high: int, otherwise: str = "") -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        cure = f"give a whole number from {low} to {high} {otherwise}".rstrip()
        raise SettingError(f"{what} {value!r} is not possible", cure=cure)
    return value


def _all_different(what: str, values: Sequence[object]) -> None:
    for value in values:
        if list(values).count(value) > 1:
            raise SettingError(f"the {what} {value} is named twice", cure="name it once")
