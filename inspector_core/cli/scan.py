"""`relief scan`: how a folder is read."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from inspector_core.cli.options import add_reading, assignments
from inspector_core.cli.printing import Console, printable
from inspector_core.files import existing_folder

if TYPE_CHECKING:
    from inspector_core.types import Scan

EXAMPLES = ("relief scan {sample}", "relief scan {sample} --json")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's own options."""
    parser.add_argument("folder", type=Path, metavar="FOLDER", help="folder of parts")
    add_reading(parser)


def run(args: argparse.Namespace, console: Console) -> int:
    """Scan and print; 0 also when some files cannot be used, for saying so is the command's work."""
    from inspector_core import engine

    options = assignments(args.set)
    found = console.run(engine.scan(existing_folder(args.folder), args.layout, options))
    console.document(document(found))
    _print(found, console)
    return 0


def document(found: Scan) -> dict[str, Any]:
    """The JSON of `relief scan --json`."""
    return {
        "schema": "relief-scan/1",
        "root": found.root,
        "layout": found.layout,
        "splits": counts(found),
        "parts": len(found.refs),
        "image_size": None if found.image_size is None else [*found.image_size],
        "units": found.unit or None,
        "reasons": [
            {"layout": layout, "score": score, "reason": reason}
            for layout, score, reason in found.reasons
        ],
        "notes": list(found.notes),
        "problems": [
            {"path": entry.path, "problem": entry.problem, "cure": entry.cure}
            for entry in found.problems
        ],
    }


def counts(found: Scan) -> dict[str, dict[str, int]]:
    """Split to label to number of parts; a part without a label counts as "unknown"."""
    table: dict[str, dict[str, int]] = {}
    for ref in found.refs:
        labels = table.setdefault(ref.split or "all", {})
        label = ref.label or "unknown"
        labels[label] = labels.get(label, 0) + 1
    return table


def _print(found: Scan, console: Console) -> None:
    console.say(f"folder   {printable(found.root)}")
    console.say(f"layout   {found.layout}")
    for layout, _, reason in found.reasons:
        if layout == found.layout:
            console.say(f"because  {printable(reason)}")
    size = f"{found.image_size[0]}x{found.image_size[1]} pixels" if found.image_size else "unknown"
    console.say(f"size     {size}")
    console.say(f"units    {found.unit or 'no cloud'}")
    console.say()
    rows = [
        (split, label, number)
        for split, labels in counts(found).items()
        for label, number in labels.items()
    ]
    console.table(("split", "label", "parts"), rows, right=(2,))
    for note in found.notes:
        console.say(f"note: {printable(note)}")
    if found.problems:
        console.say()
        console.say(f"{len(found.problems)} problem{'s' if len(found.problems) > 1 else ''}:")
        for entry in found.problems:
            console.say(f"  {printable(entry.sentence)}")
