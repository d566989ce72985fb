"""Unaligned comparison: each place of a part with all places of the good parts, wherever they lie.

The counterpart of `aligned` for parts that lie freely, deform or have no cloud. Colour is judged by what
a small network sees of the picture and by the colours themselves; shape by how the surface bends and
breaks at native depth, and by what the network sees of normals that came with the parts. Every evidence
has its own memory of good places (nearest neighbour, in the usual distance of the place that it meets).
Good parts that are judged as if they had not been learnt say how often a good pixel reaches a value, and
disturbances painted on them how much that tells; the evidence of one modality is the sum of its
rarities, each times this worth, so that none of it drowns another.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from copy import copy
from dataclasses import dataclass, replace
from typing import ClassVar, Literal

import numpy as np

from inspector_core.detectors.contract import Context, DetectorInfo, Explanation, Scorer, State
from inspector_core.detectors.sight import MODALITY, Places, Sight
from inspector_core.detectors.sight_learning import LARGEST_PX
from inspector_core.detectors.unaligned.learning import (
    CANDIDATES,
    JUDGED_PARTS,
    learnt,
)
from inspector_core.detectors.unaligned.memory import Memory, Tails
from inspector_core.detectors.view_choice import network_bytes, network_width, restored_views
from inspector_core.detectors.view_settings import SMALL_FIRST, SightSettings, cells_setting
from inspector_core.device import Cost
from inspector_core.errors import InputError
from inspector_core.features.colour import CHANNELS as COLOUR_CHANNELS
from inspector_core.features.patches import SHAPE_CHANNELS
from inspector_core.features.surface_descriptor import CHANNELS
from inspector_core.progress import Job
from inspector_core.settings import setting
from inspector_core.types import AnomalyMaps, Array, FloatArray, Registered, SampleRef

_PIXEL_BYTES = 400
_AT_ONCE = 2
"""Evidence that is computed beside the network's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UnalignedSettings(SightSettings):
    """Settings of `unaligned`."""

    cells: Literal["part", "all"] = cells_setting()
    coreset: float = setting(
        0.25, low=0.001, high=1.0, help="Share of the good places kept in a memory."
    )
    bank_rows: int = setting(
        4000, low=10, high=100_000, help="Most places kept in a memory, whatever the share."
    )


class Unaligned:
    """Nearest good place by several kinds of evidence; see the module."""

    info: ClassVar[DetectorInfo] = DetectorInfo(
        name="unaligned",
        title="Unaligned comparison",
        summary="Compares each place with all places of the good parts, by colour and by shape.",
        source="this program; after Roth et al.: PatchCore, CVPR 2022, arXiv 2106.08265",
        modalities=("rgb", "shape"),
        requires=(),
        settings=UnalignedSettings,
        suits="Parts that lie freely, deform or have no cloud.",
        weights=SMALL_FIRST,
        leaves_out=True,
    )

    def __init__(self, settings: UnalignedSettings) -> None:
        self.settings = settings

    def cost(self, n_parts: int, size: tuple[int, int]) -> Cost:
        """Memory for learning: the network, candidates of its memories, the parts judged."""
        settings = replace(self.settings, size_px=self.settings.size_px or LARGEST_PX)
        width = network_width(settings, SMALL_FIRST)
        rows = min(CANDIDATES, n_parts * (settings.size_px // 8) ** 2)
        kept = min(settings.bank_rows, rows)
        channels = width + COLOUR_CHANNELS + CHANNELS + SHAPE_CHANNELS
        memories = 4 * (3 * rows + 2 * kept) * 2 * channels
        judged = 4 * min(n_parts, JUDGED_PARTS) * (settings.size_px // 8) ** 2 * 2 * width
        fixed = network_bytes(settings, SMALL_FIRST, size) + memories + judged
        # a part as it is read, prepared, fitted and drawn
        return Cost(fixed_bytes=fixed + _PIXEL_BYTES * size[0] * size[1])

    def learn(self, parts: Sequence[SampleRef], context: Context) -> Job[State]:
        """Remember places of good parts, then see how far good ones stray from them."""
        settings = self.settings
        found = yield from learnt(
            parts,
            settings,
            SMALL_FIRST,
            judges=settings.picture,
            normals=settings.normals,
            cells=settings.cells,
            coreset=settings.coreset,
            bank_rows=settings.bank_rows,
            context=context,
        )
        tensors: dict[str, Array] = {}
        for name, memory in found.memories.items():
            tensors |= memory.tensors(name)
            tensors |= found.tails[name].tensors(name)
        facts = {"worths": found.worths, "parts": [ref.id for ref in parts]}
        return State(tensors, {**found.sight.facts(), **facts})

    def restore(self, state: State, context: Context) -> Scorer:
        """A scorer from what `learn` returned."""
        return UnalignedScorer(self.settings, state, context)


@dataclass(frozen=True, slots=True)
class _Compared:
    """Places of one evidence, the distance of each to the nearest kept one, and the number of that."""

    places: Places
    distance: FloatArray
    nearest: Array


_Judged = tuple[dict[str, _Compared], dict[str, FloatArray], list[str]]
"""Evidence to its places and to its map in weighed rarities; notes."""


class UnalignedScorer:
    """Memories and tails of all evidence, ready for parts."""

    def __init__(self, settings: UnalignedSettings, state: State, context: Context) -> None:
        self.facts, self.context = state.facts, context
        views = restored_views(state.facts, settings, context, cells=settings.cells)
        self.sight = Sight.restored(state.facts, views)
        self.memories = {name: Memory.restored(name, state.tensors) for name in self.sight.evidence}
        self.tails = {name: Tails.restored(name, state.tensors) for name in self.sight.evidence}
        # kept: new threads would set up their memory and torch's helpers anew for every part
        self._beside = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="relief-unaligned")
        self._left_out = -1
        self._last: tuple[Registered, dict[str, _Compared]] | None = None

    def without(self, learnt_id: str) -> UnalignedScorer:
        """Its places are not compared with, and it does not say how rare values are.

        Which places of the others were kept still rests on it: without it a few more of those that it
        stood for would have been.
        """
        other = copy(self)
        other._left_out = self.facts["parts"].index(learnt_id)
        other._last = None
        return other

    def score(self, part: Registered) -> AnomalyMaps:
        """Colour and shape: how rare what their evidence sees is, in decades of shares of good pixels.

        The evidence of a modality is summed, as Fisher adds log p-values, each times its worth.
        """
        notes = self._require(part)
        widened = self.sight.widened(part)
        # no evidence needs another
        started = [self._beside.submit(self._described, widened, n) for n in self.sight.described]
        compared: dict[str, _Compared] = {}
        drawn: dict[str, FloatArray] = {}
        for here, weighed, told in [self._looked(widened), *(each.result() for each in started)]:
            compared |= here
            drawn |= weighed
            notes += told
        maps: dict[str, FloatArray] = {}
        for name, values in drawn.items():
            modality = MODALITY[name]
            maps[modality] = maps[modality] + values if modality in maps else values
        self._last = (part, compared)
        notes += self.sight.views.notes()
        return AnomalyMaps(maps.get("rgb"), maps.get("shape"), None, notes=tuple(notes))

    def explain(self, part: Registered, pixel: tuple[int, int]) -> Explanation | None:
        """The good part with the most similar place, by the evidence that finds it most unusual."""
        if self._last is None or self._last[0] is not part:
            self.score(part)
        assert self._last is not None
        found: list[tuple[float, int]] = []
        for name, compared in self._last[1].items():
            number = self.sight.place_at(compared.places, pixel)
            if number is not None:
                distance = compared.distance[number : number + 1]
                rarity = self.facts["worths"][name] * float(self.tails[name].whole(distance)[0])
                owner = self.memories[name].bank.owner[compared.nearest[number]]
                found.append((rarity, int(owner)))
        return Explanation(self.facts["parts"][max(found)[1]], None) if found else None

    def _looked(self, widened: Registered) -> _Judged:
        """All evidence of the network."""
        (seen,) = self.sight.looked([widened])
        return self._judged(widened, seen)

    def _described(self, widened: Registered, name: str) -> _Judged:
        """One evidence that needs no network."""
        places = self.sight.describe(widened, name)
        return self._judged(widened, {} if places is None else {name: places})

    def _judged(self, widened: Registered, seen: Mapping[str, Places]) -> _Judged:
        """Places compared with the memories, drawn, and made rare; with notes."""
        notes: list[str] = []
        compared: dict[str, _Compared] = {}
        drawn: dict[str, FloatArray] = {}
        for name, places in seen.items():
            if name in self.memories:
                distance, nearest = self.memories[name].distances(
                    places.rows, self.context, notes.append, own=self._left_out
                )
                tail = self.tails[name].without(self._left_out)
                rarity = tail(self.sight.draw(widened, places, distance))
                drawn[name] = np.float32(self.facts["worths"][name]) * rarity
                compared[name] = _Compared(places, distance, nearest)
        return compared, drawn, notes

    def _require(self, part: Registered) -> list[str]:
        """Notes on what the part lacks; InputError when nothing that was learnt is there."""
        learnt_here = self.sight.modalities
        there = {"rgb": part.sample.rgb is not None, "shape": part.sample.xyz is not None}
        missing = [modality for modality in learnt_here if not there[modality]]
        if not missing:
            return []
        if len(missing) == len(learnt_here):
            what = "picture" if missing[0] == "rgb" else "cloud"
            raise InputError(
                f"{part.sample.id}: the {what} is missing, "
                "and the recipe was learnt from nothing else",
                cure="scan the part as the good ones were scanned, or learn again",
            )
        if missing == ["rgb"]:
            return ["No picture: judged by shape alone."]
        return ["No cloud: judged by colour alone, and what lies around the part counts as part."]
