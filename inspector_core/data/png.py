"""PNG where Pillow is not enough: completeness, checksums, and 16-bit colour read and written exactly.

Pillow returns `value >> 8` for 16-bit RGB, so a 12-bit camera would come back nearly black (measured).
Format: W3C PNG specification, third edition.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from inspector_core.data.decode import Unusable, check_size, damaged, ends_early
from inspector_core.data.headers import PNG_MAGIC
from inspector_core.types import Array

_CHANNELS = {0: 1, 2: 3, 4: 2, 6: 4}
_COLOURS = {channels: code for code, channels in _CHANNELS.items()}
_ADAM7 = 1
_BAND = 512
_SUB, _UP = 1, 2


def chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """(type, content) of every chunk; raises Unusable where the file ends early or is damaged."""
    position = len(PNG_MAGIC)
    while True:
        if position + 12 > len(data):
            raise ends_early(len(data), position + 12)
        length, kind = struct.unpack_from(">I4s", data, position)
        end = position + 12 + length
        if end > len(data):
            raise ends_early(len(data), end)
        content = data[position + 8 : end - 4]
        if zlib.crc32(content, zlib.crc32(kind)) != struct.unpack_from(">I", data, end - 4)[0]:
            raise damaged(f"the checksum of its {kind.decode('ascii', 'replace')} part differs")
        yield kind, content
        if kind == b"IEND":
            return
        position = end


def check(data: bytes) -> None:
    """Raise Unusable unless every chunk is there and its checksum holds."""
    for _ in chunks(data):
        pass


def decode16(data: bytes) -> npt.NDArray[np.uint16]:
    """(H, W, C) uint16 of a 16-bit PNG, C = 1 grey, 2 grey + alpha, 3 RGB, 4 RGBA."""
    parts = list(chunks(data))
    width, height, bits, colour, *_, interlace = struct.unpack(">IIBBBBB", parts[0][1])
    if bits != 16 or colour not in _CHANNELS:
        raise damaged("impossible PNG header")
    if interlace == _ADAM7:
        raise Unusable("16-bit picture saved interlaced", "save it without interlacing")
    check_size(width, height)
    bpp = 2 * _CHANNELS[colour]
    rows = _unpacked(b"".join(body for kind, body in parts if kind == b"IDAT"), width * bpp, height)
    plain = _unfiltered(rows[:, 1:].reshape(height, width, bpp), rows[:, 0])
    return np.ascontiguousarray(plain).view(">u2").astype(np.uint16)


def _unpacked(packed: bytes, row_bytes: int, height: int) -> npt.NDArray[np.uint8]:
    size = (row_bytes + 1) * height
    try:
        data = zlib.decompressobj().decompress(packed, size)
    except zlib.error as error:
        raise damaged("its compressed data cannot be unpacked") from error
    if len(data) < size:
        raise damaged(f"{len(data):,} of {size:,} bytes of pixels")
    return np.frombuffer(data, np.uint8).reshape(height, row_bytes + 1)


def _unfiltered(raw: npt.NDArray[np.uint8], filters: Array) -> npt.NDArray[np.uint8]:
    """Undo the row filters of (H, W, bytes) pixels, a band of rows at a time to bound the memory."""
    if int(filters.max(initial=0)) > 4:
        raise damaged("unknown row filter")
    plain = np.empty_like(raw)
    above = np.zeros(raw.shape[1:], np.uint8)
    for start in range(0, len(raw), _BAND):
        band = slice(start, start + _BAND)
        simple = int(filters[band].max()) <= _UP
        undo = _unfiltered_rows if simple else _unfiltered_band
        plain[band] = undo(raw[band], filters[band], above)
        above = plain[band][-1]
    return plain


def _unfiltered_rows(raw: Array, filters: Array, top: Array) -> npt.NDArray[np.uint8]:
    """Rows without filter, or filtered by their left or upper neighbour: whole rows at once."""
    plain = raw.copy()
    above = top
    for row, kind in zip(plain, filters, strict=True):
        if kind == _SUB:
            np.cumsum(row, axis=0, dtype=np.uint8, out=row)
        elif kind == _UP:
            row += above
        above = row
    return plain


def _unfiltered_band(raw: Array, filters: Array, top: Array) -> npt.NDArray[np.uint8]:
    """A pixel depends on its left, upper and upper-left neighbour only, so all pixels of one
    diagonal (row + column = t) are computed at once: W + H steps instead of W * H.

    `out[t + 2, row + 1]` holds pixel (row, t - row); its row 0 is the picture row above the band.
    """
    height, width, depth = raw.shape
    skewed = np.zeros((width + height, height, depth), np.int16)
    for row in range(height):
        skewed[row : row + width, row] = raw[row]
    out = np.zeros((width + height + 2, height + 1, depth), np.int16)
    out[1 : 1 + width, 0] = top
    chosen = (filters[:, None, None] == np.arange(1, 5)).astype(np.int16)
    for step in range(width + height - 1):
        rows = slice(max(0, step - width + 1), min(height, step + 1))
        here = slice(rows.start + 1, rows.stop + 1)
        predicted = _predicted(
            chosen[rows],
            left=out[step + 1, here],
            above=out[step + 1, rows],
            corner=out[step, rows],
        )
        out[step + 2, here] = (skewed[step, rows] + predicted) & 255
    return np.stack([out[row + 2 : row + 2 + width, row + 1] for row in range(height)]).astype(
        np.uint8
    )


def _predicted(chosen: Array, left: Array, above: Array, corner: Array) -> Array:
    """Prediction of each pixel of a diagonal by its row's filter: sub, up, average or Paeth.

    chosen : (rows, 1, 4) 0 or 1, all 0 for a row without filter; a product is faster than a choice.
    """
    to_left, to_above = np.abs(above - corner), np.abs(left - corner)
    to_corner = np.abs(left + above - 2 * corner)
    paeth = np.where(
        (to_left <= to_above) & (to_left <= to_corner),
        left,
        np.where(to_above <= to_corner, above, corner),
    )
    predicted = left * chosen[..., 0] + above * chosen[..., 1]
    predicted += ((left + above) >> 1) * chosen[..., 2]
    predicted += paeth * chosen[..., 3]
    return np.asarray(predicted)


def encode16(picture: Array) -> bytes:
    """PNG bytes of (H, W, C) uint16, C as in `decode16`; rows filtered by their upper neighbour."""
    height, width, channels = picture.shape
    rows = np.ascontiguousarray(picture.astype(">u2")).view(np.uint8).reshape(height, -1)
    filtered = np.empty((height, rows.shape[1] + 1), np.uint8)
    filtered[:, 0] = 2
    filtered[0, 1:] = rows[0]
    filtered[1:, 1:] = rows[1:] - rows[:-1]
    header = struct.pack(">IIBBBBB", width, height, 16, _COLOURS[channels], 0, 0, 0)
    return PNG_MAGIC + b"".join(
        struct.pack(">I", len(content))
        + kind
        + content
        + struct.pack(">I", zlib.crc32(kind + content))
        for kind, content in (
            (b"IHDR", header),
            (b"IDAT", zlib.compress(filtered.tobytes(), 6)),
            (b"IEND", b""),
        )
    )
