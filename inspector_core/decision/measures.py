"""A candidate's numbers in mm, each with an uncertainty from the local noise."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from inspector_core.decision.defects import Candidate, Evidence
from inspector_core.geometry.measure import (
    grown,
    ring_deviation,
    smallest_rectangle,
    vertex_areas,
)
from inspector_core.types import Array, BoolArray, Defect, Measure, Region

FEWEST_POINTS = 20
FEWEST_SHARE = 0.6
DEPTH_POINT = 0.95
RING_MM = 2.0
SMALL_HEIGHT_MM = 0.1
"""Heights below this, or below their own uncertainty, are no shape to be named after."""


STEEPEST = 1 / math.cos(math.radians(30))
"""Area of a point at most, in squares of the pitch: steeper triangles bridge a step between surfaces."""


@dataclass(frozen=True, slots=True)
class Surface:
    """What measuring needs of a part: xyz (H, W, 3) mm, whose points lie `pitch` mm apart on it."""

    xyz: Array
    pitch: float

    @property
    def ring_px(self) -> int:
        """How far the good surface around a defect is looked at."""
        return max(2, round(RING_MM / self.pitch))

    def around(self, extent: BoolArray) -> tuple[slice, slice]:
        """Rows and columns that hold an extent and its ring."""
        margin = self.ring_px + 2
        spans = (np.flatnonzero(extent.any(axis=1)), np.flatnonzero(extent.any(axis=0)))
        rows, columns = (slice(max(0, at[0] - margin), at[-1] + margin + 1) for at in spans)
        return rows, columns


@dataclass(frozen=True, slots=True)
class _Place:
    """A defect's surroundings, cut out: what follows need not look at the whole part.

    extent : (h, w) bool.   xyz : (h, w, 3) mm.   areas : (h, w) mm² a point.
    deviation : (h, w) mm or None.   pitch, ring_px : as of the surface.
    """

    extent: BoolArray
    xyz: Array
    areas: Array
    deviation: Array | None
    pitch: float
    ring_px: int

    @classmethod
    def of(cls, entry: Candidate, evidence: Evidence, surface: Surface) -> _Place:
        window = surface.around(entry.extent)
        xyz, whole = surface.xyz[window], evidence.deviation_mm
        areas = np.minimum(vertex_areas(xyz), STEEPEST * surface.pitch**2)
        deviation = None if whole is None else whole[window]
        return cls(entry.extent[window], xyz, areas, deviation, surface.pitch, surface.ring_px)


@dataclass(frozen=True, slots=True)
class _Numbers:
    centroid: tuple[float, float, float] | None = None
    area: Measure | None = None
    length: Measure | None = None
    width: Measure | None = None
    height: Measure | None = None
    volume: Measure | None = None
    reason: str = ""


def measured(number: int, entry: Candidate, evidence: Evidence, surface: Surface | None) -> Defect:
    """The defect that a candidate is, with all that can be measured."""
    rows, columns = np.nonzero(entry.extent)
    numbers = _numbers(entry, evidence, surface)
    share = colour_share(entry, evidence)
    return Defect(
        number=number,
        region=Region.from_mask(entry.extent),
        bbox_px=(int(columns.min()), int(rows.min()), int(columns.max()), int(rows.max())),
        peak_px=entry.peak_px,
        score=entry.score,
        score_rgb=_largest(evidence.rgb, entry.core),
        score_shape=_largest(evidence.shape, entry.core),
        colour_share=share,
        name=suggested_name(share, numbers.height, numbers.length, numbers.width),
        extent_rule=entry.rule,
        centroid_mm=numbers.centroid,
        area_mm2=numbers.area,
        length_mm=numbers.length,
        width_mm=numbers.width,
        height_mm=numbers.height,
        volume_mm3=numbers.volume,
        not_measurable=numbers.reason,
    )


def colour_share(entry: Candidate, evidence: Evidence) -> float | None:
    """C / (S + C) with the maps' excess over 1.0 summed over the defect; None for one modality."""
    if evidence.rgb is None or evidence.shape is None:
        return None
    where = entry.extent | entry.core
    colour = float(np.nansum(np.maximum(evidence.rgb[where] - 1, 0)))
    shape = float(np.nansum(np.maximum(evidence.shape[where] - 1, 0)))
    if colour + shape <= 0:  # nothing above the usual: compare the peaks instead
        colour = float(np.nanmax(evidence.rgb[where], initial=0))
        shape = float(np.nanmax(evidence.shape[where], initial=0))
    return colour / (colour + shape) if colour + shape > 0 else None


def suggested_name(
    share: float | None, height: Measure | None, length: Measure | None, width: Measure | None
) -> str:
    """A word for the look of a defect, from its share, sign and proportions; a suggestion only."""
    slim = length is not None and width is not None and length.value > 3.5 * width.value
    if share is not None and share > 0.7:
        return "mark" if slim else "stain"
    flat = height is None or abs(height.value) < max(SMALL_HEIGHT_MM, 2 * height.uncertainty)
    if flat:
        return "stain" if share is not None and share > 0.5 else "change"
    assert height is not None
    if height.value < 0:
        return "scratch" if slim else "dent" if height.value > -2 else "missing material"
    return "ridge" if slim else "bump" if height.value < 2 else "foreign object"


def _largest(values: Array | None, where: Array) -> float | None:
    if values is None:
        return None
    inside = values[where]
    inside = inside[np.isfinite(inside)]
    return float(inside.max()) if inside.size else None


def _numbers(entry: Candidate, evidence: Evidence, surface: Surface | None) -> _Numbers:
    if surface is None:
        return _Numbers(reason="not measurable: no 3D points")
    place = _Place.of(entry, evidence, surface)
    valid = place.extent & np.isfinite(place.areas)
    count, total = int(valid.sum()), int(place.extent.sum())
    if count == 0:
        return _Numbers(reason="not measurable: no 3D points in the defect")
    points = np.asarray(place.xyz[valid], np.float64)
    x, y, z = points.mean(axis=0)
    centroid = (float(x), float(y), float(z))
    if count < FEWEST_POINTS or count < FEWEST_SHARE * total:
        reason = f"not measurable: {count} valid points of {total} (20 and 60 % are needed)"
        return _Numbers(centroid=centroid, reason=reason)
    rectangle = smallest_rectangle(points, surface.pitch)
    side = surface.pitch / math.sqrt(6)  # two ends, each uniform within one pixel
    height, volume = _depth(place, valid)
    return _Numbers(
        centroid=centroid,
        area=_area(place, valid),
        length=Measure(rectangle.length, side),
        width=Measure(rectangle.width, side),
        height=height,
        volume=volume,
    )


def _area(place: _Place, valid: Array) -> Measure:
    each = place.areas[valid]
    typical = float(np.median(each))
    missing = int(place.extent.sum()) - int(valid.sum())
    area = float(each.sum()) + missing * typical
    rim = int((place.extent & grown(~place.extent, 1)).sum())
    # a rim pixel belongs to the defect by 0..1: uniform; neighbours err together, hence the factor 2
    uncertainty = 2 * typical * math.sqrt(rim / 12) + missing * typical / math.sqrt(12)
    return Measure(area, uncertainty)


def _depth(place: _Place, valid: Array) -> tuple[Measure | None, Measure | None]:
    ring = grown(place.extent, place.ring_px) & ~grown(place.extent, 1)
    deviation = place.deviation
    if deviation is None:
        deviation = ring_deviation(place.xyz, place.extent, ring)
    if deviation is None:
        return None, None
    known = valid & np.isfinite(deviation)
    if known.sum() < FEWEST_POINTS:
        return None, None
    values = deviation[known].astype(np.float64)
    around = deviation[ring & np.isfinite(deviation)]
    noise = _spread(around) if around.size >= 8 else float(np.std(values))
    offset = float(np.median(around)) if around.size >= 8 else 0.0
    sign = -1.0 if values.mean() < 0 else 1.0
    height = sign * float(np.quantile(np.abs(values), DEPTH_POINT))
    top = max(1, round((1 - DEPTH_POINT) * values.size))
    height_u = math.hypot(noise / math.sqrt(min(top, 4)), offset)
    areas = place.areas[known]
    volume = abs(float((values * areas).sum()))
    volume_u = float(areas.sum()) * math.hypot(noise / math.sqrt(values.size / 4), offset)
    return Measure(height, height_u), Measure(volume, volume_u)


def _spread(values: Array) -> float:
    return float(1.4826 * np.median(np.abs(values - np.median(values))))
