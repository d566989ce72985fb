"""Files to parts: by stem, never by position, so that one missing file shifts nothing."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from inspector_core.data.decode import name_in
from inspector_core.data.listing import natural
from inspector_core.files import shown
from inspector_core.types import Problem

WORDS = {"rgb": "picture", "xyz": "XYZ", "depth": "depth", "truth": "mask"}
PICTURE_SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff", ".webp"})
CLOUD_SUFFIXES = frozenset({".tif", ".tiff", ".npy", ".ply", ".pcd"})
DEPTH_SUFFIXES = frozenset({".png", ".tif", ".tiff", ".npy", ".exr"})


@dataclass(frozen=True, slots=True)
class Found:
    """One file and the part and role that its name gives it."""

    part: str
    role: str
    path: str


@dataclass(slots=True)
class Part:
    """The files of one part by role, and what is wrong with them."""

    name: str
    files: dict[str, str] = field(default_factory=dict)
    problem: Problem | None = None


def group(found: Iterable[Found], root: str) -> Iterator[Part]:
    """Parts in the order of their names, one by one; those that differ in case only are one part.

    Two files for one role of a part are both listed as parts of their own, refused.
    """
    parts: dict[str, list[Found]] = defaultdict(list)
    for entry in found:
        parts[entry.part.casefold()].append(entry)
    for name in sorted(parts, key=natural):
        yield from _one_part(parts[name], root)


def _one_part(entries: list[Found], root: str) -> Iterator[Part]:
    files = {entry.role: entry.path for entry in entries}
    if len(files) == len(entries):
        yield Part(shown(entries[0].part), files)
        return
    roles = Counter(entry.role for entry in entries)
    repeated = next(role for role, count in roles.items() if count > 1)
    for entry in (entry for entry in entries if entry.role == repeated):
        others = [other.path for other in entries if other.role == repeated and other is not entry]
        name = name_in(entry.path, root)
        problem = f"same part name as {_listed([name_in(path, root) for path in others])}"
        yield Part(
            shown(entry.path.rpartition("/")[2]),
            {repeated: entry.path},
            Problem(name, problem, "rename one of them"),
        )


def _listed(names: list[str]) -> str:
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")


def expected_roles(parts: Iterable[Part], share: float) -> tuple[str, ...]:
    """Roles that a part must have: those of at least this share of all parts (and of any part)."""
    listed = [part for part in parts if part.problem is None]
    counts = Counter(role for part in listed for role in part.files if role != "truth")
    return tuple(
        role for role in WORDS if counts[role] and counts[role] >= share * max(1, len(listed))
    )


def check_complete(
    part: Part, identity: str, expected: Iterable[str], looked_for: Mapping[str, str]
) -> Problem | None:
    """Refuse a part without an expected file, drop files that the other parts do not have.

    looked_for : role to the name that was looked for, with {} for the part's name.
    """
    if part.problem is not None:
        return part.problem
    wanted = set(expected)
    missing = [role for role in WORDS if role in wanted and role not in part.files]
    if missing:
        words = " and ".join(WORDS[role] for role in missing)
        names = ", ".join(looked_for.get(role, "{}").format(part.name) for role in missing)
        part.problem = Problem(
            identity, f"{words} missing, looked for {names}", "add the file or remove the part"
        )
        return part.problem
    extra = [role for role in part.files if role not in wanted and role != "truth"]
    for role in extra:
        del part.files[role]
    if extra:
        return Problem(
            identity,
            f"{' and '.join(WORDS[role] for role in extra)} ignored, most other parts have none",
            "give all parts the same kinds of files",
        )
    return None
