"""Organised clouds in PLY files: ascii and binary of both byte orders.

Read here rather than with Open3D, which returns the announced number of points for a truncated file
and fills the rest with stale memory (measured).
"""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from inspector_core.data.decode import Unusable, damaged, ends_early
from inspector_core.data.points import Points
from inspector_core.types import Array

LONGEST_HEADER = 16_384

_TYPES = {
    "char": "i1",
    "int8": "i1",
    "uchar": "u1",
    "uint8": "u1",
    "short": "i2",
    "int16": "i2",
    "ushort": "u2",
    "uint16": "u2",
    "int": "i4",
    "int32": "i4",
    "uint": "u4",
    "uint32": "u4",
    "float": "f4",
    "float32": "f4",
    "double": "f8",
    "float64": "f8",
}
_ORDERS = {"ascii": "", "binary_little_endian": "<", "binary_big_endian": ">"}
_WIDTH = re.compile(r"^(?:width|num_cols|columns|cols)\s*[:=]?\s*(\d+)$", re.IGNORECASE)
_HEIGHT = re.compile(r"^(?:height|num_rows|rows)\s*[:=]?\s*(\d+)$", re.IGNORECASE)
_UNIT = re.compile(r"^units?\s*[:=]?\s*(mm|millimet(?:re|er)s?|m|met(?:re|er)s?)$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Element:
    """One `element` of a PLY header: scalar properties as (name, NumPy type); lists name two types."""

    name: str
    count: int
    properties: tuple[tuple[str, str, str], ...]

    @property
    def has_lists(self) -> bool:
        return any(counter for _, _, counter in self.properties)

    def dtype(self, order: str) -> np.dtype[np.void]:
        """Record of the scalar properties."""
        return np.dtype([(name, order + kind) for name, kind, _ in self.properties])


@dataclass(frozen=True, slots=True)
class Layout:
    """A parsed PLY header.

    order : "<", ">" or "" for ascii.   start : byte where the data begin.
    grid : (W, H) from a comment, or None.   unit : "m", "mm" or "" from a comment.
    """

    order: str
    start: int
    elements: tuple[Element, ...]
    grid: tuple[int, int] | None
    unit: str

    @property
    def count(self) -> int:
        return self.vertices.count

    @property
    def vertices(self) -> Element:
        return next(entry for entry in self.elements if entry.name == "vertex")

    @property
    def needed(self) -> int:
        """Bytes up to the end of the last vertex, 0 where lists or text make that unknown."""
        total = self.start
        for entry in self.elements:
            if not self.order or entry.has_lists:
                return 0
            total += entry.count * entry.dtype(self.order).itemsize
            if entry.name == "vertex":
                break
        return total


def header(data: bytes) -> Layout:
    """Parse a PLY header; raises Unusable."""
    end = re.search(rb"end_header[ \t]*\r?\n", data)
    if end is None:
        raise ends_early(len(data))
    lines = data[: end.start()].decode("ascii", "replace").splitlines()[1:]
    order, grid, unit = None, {"width": 0, "height": 0}, ""
    elements: list[Element] = []
    try:
        for words in (line.split() for line in lines if line.strip()):
            match words[0]:
                case "format":
                    order = _ORDERS[words[1]]
                case "element":
                    elements.append(Element(words[1], int(words[2]), ()))
                case "property":
                    elements[-1] = _with_property(elements[-1], words)
                case "comment" | "obj_info":
                    unit = _read_comment(" ".join(words[1:]), grid) or unit
    except (KeyError, IndexError, ValueError) as error:
        raise damaged("its PLY header cannot be read") from error
    names = {
        name for entry in elements if entry.name == "vertex" for name, _, _ in entry.properties
    }
    if order is None or not {"x", "y", "z"} <= names:
        raise Unusable("the PLY has no vertices with x, y, z", "export the organised cloud")
    size = (grid["width"], grid["height"]) if all(grid.values()) else None
    return Layout(order, end.end(), tuple(elements), size, unit)


def _with_property(element: Element, words: list[str]) -> Element:
    counter, kind = (_TYPES[words[2]], words[3]) if words[1] == "list" else ("", words[1])
    return Element(
        element.name, element.count, (*element.properties, (words[-1], _TYPES[kind], counter))
    )


def _read_comment(text: str, grid: dict[str, int]) -> str:
    if found := _WIDTH.match(text):
        grid["width"] = int(found[1])
    if found := _HEIGHT.match(text):
        grid["height"] = int(found[1])
    unit = _UNIT.match(text)
    return "" if unit is None else "mm" if unit[1].lower().startswith(("mm", "mil")) else "m"


def decode(data: bytes) -> Points:
    """The vertices of a PLY; raises Unusable where the file holds fewer than it announces."""
    layout = header(data)
    if layout.needed > len(data):
        raise ends_early(len(data), layout.needed)
    columns = _binary(data, layout) if layout.order else _ascii(data, layout)
    xyz = np.stack([columns["x"], columns["y"], columns["z"]], axis=1)
    return Points(xyz, _colours(columns), layout.grid, layout.unit)


def _binary(data: bytes, layout: Layout) -> dict[str, Array]:
    position = layout.start
    for entry in layout.elements:
        if entry.name == "vertex":
            break
        position = _after(data, position, entry, layout.order)
    vertices = layout.vertices
    if vertices.has_lists:
        raise Unusable("its points hold lists", "export x, y, z as plain numbers")
    kind = vertices.dtype(layout.order)
    needed = position + vertices.count * kind.itemsize
    if needed > len(data):
        raise ends_early(len(data), needed)
    table = np.frombuffer(data, kind, vertices.count, position)
    return {name: table[name] for name in kind.names or ()}


def _after(data: bytes, position: int, element: Element, order: str) -> int:
    """Position behind an element that comes before the points."""
    if not element.has_lists:
        return position + element.count * element.dtype(order).itemsize
    try:
        for _ in range(element.count):
            for _name, kind, counter in element.properties:
                size = np.dtype(kind).itemsize
                if counter:
                    code = order + np.dtype(counter).char
                    (items,) = struct.unpack_from(code, data, position)
                    position += struct.calcsize(code) + items * size
                else:
                    position += size
    except struct.error as error:
        raise ends_early(len(data)) from error
    return position


def _ascii(data: bytes, layout: Layout) -> dict[str, Array]:
    lines = data[layout.start :].split(b"\n")
    first = sum(entry.count for entry in layout.elements[: layout.elements.index(layout.vertices)])
    rows = lines[first : first + layout.count]
    names = [name for name, _, _ in layout.vertices.properties]
    table = read_numbers(b"\n".join(rows), layout.count, len(names))
    return {name: table[:, column] for column, name in enumerate(names)}


def read_numbers(text: bytes, rows: int, columns: int) -> npt.NDArray[np.float64]:
    """(rows, columns) float64 from text; raises Unusable where numbers are missing or no numbers."""
    words = text.split()
    if len(words) < rows * columns:
        found = len(words) // max(columns, 1)
        raise Unusable(f"file ends early ({found:,} of {rows:,} points)", "copy it again")
    try:
        return np.array(words[: rows * columns], dtype=np.float64).reshape(rows, columns)
    except ValueError as error:
        raise damaged("not all its values are numbers") from error


def _colours(columns: dict[str, Array]) -> Array | None:
    """(N, 3) uint8 from red, green, blue (or r, g, b) as bytes or as 0..1."""
    for names in (("red", "green", "blue"), ("r", "g", "b")):
        if all(name in columns for name in names):
            stacked = np.stack([columns[name] for name in names], axis=1)
            if stacked.dtype == np.uint8:
                return stacked
            scale = 255.0 if float(stacked.max(initial=0)) <= 1.0 else 1.0
            return np.clip(np.rint(stacked * scale), 0, 255).astype(np.uint8)
    return None
