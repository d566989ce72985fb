"""From the words of `relief benchmark` to a suite."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import replace

from inspector_core import detectors
from inspector_core.benchmark.suite import (
    DataSet,
    Method,
    Suite,
    dataset,
    method,
    read_suite,
    suite,
)
from inspector_core.cli.catalogue import divided
from inspector_core.cli.configuration import Configuration
from inspector_core.cli.options import assignments
from inspector_core.data import readers
from inspector_core.decision.settings import DecisionSettings
from inspector_core.errors import SettingError
from inspector_core.files import shown
from inspector_core.geometry.prepare import PrepareSettings
from inspector_core.settings import declared

_SUITE_SAYS = ("detector", "set", "seeds", "shots", "classes", "layout", "scope")


def suite_of(args: argparse.Namespace) -> Suite:
    """The suite of a file, or of folders and options; SettingError where they contradict each other."""
    if any(path.suffix == ".toml" for path in args.path):
        if len(args.path) > 1:
            raise SettingError("a suite file stands alone", cure="add the folders to the file")
        for name in _SUITE_SAYS:
            if getattr(args, name):
                option = "class" if name == "classes" else name
                raise SettingError(
                    f"--{option} beside a suite file", cure=f"write it into {shown(args.path[0])}"
                )
        found = read_suite(args.path[0])
        return replace(found, device=args.device or found.device)
    device = str(Configuration().program(device=args.device)["device"].value)
    return replace(_from_words(args), device=device)


def _from_words(args: argparse.Namespace) -> Suite:
    methods, reading = _methods(args.detector, assignments(args.set), args.layout or "")
    datasets: list[DataSet] = [
        dataset(path, "", args.layout or "", args.classes, reading) for path in args.path
    ]
    return suite(
        datasets,
        methods,
        seeds=args.seeds or (0,),
        shots=args.shots or ("all",),
        scope=args.scope or "all",
    )


def _methods(
    names: Sequence[str], given: Mapping[str, str], layout: str
) -> tuple[list[Method], dict[str, str]]:
    """The detectors with those of the settings that they have, and the reader's settings."""
    own: dict[str, dict[str, str]] = {name: {} for name in names}
    known = {name: _names_of(detectors.load(name).info.settings) for name in names}
    of_reader = _names_of(readers.load(layout).settings, shared=False) if layout else set()
    reading: dict[str, str] = {}
    for word, value in given.items():
        target, dot, name = word.rpartition(".")
        if not dot and name in of_reader:
            reading[name] = value
            continue
        if dot and target not in own:
            raise SettingError(
                f"--set {word}: {target} is not among the detectors",
                cure=f"add --detector {target}",
            )
        takers = [target] if dot else [one for one in own if name in known[one]]
        if not takers and own:
            divided({name: value}, names[0])  # says which names there are
            raise SettingError(f"--set {name} is of the reader", cure="add --layout NAME")
        for one in takers:
            own[one][name] = value
    return [method(name, settings) for name, settings in own.items()], reading


def _names_of(settings: type, shared: bool = True) -> set[str]:
    """Names of the settings of a class, with those of preparation and decision where they are shared."""
    kinds = (settings, PrepareSettings, DecisionSettings) if shared else (settings,)
    return {entry.name for kind in kinds for entry in declared(kind)}


def pair_of(words: str | None, suite: Suite) -> tuple[str, str] | None:
    """Titles of the two detectors to compare, None without the option; SettingError for others."""
    if words is None:
        return None
    titles = {entry.title: entry for entry in suite.methods}
    found = []
    for word in words.split(","):
        fits = [title for title, entry in titles.items() if word in (title, entry.detector)]
        if len(fits) != 1:
            raise SettingError(
                f"--compare {words}: {word} names {len(fits)} of the detectors",
                cure=f"name two of: {'; '.join(titles)}",
            )
        found += fits
    if len(set(found)) != 2:
        raise SettingError(f"--compare {words} names no two detectors", cure="write A,B")
    return found[0], found[1]
