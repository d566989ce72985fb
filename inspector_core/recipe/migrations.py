"""Older recipe formats become today's in memory, step by step; newer ones are refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from inspector_core.errors import RecipeError

VERSION = 1
FORMAT = f"relief-recipe/{VERSION}"

STEPS: dict[int, Callable[[dict[str, Any]], dict[str, Any]]] = {}
"""version -> function that turns a document of that version into one of the next."""


def migrated(document: dict[str, Any], where: str) -> dict[str, Any]:
    """The document in today's format; RecipeError for a newer or unknown one. Files stay as they are."""
    label = str(document.get("format", ""))
    name, _, number = label.partition("/")
    if name != "relief-recipe" or not number.isdigit():
        raise RecipeError(f"{where} is no recipe of this program", cure="choose another folder")
    version = int(number)
    if version > VERSION:
        raise RecipeError(
            f"recipe {where} has format {version}, this program reads up to {VERSION}",
            cure="update the program",
        )
    while version < VERSION:
        document = STEPS[version](document)
        version += 1
    return document
