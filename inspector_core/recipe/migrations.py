"""Older recipe formats become today's in memory, step by step; newer ones are refused."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from inspector_core.errors import RecipeError

VERSION = 2
FORMAT = f"relief-recipe/{VERSION}"


def _joined_by_the_stronger(document: dict[str, Any]) -> dict[str, Any]:
    """1 to 2: recipes say how colour and shape are joined; before, the stronger of both counted."""
    return {
        **document,
        "format": "relief-recipe/2",
        "prepare": {**document["prepare"], "joined_by": "stronger"},
        "calibration": {**document["calibration"], "evidence": {}},
    }


STEPS: dict[int, Callable[[dict[str, Any]], dict[str, Any]]] = {1: _joined_by_the_stronger}
"""version -> function that turns a document of that version into one of the next."""


_GONE: dict[str, frozenset[str]] = {
    **dict.fromkeys(("cfm", "m3dm", "lsfa"), frozenset({"cells", "relief_mm"})),
    "unaligned": frozenset({"relief_mm"}),
}
"""detector -> settings that never changed anything and are offered no more. Recipes may name them: that
makes no other format, for older programs take their defaults where they are missing."""


def check_format(document: Mapping[str, Any], where: str) -> None:
    """Raise RecipeError for a document that this program cannot read: of another program, or newer."""
    label = str(document.get("format", ""))
    name, _, number = label.partition("/")
    if name != "relief-recipe" or not number.isdigit():
        raise RecipeError(f"{where} is no recipe of this program", cure="choose another folder")
    if int(number) > VERSION:
        raise RecipeError(
            f"recipe {where} has format {number}, this program reads up to {VERSION}",
            cure="update the program",
        )


def migrated(document: dict[str, Any]) -> dict[str, Any]:
    """A document that `check_format` let pass, in today's format; files stay as they are."""
    version = int(str(document["format"]).partition("/")[2])
    while version < VERSION:
        document = STEPS[version](document)
        version += 1
    gone, settings = _GONE.get(str(document.get("detector"))), document.get("settings")
    if gone and isinstance(settings, Mapping):
        kept = {name: value for name, value in settings.items() if name not in gone}
        return {**document, "settings": kept}
    return document
