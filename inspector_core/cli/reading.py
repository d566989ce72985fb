"""From paths on the command line to the parts that a command works on."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from inspector_core.cli.printing import Console
from inspector_core.errors import InputError
from inspector_core.files import shown

if TYPE_CHECKING:
    from inspector_core.types import SampleRef, Scan

TEST = "test"


def read(
    console: Console, paths: Sequence[Path], layout: str | None, options: Mapping[str, object]
) -> Scan:
    """Scan folders and files, saying what was assumed and what cannot be used."""
    from inspector_core.data.scan import scan_paths

    found = console.run(scan_paths(paths, layout, dict(options)))
    for note in found.notes:
        console.note(f"note: {note}")
    for problem in found.problems:
        console.note(f"problem: {problem.sentence}")
    return found


def chosen(found: Scan, paths: Sequence[Path], splits: Sequence[str]) -> tuple[SampleRef, ...]:
    """The parts of these splits; without any the test parts, or all where there are none.

    A part that a path names by one of its files is always among them.
    """
    present = list(dict.fromkeys(ref.split for ref in found.refs))
    for split in splits:
        if split not in present:
            raise InputError(
                f"{shown(found.root)} has no split named {split}",
                cure=f"choose one of {', '.join(name or '(none)' for name in present)}",
            )
    wanted = set(splits) or ({TEST} if TEST in present else set(present))
    named = {os.path.abspath(path) for path in paths if not path.is_dir()}
    if named and not splits and len(named) == len(paths):
        return found.refs
    return tuple(
        ref for ref in found.refs if ref.split in wanted or named & set(ref.files.values())
    )
