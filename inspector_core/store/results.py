"""The result store: a folder that can be killed at any moment and still opens.

    store.json            format, recipe hash
    parts/<key>.json      a result without maps; written last, so a part with a JSON is complete
    parts/<key>.maps      its float32 maps (safetensors), cut to the bounding box of the foreground

<key> is the hash of the part's id, so that any id makes a valid file name.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from inspector_core.errors import InputError, OutputError
from inspector_core.files import (
    ensure_writable,
    read_json,
    remove_leftovers,
    sha256_bytes,
    shown,
    write_atomic,
    write_json,
)
from inspector_core.store.serialise import result_from_json, result_to_json
from inspector_core.types import AnomalyMaps, Array, Result

MARKER = "store.json"
FORMAT = "relief-store/1"


class ResultStore:
    """Results of one recipe over many parts."""

    def __init__(self, folder: Path, recipe_sha256: str) -> None:
        self.folder = folder
        self.recipe_sha256 = recipe_sha256
        self._parts = folder / "parts"
        self._lock = threading.Lock()

    @classmethod
    def create(cls, folder: Path, recipe_sha256: str, *, force: bool = False) -> ResultStore:
        """A store for a recipe; an existing one of the same recipe is gone on with.

        Raises OutputError when the folder holds something else, or another recipe's results
        (unless `force`, which forgets those).
        """
        marker = folder / MARKER
        if marker.exists():
            store = cls.open(folder)
            if store.recipe_sha256 == recipe_sha256 and not force:
                return store
            if not force:
                raise OutputError(
                    f"{shown(folder)} holds results of another recipe",
                    cure="choose another folder or use --force",
                )
            for path in (folder / "parts").iterdir():
                path.unlink(missing_ok=True)
        elif folder.exists() and any(folder.iterdir()):
            raise OutputError(
                f"{shown(folder)} is not empty and holds no results", cure="choose another folder"
            )
        ensure_writable(folder / "parts")
        write_json(marker, {"format": FORMAT, "recipe_sha256": recipe_sha256})
        return cls(folder, recipe_sha256)

    @classmethod
    def open(cls, folder: Path) -> ResultStore:
        """An existing store; InputError when the folder is none."""
        try:
            document = read_json(folder / MARKER)
            if document["format"] != FORMAT:
                raise ValueError(document["format"])
            sha256 = str(document["recipe_sha256"])
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise InputError(
                f"{shown(folder)} holds no results of this program", cure="choose another folder"
            ) from error
        store = cls(folder, sha256)
        store._parts.mkdir(exist_ok=True)
        remove_leftovers(store._parts)
        return store

    def write(self, result: Result) -> None:
        """Add or replace a part's result; complete or absent."""
        from safetensors.numpy import save

        key = self._key(result.id)
        with self._lock:
            if result.maps is not None:
                write_atomic(self._parts / f"{key}.maps", save(_packed(result.maps)))
            document = result_to_json(result)
            if result.maps is not None:
                document["maps"] = _facts(result.maps)
            write_json(self._parts / f"{key}.json", document)

    def ids(self) -> tuple[str, ...]:
        """Ids of the stored parts, sorted."""
        return tuple(sorted(result.id for result in self._iterate()))

    def results(self) -> tuple[Result, ...]:
        """All results without maps, sorted by id; damaged ones are left out and will be redone."""
        return tuple(sorted(self._iterate(), key=lambda result: result.id))

    def result(self, part_id: str) -> Result | None:
        """One result without maps, or None."""
        return self._read(self._parts / f"{self._key(part_id)}.json")

    def maps(self, part_id: str) -> AnomalyMaps | None:
        """A part's raw maps in source pixels, or None when it has none."""
        from safetensors import SafetensorError
        from safetensors.numpy import load_file

        key = self._key(part_id)
        try:
            tensors = load_file(self._parts / f"{key}.maps")
            facts = read_json(self._parts / f"{key}.json")["maps"]
        except FileNotFoundError:
            return None
        except (SafetensorError, OSError, ValueError, KeyError) as error:
            raise InputError(
                f"the stored maps of {part_id} cannot be read", cure="inspect the part again"
            ) from error
        return _unpacked(tensors, facts)

    def _iterate(self) -> Iterator[Result]:
        for path in sorted(self._parts.glob("*.json")):
            result = self._read(path)
            if result is not None:
                yield result

    def _read(self, path: Path) -> Result | None:
        try:
            return result_from_json(read_json(path))
        except (OSError, ValueError, KeyError, TypeError):
            return None

    @staticmethod
    def _key(part_id: str) -> str:
        return sha256_bytes(part_id.encode("utf-8", "surrogateescape"))[:32]


def _packed(maps: AnomalyMaps) -> dict[str, Array]:
    arrays = maps.arrays()
    seen = np.zeros(maps.size, bool)
    for values in arrays.values():
        seen |= np.isfinite(values)
    rows = np.flatnonzero(seen.any(axis=1))
    columns = np.flatnonzero(seen.any(axis=0))
    if rows.size == 0:
        box = (0, 0, 0, 0)
    else:
        box = (int(rows[0]), int(rows[-1]) + 1, int(columns[0]), int(columns[-1]) + 1)
    packed = {
        name: np.ascontiguousarray(values[box[0] : box[1], box[2] : box[3]])
        for name, values in arrays.items()
    }
    packed["box"] = np.array([*box, *maps.size], np.int32)
    return packed


def _facts(maps: AnomalyMaps) -> dict[str, Any]:
    return {"unit": maps.unit, "notes": list(maps.notes), "part_score": maps.part_score}


def _unpacked(tensors: dict[str, Array], facts: Mapping[str, Any]) -> AnomalyMaps:
    top, bottom, left, right, height, width = (int(v) for v in tensors.pop("box"))
    full = {}
    for name, values in tensors.items():
        whole = np.full((height, width), np.nan, np.float32)
        whole[top:bottom, left:right] = values
        full[name] = whole
    own = facts.get("part_score")  # stores of earlier versions know none
    return AnomalyMaps(**full, unit=facts["unit"], notes=tuple(facts["notes"]), part_score=own)
