"""Learning for `unaligned`: how to look at the good parts, their places, and how rare values are."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, cast

import numpy as np

from inspector_core.detectors.contract import Context
from inspector_core.detectors.unaligned_memory import COMPARING, Memory, Tails, Weighing, thinned
from inspector_core.detectors.unaligned_sight import COLOUR, HISTOGRAM, Places, Sight
from inspector_core.detectors.unaligned_worth import worths
from inspector_core.detectors.view_choice import learnt_views
from inspector_core.detectors.view_settings import ViewSettings
from inspector_core.detectors.views import BATCH, batches
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

DESCRIBING = "Describing the good parts"
CANDIDATES = 30_000
"""Places of good parts that the kept ones of an evidence are chosen from, evenly over the parts."""
JUDGED_PARTS = 10
"""Good parts that say how rare values are; each is judged as if it had not been learnt."""
_DISTURBED_PARTS = 6
"""Of these, parts that are looked at once more with disturbances."""
_LOOKED_AT = 5
"""Good parts whose size in the picture decides how large they are shown."""
_THIN_PX = 64
"""A part is enlarged until its thickest place spans so many pixels, eight cells of the middle stage."""
_MOST_ENLARGED = 2.0
_SMALLEST_PX, LARGEST_PX = 320, 768
_PIXELS_OF_A_PART = 20_000
_LONGEST = 450
"""Readings along the longer side of a part that are used."""
_SURFACE_PLACES = 7000
"""Described places of a usual part: at every second reading on small parts, at fewer on large ones."""
_COLOUR_PX = 4
"""Side of the cells of colour, in readings that are used."""
_HISTOGRAM_CELLS = 64
"""Cells of normals along the longer side of a part, as `btf` has them."""
_WEIGHING = {COLOUR: Weighing(ridge=0.1), HISTOGRAM: Weighing(standardised=False)}
"""The colours of good parts hang together: lighter places are yellower, say. A stain need not keep to that.
Taken apart, the network's features gained on one set and lost on another; those of the surface lost."""
_BAY_SHARE = 0.25
"""Radius of the discs that enter no bay which is judged, as a share of the parts' thickness."""
_RESOLUTION_PITCHES, _LEAST_RESOLUTION_MM = 0.1, 0.01


@dataclass(frozen=True, slots=True)
class Learnt:
    """What the good parts taught: the sight, and per evidence its memory, its tail and its worth."""

    sight: Sight
    memories: dict[str, Memory]
    tails: dict[str, Tails]
    worths: dict[str, float]


def learnt(
    refs: Sequence[SampleRef],
    settings: ViewSettings,
    networks: Sequence[str],
    *,
    judges: str,
    normals: str,
    coreset: float,
    bank_rows: int,
    context: Context,
) -> Job[Learnt]:
    """Learn from good parts; yields progress in steps well under a second."""
    looked_at = yield from _looked_at(refs, context)
    looks, shape = _looks(looked_at, judges, normals)
    extent = Extent.of([part.foreground for part in looked_at])
    size_px = settings.size_px or shown_px(extent.longest, extent.thickness)
    shown = replace(settings, size_px=size_px, picture=cast(Any, "+".join(looks)))
    views, again = yield from learnt_views(refs, shown, networks, context)
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
    judged = _evenly(len(refs), JUDGED_PARTS)
    rows, kept = yield from _described(again, sight, len(refs), judged, context.seed)
    memories: dict[str, Memory] = {}
    tails: dict[str, Tails] = {}
    for name, (candidates, owner, n_places) in rows.items():
        count = max(1, min(round(coreset * n_places), bank_rows, len(candidates)))
        memories[name] = yield from Memory.learnt(
            candidates, owner, count, context, _WEIGHING.get(name, Weighing())
        )
        tails[name] = yield from _tail(name, memories[name], kept, sight, context)
    numbers = [*kept]
    some = {numbers[at]: kept[numbers[at]][0] for at in _evenly(len(kept), _DISTURBED_PARTS)}
    counted = yield from worths(some, sight, memories, tails, context)
    return Learnt(sight, memories, tails, counted)


def _looked_at(refs: Sequence[SampleRef], context: Context) -> Job[list[Registered]]:
    """Some of the good parts."""
    parts: list[Registered] = []
    for number in _evenly(len(refs), _LOOKED_AT):
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


Rows = dict[str, tuple[Array, Array, int]]
"""Evidence -> candidates (N, D), numbers (N,) of their parts, places that there were in all."""
Kept = dict[int, tuple[Registered, dict[str, Places]]]


def _described(
    again: Iterator[tuple[int, Registered]],
    sight: Sight,
    n_parts: int,
    judged: Sequence[int],
    seed: int,
) -> Job[tuple[Rows, Kept]]:
    """Candidates of every evidence, and all places of the parts that will be judged."""
    rows: dict[str, list[Array]] = {name: [] for name in sight.evidence}
    n_places = dict.fromkeys(sight.evidence, 0)
    kept: Kept = {}
    for portion in batches(again, max(1, BATCH // len(sight.evidence))):
        yield Progress(DESCRIBING, portion[0][0], n_parts, "; ".join(sight.views.notes()))
        widened = [(number, sight.widened(part)) for number, part in portion]
        for (number, part), places in zip(
            widened, sight.see([part for _, part in widened]), strict=True
        ):
            for name, found in ((name, one.rows) for name, one in places.items()):
                n_places[name] += len(found)
                most = CANDIDATES // n_parts
                rows[name].append(thinned(found, max(1, most), seed + number))
            if number in judged:
                kept[number] = (part, places)
    gathered: Rows = {}
    for name, several in rows.items():
        owner = np.repeat(np.arange(len(several)), [len(one) for one in several])
        gathered[name] = (np.concatenate(several), owner, n_places[name])
    return gathered, kept


def _tail(name: str, memory: Memory, kept: Kept, sight: Sight, context: Context) -> Job[Tails]:
    """How rare the values of an evidence's map are on good parts that it does not know."""
    values: dict[int, Array] = {}
    for done, (number, (part, places)) in enumerate(kept.items()):
        yield Progress(COMPARING, done, len(kept))
        distance, _ = memory.distances(places[name].rows, context, own=number)
        drawn = sight.draw(part, places[name], distance)[part.foreground]
        values[number] = drawn[:: max(1, len(drawn) // _PIXELS_OF_A_PART)]
    return Tails.of(values)


def _evenly(count: int, most: int) -> list[int]:
    """Up to `most` numbers below count, evenly apart."""
    return np.unique(np.linspace(0, count - 1, min(count, most)).round().astype(int)).tolist()
