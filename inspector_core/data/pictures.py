"""Colour pictures, masks and grey depth pictures from bytes, exact in 8 and 16 bit.

Everything that is converted on the way is said in a note; what cannot be compared between parts
(CMYK, hidden colours, several pages) is refused.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from inspector_core.data.decode import Unusable
from inspector_core.data.stored import picture_header, stored_values, turned
from inspector_core.types import Array, BoolArray

_SUFFIXES = {
    "png": (".png",),
    "jpeg": (".jpg", ".jpeg", ".jpe", ".jfif"),
    "tiff": (".tif", ".tiff"),
    "bmp": (".bmp", ".dib"),
    "gif": (".gif",),
    "webp": (".webp",),
}
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


def decode_picture(data: bytes, suffix: str = "", page: int = 0, bit_depth: int = 0) -> Picture:
    """Bytes to a colour picture; raises Unusable.

    suffix : of the file's name, to note a JPEG that is called .png.
    page : which page of several to use, 0 refuses several.
    bit_depth : bits that a 16-bit picture really has (12 for 0..4095), 0 takes it as full scale.
    """
    header = picture_header(data)
    raw = stored_values(data, header, page)
    rgb, notes = _as_rgb(raw.values)
    if rgb.dtype == np.uint16:
        rgb, depth_note = _scaled(rgb, bit_depth)
        notes = (*notes, depth_note)
    if suffix and suffix not in _SUFFIXES[header.kind]:
        notes = (*notes, _misnamed(header.kind, suffix))
    return Picture(np.ascontiguousarray(rgb), (*raw.notes, *notes), raw.orientation)


def decode_mask(data: bytes) -> BoolArray:
    """Bytes to an (H, W) bool mask: any value but zero is a defect. Coloured masks raise Unusable."""
    values = stored_values(data, picture_header(data), page=0).values
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
    header = picture_header(data)
    values = stored_values(data, header, page).values
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
