"""What the first bytes of a file say: kind, size, channels. Cheap enough for every file of a scan."""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO
from typing import BinaryIO, Literal

from inspector_core.data import pcd, ply
from inspector_core.data.decode import Unusable, damaged, empty, ends_early, not_an_image

Kind = Literal["png", "jpeg", "tiff", "bmp", "gif", "webp", "exr", "npy", "ply", "pcd"]

PICTURES: frozenset[str] = frozenset({"png", "jpeg", "tiff", "bmp", "gif", "webp"})
CLOUDS: frozenset[str] = frozenset({"tiff", "npy", "ply", "pcd"})

PNG_MAGIC = b"\x89PNG\r\n\x1a\n"
_START = 64
_MOST_CHANNELS = 4
_PNG_CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}


@dataclass(frozen=True, slots=True)
class Header:
    """What a file announces about itself.

    width, height : pixels, or 0 where the kind has none (GIF, WebP; a cloud without a grid).
    channels, bits, floating : of one stored value, 0 where unknown.
    needed : bytes that the file must have for its pixels, 0 where it does not say.
    points : points of a PLY or PCD.
    """

    kind: Kind
    width: int = 0
    height: int = 0
    channels: int = 0
    bits: int = 0
    floating: bool = False
    needed: int = 0
    points: int = 0

    @property
    def size(self) -> tuple[int, int]:
        """(W, H)."""
        return self.width, self.height


def peek(path: str) -> Header:
    """The header of a file; raises Unusable or OSError. Reads a few hundred bytes."""
    with open(path, "rb") as stream:
        return header_of(stream, stream.seek(0, 2))


def header_of_bytes(data: bytes) -> Header:
    """The header of bytes that are already read."""
    return header_of(BytesIO(data), len(data))


def header_of(stream: BinaryIO, size: int) -> Header:
    """The header at the start of a stream of `size` bytes; checks that the file is long enough."""
    stream.seek(0)
    start = stream.read(_START)
    if not start:
        raise empty()
    reader = _reader_for(start)
    if reader is None:
        raise not_an_image(start)
    try:
        header = reader(stream, start)
    except (struct.error, IndexError) as error:
        raise ends_early(size) from error
    if header.needed > size:
        raise ends_early(size, header.needed)
    return header


def _reader_for(start: bytes) -> Callable[[BinaryIO, bytes], Header] | None:
    for magic, reader in _READERS:
        if start.startswith(magic):
            return reader
    if start[:4] == b"RIFF" and start[8:12] == b"WEBP":
        return lambda _, __: Header("webp")
    if pcd.starts(start):
        return _pcd
    return None


def _png(_: BinaryIO, start: bytes) -> Header:
    if start[12:16] != b"IHDR":
        raise damaged("no PNG header") if len(start) >= 33 else ends_early(len(start))
    width, height, bits, colour = struct.unpack(">IIBB", start[16:26])
    if not width or not height or colour not in _PNG_CHANNELS:
        raise damaged("impossible PNG header")
    return Header("png", width, height, _PNG_CHANNELS[colour], bits)


def _jpeg(stream: BinaryIO, _: bytes) -> Header:
    stream.seek(2)
    while True:
        marker, code, length = struct.unpack(">BBH", stream.read(4))
        if marker != 0xFF:
            raise damaged("a JPEG segment is missing")
        if 0xC0 <= code <= 0xCF and code not in (0xC4, 0xC8, 0xCC):
            bits, height, width, channels = struct.unpack(">BHHB", stream.read(6))
            return Header("jpeg", width, height, channels, bits)
        stream.seek(length - 2, 1)


def _bmp(_: BinaryIO, start: bytes) -> Header:
    width, height, _planes, bits = struct.unpack("<iiHH", start[18:30])
    return Header("bmp", abs(width), abs(height), max(1, bits // 8), min(bits, 8))


def _npy(stream: BinaryIO, _: bytes) -> Header:
    from tokenize import TokenError

    from numpy.lib import format as npy

    stream.seek(0)
    try:
        version = npy.read_magic(stream)
        read = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
        shape, _order, dtype = read(stream)
    except (ValueError, TypeError, SyntaxError, KeyError, TokenError) as error:
        raise damaged("its NPY header cannot be read") from error
    if dtype.hasobject or len(shape) not in (2, 3):
        listed = "x".join(map(str, shape)) or "single value"
        raise Unusable(
            f"array of {dtype} with shape {listed}, needed are numbers (rows, columns, 3)",
            "export the organised cloud or the depth",
        )
    channels = shape[2] if len(shape) == 3 else 1
    count = shape[0] * shape[1] * channels
    return Header(
        "npy",
        shape[1],
        shape[0],
        channels,
        dtype.itemsize * 8,
        dtype.kind == "f",
        stream.tell() + count * dtype.itemsize,
    )


def _tiff(stream: BinaryIO, start: bytes) -> Header:
    from inspector_core.data.tiffs import first_directory

    order = "<" if start[:2] == b"II" else ">"
    tags = first_directory(stream, order, big=start[2:4] in (b"\x2b\x00", b"\x00\x2b"))
    if 256 not in tags or 257 not in tags:
        raise damaged("its TIFF directory has no picture size")
    offsets = tags.get(273) or tags.get(324) or (0,)
    counts = tags.get(279) or tags.get(325) or (0,)
    needed = max(offset + count for offset, count in zip(offsets, counts, strict=False))
    several = tags[0][0] != 0
    if several and tags[256][0] <= _MOST_CHANNELS:
        return Header("tiff", needed=needed)  # rows stored as pages: only decoding tells
    return Header(
        "tiff",
        tags[256][0],
        tags[257][0],
        0 if several else tags.get(277, (1,))[0],
        tags.get(258, (1,))[0],
        tags.get(339, (1,))[0] == 3,
        needed,
    )


def _ply(stream: BinaryIO, _: bytes) -> Header:
    stream.seek(0)
    layout = ply.header(stream.read(ply.LONGEST_HEADER))
    width, height = layout.grid or (0, 0)
    return Header("ply", width, height, 3, 32, True, layout.needed, layout.count)


def _pcd(stream: BinaryIO, _: bytes) -> Header:
    stream.seek(0)
    layout = pcd.header(stream.read(pcd.LONGEST_HEADER))
    width, height = layout.grid or (0, 0)
    return Header("pcd", width, height, 3, 32, True, layout.needed, layout.count)


_READERS: tuple[tuple[bytes, Callable[[BinaryIO, bytes], Header]], ...] = (
    (PNG_MAGIC, _png),
    (b"\xff\xd8\xff", _jpeg),
    (b"II\x2a\x00", _tiff),
    (b"MM\x00\x2a", _tiff),
    (b"II\x2b\x00", _tiff),
    (b"MM\x00\x2b", _tiff),
    (b"BM", _bmp),
    (b"GIF8", lambda _, __: Header("gif")),
    (b"\x76\x2f\x31\x01", lambda _, __: Header("exr")),
    (b"\x93NUMPY", _npy),
    (b"ply\n", _ply),
    (b"ply\r", _ply),
)
