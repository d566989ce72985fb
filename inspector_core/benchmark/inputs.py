"""The content of a class's files as one hash, so that a job's name follows from what it reads."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from inspector_core.files import json_bytes, read_json, sha256_bytes, sha256_file, write_json
from inspector_core.progress import Job, Progress
from inspector_core.types import SampleRef

MISSING = "missing"
"""In place of the hash of a file that cannot be read: its part fails with a sentence of its own."""
_TELL_EVERY = 8 << 20
"""Bytes hashed between two steps of progress."""


class Hashes:
    """SHA-256 of files, remembered between runs by path, size and time of change."""

    def __init__(self, memory: Path) -> None:
        self._memory = memory
        self._known: dict[str, list[Any]] = {}
        self._changed = False
        try:
            kept = read_json(memory)
            if isinstance(kept, dict):
                self._known = kept
        except (OSError, ValueError):
            pass  # it only saves time

    def of(self, path: str) -> tuple[str, int]:
        """(hash, bytes read for it) of a file; MISSING when it cannot be read."""
        try:
            status = os.stat(path)
            stamp = [status.st_size, status.st_mtime_ns]
            known = self._known.get(path)
            if isinstance(known, list) and known[:2] == stamp:
                return str(known[2]), 0
            digest = sha256_file(Path(path))
        except OSError:
            return MISSING, 0
        self._known[path] = [*stamp, digest]
        self._changed = True
        return digest, status.st_size

    def keep(self) -> None:
        """Remember for the next run."""
        if self._changed:
            write_json(self._memory, self._known)
            self._changed = False


def content_of(refs: Iterable[SampleRef], hashes: Hashes, stage: str) -> Job[str]:
    """One hash of all parts: ids, splits, labels, and the bytes of their files. Folders do not matter."""
    rows: list[list[str]] = []
    read = 0
    for ref in refs:
        for role in sorted(ref.files):
            digest, size = hashes.of(ref.files[role])
            rows.append([ref.id, ref.split, ref.label or "", role, digest])
            read += size
            if read > _TELL_EVERY:
                read = 0
                yield Progress(stage)
    yield Progress(stage)
    return hash_of(rows)


def census(refs: Iterable[SampleRef]) -> str:
    """One hash of ids, splits and file sizes: quick to compare where the same parts must be read again."""
    rows = [
        [
            ref.id,
            ref.split,
            ref.label or "",
            *(_size(ref.files[role]) for role in sorted(ref.files)),
        ]
        for ref in refs
    ]
    return hash_of(rows)


def hash_of(content: object) -> str:
    """SHA-256 of plain values; the order of a mapping's keys does not matter."""
    return sha256_bytes(json_bytes(_sorted(content)))


def _sorted(content: object) -> object:
    if isinstance(content, Mapping):
        return {str(key): _sorted(content[key]) for key in sorted(content)}
    if isinstance(content, list | tuple):
        return [_sorted(value) for value in content]
    return content


def _size(path: str) -> int:
    try:
        return os.stat(path).st_size
    except OSError:
        return -1
