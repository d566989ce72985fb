"""Learning for `unaligned`: how to look at the good parts, their places, and how rare values are."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from inspector_core.detectors.contract import Context
from inspector_core.detectors.sight import COLOUR, HISTOGRAM, Places, Sight
from inspector_core.detectors.sight_learning import evenly, learnt_sight
from inspector_core.detectors.unaligned.memory import COMPARING, Memory, Tails, Weighing, thinned
from inspector_core.detectors.unaligned.worth import worths
from inspector_core.detectors.view_settings import NetworkSettings
from inspector_core.detectors.views import BATCH, batches
from inspector_core.progress import Job, Progress
from inspector_core.types import Array, Registered, SampleRef

DESCRIBING = "Describing the good parts"
CANDIDATES = 30_000
"""Places of good parts that the kept ones of an evidence are chosen from, evenly over the parts."""
JUDGED_PARTS = 10
"""Good parts that say how rare values are; each is judged as if it had not been learnt."""
_DISTURBED_PARTS = 6
"""Of these, parts that are looked at once more with disturbances."""
_PIXELS_OF_A_PART = 20_000
_WEIGHING = {COLOUR: Weighing(ridge=0.1), HISTOGRAM: Weighing(standardised=False)}
"""The colours of good parts hang together: lighter places are yellower, say. A stain need not keep to that.
Taken apart, the network's features gained on one set and lost on another; those of the surface lost."""


@dataclass(frozen=True, slots=True)
class Learnt:
    """What the good parts taught: the sight, and per evidence its memory, its tail and its worth."""

    sight: Sight
    memories: dict[str, Memory]
    tails: dict[str, Tails]
    worths: dict[str, float]


def learnt(
    refs: Sequence[SampleRef],
    settings: NetworkSettings,
    networks: Sequence[str],
    *,
    judges: str,
    normals: str,
    cells: str,
    coreset: float,
    bank_rows: int,
    context: Context,
) -> Job[Learnt]:
    """Learn from good parts; yields progress in steps well under a second."""
    sight, again = yield from learnt_sight(
        refs, settings, networks, judges=judges, normals=normals, cells=cells, context=context
    )
    judged = evenly(len(refs), JUDGED_PARTS)
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
    some = {numbers[at]: kept[numbers[at]][0] for at in evenly(len(kept), _DISTURBED_PARTS)}
    counted = yield from worths(some, sight, memories, tails, context)
    return Learnt(sight, memories, tails, counted)


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
