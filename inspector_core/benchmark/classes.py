"""The classes of a data set: the folder itself, or the folders in it that a reader claims."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from inspector_core.benchmark.suite import DataSet
from inspector_core.data import readers
from inspector_core.data.listing import list_folder
from inspector_core.errors import InputError, SettingError
from inspector_core.evaluation.published import class_key, published_sets
from inspector_core.files import shown

_LAYOUTS = {
    "mvtec3d": {"mvtec3d"},
    "mvtec_ad": {"mvtec_ad", "folder"},
    "eyecandies": {"eyecandies", "mvtec3d"},
    "visa": {"visa", "mvtec_ad", "folder"},
}
"""Key of a published data set to the layouts that it is found in."""
_DEEP = 2
_SURE = 0.5


@dataclass(frozen=True, slots=True)
class PartClass:
    """One class of parts: its data set's name, its own, its folder and how that is laid out."""

    dataset: str
    name: str
    folder: Path
    layout: str


def classes(dataset: DataSet) -> tuple[PartClass, ...]:
    """The classes of a data set that are wanted, in an order for people.

    A folder that a layout with rules of its own claims is a class; else such folders one or two levels
    below; else the folder itself if a plain folder's reader takes it. Raises InputError where there
    is none, SettingError for a wanted class that is not there.
    """
    root = Path(os.path.abspath(dataset.root))
    own = _claim(root, dataset.layout)
    found = [] if own[1] > _SURE else _below(root, dataset.layout)
    if not found and own[1] > 0:
        found = [(root, own[0])]
    if not found:
        raise InputError(
            f"{shown(root)}: no parts here and no classes of parts below",
            cure="name the folder of a class, or the folder that holds the classes",
        )
    names = [shown(folder.name) for folder, _ in found]
    wanted = _wanted(names, dataset)
    title = dataset.name or _title(names, {layout for _, layout in found}, root)
    return tuple(
        PartClass(title, name, folder, layout)
        for name, (folder, layout) in zip(names, found, strict=True)
        if name in wanted
    )


def _wanted(names: Sequence[str], dataset: DataSet) -> set[str]:
    for name in names:
        if names.count(name) > 1:
            raise InputError(
                f"{shown(dataset.root)} holds two classes called {name}",
                cure="name the folder of one set",
            )
    for name in dataset.classes:
        if name not in names:
            raise SettingError(
                f"{shown(dataset.root)} has no class named {name}",
                cure=f"choose of {', '.join(names)}",
            )
    return set(dataset.classes or names)


def _title(names: Sequence[str], layouts: set[str], root: Path) -> str:
    """The published set that all these classes belong to; else the folder's name."""
    keys = {class_key(name) for name in names}
    for known in published_sets():
        if keys <= set(known.classes) and layouts <= _LAYOUTS.get(known.key, set()):
            return known.title
    return shown(root.name)


def _claim(folder: Path, layout: str) -> tuple[str, float]:
    """The layout that claims a folder best, and how surely."""
    asked = [layout] if layout else list(readers.READERS)
    claims = {name: readers.load(name).claims(folder).score for name in asked}
    best = max(claims, key=claims.__getitem__)
    return best, claims[best]


def _below(root: Path, layout: str) -> list[tuple[Path, str]]:
    """Folders below that a reader is sure of (or the asked one takes), from the first level with any."""
    level = [root]
    for _ in range(_DEEP):
        level = list(_inner(level))
        claims = [(folder, *_claim(folder, layout)) for folder in level]
        least = 0.0 if layout else _SURE
        if found := [(folder, name) for folder, name, score in claims if score > least]:
            return found
    return []


def _inner(folders: Sequence[Path]) -> Iterator[Path]:
    for folder in folders:
        listing = list_folder(folder)
        yield from (Path(listing.at(name)) for name in listing.folders)
