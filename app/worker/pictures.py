"""Small pictures of parts for the filmstrip and for "nearest good part"."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QImage, QImageReader

from inspector_core.errors import InspectorError
from inspector_core.progress import Job, Progress
from inspector_core.types import Array, Sample, SampleRef

SIDE = 96
"""Pixels a side: twice the 48 of the filmstrip, for screens of scale 2."""


@dataclass(frozen=True, slots=True)
class Thumbnail(Progress):
    """Progress that brings one part's small picture; size is the part's own (W, H)."""

    part_id: str = ""
    picture: QImage | None = None
    size: tuple[int, int] = (0, 0)


def thumbnails(refs: Sequence[SampleRef]) -> Job[None]:
    """One `Thumbnail` a part; a part without a readable picture gets none."""
    for done, ref in enumerate(refs, start=1):
        image = _from_file(ref) or _from_sample(ref)
        if image is not None:
            picture, size = image
            yield Thumbnail("Thumbnails", done, len(refs), "", ref.id, picture, size)
        else:
            yield Progress("Thumbnails", done, len(refs))


def _from_file(ref: SampleRef) -> tuple[QImage, tuple[int, int]] | None:
    path = ref.files.get("rgb")
    if path is None:
        return None
    reader = QImageReader(path)
    size = reader.size()
    if not size.isValid():
        return None
    reader.setScaledSize(
        size.scaled(QSize(SIDE, SIDE), Qt.AspectRatioMode.KeepAspectRatioByExpanding)
    )
    image = reader.read()
    if image.isNull():
        return None
    return image.convertToFormat(QImage.Format.Format_RGB32), (size.width(), size.height())


def _from_sample(ref: SampleRef) -> tuple[QImage, tuple[int, int]] | None:
    try:
        sample = ref.load()
    except (InspectorError, OSError, MemoryError):
        return None
    height, width = sample.shape
    step = max(1, min(height, width) // SIDE)
    pixels = np.ascontiguousarray(_grey_or_rgb(sample)[::step, ::step])
    image = QImage(
        pixels.data,
        pixels.shape[1],
        pixels.shape[0],
        3 * pixels.shape[1],
        QImage.Format.Format_RGB888,
    )
    return image.convertToFormat(QImage.Format.Format_RGB32), (width, height)


def _grey_or_rgb(sample: Sample) -> Array:
    """(H, W, 3) uint8: the picture, or the distance as grey where there is none."""
    if sample.rgb is not None:
        shift = 8 if sample.rgb.dtype == np.uint16 else 0
        return (sample.rgb >> shift).astype(np.uint8)
    assert sample.xyz is not None
    z = sample.xyz[..., 2]
    seen = np.isfinite(z)
    low, high = np.percentile(z[seen], (1, 99)) if seen.any() else (0.0, 1.0)
    grey = np.clip((high - np.where(seen, z, high)) / max(high - low, 1e-6), 0, 1) * 255
    return np.repeat(grey.astype(np.uint8)[..., None], 3, axis=2)
