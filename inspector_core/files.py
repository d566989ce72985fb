"""Writing that is complete or absent, and names for content."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import os
import shutil
import tempfile
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from inspector_core.errors import DiskFullError, InputError, OutputError

_CHUNK = 1 << 20
_ABANDONED_S = 3600.0
"""A temporary folder this old belongs to a process that died."""


def sha256_bytes(data: bytes) -> str:
    """Hex SHA-256 of bytes."""
    return hashlib.sha256(data).hexdigest()


def sha256_file(path: Path) -> str:
    """Hex SHA-256 of a file's bytes, read in blocks."""
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while block := stream.read(_CHUNK):
            digest.update(block)
    return digest.hexdigest()


def shown(path: str | os.PathLike[str]) -> str:
    """A path that can always be printed: bytes that are no UTF-8 appear escaped."""
    return os.fspath(path).encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def write_failure(path: Path, error: OSError) -> OutputError:
    """The sentence for a failed write."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return DiskFullError(
            f"{shown(path)} could not be written: the disk is full",
            cure="free some space and run it again; what was finished stays",
            context={"error": repr(error)},
        )
    return OutputError(
        f"cannot write to {shown(path)} ({error.strerror or error})",
        cure="choose another folder",
        context={"error": repr(error)},
    )


def ensure_writable(folder: Path) -> None:
    """Raise OutputError now rather than after an hour of work; creates the folder's parents.

    Tests by writing: permission bits say nothing on network drives or for root.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=folder, prefix=".relief-write-test-") as probe:
            probe.write(b"x")
            probe.flush()
    except OSError as error:
        raise write_failure(folder, error) from error


def write_atomic(path: Path, data: bytes) -> None:
    """Write a file so that a reader sees the old or the new content, never a part of it."""
    temporary = path.with_name(f".{path.name}.{uuid.uuid4().hex[:8]}.tmp")
    try:
        with temporary.open("wb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(temporary, path)
    except OSError as error:
        raise write_failure(path, error) from error
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)


def write_json(path: Path, document: object) -> None:
    """Write JSON atomically: UTF-8, sorted as given, never NaN."""
    write_atomic(path, json_bytes(document))


def json_bytes(document: object) -> bytes:
    """JSON as UTF-8 bytes; refuses NaN, which is no JSON (use None for unknown)."""
    text = json.dumps(document, ensure_ascii=False, indent=1, allow_nan=False)
    return (text + "\n").encode("utf-8", "backslashreplace")


def read_json(path: Path) -> Any:
    """Parse a JSON file; raises ValueError on a byte order mark or duplicate keys."""

    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        keys = [key for key, _ in pairs]
        if len(keys) != len(set(keys)):
            repeated = next(key for key in keys if keys.count(key) > 1)
            raise ValueError(f"the key {repeated!r} appears twice")
        return dict(pairs)

    return json.loads(path.read_bytes().decode("utf-8"), object_pairs_hook=unique)


@contextlib.contextmanager
def new_folder(target: Path, *, replace: bool = False) -> Iterator[Path]:
    """A temporary folder beside the target that becomes the target when the block succeeds.

    Everything in it is flushed to disk before the rename, so after a power cut the target is the
    whole new folder or the whole old one (`recovered` finds it). An existing target is refused unless
    `replace`.
    """
    recovered(target)
    if target.exists() and not replace:
        raise OutputError(
            f"{shown(target)} exists already", cure="choose another name or use --force"
        )
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        _sweep(target)
        temporary = Path(
            tempfile.mkdtemp(prefix=f".{target.name}.", suffix=".tmp", dir=target.parent)
        )
    except OSError as error:
        raise write_failure(target, error) from error
    try:
        yield temporary
        _flush(temporary)
        temporary.chmod(0o755)
        _swap(temporary, target)
    except OSError as error:
        raise write_failure(target, error) from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _swap(temporary: Path, target: Path) -> None:
    if not target.exists():
        os.rename(temporary, target)
        return
    old = target.with_name(f".{target.name}.{uuid.uuid4().hex[:8]}.old")
    os.rename(target, old)
    os.rename(temporary, target)
    shutil.rmtree(old, ignore_errors=True)


def recovered(target: Path) -> Path:
    """The target, put back when a process died between the two renames that replace a folder."""
    if not target.exists() and target.parent.is_dir():
        for old in sorted(target.parent.glob(f".{target.name}.*.old")):
            os.rename(old, target)
            break
    return target


def _sweep(target: Path) -> None:
    for left in target.parent.glob(f".{target.name}.*.tmp"):
        if time.time() - left.stat().st_mtime > _ABANDONED_S:
            shutil.rmtree(left, ignore_errors=True)


def _flush(folder: Path) -> None:
    for path in folder.rglob("*"):
        if path.is_file():
            descriptor = os.open(path, os.O_RDONLY)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)


def remove_leftovers(folder: Path) -> int:
    """Delete temporary files that a killed process left in a folder of ours; returns how many."""
    left = [path for path in folder.glob(".*") if path.name.endswith((".tmp", ".old"))]
    for path in left:
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)
    return len(left)


def existing_folder(path: Path) -> Path:
    """The path, or InputError when there is no such folder."""
    if not path.exists():
        raise InputError(f"{shown(path)} does not exist", cure="check the name of the folder")
    if not path.is_dir():
        raise InputError(
            f"{shown(path)} is a file, not a folder", cure="name the folder it lies in"
        )
    return path
