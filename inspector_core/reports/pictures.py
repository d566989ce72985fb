"""The pictures of one part: photograph, maps over it, the cloud from the side, close-ups of defects."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from inspector_core import palette
from inspector_core.colormaps import (
    DIVERGING,
    blend,
    grey_picture,
    indices,
    overlay_table,
    signed_range_mm,
    table,
)
from inspector_core.decision.fusion import fuse, times_usual
from inspector_core.geometry.measure import pitch_mm
from inspector_core.reports.model import PartMaterial, ReportModel
from inspector_core.reports.outlines import area_px, region_outline, simplified
from inspector_core.reports.zbuffer import View, measured, render, shading, standard_view
from inspector_core.types import Array, Defect, Result

_MARGIN = 0.07
_LEAST_MARGIN_PX = 6
_ASPECT = (0.8, 1.75)
"""Width to height of a pane."""
_SHARPEST = 12.0
"""Pixels per millimetre of paper beyond which nobody sees more."""
_CLOUD_SHARPNESS = 8.0
_CLOSE_UP = 2.2
"""A close-up is this much larger than its defect."""
_CLOSE_UP_MM = 12.0
_CLOSE_UP_PX = 40
_SPECK_PX, _SPECK_SHARE = 4.0, 0.03


@dataclass(frozen=True, slots=True)
class Window:
    """A rectangle of source pixels: rows top..bottom, columns left..right, ends excluded."""

    top: int
    bottom: int
    left: int
    right: int

    @property
    def size(self) -> tuple[int, int]:
        """(H, W)."""
        return self.bottom - self.top, self.right - self.left

    @property
    def aspect(self) -> float:
        return self.size[1] / self.size[0]

    def of(self, array: Array) -> Array:
        """The part of an (H, W, ...) array inside."""
        return array[self.top : self.bottom, self.left : self.right]

    def to_pane(self, points: Array, scale: float) -> Array:
        """(N, 2) source (x, y), integers = pixel centres, to pane units of `scale` per pixel."""
        return np.asarray((points + 0.5 - [self.left, self.top]) * scale)


class PartPictures:
    """One part's pictures, each made when it is first asked for."""

    def __init__(self, model: ReportModel, result: Result, material: PartMaterial) -> None:
        self.model = model
        self.result = result
        self.sample = material.sample
        self.material = material
        self._outlines: dict[int, tuple[Array, ...]] = {}
        usual = result.usual or model.recipe.calibration.usual
        self.maps = self._scaled(material, usual)
        maps = material.maps
        self.deviation = None if maps is None else maps.deviation_mm
        fingerprint_pitch = model.recipe.fingerprint.get("mm_per_px")
        self.deviation_range = signed_range_mm(fingerprint_pitch or self.mm_per_px)

    @staticmethod
    def _scaled(material: PartMaterial, usual: Mapping[str, float]) -> dict[str, Array]:
        if material.maps is None:
            return {}
        maps = material.maps if material.maps.fused is not None else fuse(material.maps, usual)
        known = maps.unit == "times usual"
        return {
            name: values if known else times_usual(values, usual[name])
            for name in ("rgb", "shape", "fused")
            for values in (maps.get(name),)
            if values is not None
        }

    @cached_property
    def valid(self) -> Array:
        """(H, W) bool, measured points."""
        xyz = self.sample.xyz
        return np.zeros(self.sample.shape, bool) if xyz is None else measured(xyz)

    @cached_property
    def foreground(self) -> Array:
        """(H, W) bool, pixels of the part."""
        if self.material.foreground is not None:
            return self.material.foreground
        if "fused" in self.maps:
            return np.asarray(np.isfinite(self.maps["fused"]))
        return np.ones(self.sample.shape, bool)

    @cached_property
    def mm_per_px(self) -> float | None:
        """Size of a pixel on the part, or None without a cloud."""
        pitch = self.result.quality.get("mm_per_px")
        if pitch is None and self.sample.xyz is not None:
            pitch = pitch_mm(self.sample.xyz, self.foreground & self.valid)
        return pitch if pitch is not None and pitch > 0 else None

    @cached_property
    def window(self) -> Window:
        """What the panes show: the part with a margin."""
        return _around(self.foreground, self.sample.shape)

    @cached_property
    def photo(self) -> Array:
        """(H, W, 3) uint8; without a picture the relief in grey."""
        rgb = self.sample.rgb
        if rgb is None:
            assert self.sample.xyz is not None
            return np.asarray(np.rint(shading(self.sample.xyz) * 200).clip(0, 255), np.uint8)[
                ..., None
            ].repeat(3, axis=2)
        factor = np.float32(self.material.gain * 255.0 / np.iinfo(rgb.dtype).max)
        if rgb.dtype == np.uint8 and factor == 1.0:
            return rgb
        return np.asarray(np.minimum(rgb * factor + np.float32(0.5), 255.0).astype(np.uint8))

    def overlaid(self, name: str, window: Window) -> Array:
        """A map laid over the grey picture, (h, w, 3) uint8."""
        return self._laid_over(grey_picture(window.of(self.photo)), window.of(self.maps[name]))

    def _laid_over(self, grey: Array, values: Array) -> Array:
        """Evidence in colours on a grey picture; only where it shows, which is a small part."""
        limits, top = self.model.thresholds, self.model.display_top
        colours = overlay_table("inferno", limits.t1, limits.t2, top)
        rows = indices(values, 0.0, top)
        shows = (colours[:, 3] > 0)[rows] & ~np.isnan(values)
        grey[shows] = blend(grey[shows], colours[rows[shows]])
        return grey

    def deviations(self, window: Window) -> Array | None:
        """Signed deviation from the good surface in colours, over grey where it is unknown."""
        if self.deviation is None:
            return None
        values = window.of(self.deviation)
        limit = self.deviation_range
        colours = table(DIVERGING)[indices(values, -limit, limit)]
        grey = grey_picture(window.of(self.photo))
        return np.where(np.isnan(values)[..., None], grey, colours)

    def missing(self, window: Window) -> Array:
        """(h, w) bool, pixels of the part where the scan has no measurement."""
        return np.asarray(window.of(self.foreground) & ~window.of(self.valid))

    def outlines(self, defect: Defect) -> tuple[Array, ...]:
        """The defect's border in source pixels; specks and pinholes are left out of the drawing."""
        if defect.number not in self._outlines:
            paths = region_outline(defect.region)
            least = max(_SPECK_PX, _SPECK_SHARE * defect.region.area_px)
            large = [path for path in paths if abs(area_px([path])) >= least] or paths[:1]
            self._outlines[defect.number] = tuple(simplified(path, 0.5) for path in large)
        return self._outlines[defect.number]

    def cloud(self, pane_mm: float) -> tuple[Array, View] | None:
        """The cloud tilted, at the scale of the picture beside it, and its view; None without one."""
        xyz = self.sample.xyz
        if xyz is None:
            return None
        window = self.window
        width = round(pane_mm * _CLOUD_SHARPNESS)
        size = (max(1, round(width / window.aspect)), width)
        scale = None if self.mm_per_px is None else width / window.size[1] / self.mm_per_px
        part = window.of(self.foreground)
        view = standard_view(window.of(xyz), part, size, px_per_mm=scale)
        if view is None:
            return None
        base = grey_picture(window.of(self.photo), 0.9)
        if "fused" in self.maps:
            base = self._laid_over(base, window.of(self.maps["fused"]))
        background = palette.rgb(palette.VIEW["light"])
        return render(window.of(xyz), base, view, part=part, background=background), view

    def close_up(self, defect: Defect) -> Window:
        """A square around a defect, large enough to show what surrounds it."""
        x0, y0, x1, y1 = defect.bbox_px
        side = _CLOSE_UP * (max(x1 - x0, y1 - y0) + 1)
        least = _CLOSE_UP_MM / self.mm_per_px if self.mm_per_px else _CLOSE_UP_PX
        return _square((x0 + x1) / 2, (y0 + y1) / 2, max(side, least, 8), self.sample.shape)


def resized(picture: Array, pane_mm: float, least: float = 0.0) -> Array:
    """The picture at no more pixels per mm of paper than can be seen, and at least `least`."""
    from PIL import Image

    density = picture.shape[1] / pane_mm
    wanted = min(max(density, least), _SHARPEST)
    if wanted == density:
        return picture
    size = (
        max(1, round(picture.shape[1] * wanted / density)),
        max(1, round(picture.shape[0] * wanted / density)),
    )
    kind = Image.Resampling.BOX if wanted < density / 1.5 else Image.Resampling.BICUBIC
    return np.asarray(Image.fromarray(np.ascontiguousarray(picture)).resize(size, kind))


def hatched(picture: Array, mask: Array, pane_mm: float) -> Array:
    """Thin slanted lines where the mask (of any size) is set, at the picture's own resolution."""
    height, width = picture.shape[:2]
    density = width / pane_mm
    rows, columns = np.arange(height)[:, None], np.arange(width)[None]
    inside = mask[rows * mask.shape[0] // height, columns * mask.shape[1] // width]
    lines = inside & ((rows + columns) % max(3, round(0.9 * density)) < max(1, 0.16 * density))
    return np.where(lines[..., None], np.uint8(150), picture)


def _around(mask: Array, shape: tuple[int, int]) -> Window:
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if rows.size == 0:
        return Window(0, shape[0], 0, shape[1])
    height, width = rows[-1] + 1 - rows[0], columns[-1] + 1 - columns[0]
    margin = max(_LEAST_MARGIN_PX, _MARGIN * max(height, width))
    height, width = height + 2 * margin, width + 2 * margin
    width = max(width, height * _ASPECT[0])
    height = max(height, width / _ASPECT[1])
    top, bottom = _span((rows[0] + rows[-1] + 1) / 2, height, shape[0])
    left, right = _span((columns[0] + columns[-1] + 1) / 2, width, shape[1])
    return Window(top, bottom, left, right)


def _square(x: float, y: float, side: float, shape: tuple[int, int]) -> Window:
    side = min(side, shape[0], shape[1])
    top, bottom = _span(y + 0.5, side, shape[0])
    left, right = _span(x + 0.5, side, shape[1])
    return Window(top, bottom, left, right)


def _span(middle: float, length: float, limit: int) -> tuple[int, int]:
    """A stretch of pixels of about this length around a middle, moved inside 0..limit."""
    whole = min(limit, max(1, round(length)))
    start = round(min(max(0.0, middle - whole / 2), limit - whole))
    return start, start + whole
