"""Choosing how to look at good parts: how large, through which network, which of their readings count."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, cast

import numpy as np

from inspector_core.detectors.contract import Context
from inspector_core.detectors.sight import Sight
from inspector_core.detectors.view_choice import Opener, learnt_views
from inspector_core.detectors.view_settings import NetworkSettings
from inspector_core.errors import InputError
from inspector_core.features.colour import brightness
from inspector_core.features.framing import box_of
from inspector_core.features.looks import Look
from inspector_core.features.patches import cell_size
from inspector_core.features.surface_descriptor import Sampling
from inspector_core.features.surface_histogram import Histograms
from inspector_core.geometry.measure import pitch_mm
from inspector_core.progress import Job, Progress
from inspector_core.types import Array, Registered, SampleRef

_LOOKED_AT = 5
"""Good parts whose size in the picture decides how large they are shown."""
_THIN_PX = 64
"""A part is enlarged until its thickest place spans so many pixels, eight cells of the middle stage."""
_MOST_ENLARGED = 2.0
_SMALLEST_PX, LARGEST_PX = 320, 768
_LONGEST = 450
"""Readings along the longer side of a part that are used."""
_SURFACE_PLACES = 7000
"""Described places of a usual part: at every second reading on small parts, at fewer on large ones."""
_COLOUR_PX = 4
"""Side of the cells of colour, in readings that are used."""
_HISTOGRAM_CELLS = 64
"""Cells of normals along the longer side of a part, as `btf` has them."""
_BAY_SHARE = 0.25
"""Radius of the discs that enter no bay which is judged, as a share of the parts' thickness."""
_RESOLUTION_PITCHES, _LEAST_RESOLUTION_MM = 0.1, 0.01


def learnt_sight(
    refs: Sequence[SampleRef],
    settings: NetworkSettings,
    networks: Sequence[str],
    *,
    judges: str,
    normals: str,
    cells: str = "part",
    context: Context,
    opener: Opener | None = None,
) -> Job[tuple[Sight, Iterator[tuple[int, Registered]]]]:
    """The sight that suits these good parts, and the parts again, prepared, one by one.

    judges : "auto", "rgb" or "shape".   normals : "auto", "fitted" or "none", shown to the network.
    cells : of the network, "part" or "all" in the frame.
    Raises InputError when the parts have nothing in common that can be judged, or differ in size.
    """
    looked_at = yield from _looked_at(refs, context)
    looks, shape = _looks(looked_at, judges, normals)
    extent = Extent.of([part.foreground for part in looked_at])
    size_px = settings.size_px or shown_px(extent.longest, extent.thickness)
    shown = replace(settings, size_px=size_px, picture=cast(Any, "+".join(looks)))
    views, again = yield from learnt_views(
        refs, shown, networks, context, opener=opener, cells=cells
    )
    sampling = _sampling(looked_at, extent)
    stored = normals == "auto" and all(part.sample.normals is not None for part in looked_at)
    histograms = None
    if shape:
        histograms = yield from Histograms.learnt(looked_at, extent.histogram_px, stored=stored)
    sight = Sight(
        views,
        sampling if shape else None,
        histograms,
        colour_px=_COLOUR_PX * sampling.stride,
        brightness=_brightness(looked_at) if "rgb" in looks else 0.0,
        bay_px=_BAY_SHARE * extent.thickness if shape else 0.0,
        stored_normals=stored,
    )
    return sight, again


def _looked_at(refs: Sequence[SampleRef], context: Context) -> Job[list[Registered]]:
    """Some of the good parts."""
    parts: list[Registered] = []
    for number in evenly(len(refs), _LOOKED_AT):
        yield Progress("Looking how large the parts are", len(parts), min(len(refs), _LOOKED_AT))
        parts.append(context.prepare(refs[number].load()))
    return parts


def _looks(parts: Sequence[Registered], judges: str, normals: str) -> tuple[list[Look], bool]:
    """What the network is shown of parts like these, and whether their shape is judged."""
    rgb = judges != "shape" and all(part.sample.rgb is not None for part in parts)
    shape = judges != "rgb" and all(part.sample.xyz is not None for part in parts)
    if not rgb and not shape:
        raise InputError(
            "the good parts have neither pictures nor clouds in common",
            cure="learn from parts that were all scanned in the same way",
        )
    stored = normals == "auto" and all(part.sample.normals is not None for part in parts)
    looks: list[Look] = ["rgb"] if rgb else []
    # a network sees little in normals fitted to points that the surface itself does not tell
    if shape and (stored or normals == "fitted" or not rgb):
        looks.append("normals")
    return looks, shape


def _brightness(parts: Sequence[Registered]) -> float:
    """Median brightness of these good parts."""
    colours = [(part.colour(), part.foreground) for part in parts]
    return float(np.median([brightness(rgb, on) for rgb, on in colours if rgb is not None]))


def _sampling(parts: Sequence[Registered], extent: Extent) -> Sampling:
    """Which readings suit these good parts."""
    pitches = [
        pitch_mm(part.sample.xyz, part.foreground & part.valid) or 1.0
        for part in parts
        if part.sample.xyz is not None
    ]
    stride = max(1, round(extent.longest / _LONGEST))
    step = max(2, round(float(np.sqrt(extent.area / _SURFACE_PLACES)) / stride))
    pitch = float(np.median(pitches)) if pitches else 1.0
    return Sampling(stride, step, max(_LEAST_RESOLUTION_MM, _RESOLUTION_PITCHES * pitch * stride))


def shown_px(longest: int, thickness: float) -> int:
    """Longer side of the network's picture that suits parts so many pixels long and thick.

    Cells of a network are of a fixed size: thin parts are enlarged until they span several of them.
    """
    enlarged = min(_MOST_ENLARGED, _THIN_PX / max(1.0, thickness))
    return int(np.clip(round(longest * enlarged), _SMALLEST_PX, LARGEST_PX))


@dataclass(frozen=True, slots=True)
class Extent:
    """How large good parts are in their pictures, in pixels: medians, and the longest.

    thickness : diameter of the largest disc that a part holds.   histogram_px : side of the cells
    that fit the usual part.
    """

    longest: int
    thickness: float
    area: float
    histogram_px: int

    @classmethod
    def of(cls, masks: Sequence[Array]) -> Extent:
        """Of the foregrounds (H, W) bool of some parts."""
        from scipy.ndimage import distance_transform_edt

        longest, thick, areas = 1, [], []
        for mask in masks:
            top, left, bottom, right = box_of(mask)
            longest = max(longest, bottom - top, right - left)
            inside = np.pad(mask[top:bottom, left:right], 1)
            thick.append(2 * float(distance_transform_edt(inside).max()))
            areas.append(int(np.count_nonzero(mask)))
        cells = int(np.median([cell_size(mask, _HISTOGRAM_CELLS) for mask in masks]))
        return cls(longest, float(np.median(thick)), float(np.median(areas)), cells - cells % 2)


def evenly(count: int, most: int) -> list[int]:
    """Up to `most` numbers below count, evenly apart."""
    return np.unique(np.linspace(0, count - 1, min(count, most)).round().astype(int)).tolist()
