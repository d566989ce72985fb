"""Statistics over stacks of grids, worked out in short steps so that long learning can be stopped."""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import TypeVar

import numpy as np

from inspector_core.progress import Job, Progress
from inspector_core.types import Array, FloatArray

T = TypeVar("T")

Ticks = Generator[None, None, T]
"""Work in short steps: yields nothing in particular, returns its value."""

_AT_ONCE = 2_000_000


def told(ticks: Ticks[T], progress: Callable[[], Progress]) -> Job[T]:
    """Ticks as a job: says the current progress at every step."""
    while True:
        try:
            next(ticks)
        except StopIteration as finished:
            value: T = finished.value
            return value
        yield progress()


def column_median(layers: Array) -> FloatArray:
    """(n, ...) to (...): median of the known values per place, NaN where none is.

    Sorting puts NaN last, so that the median of k known values sits in the middle of the first k;
    many times faster than numpy.nanmedian.
    """
    ordered = np.sort(layers, axis=0)
    count = np.isfinite(ordered).sum(axis=0)
    low = np.take_along_axis(ordered, np.maximum((count - 1) // 2, 0)[None], axis=0)[0]
    high = np.take_along_axis(ordered, np.minimum(count // 2, len(layers) - 1)[None], axis=0)[0]
    return np.where(count > 0, (low + high) / 2, np.float32(np.nan)).astype(np.float32)


def median_of(layers: Array) -> Ticks[FloatArray]:
    """`column_median` in steps of about two million values."""
    flat = layers.reshape(len(layers), -1)
    result = np.empty(flat.shape[1], np.float32)
    step = max(1, _AT_ONCE // len(flat))
    for start in range(0, flat.shape[1], step):
        result[start : start + step] = column_median(flat[:, start : start + step])
        yield
    return result.reshape(layers.shape[1:])
