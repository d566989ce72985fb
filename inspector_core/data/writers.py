"""Parts to disk in the MVTec 3D-AD layout, each file complete or absent."""

from __future__ import annotations

import re
from io import BytesIO
from pathlib import Path

import numpy as np

from inspector_core.data import png
from inspector_core.errors import OutputError
from inspector_core.files import write_atomic, write_failure
from inspector_core.types import Array

_PLAIN = re.compile(r"^(?!\.)[^/\\\0]{1,200}$")
_LEVEL = 6


def write_part(
    root: Path,
    split: str,
    label: str,
    name: str,
    rgb: Array | None,
    xyz_mm: Array | None,
    truth: Array | None = None,
) -> None:
    """Write <root>/<split>/<label>/{rgb/NAME.png, xyz/NAME.tiff, gt/NAME.png}.

    rgb : (H, W, 3) uint8 or uint16, or None.   truth : (H, W) bool, written as 0 and 255, or None.
    xyz_mm : (H, W, 3) mm, NaN = missing, or None; stored as float32 metres with (0, 0, 0) = missing,
    deflate without predictor, so that any TIFF reader opens it.
    Raises OutputError where a name is no plain file name or the disk refuses.
    """
    for word in (split, label, name):
        if not _PLAIN.match(word):
            raise OutputError(
                f"{word!r} cannot be a folder or file name", cure="choose another name"
            )
    folder = root / split / label
    if rgb is not None:
        _write(folder / "rgb" / f"{name}.png", picture_bytes(rgb))
    if xyz_mm is not None:
        _write(folder / "xyz" / f"{name}.tiff", cloud_bytes(xyz_mm))
    if truth is not None:
        _write(folder / "gt" / f"{name}.png", _grey_bytes(np.where(truth, 255, 0).astype(np.uint8)))


def picture_bytes(rgb: Array) -> bytes:
    """(H, W, 3) uint8 or uint16 as PNG, the same bytes for the same pixels."""
    return png.encode16(rgb) if rgb.dtype == np.uint16 else _grey_bytes(rgb)


def cloud_bytes(xyz_mm: Array) -> bytes:
    """(H, W, 3) mm as float32 metres in a TIFF; missing points become (0, 0, 0)."""
    import tifffile

    metres = (np.asarray(xyz_mm, np.float64) / 1000).astype(np.float32)
    metres[~np.isfinite(metres).all(axis=2)] = 0
    buffer = BytesIO()
    tifffile.imwrite(
        buffer,
        metres,
        photometric="rgb",
        compression="zlib",
        compressionargs={"level": _LEVEL},
        metadata=None,
        software=False,
    )
    return buffer.getvalue()


def _grey_bytes(values: Array) -> bytes:
    from PIL import Image

    buffer = BytesIO()
    Image.fromarray(values).save(buffer, "PNG")
    return buffer.getvalue()


def _write(path: Path, data: bytes) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise write_failure(path.parent, error) from error
    write_atomic(path, data)
