"""One file's bytes, read and hashed once, and the sentences for files that cannot be used.

Decoders (`png`, `pictures`, `tiffs`, `ply`, `pcd`, `clouds`, `depth`) know no file names: they raise
`Unusable(problem, cure)`, and `about(file)` turns that into an InputError that names the file.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePath

from inspector_core.errors import InputError
from inspector_core.files import sha256_bytes, shown
from inspector_core.types import Source

MEMORY_LIMIT = 1_500_000_000
"""Bytes that one decoded picture or cloud may take; checked before decoding."""
FEWEST_PIXELS = 8
"""Shortest side of a picture or cloud that is read at all."""

_BYTES_A_PIXEL = 12
_TRIES = 3
_WAIT_S = 0.2


class Unusable(Exception):
    """What is wrong with a file's content and what to do about it; the file's name is added later."""

    def __init__(self, problem: str, cure: str) -> None:
        super().__init__(problem)
        self.problem = problem
        self.cure = cure


@dataclass(frozen=True, slots=True)
class RawFile:
    """A file's bytes with the name that a person sees and the hash that a report prints."""

    name: str
    path: str
    data: bytes
    sha256: str

    @property
    def source(self) -> Source:
        return Source(self.name, self.sha256)

    @property
    def suffix(self) -> str:
        """Lower case, with the dot."""
        return PurePath(self.name).suffix.lower()


def name_in(path: str, root: str) -> str:
    """A path as people see it: relative to the scanned folder where it lies inside, always printable."""
    inside = root and path.startswith(root.rstrip(os.sep) + os.sep)
    shown_path = shown(os.path.relpath(path, root) if inside else path)
    return shown_path.replace(os.sep, "/")


@contextmanager
def about(file: RawFile) -> Iterator[None]:
    """Names the file in whatever a decoder refuses inside the block."""
    try:
        yield
    except Unusable as refusal:
        raise InputError(
            f"{file.name}: {refusal.problem}", cure=refusal.cure, context={"path": file.path}
        ) from refusal
    except MemoryError as error:
        raise InputError(
            f"{file.name}: not enough memory to decode it",
            cure="close other programs, or tile or downscale the picture",
        ) from error


def open_file(path: str, root: str = "") -> RawFile:
    """Read and hash a file; waits while it is still being written.

    Raises InputError: missing, empty, no permission, too large, still growing.
    """
    name = name_in(path, root)
    try:
        data = _settled(Path(path))
    except Unusable as refusal:
        raise InputError(
            f"{name}: {refusal.problem}", cure=refusal.cure, context={"path": path}
        ) from refusal
    except OSError as error:
        problem, cure = unreadable(error)
        raise InputError(f"{name}: {problem}", cure=cure, context={"error": repr(error)}) from error
    if not data:
        raise InputError(f"{name}: {empty().problem}", cure=empty().cure)
    return RawFile(name, path, data, sha256_bytes(data))


def unreadable(error: OSError) -> tuple[str, str]:
    """Problem and cure for a file or folder that the system does not hand out."""
    match error:
        case FileNotFoundError():
            return "file is missing", "copy it again or remove the part"
        case PermissionError():
            return "no permission to read it", "ask for read access or copy the data elsewhere"
        case IsADirectoryError():
            return "a folder, not a file", "check the export"
        case _:
            reason = error.strerror or type(error).__name__
            return f"cannot be read ({reason})", "check the drive or the network and try again"


def _settled(path: Path) -> bytes:
    """The bytes of a file whose size and time did not change while it was read."""
    for attempt in range(_TRIES):
        if attempt:
            time.sleep(_WAIT_S)
        with open(path, "rb") as stream:
            before = os.fstat(stream.fileno())
            if before.st_size > MEMORY_LIMIT:
                raise too_large(f"{megabytes(before.st_size)}", before.st_size)
            data = stream.read()
        after = path.stat()
        unchanged = (before.st_size, before.st_mtime_ns) == (after.st_size, after.st_mtime_ns)
        if unchanged and len(data) == after.st_size:
            return data
    raise Unusable(
        f"still being written ({megabytes(after.st_size)} and changing)",
        "wait until the camera or the copy has finished",
    )


def empty() -> Unusable:
    """A file of 0 bytes."""
    return Unusable("empty file", "the camera or the copy did not finish: copy it again")


def megabytes(size: float) -> str:
    """A file size for people: 12.3 kB, 1.8 MB."""
    return f"{size / 1e6:.1f} MB" if size >= 100_000 else f"{size / 1e3:.1f} kB"


def ends_early(size: int, expected: int = 0) -> Unusable:
    """Fewer bytes than the file itself announces (0: it does not say how many)."""
    if expected:
        in_megabytes = expected >= 100_000
        have, need = (size / 1e6, expected / 1e6) if in_megabytes else (size / 1e3, expected / 1e3)
        digits = 1 if need - have >= 0.1 else 4
        unit = "MB" if in_megabytes else "kB"
        extent = f"{have:.{digits}f} of {need:.{digits}f} {unit}"
    else:
        extent = f"after {megabytes(size)}"
    return Unusable(f"file ends early ({extent})", "copy it again")


def not_an_image(start: bytes, what: str = "an image") -> Unusable:
    """Bytes that no decoder knows: says what they begin with."""
    text = start[:4].decode("ascii", "backslashreplace")
    return Unusable(f"not {what} (starts with {text!r})", "check the export")


def damaged(what: str) -> Unusable:
    """Content that contradicts itself."""
    return Unusable(f"damaged ({what})", "copy it again from the original")


def too_large(what: str, needed: float) -> Unusable:
    """More memory than one part may take."""
    return Unusable(
        f"{what} needs {needed / 1e9:.1f} GB; the limit is {MEMORY_LIMIT / 1e9:.1f} GB",
        "tile or downscale it",
    )


def check_size(width: int, height: int) -> None:
    """Raise Unusable for a picture or cloud too large for memory or too small to mean anything."""
    needed = width * height * _BYTES_A_PIXEL
    if needed > MEMORY_LIMIT:
        raise too_large(f"{width * height / 1e6:.0f} MP ({width}x{height})", needed)
    if min(width, height) < FEWEST_PIXELS:
        raise Unusable(
            f"{width}x{height} pixels are too few to inspect "
            f"({FEWEST_PIXELS}x{FEWEST_PIXELS} at least)",
            "export the full picture, not a thumbnail",
        )
