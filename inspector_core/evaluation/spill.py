"""Float arrays that are kept in memory up to a limit and in an unnamed temporary file beyond it."""

from __future__ import annotations

import tempfile
from pathlib import Path
from types import TracebackType
from typing import BinaryIO

import numpy as np

from inspector_core.files import write_failure
from inspector_core.types import Array

LIMIT_BYTES = 512 << 20
"""So much stays in memory; a category of 100 parts of 640,000 pixels, a third of them on the part,
needs 250 MB for three maps."""


class Spill:
    """A store of float32 arrays by number; the file is gone when it is closed or the process dies."""

    def __init__(self, limit_bytes: int = LIMIT_BYTES) -> None:
        self._room = limit_bytes
        self._kept: list[Array | tuple[int, int]] = []
        self._file: BinaryIO | None = None
        self._mapped: Array = np.empty(0, np.float32)

    @property
    def on_disk(self) -> bool:
        """Whether anything had to go to the disk."""
        return self._file is not None

    def put(self, values: Array) -> int:
        """Keep a one-dimensional float32 array; returns its number. Raises DiskFullError."""
        if not len(values):
            self._kept.append(values)
            return len(self._kept) - 1
        if values.nbytes <= self._room:
            self._room -= values.nbytes
            self._kept.append(values)
        else:
            self._kept.append((self._append(values), len(values)))
        return len(self._kept) - 1

    def get(self, number: int) -> Array:
        """The array of that number; what lies on the disk is read as it is looked at."""
        entry = self._kept[number]
        if not isinstance(entry, tuple):
            return entry
        first, length = entry
        if first + length > len(self._mapped):
            assert self._file is not None
            self._mapped = np.memmap(self._file, np.float32, "r")
        return self._mapped[first : first + length]

    def _append(self, values: Array) -> int:
        try:
            if self._file is None:
                self._file = tempfile.TemporaryFile(prefix="relief-evaluation-")  # noqa: SIM115
            place = self._file.seek(0, 2) // 4
            self._file.write(values.astype(np.float32, copy=False).tobytes())
            self._file.flush()
        except OSError as error:
            raise write_failure(Path(tempfile.gettempdir()), error) from error
        return place

    def close(self) -> None:
        """Forget everything."""
        self._kept.clear()
        self._mapped = np.empty(0, np.float32)
        if self._file is not None:
            self._file.close()

    def __enter__(self) -> Spill:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()
