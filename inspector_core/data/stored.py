"""The values that a picture file stores, exact and as they lie, from the reader that knows the format."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, replace
from io import BytesIO
from typing import TYPE_CHECKING

import numpy as np

from inspector_core.data import png, tiffs
from inspector_core.data.decode import Unusable, check_size, damaged, ends_early, not_an_image
from inspector_core.data.headers import PICTURES, Header, header_of_bytes
from inspector_core.types import Array

if TYPE_CHECKING:
    from PIL import Image

_FORMATS = ("PNG", "JPEG", "TIFF", "BMP", "GIF", "WEBP")
_WHITE_IS_ZERO, _GREY_TIFF, _RGB_TIFF, _CMYK_TIFF = 0, 1, 2, 5


@dataclass(frozen=True, slots=True)
class Stored:
    """Stored values before they become RGB: (H, W) or (H, W, C)."""

    values: Array
    notes: tuple[str, ...] = ()
    orientation: int = 1


def picture_header(data: bytes) -> Header:
    """The header of a picture of a kind that is read, its size checked; raises Unusable."""
    header = header_of_bytes(data)
    if header.kind == "exr":
        raise Unusable("OpenEXR pictures are not read", "export PNG or TIFF")
    if header.kind not in PICTURES:
        raise not_an_image(data)
    if header.width:
        check_size(header.width, header.height)
    return header


def stored_values(data: bytes, header: Header, page: int) -> Stored:
    """The values of a picture by the reader that keeps them exact; raises Unusable.

    page : which of several pages to use (1 is the first), 0 refuses several.
    """
    match header.kind:
        case "png":
            png.check(data)
            raw = _by_pillow(data, page)
            if header.bits == 16 and header.channels > 1:
                # Pillow hands out value >> 8 here; only its orientation is of use
                return replace(raw, values=png.decode16(data), notes=())
            return raw
        case "tiff":
            return _tiff(data, page)
        case _:
            return _by_pillow(data, page)


def _tiff(data: bytes, page: int) -> Stored:
    try:
        found = tiffs.decode(data, page)
    except tiffs.NoCodec as refusal:
        # Pillow's libtiff knows LZW and JPEG, but only 8-bit colour and one-channel pictures
        try:
            return _by_pillow(data, page)
        except Unusable:
            raise refusal from None
    if found.photometric == _CMYK_TIFF:
        raise _cmyk()
    if found.photometric not in (_WHITE_IS_ZERO, _GREY_TIFF, _RGB_TIFF):
        return _by_pillow(data, page)
    if found.planar and found.pages > 1:
        raise Unusable(
            f"{found.pages} pages found, 1 needed",
            "export one picture a file, or choose one with --set page=1",
        )
    values = found.array
    if found.photometric == _WHITE_IS_ZERO and values.dtype.kind == "u":
        values = np.iinfo(values.dtype).max - values
    return Stored(values, (), found.orientation)


def _by_pillow(data: bytes, page: int) -> Stored:
    from PIL import Image

    try:
        with warnings.catch_warnings():
            # the size was checked against our own limit; damaged metadata matter only in pixels
            warnings.simplefilter("ignore")
            image = Image.open(BytesIO(data), formats=_FORMATS)
            _choose_frame(image, page)
            before = _orientation(image)
            image.load()
    except Unusable:
        raise
    except Image.DecompressionBombError as error:
        raise Unusable("larger than 179 MP", "tile or downscale it") from error
    except Exception as error:  # Pillow's plugins raise a dozen types on damaged data
        if "truncated" in str(error).lower():
            raise ends_early(len(data)) from error
        raise damaged("its pixels cannot be decoded") from error
    raw = _by_mode(image)
    if image.format == "TIFF" and before != 1:
        # Pillow turns TIFFs upright on loading, and only those: back to the stored rows
        return replace(
            raw, values=turned(raw.values, {6: 8, 8: 6}.get(before, before)), orientation=before
        )
    return replace(raw, orientation=before)


def _choose_frame(image: Image.Image, page: int) -> None:
    frames = 1 if image.format == "MPO" else int(getattr(image, "n_frames", 1))
    if frames == 1:
        return
    if page > frames:
        raise Unusable(f"page {page} asked for, {frames} found", "choose another page")
    if page:
        image.seek(page - 1)
    else:
        raise Unusable(
            f"{frames} pages found, 1 needed",
            "export one picture a file, or choose one with --set page=1",
        )


def _orientation(image: Image.Image) -> int:
    code = image.getexif().get(0x0112, 1)
    return int(code) if code in range(1, 9) else 1


def _by_mode(image: Image.Image) -> Stored:
    """Pillow's picture as values; converted modes say so."""
    match image.mode:
        case "CMYK":
            raise _cmyk()
        case "RGB" | "RGBA" | "L" | "LA" | "I;16":
            return Stored(np.asarray(image))
        case "I;16B" | "I;16L" | "I":
            return Stored(np.asarray(image).astype(np.uint16))
        case "1":
            return Stored(np.asarray(image.convert("L")), ("1-bit picture converted to colour",))
        case "P" | "PA":
            kind = "RGBA" if "transparency" in image.info or image.mode == "PA" else "RGB"
            return Stored(np.asarray(image.convert(kind)), ("palette picture converted to colour",))
        case "YCbCr":
            return Stored(np.asarray(image.convert("RGB")))
        case other:
            raise Unusable(f"colour mode {other}", "convert it to RGB with 8 or 16 bits")


def turned(values: Array, orientation: int) -> Array:
    """(H, W, ...) rows as stored to upright rows, by the EXIF orientation code 1..8."""
    match orientation:
        case 2:
            return values[:, ::-1]
        case 3:
            return values[::-1, ::-1]
        case 4:
            return values[::-1]
        case 5:
            return values.swapaxes(0, 1)
        case 6:
            return np.rot90(values, -1)
        case 7:
            return values[::-1, ::-1].swapaxes(0, 1)
        case 8:
            return np.rot90(values)
        case _:
            return values


def _cmyk() -> Unusable:
    return Unusable("CMYK picture", "convert it to RGB: print colours are not comparable")
