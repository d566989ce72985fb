"""Many parts' pixels ranked together: in groups, so that the cost is that of sorting, on two threads.

A part alone would have to look up every cut of the whole set among its own pixels; parts joined and
sorted once answer for all of them.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor

import numpy as np

from inspector_core.evaluation.pixels import PartPixels, read_pixels, read_truth
from inspector_core.evaluation.ranking import Ranking, defect_values, empty, joined, lowest_of, rank
from inspector_core.progress import Job, Progress, drain
from inspector_core.types import Array

THREADS = 2
"""numpy sorts and searches without the interpreter's lock."""
GROUP_VALUES = 1 << 24
"""So many pixels are sorted together: 64 MB a thread."""


def read_maps(
    maps: Sequence[Array], masks: Sequence[Array | None], threads: int = THREADS
) -> list[PartPixels]:
    """The pixels of whole maps (H, W) float32 with a value everywhere, and of their masks or None."""

    def one(scores: Array, mask: Array | None) -> PartPixels:
        everywhere = np.ones(scores.shape, bool)
        return read_pixels(scores, read_truth(mask, everywhere), everywhere)

    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(one, maps, masks))


def pooled_by_label(
    groups: Mapping[str, Sequence[PartPixels]], cuts: Array, lowest: float, stage: str
) -> Job[dict[str, Ranking]]:
    """The ranking of each label's parts at the same cuts.

    stage : said in the progress.   The result does not depend on the number of threads.
    """
    total = sum(len(parts) for parts in groups.values())
    done = 0
    found = {label: empty(cuts) for label in groups}
    with ThreadPoolExecutor(THREADS) as pool:
        waiting: deque[tuple[str, int, Future[Ranking]]] = deque()
        for label, group in _in_groups(groups):
            waiting.append((label, len(group), pool.submit(_rank_joined, group, cuts, lowest)))
            while len(waiting) > THREADS:
                label, count, ranked = waiting.popleft()
                found[label] = found[label] + ranked.result()
                done += count
                yield Progress(stage, done, total)
        for label, _, ranked in waiting:
            found[label] = found[label] + ranked.result()
    return found


def pooled_quickly(parts: Sequence[PartPixels]) -> Ranking:
    """The exact ranking of all parts' pixels together, as `ranking.pooled` gives it."""
    lowest = lowest_of(parts)
    cuts = defect_values(parts, lowest)
    return drain(pooled_by_label({"": parts}, cuts, lowest, ""))[""]


def _rank_joined(group: Sequence[PartPixels], cuts: Array, lowest: float) -> Ranking:
    return rank(joined(group), cuts, lowest)


def _in_groups(
    groups: Mapping[str, Sequence[PartPixels]],
) -> Iterator[tuple[str, list[PartPixels]]]:
    for label, parts in groups.items():
        for group in _of_size(parts):
            yield label, group


def _of_size(parts: Iterable[PartPixels]) -> Iterator[list[PartPixels]]:
    group: list[PartPixels] = []
    size = 0
    for part in parts:
        if group and size + len(part.normal) > GROUP_VALUES:
            yield group
            group, size = [], 0
        group.append(part)
        size += len(part.normal)
    if group:
        yield group
