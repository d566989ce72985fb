"""A memory bank: representative patches of good parts, whose they are, and how close others come."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from inspector_core.device import Cost, Plan
from inspector_core.memory.coreset import Projection, coreset_cost, greedy_coreset
from inspector_core.memory.nearest import nearest, quiet, search_cost
from inspector_core.progress import Job, Progress
from inspector_core.types import Array, FloatArray, frozen_array

COMPARING = "Comparing the good parts with each other"
_PRIOR_PATCHES = 8
"""A row that few patches of other parts meet borrows from the median with this weight."""
_FLOOR = 0.5
"""The usual distance at a row is at least this share of the median."""
_FIELDS = ("rows", "owner", "usual", "level")


@dataclass(frozen=True, slots=True)
class Bank:
    """rows : (M, D) float32.   owner : (M,) int32, number of the good part a row came from.

    usual : (M,) float32 > 0, how far patches of other good parts lie from the row, 1 where distances
    are not evened out.
    level : (2,) float32, mean and standard deviation of good patches' distances in the usual ones.
    """

    rows: Array
    owner: Array
    usual: Array
    level: Array

    def __post_init__(self) -> None:
        count = len(self.rows)
        if self.rows.ndim != 2 or count == 0 or not len(self.owner) == len(self.usual) == count:
            raise ValueError(
                "a bank has (M, D) rows, M >= 1, an owner and a usual distance for each"
            )
        for name in _FIELDS:
            kind = np.int32 if name == "owner" else np.float32
            array = np.ascontiguousarray(getattr(self, name), kind)
            object.__setattr__(self, name, frozen_array(array))

    def search(
        self, queries: Array, plan: Plan, tell: Callable[[str], None] = quiet
    ) -> tuple[FloatArray, Array]:
        """Exact distance to the nearest row and its index, (N,) each; see `nearest`."""
        return nearest(queries, self.rows, plan, tell)

    def tensors(self, name: str) -> dict[str, Array]:
        """As named arrays of a detector's state."""
        return {f"{name}.{field}": getattr(self, field) for field in _FIELDS}

    @classmethod
    def from_tensors(cls, name: str, tensors: Mapping[str, Array]) -> Bank:
        """The bank that `tensors(name)` gave."""
        return cls(*(tensors[f"{name}.{field}"] for field in _FIELDS))


def build(
    features: Array,
    owner: Array,
    count: int,
    plan_for: Callable[[Cost], Plan],
    *,
    projection: Projection = "none",
    even_out: bool = True,
    seed: int = 0,
    tell: Callable[[str], None] = quiet,
) -> Job[Bank]:
    """A bank of `count` representative patches.

    features : (N, D) float32, N >= 1.   owner : (N,) number of each patch's part.
    even_out : learn the usual distance at each row from the other parts' patches, so that places
    where good parts differ a lot do not outweigh the rest.
    """
    plan = plan_for(coreset_cost(*features.shape))
    chosen = yield from greedy_coreset(
        features, count, plan, projection=projection, seed=seed, tell=tell
    )
    rows, owners = features[chosen], owner[chosen]
    plan = plan_for(search_cost(len(features), *rows.shape))
    distances, meets = yield from from_other_parts(features, owner, rows, owners, plan, tell)
    usual = np.ones(len(rows), np.float32)
    if even_out and len(np.unique(owners)) > 1:
        usual = _usual_distances(distances, meets, len(rows))
    judged = distances / usual[meets]
    level = np.array([judged.mean(), max(float(judged.std()), 1e-6)])
    return Bank(rows, owners, usual, level)


def from_other_parts(
    features: Array,
    owner: Array,
    rows: Array,
    owners: Array,
    plan: Plan,
    tell: Callable[[str], None],
) -> Job[tuple[Array, Array]]:
    """(N,) distance of each patch from the nearest row of another part, and that row's number."""
    distances = np.empty(len(features))
    meets = np.empty(len(features), np.int64)
    parts = np.unique(owner)
    for done, number in enumerate(parts):
        yield Progress(COMPARING, done, len(parts))
        own, others = owner == number, np.flatnonzero(owners != number)
        if len(others) == 0:
            others = np.arange(len(rows))
        distances[own], index = nearest(features[own], rows[others], plan, tell)
        meets[own] = others[index]
    return distances, meets


def _usual_distances(distances: Array, meets: Array, count: int) -> FloatArray:
    """(M,) mean distance of the patches of other parts that are nearest to a row."""
    middle = max(float(np.median(distances)), 1e-6)
    total = np.bincount(meets, distances, minlength=count)
    met = np.bincount(meets, minlength=count)
    usual = (total + _PRIOR_PATCHES * middle) / (met + _PRIOR_PATCHES)
    return np.maximum(usual, _FLOOR * middle).astype(np.float32)
