"""TIFF files to arrays, exact in every number type, with a sentence for what cannot be read."""

from __future__ import annotations

import lzma
import re
import struct
import zlib
from dataclasses import dataclass
from io import BytesIO
from typing import Any, BinaryIO, Literal

import numpy as np

from inspector_core.data.decode import Unusable, check_size, damaged, ends_early
from inspector_core.types import Array

_CODES = {
    1: "B",
    2: "c",
    3: "H",
    4: "I",
    5: "II",
    6: "b",
    8: "h",
    9: "i",
    11: "f",
    12: "d",
    16: "Q",
}
_WANTED = {256, 257, 258, 273, 277, 279, 324, 325, 339}
_PLAIN_SIZES = {"B": 1, "H": 2, "I": 4, "Q": 8}
_ENDIAN: dict[str, Literal["little", "big"]] = {"<": "little", ">": "big"}
_MOST_VALUES = 1_000_000
_MOST_CHANNELS = 4


@dataclass(frozen=True, slots=True)
class Stored:
    """The one picture of a TIFF as it is stored.

    array : (H, W) or (H, W, C).   planar : True where the file holds it plane by plane.
    pages : directories that it came from.   orientation : EXIF code, 1 = rows lie upright.
    photometric : TIFF's number for what the values mean: 0 white is zero, 3 palette, 5 CMYK.
    """

    array: Array
    planar: bool
    pages: int
    orientation: int
    photometric: int


class NoCodec(Unusable):
    """A compression that needs a package which is not part of the installation."""


def decode(data: bytes, page: int = 0) -> Stored:
    """The one picture of a TIFF, or page `page` (1 is the first) of several.

    Raises Unusable: several pages and none chosen, ends early, damaged; NoCodec: a compression that
    only another reader may know.
    """
    tifffile = _tifffile()
    try:
        with tifffile.TiffFile(BytesIO(data)) as file:
            _check_length(file, len(data))
            series = _chosen(file, page)
            planar = _is_planar(series)
            height, width = series.shape[1:3] if planar else series.shape[:2]
            check_size(width, height)
            array = series.asarray()
            first = series.pages[0]
            return Stored(
                np.moveaxis(array, 0, 2) if planar else array,
                planar,
                len(series.pages),
                int(first.tags[274].value) if 274 in first.tags else 1,
                int(first.photometric),
            )
    except (zlib.error, lzma.LZMAError) as error:
        raise damaged("its compressed data cannot be unpacked") from error
    except (KeyError, ValueError, IndexError, TypeError, struct.error, OverflowError) as error:
        # TiffFileError is a ValueError; a missing codec comes as KeyError or ValueError
        raise _refusal(error, data) from error


def _tifffile() -> Any:
    import logging

    import tifffile

    # tifffile warns about damaged files on stderr; the sentence says it already
    logging.getLogger("tifffile").addHandler(logging.NullHandler())
    return tifffile


def _check_length(file: Any, size: int) -> None:
    if not len(file.pages):
        raise ends_early(size)
    needed = 0
    for page in file.pages:
        spans = zip(page.dataoffsets, page.databytecounts, strict=False)
        needed = max([needed, *(offset + count for offset, count in spans)])
    if needed > size:
        raise ends_early(size, needed)


def _chosen(file: Any, page: int) -> Any:
    """The series to read; several pictures need a choice."""
    several = len(file.series) > 1 or _is_stack(file.series[0])
    if several and page > len(file.pages):
        raise Unusable(f"page {page} asked for, {len(file.pages)} found", "choose another page")
    if several and page:
        return _OnePage(file.pages[page - 1])
    if several:
        raise Unusable(
            f"{len(file.pages)} pages found, 1 needed",
            "export one picture a file, or choose one with --set page=1",
        )
    return file.series[0]


def _is_stack(series: Any) -> bool:
    """True for several pictures; three planes of one cloud and rows stored as pages are none."""
    shape = series.shape
    return len(shape) > 3 or (
        len(shape) == 3 and len(series.pages) > 1 and shape[0] != 3 and shape[-1] not in (3, 4)
    )


def _is_planar(series: Any) -> bool:
    if len(series.shape) != 3 or series.axes.endswith("S"):
        return False
    return bool(series.axes.startswith("S") or series.shape[-1] > _MOST_CHANNELS)


class _OnePage:
    """One page with the attributes of a series."""

    def __init__(self, page: Any) -> None:
        self.pages = [page]
        self.shape, self.axes, self.asarray = page.shape, page.axes, page.asarray


def _refusal(error: Exception, data: bytes) -> Unusable:
    text = str(error)
    if named := re.search(r"<(COMPRESSION|PREDICTOR)\.(\w+)", text):
        if named[1] == "PREDICTOR":
            return NoCodec(
                f"saved with a {named[2].lower()} predictor, which cannot be read here",
                "save it uncompressed or with deflate and no predictor",
            )
        return NoCodec(
            f"compressed with {named[2]}, which cannot be read here",
            "save it uncompressed or with deflate",
        )
    if text.startswith("failed to read") or isinstance(error, struct.error):
        return ends_early(len(data))
    return damaged("its TIFF directory or data cannot be read")


def first_directory(stream: BinaryIO, order: str, *, big: bool) -> dict[int, tuple[int, ...]]:
    """Tags of the first picture that a scan needs: tag to values; 0 stands for the next directory.

    Raises struct.error where the file ends before the directory does.
    """
    size_of = struct.calcsize
    offset_code, count_code, entry_code = ("Q", "Q", "HHQ8s") if big else ("I", "H", "HHI4s")
    stream.seek(8 if big else 4)
    (start,) = struct.unpack(order + offset_code, stream.read(size_of(offset_code)))
    stream.seek(start)
    (count,) = struct.unpack(order + count_code, stream.read(size_of(order + count_code)))
    entry_size = size_of(order + entry_code)
    block = stream.read(min(count, 4096) * entry_size)
    if len(block) < count * entry_size:
        raise struct.error("directory ends early")
    tags: dict[int, tuple[int, ...]] = {}
    for tag, kind, number, inline in struct.iter_unpack(order + entry_code, block):
        if tag in _WANTED and kind in _CODES and number:
            tags[tag] = _values(stream, order, offset_code, _CODES[kind], number, inline)
    return tags | {0: _next_directory(stream, order + offset_code, start, count, entry_size)}


def _next_directory(
    stream: BinaryIO, code: str, start: int, count: int, entry_size: int
) -> tuple[int]:
    stream.seek(start + count * entry_size + (2 if entry_size == 12 else 8))
    (position,) = struct.unpack(code, stream.read(struct.calcsize(code)))
    return (position,)


def _values(
    stream: BinaryIO, order: str, offset_code: str, code: str, number: int, inline: bytes
) -> tuple[int, ...]:
    if number == 1 and _PLAIN_SIZES.get(code, 9) <= len(
        inline
    ):  # nearly all tags, and a scan reads many files
        return (int.from_bytes(inline[: _PLAIN_SIZES[code]], _ENDIAN[order]),)
    if number > _MOST_VALUES:
        raise damaged("its TIFF directory cannot be read")
    layout = f"{order}{number}{code}"
    size = struct.calcsize(layout)
    if size > len(inline):
        (position,) = struct.unpack(order + offset_code, inline)
        stream.seek(position)
        inline = stream.read(size)
    return struct.unpack(layout, inline[:size])
