"""Organised clouds in PCD files: ascii, binary and binary_compressed (LZF)."""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass

import numpy as np

from inspector_core.data.decode import Unusable, damaged, ends_early
from inspector_core.data.points import Points
from inspector_core.types import Array

LONGEST_HEADER = 4096

_START = re.compile(rb"\s*(#[^\n]*\n\s*)?(VERSION|FIELDS|COLUMNS)\b")
_COMMENT_ONLY = re.compile(rb"#\s*\.PCD", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Field:
    """One field: NumPy type of its values and how many a point has."""

    name: str
    kind: str
    count: int

    @property
    def size(self) -> int:
        return np.dtype(self.kind).itemsize * self.count


@dataclass(frozen=True, slots=True)
class Layout:
    """A parsed PCD header; `grid` is (W, H) of an organised cloud, or None."""

    fields: tuple[Field, ...]
    count: int
    grid: tuple[int, int] | None
    encoding: str
    start: int

    @property
    def point_size(self) -> int:
        return sum(entry.size for entry in self.fields)

    @property
    def needed(self) -> int:
        """Bytes that the file must have, 0 where text or compression make that unknown."""
        return self.start + self.count * self.point_size if self.encoding == "binary" else 0


def starts(data: bytes) -> bool:
    """True for bytes that begin a PCD file."""
    return bool(_START.match(data) or _COMMENT_ONLY.match(data))


def header(data: bytes) -> Layout:
    """Parse a PCD header; raises Unusable."""
    end = re.search(rb"^DATA[ \t]+(\w+)[ \t]*\r?\n", data, re.MULTILINE)
    if end is None:
        raise ends_early(len(data))
    lines = data[: end.start()].decode("ascii", "replace").splitlines()
    entries = {words[0].upper(): words[1:] for line in lines if (words := line.split())}
    try:
        names = entries.get("FIELDS") or entries["COLUMNS"]
        counts = [int(word) for word in entries.get("COUNT", ["1"] * len(names))]
        kinds = [
            kind.lower() + size for kind, size in zip(entries["TYPE"], entries["SIZE"], strict=True)
        ]
        fields = tuple(
            Field(name, np.dtype(kind).str[1:], count)
            for name, kind, count in zip(names, kinds, counts, strict=True)
        )
        width, height = int(entries["WIDTH"][0]), int(entries["HEIGHT"][0])
        points = int(entries.get("POINTS", [str(width * height)])[0])
    except (KeyError, IndexError, ValueError, TypeError) as error:
        raise damaged("its PCD header cannot be read") from error
    if not {"x", "y", "z"} <= {entry.name for entry in fields}:
        raise Unusable("the PCD has no fields x, y, z", "export the organised cloud")
    if width * height != points or min(width, height) < 0:
        raise damaged(f"{width}x{height} points announced, and {points} as well")
    grid = (width, height) if height > 1 else None
    return Layout(fields, points, grid, end[1].decode().lower(), end.end())


def decode(data: bytes) -> Points:
    """The points of a PCD; raises Unusable where the file holds fewer than it announces."""
    layout = header(data)
    body = data[layout.start :]
    match layout.encoding:
        case "ascii":
            columns = _ascii(body, layout)
        case "binary":
            columns = _binary(body, layout)
        case "binary_compressed":
            columns = _compressed(body, layout)
        case other:
            raise Unusable(f"PCD data are {other}", "save it as ascii, binary or binary_compressed")
    xyz = np.stack([columns["x"], columns["y"], columns["z"]], axis=1)
    return Points(xyz, _colours(columns), layout.grid)


def _ascii(body: bytes, layout: Layout) -> dict[str, Array]:
    from inspector_core.data.ply import read_numbers

    table = read_numbers(body, layout.count, sum(entry.count for entry in layout.fields))
    columns, position = {}, 0
    for entry in layout.fields:
        columns[entry.name] = table[:, position].astype(entry.kind)
        position += entry.count
    return columns


def _binary(body: bytes, layout: Layout) -> dict[str, Array]:
    needed = layout.count * layout.point_size
    if len(body) < needed:
        raise ends_early(len(body) + layout.start, layout.needed)
    # padding fields are all called "_": positions, not names, make the record
    kind = np.dtype(
        [
            (f"f{number}", "<" + entry.kind, (entry.count,))
            for number, entry in enumerate(layout.fields)
        ]
    )
    table = np.frombuffer(body, kind, layout.count)
    return {
        entry.name: table[f"f{number}"][:, 0]
        for number, entry in enumerate(layout.fields)
        if entry.count
    }


def _compressed(body: bytes, layout: Layout) -> dict[str, Array]:
    if len(body) < 8:
        raise ends_early(layout.start + len(body), layout.start + 8)
    packed, unpacked = struct.unpack_from("<II", body)
    if len(body) < 8 + packed:
        raise ends_early(layout.start + len(body), layout.start + 8 + packed)
    if unpacked != layout.count * layout.point_size:
        raise damaged("its unpacked size contradicts its header")
    planes = unpack_lzf(body[8 : 8 + packed], unpacked)
    columns, position = {}, 0
    for entry in layout.fields:
        plane = np.frombuffer(planes, "<" + entry.kind, layout.count * entry.count, position)
        columns[entry.name] = plane.reshape(layout.count, entry.count)[:, 0]
        position += layout.count * entry.size
    return columns


def unpack_lzf(packed: bytes, size: int) -> bytes:
    """LZF (Lehmann's liblzf format): literal runs and back references; raises Unusable."""
    out = bytearray()
    position = 0
    try:
        while position < len(packed):
            control = packed[position]
            position += 1
            if control < 32:
                out += packed[position : position + control + 1]
                position += control + 1
                continue
            length = control >> 5
            if length == 7:
                length += packed[position]
                position += 1
            start = len(out) - ((control & 31) << 8) - packed[position] - 1
            position += 1
            _repeat(out, start, length + 2)
            if len(out) > size:
                break
    except IndexError as error:
        raise damaged("its compressed data cannot be unpacked") from error
    if len(out) != size:
        raise damaged("its compressed data cannot be unpacked")
    return bytes(out)


def _repeat(out: bytearray, start: int, length: int) -> None:
    """Append `length` bytes from `start` on; the source may overlap what is being written."""
    if start < 0:
        raise IndexError
    while length > 0:
        piece = out[start : start + length]
        out += piece
        length -= len(piece)


def _colours(columns: dict[str, Array]) -> Array | None:
    """(N, 3) uint8 from PCL's packed `rgb` or `rgba`, 0x00RRGGBB in a float32 or uint32."""
    packed = columns.get("rgb", columns.get("rgba"))
    if packed is None or packed.dtype.itemsize != 4:
        return None
    bits = np.ascontiguousarray(packed).view(np.uint32)
    return np.stack([bits >> 16 & 255, bits >> 8 & 255, bits & 255], axis=1).astype(np.uint8)
