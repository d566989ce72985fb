"""Every declared setting by the group that owns it: for --set, for `doctor` and for the guide's page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from inspector_core import detectors
from inspector_core.data import readers
from inspector_core.decision.settings import DecisionSettings
from inspector_core.errors import SettingError
from inspector_core.geometry.prepare import PrepareSettings
from inspector_core.settings import Setting, declared


@dataclass(frozen=True, slots=True)
class Group:
    """Settings that one part of the program owns. `title` is a heading, `note` says when they apply."""

    title: str
    note: str
    settings: tuple[Setting, ...]


def reader_groups() -> tuple[Group, ...]:
    """One group a layout."""
    return tuple(
        Group(
            f"Layout {name}",
            f"How folders of this layout are read ({readers.load(name).title}).",
            declared(readers.load(name).settings),
        )
        for name in readers.READERS
    )


def learning_groups() -> tuple[Group, ...]:
    """Preparation, decision, and one group a detector: kept in the recipe."""
    return (
        Group(
            "Preparation",
            "How a part is told from what it lies on. Kept in the recipe.",
            declared(PrepareSettings),
        ),
        Group(
            "Decision", "What makes a region count. Kept in the recipe.", declared(DecisionSettings)
        ),
        *(
            Group(
                f"Detector {info.name}",
                f"{info.summary} Kept in the recipe.",
                declared(info.settings),
            )
            for info in detectors.infos()
        ),
    )


def divided(
    given: Mapping[str, str], names: Sequence[str]
) -> tuple[dict[str, str], dict[str, str]]:
    """NAME=VALUE pairs of `learn --set`, as (those of the reader, those kept in the recipe).

    names : the detector, or those that one may be chosen from.
    Raises SettingError with all known names for one that neither knows.
    """
    reading = {entry.name for group in reader_groups() for entry in group.settings}
    kept = {
        entry.name
        for group in learning_groups()
        for entry in group.settings
        if group.title in ("Preparation", "Decision", *(f"Detector {name}" for name in names))
    }
    for name in given:
        if name not in reading | kept:
            raise SettingError(
                f"{' or '.join(names)} has no setting named {name}",
                cure=f"known settings: {', '.join(sorted(reading | kept))}",
            )
    return (
        {name: value for name, value in given.items() if name in reading - kept},
        {name: value for name, value in given.items() if name in kept},
    )
