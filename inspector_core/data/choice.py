"""Which reader takes a folder, and the sentence for a folder that none takes."""

from __future__ import annotations

import os
from pathlib import Path

from inspector_core.data import readers
from inspector_core.data.listing import list_folder
from inspector_core.data.readers import Claim, Reader
from inspector_core.errors import InputError
from inspector_core.files import shown

_DEEP = 2
_MOST_SEARCHED = 200
_MOST_NAMED = 10
_UP = 4


def chosen_reader(
    folder: Path, layout: str | None
) -> tuple[Reader, tuple[tuple[str, float, str], ...]]:
    """The reader to use and what all of them said, best first."""
    if layout is not None:
        reader = readers.load(layout)
        claim = reader.claims(folder)
        return reader, ((layout, claim.score, f"asked for; {claim.reason}"),)
    claims = _claims(folder)
    reasons = tuple(
        sorted(((n, c.score, c.reason) for n, c in claims.items()), key=lambda r: -r[1])
    )
    if reasons[0][1] <= 0:
        raise _no_parts(folder)
    return readers.load(reasons[0][0]), reasons


def _claims(folder: Path) -> dict[str, Claim]:
    return {name: readers.load(name).claims(folder) for name in readers.READERS}


def _best(folder: Path) -> float:
    return max(claim.score for claim in _claims(folder).values())


def _no_parts(folder: Path) -> InputError:
    """The sentence for the wrong level: sets of parts below, or this folder inside of one."""
    below = _sets_below(folder)
    if below:
        listed = ", ".join(below[:_MOST_NAMED])
        more = f" and {len(below) - _MOST_NAMED} more" if len(below) > _MOST_NAMED else ""
        noun = "category" if len(below) == 1 else "categories"
        return InputError(
            f"{shown(folder)}: no parts here; {len(below)} {noun} found below",
            cure=f"pick one: {listed}{more}",
        )
    above = next((up for up in folder.parents[:_UP] if _best(up) > 0.5), None)
    if above is not None:
        return InputError(
            f"{shown(folder)}: no parts here, it is inside of a set of parts",
            cure=f"open {shown(above)}",
        )
    return InputError(
        f"{shown(folder)}: no parts here",
        cure="choose a folder with pictures, or with rgb and xyz folders inside",
    )


def _sets_below(folder: Path) -> list[str]:
    level = [folder]
    searched = 0
    for _ in range(_DEEP):
        level = [
            Path(entry.path) / name
            for up in level
            for entry in [list_folder(up)]
            for name in entry.folders
        ]
        found = []
        for inner in level:
            searched += 1
            if searched > _MOST_SEARCHED:
                break
            if _best(inner) > 0:
                found.append(shown(os.path.relpath(inner, folder)))
        if found:
            return found
    return []


def root_of(file: Path, layout: str | None) -> Path:
    """The folder whose scan holds the part of a file."""
    asked = [layout] if layout else list(readers.READERS)
    best, root = 0.0, file.parent
    for up in file.parents[:_UP]:
        score = max(readers.load(name).claims(up).score for name in asked)
        if score > best:
            best, root = score, up
    return root
