"""Sentences of the window that need more than one fact."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePath
from typing import TYPE_CHECKING

from app.model.messages import Entry
from app.model.open_part import OpenPart
from app.model.thresholds import ThresholdModel
from app.worker.sentences import in_window
from inspector_core.types import Defect, LengthUnit, Scan, Verdict

if TYPE_CHECKING:
    from inspector_core.decision.decide import Decision
    from inspector_core.recipe import Recipe

_UNITS = {
    "m": "XYZ in metres, converted to mm",
    "mm": "XYZ in mm",
    "nominal": "depth in nominal units",
}


def parts_of(count: int) -> str:
    """ "1 part", "68 parts"."""
    return f"{count:,} part" if count == 1 else f"{count:,} parts"


def about_folder(scan: Scan, recipe: Recipe | None) -> str:
    """One line of the start page."""
    return f"{parts_of(len(scan.refs))} · " + (
        "no recipe yet" if recipe is None else f"recipe {recipe.name}"
    )


def learnt_from(recipe: Recipe) -> str:
    """One line about a recipe."""
    return f"{recipe.detector} · learnt from {parts_of(len(recipe.learn_parts))}"


def understood(scan: Scan) -> str:
    """How a folder was read: "60 parts, RGB 1200×1200, XYZ in metres, converted to mm"."""
    facts = [parts_of(len(scan.refs))]
    if scan.image_size is not None:
        facts.append(f"{scan.image_size[0]}×{scan.image_size[1]} px")
    unread = "3D scans not read" if has_shape(scan) else "pictures only"
    facts.append(_UNITS.get(scan.unit, unread))
    return ", ".join(facts)


def has_shape(scan: Scan) -> bool:
    """Whether the folder's parts come with a 3D scan, be it one that cannot be read yet."""
    return scan.unit != "" or any(
        role in ref.files for ref in scan.refs for role in ("xyz", "depth")
    )


def about_scan(scan: Scan) -> Entry | None:
    """What has to be said about a folder that was just opened, or None when all is well."""
    details = "\n".join([*scan.notes, *(problem.sentence for problem in scan.problems)])
    sentences = []
    if not has_shape(scan):
        sentences.append(
            "These parts have pictures but no 3D scans: shape is missing, colour alone is judged."
        )
    if scan.problems:
        count = len(scan.problems)
        files = "1 problem" if count == 1 else f"{count} problems"
        rest = (
            "the other parts can be used" if _has_others(scan) else "no part can be used as it is"
        )
        sentences.append(f"{files} found while reading; {rest}.")
    if not sentences:
        return None
    cure = scan.problems[0].sentence if len(scan.problems) == 1 else ""
    helps = "folder.reading" if scan.problems else ""
    return Entry(
        "note", understood(scan), " ".join(sentences), in_window(cure), in_window(details), helps
    )


def _has_others(scan: Scan) -> bool:
    """Whether there are parts that no problem of the folder names."""
    named = {PurePath(problem.path).name for problem in scan.problems}
    return not scan.refs or any(
        named.isdisjoint(PurePath(file).name for file in ref.files.values()) for ref in scan.refs
    )


def recipe_line(recipe: Recipe) -> str:
    """ "Recipe casting-2 · 5f3a91" for the status bar."""
    return f"Recipe {recipe.name} · {recipe.sha256[:6]}"


def recipe_note(recipe: Recipe) -> str:
    """Its detector, and why that one was chosen where nobody named it."""
    return " ".join((f"{learnt_from(recipe)}.", *recipe.reasons))


def seconds_line(seconds: float | None) -> str:
    """ "0.27 s a part", empty when nothing was measured."""
    return "" if seconds is None else f"{seconds:.2f} s a part"


def left_line(seconds: float | None) -> str:
    """ "9 s left", "4 min left", empty when unknown."""
    if seconds is None:
        return ""
    if seconds < 90:
        return f"{max(1, round(seconds))} s left"
    return f"{round(seconds / 60)} min left"


def verdict_words(
    part: OpenPart | None, decision: Decision | None, limits: ThresholdModel, has_recipe: bool
) -> tuple[str, str]:
    """Title (where there is no verdict yet) and the reason under it."""
    if part is None:
        return "No part", ""
    if decision is not None:
        n = 0 if limits.calibration is None else len(limits.calibration.scores)
        p = decision.p_value
        if p is None:
            return "", decision.reason
        value = f"{p:.2f}" if p >= 0.1 else f"{p:.3f}"
        return "", f"{decision.reason} · p = {value} against {n} good parts"
    if part.result is not None:
        return "", in_window(part.result.error or part.result.reason)
    message = part.view.message
    if message is not None and has_recipe:
        return message.title, message.text
    return "Not inspected yet", "Learn from good parts first, or open a recipe."


def summary(verdict: Verdict | None, defects: Sequence[Defect], unit: LengthUnit) -> str:
    """What a screen reader says: "reject, 2 defects, largest 4.1 mm at 312, 208"."""
    if verdict is None:
        return "not inspected yet"
    words = [verdict.replace("_", " ")]
    if defects:
        words.append("1 defect" if len(defects) == 1 else f"{len(defects)} defects")
        measured = [(d.length_mm.value, d.peak_px) for d in defects if d.length_mm is not None]
        if measured:
            length, (x, y) = max(measured)
            words.append(f"largest {length:.1f} {unit} at {x}, {y}")
    return ", ".join(words)
