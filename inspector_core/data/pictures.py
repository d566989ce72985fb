"""Colour pictures, masks and grey depth pictures from bytes, exact in 8 and 16 bit.

Everything that is converted on the way is said in a note; what cannot be compared between parts
(CMYK, hidden colours, several pages) is refused.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass, replace
from io import BytesIO
from typing import TYPE_CHECKING

import numpy as np

from inspector_core.data import png, tiffs
from inspector_core.data.decode import Unusable, check_size, damaged, ends_early, not_an_image
from inspector_core.data.headers import PICTURES, Header, header_of_bytes
from inspector_core.types import Array, BoolArray

if TYPE_CHECKING:
    from PIL import Image

_FORMATS = ("PNG", "JPEG", "TIFF", "BMP", "GIF", "WEBP")
_SUFFIXES = {
    "png": (".png",),
    "jpeg": (".jpg", ".jpeg", ".jpe", ".jfif"),
    "tiff": (".tif", ".tiff"),
    "bmp": (".bmp", ".dib"),
    "gif": (".gif",),
    "webp": (".webp",),
}
_WHITE_IS_ZERO, _GREY_TIFF, _RGB_TIFF, _CMYK_TIFF = 0, 1, 2, 5
_SENSOR_DEPTHS = (10, 12, 14)


@dataclass(frozen=True, slots=True)
class Picture:
    """A colour picture as its file stores it.

    rgb : (H, W, 3) uint8 or uint16, rows as stored.   orientation : EXIF code that turns it upright.
    """

    rgb: Array
    notes: tuple[str, ...] = ()
    orientation: int = 1

    @property
    def size(self) -> tuple[int, int]:
        """(W, H) as stored."""
        return self.rgb.shape[1], self.rgb.shape[0]

    def upright(self) -> Picture:
        """The picture with its EXIF orientation applied, noted."""
        if self.orientation == 1:
            return self
        note = f"EXIF orientation {self.orientation} applied to the picture"
        return Picture(turned(self.rgb, self.orientation), (*self.notes, note))


@dataclass(frozen=True, slots=True)
class _Raw:
    """Stored values before they become RGB: (H, W) or (H, W, C)."""

    values: Array
    notes: tuple[str, ...] = ()
    orientation: int = 1


def decode_picture(data: bytes, suffix: str = "", page: int = 0, bit_depth: int = 0) -> Picture:
    """Bytes to a colour picture; raises Unusable.

    suffix : of the file's name, to note a JPEG that is called .png.
    page : which page of several to use, 0 refuses several.
    bit_depth : bits that a 16-bit picture really has (12 for 0..4095), 0 takes it as full scale.
    """
    header = _picture_header(data)
    raw = _stored(data, header, page)
    rgb, notes = _as_rgb(raw.values)
    if rgb.dtype == np.uint16:
        rgb, depth_note = _scaled(rgb, bit_depth)
        notes = (*notes, depth_note)
    if suffix and suffix not in _SUFFIXES[header.kind]:
        notes = (*notes, _misnamed(header.kind, suffix))
    return Picture(np.ascontiguousarray(rgb), (*raw.notes, *notes), raw.orientation)


def decode_mask(data: bytes) -> BoolArray:
    """Bytes to an (H, W) bool mask: any value but zero is a defect. Coloured masks raise Unusable."""
    values = _stored(data, _picture_header(data), page=0).values
    if values.ndim == 3:
        colour = values[..., : 1 if values.shape[2] == 2 else 3]
        if not (colour == colour[..., :1]).all():
            raise Unusable(
                "coloured mask: which colours mean a defect is unknown",
                "save it as one channel, zero where the part is good",
            )
        values = colour[..., 0]
    return np.asarray(values != 0)


def decode_grey(data: bytes, page: int = 0) -> Array:
    """Bytes to the exact values of a one-channel depth picture, (H, W); raises Unusable."""
    header = _picture_header(data)
    values = _stored(data, header, page).values
    channels = 1 if values.ndim == 2 else values.shape[2]
    if channels != 1:
        raise Unusable(
            f"{channels} channels found, 1 needed (depth)",
            "export the depth itself, not a coloured view of it",
        )
    if values.dtype in (np.uint8, np.bool_):
        raise Unusable(
            "8-bit picture: 256 steps are too coarse for depth",
            "export the depth with 16 bits or as 32-bit float TIFF",
        )
    return values.reshape(values.shape[:2])


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


def resized(rgb: Array, width: int, height: int) -> Array:
    """(H, W, 3) to another size: mean over the covered area when shrinking, linear when enlarging."""
    from PIL import Image

    shrinks = width <= rgb.shape[1]
    method = Image.Resampling.BOX if shrinks else Image.Resampling.BILINEAR
    planes = [
        np.asarray(Image.fromarray(rgb[..., c].astype(np.float32)).resize((width, height), method))
        for c in range(3)
    ]
    top = np.iinfo(rgb.dtype).max
    return np.clip(np.rint(np.stack(planes, axis=2)), 0, top).astype(rgb.dtype)


def _picture_header(data: bytes) -> Header:
    header = header_of_bytes(data)
    if header.kind == "exr":
        raise Unusable("OpenEXR pictures are not read", "export PNG or TIFF")
    if header.kind not in PICTURES:
        raise not_an_image(data)
    if header.width:
        check_size(header.width, header.height)
    return header


def _stored(data: bytes, header: Header, page: int) -> _Raw:
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


def _tiff(data: bytes, page: int) -> _Raw:
    try:
        stored = tiffs.decode(data, page)
    except tiffs.NoCodec as refusal:
        # Pillow's libtiff knows LZW and JPEG, but only 8-bit colour and one-channel pictures
        try:
            return _by_pillow(data, page)
        except Unusable:
            raise refusal from None
    if stored.photometric == _CMYK_TIFF:
        raise _cmyk()
    if stored.photometric not in (_WHITE_IS_ZERO, _GREY_TIFF, _RGB_TIFF):
        return _by_pillow(data, page)
    if stored.planar and stored.pages > 1:
        raise Unusable(
            f"{stored.pages} pages found, 1 needed",
            "export one picture a file, or choose one with --set page=1",
        )
    values = stored.array
    if stored.photometric == _WHITE_IS_ZERO and values.dtype.kind == "u":
        values = np.iinfo(values.dtype).max - values
    return _Raw(values, (), stored.orientation)


def _by_pillow(data: bytes, page: int) -> _Raw:
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
    if page:
        if page > frames:
            raise Unusable(f"page {page} asked for, {frames} found", "choose another page")
        image.seek(page - 1)
    elif frames > 1:
        raise Unusable(
            f"{frames} pages found, 1 needed",
            "export one picture a file, or choose one with --set page=1",
        )


def _orientation(image: Image.Image) -> int:
    code = image.getexif().get(0x0112, 1)
    return int(code) if code in range(1, 9) else 1


def _by_mode(image: Image.Image) -> _Raw:
    """Pillow's picture as values; converted modes say so."""
    match image.mode:
        case "CMYK":
            raise _cmyk()
        case "RGB" | "RGBA" | "L" | "LA" | "I;16":
            return _Raw(np.asarray(image))
        case "I;16B" | "I;16L" | "I":
            return _Raw(np.asarray(image).astype(np.uint16))
        case "1":
            return _Raw(np.asarray(image.convert("L")), ("1-bit picture converted to colour",))
        case "P" | "PA":
            kind = "RGBA" if "transparency" in image.info or image.mode == "PA" else "RGB"
            return _Raw(np.asarray(image.convert(kind)), ("palette picture converted to colour",))
        case "YCbCr":
            return _Raw(np.asarray(image.convert("RGB")))
        case other:
            raise Unusable(f"colour mode {other}", "convert it to RGB with 8 or 16 bits")


def _as_rgb(values: Array) -> tuple[Array, tuple[str, ...]]:
    """(H, W) or (H, W, C) values to (H, W, 3), with notes."""
    if values.dtype == np.bool_:
        values = values.astype(np.uint8) * np.uint8(255)
    if values.dtype not in (np.uint8, np.uint16):
        raise Unusable(
            f"picture of {values.dtype} values, 8- or 16-bit whole numbers needed",
            "export the colour picture, not a measurement",
        )
    planes = values if values.ndim == 3 else values[..., None]
    channels = planes.shape[2]
    notes: tuple[str, ...] = ()
    if channels not in (1, 2, 3, 4):
        raise Unusable(f"{channels} channels found, 3 needed (red, green, blue)", "export RGB")
    if channels in (2, 4):
        if not planes[..., -1].any():
            raise Unusable("completely transparent", "export it without transparency")
        notes = ("transparency ignored",)
        planes = planes[..., :-1]
    if planes.shape[2] == 1:
        notes = (*notes, "grey picture: the same value in red, green and blue")
        planes = np.repeat(planes, 3, axis=2)
    return planes, notes


def _scaled(rgb: Array, bit_depth: int) -> tuple[Array, str]:
    """16-bit values on the full scale by the stated bit depth, and a note with their range."""
    low, high = int(rgb.min()), int(rgb.max())
    note = f"16-bit picture, values {low} to {high}"
    if bit_depth:
        if high >= 1 << bit_depth:
            raise Unusable(
                f"values up to {high} do not fit into {bit_depth} bits", "check --set bit_depth"
            )
        return rgb << np.uint16(16 - bit_depth), f"{note}, scaled from {bit_depth} bits"
    likely = next((depth for depth in _SENSOR_DEPTHS if high < 1 << depth), 0)
    if likely:
        note += f": dark unless it has {likely} bits, then --set bit_depth={likely}"
    return rgb, note


def _misnamed(kind: str, suffix: str) -> str:
    if kind == "jpeg":
        return f"the {suffix} file is a JPEG: lossy, fine defects may be lost"
    return f"the {suffix} file is a {kind.upper()}"


def _cmyk() -> Unusable:
    return Unusable("CMYK picture", "convert it to RGB: print colours are not comparable")
