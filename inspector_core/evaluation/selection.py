"""Order statistics of sorted arrays together, without joining them."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np

from inspector_core.types import Array

SAMPLES = 1 << 20
"""About so many values are looked at to find where an order statistic lies."""


def order_statistics(
    parts: Callable[[], Iterable[Array]], positions: Array, samples: int = SAMPLES
) -> Array:
    """The values at these ranks (0 = smallest) of several ascending arrays together, exactly.

    parts : gives the arrays, float32, as often as it is asked.
    positions : (m,) int, each below the arrays' total length.
    Every s-th value of each array brackets a rank; what lies in the bracket is then sorted.
    """
    sizes = [len(values) for values in parts()]
    step = max(1, sum(sizes) // samples)
    ladder = np.sort(np.concatenate([values[::step] for values in parts()]))
    # k sampled values below t: at most k * step values below it;
    # k sampled values up to t: at least (k - arrays) * step + arrays values up to it
    low = ladder[positions // step]
    above = (positions + len(sizes) * (step - 1)) // step
    inside = above < len(ladder)
    high = np.where(inside, ladder[np.minimum(above, len(ladder) - 1)], np.float32(np.inf))
    below = np.zeros(len(positions), np.int64)
    within: list[list[Array]] = [[] for _ in positions]
    for values in parts():
        first = np.searchsorted(values, low, "left")
        last = np.searchsorted(values, high, "right")
        below += first
        for at, (start, end) in enumerate(zip(first.tolist(), last.tolist(), strict=True)):
            if end > start:
                within[at].append(np.array(values[start:end]))
    return np.array(
        [
            np.partition(np.concatenate(found), rank)[rank]
            for found, rank in zip(within, (positions - below).tolist(), strict=True)
        ],
        ladder.dtype,
    )
