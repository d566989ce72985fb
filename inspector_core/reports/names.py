"""File names from part ids: any id gives a name that is legal everywhere and stays inside the folder."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Mapping, Sequence

from inspector_core.files import sha256_bytes

FOLDER = "parts"
_LONGEST_PIECE, _LONGEST = 120, 180
_UNSAFE = re.compile(r"[^\w.\- ()+,]")
_DEVICES = {"con", "prn", "aux", "nul", *(f"{d}{n}" for d in ("com", "lpt") for n in range(1, 10))}


def file_names(ids: Sequence[str]) -> Mapping[str, str]:
    """Part id to the stem of its files: "parts/test/dent/004".

    Letters, digits and a few signs stay; everything else becomes "_". Where that changed anything, or
    two names differ only in case, a hash of the id is added, so different parts never share a file.
    """
    plain = {part_id: _path(part_id) for part_id in ids}
    used = Counter(_key(name) for name in plain.values())
    return {
        part_id: name
        if name == f"{FOLDER}/{part_id}" and used[_key(name)] == 1
        else f"{name}-{_hash(part_id)}"
        for part_id, name in plain.items()
    }


def _key(name: str) -> str:
    """Equal for names that some file system takes for the same."""
    return unicodedata.normalize("NFC", name).casefold()


def _path(part_id: str) -> str:
    *folders, last = (_piece(piece) for piece in part_id.split("/"))
    # "a.png/b" must not make a folder where the file of "a" lies
    path = "/".join([FOLDER, *(folder.replace(".", "_") for folder in folders), last])
    return path if len(path.encode()) <= _LONGEST else f"{FOLDER}/{last}"


def _piece(piece: str) -> str:
    safe = _UNSAFE.sub("_", piece)
    safe = safe.encode()[:_LONGEST_PIECE].decode(errors="ignore").strip(" ").rstrip(".")
    safe = re.sub(r"^\.+", "_", safe) or "_"
    return f"_{safe}" if safe.split(".")[0].casefold() in _DEVICES else safe


def _hash(part_id: str) -> str:
    return sha256_bytes(part_id.encode("utf-8", "surrogatepass"))[:8]
