"""Memory banks of M3DM (arXiv 2303.00601, section 3.3): of colour, of shape and of both fused.

Each bank holds a coreset of the good parts' patches in units of the bank's own spread. A patch is as
unusual as it is far from the nearest row; a part's score is that of its most unusual patch, less where
the row that it meets lies in a crowd. What nomewang/M3DM@62b7f46 computes otherwise is a choice
"published".
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

from inspector_core.device import Cost, Plan
from inspector_core.memory.bank import from_other_parts
from inspector_core.memory.coreset import coreset_cost, farthest_from_mean, greedy_coreset
from inspector_core.memory.nearest import (
    nearest,
    other_neighbours,
    quiet,
    search_cost,
    several_nearest,
)
from inspector_core.memory.reweight import reweighting
from inspector_core.progress import Job
from inspector_core.types import Array, FloatArray, frozen_array

BankName = Literal["rgb", "shape", "fused"]
BANKS: tuple[BankName, ...] = ("shape", "rgb", "fused")
"""In the order of the published scores and λ."""
Reweight = Literal["none", "project", "published_double"]

_CROWD = 2
"""Rows around the met one that re-weighting looks at; the published three count the row itself."""
_DOUBLE = 1000.0
"""By which the published two-bank model divides before the exponentials."""
_PROJECTED = 128
"""Width in which a coreset of wider features is chosen."""
_FIELDS = ("rows", "owner", "mean", "deviation")
NOBODY = -1
"""Owner of a row that is no part's patch."""


@dataclass(frozen=True, slots=True)
class BankChoices:
    """How banks are made.

    coreset : share of a bank's patches that are kept, `most_rows` at most.
    stats : units of each bank's own mean and deviation, or of those that the published code takes for
    all three: mean of shape, deviation of colour.
    sizes : share of the bank's own patches, or, for colour and fused, of the reduced shape bank.
    chosen_in : 128 random directions, all channels, or the published sparse projection.
    zero_row : keep a row of zeros in the shape bank, as published, and none with an exact zero beside.
    """

    coreset: float = 0.1
    most_rows: int = 12_000
    stats: Literal["bank", "published"] = "bank"
    sizes: Literal["bank", "published"] = "bank"
    chosen_in: Literal["fast", "exact", "published"] = "fast"
    zero_row: bool = False


@dataclass(frozen=True, slots=True)
class PatchBank:
    """rows : (M, D) float32 in the bank's units.   owner : (M,) int32, `NOBODY` for a made-up row.

    mean, deviation : (1,) float32, what features are brought to those units with.
    """

    rows: Array
    owner: Array
    mean: Array
    deviation: Array

    def __post_init__(self) -> None:
        if self.rows.ndim != 2 or not 0 < len(self.rows) == len(self.owner):
            raise ValueError("a bank has (M, D) rows, M >= 1, and an owner for each")
        for name in _FIELDS:
            kind = np.int32 if name == "owner" else np.float32
            array = np.ascontiguousarray(getattr(self, name), kind)
            object.__setattr__(self, name, frozen_array(array))

    def scaled(self, features: Array) -> FloatArray:
        """(N, D) float32 features in the bank's units."""
        return np.asarray((features - self.mean) / self.deviation, np.float32)

    def search(
        self, scaled: Array, plan: Plan, tell: Callable[[str], None] = quiet
    ) -> tuple[FloatArray, Array]:
        """Distance of each scaled patch (N, D) to its nearest row and that row's number, (N,) each."""
        return nearest(scaled, self.rows, plan, tell)

    def most_like(self, scaled: Array, plan: Plan) -> int | None:
        """Number of the part with the row nearest to one scaled patch (D,), None without any."""
        # at most one row is nobody's
        count = min(2, len(self.rows))
        _, index = several_nearest(scaled[None], self.rows, count, plan)
        owners = [owner for owner in self.owner[index[0]].tolist() if owner != NOBODY]
        return owners[0] if owners else None

    def crowd(self, plan: Plan) -> Array | None:
        """(M, 2) int64: the rows nearest to each row; None when the bank has too few."""
        return other_neighbours(self.rows, _CROWD, plan) if len(self.rows) > _CROWD else None

    def tensors(self, name: str) -> dict[str, Array]:
        """As named arrays of a detector's state."""
        return {f"{name}.{field}": getattr(self, field) for field in _FIELDS}

    @classmethod
    def from_tensors(cls, name: str, tensors: Mapping[str, Array]) -> PatchBank:
        """The bank that `tensors(name)` gave."""
        return cls(*(tensors[f"{name}.{field}"] for field in _FIELDS))


def learn_banks(
    features: Mapping[BankName, Array],
    owner: Mapping[BankName, Array],
    choices: BankChoices,
    plan_for: Callable[[Cost], Plan],
    *,
    whole: Mapping[BankName, int] | None = None,
    seed: int = 0,
    tell: Callable[[str], None] = quiet,
) -> Job[dict[BankName, PatchBank]]:
    """A bank of each of the given kinds of features.

    features : (N, D) float32 of good patches, N >= 1; N may differ from bank to bank.
    owner : (N,) number of the part of each.   whole : patches of each kind before any were left out
    to save memory; shares are of those.
    """
    banks: dict[BankName, PatchBank] = {}
    for name in BANKS:
        if name not in features:
            continue
        rows = features[name]
        mean, deviation = _units(features, name, choices.stats)
        scaled = np.asarray((rows - mean) / deviation, np.float32)
        patches = len(rows) if whole is None else whole[name]
        if choices.sizes == "published" and name != "shape" and "shape" in banks:
            patches = len(banks["shape"].rows) - choices.zero_row
        count = min(max(1, int(choices.coreset * patches)), choices.most_rows, len(rows))
        chosen = yield from _chosen(scaled, count, choices, plan_for, seed, tell)
        kept, owners = scaled[chosen], owner[name][chosen]
        if choices.zero_row and name == "shape":
            full = (kept != 0).all(axis=1)
            kept = np.concatenate([kept[full], np.zeros((1, kept.shape[1]), np.float32)])
            owners = np.append(owners[full], NOBODY)
        banks[name] = PatchBank(kept, owners, np.atleast_1d(mean), np.atleast_1d(deviation))
    return banks


def held_out_distances(
    bank: PatchBank,
    scaled: Array,
    owner: Array,
    plan_for: Callable[[Cost], Plan],
    tell: Callable[[str], None] = quiet,
) -> Job[tuple[Array, Array]]:
    """How far each good patch lies from the rows of all other parts, and which it meets, (N,) each.

    scaled : (N, D) in the bank's units.   owner : (N,) number of each patch's part. What a new good
    part would show, for a part's own rows are at no distance from it.
    """
    plan = plan_for(search_cost(len(scaled), *bank.rows.shape))
    found: tuple[Array, Array] = yield from from_other_parts(
        scaled, owner, bank.rows, bank.owner, plan, tell
    )
    return found


def part_score(
    scaled: Array,
    distances: Array,
    index: Array,
    bank: PatchBank,
    crowd: Array | None,
    reweight: Reweight,
) -> float:
    """Score φ of a part: distance of its most unusual patch times the factor of what it meets.

    scaled : (N, D) patches in the bank's units.   distances, index : (N,) of `search`.
    crowd : of the bank; None weighs nothing.
    """
    top = int(distances.argmax())
    shrunk = _DOUBLE if reweight == "published_double" else 1.0
    score = float(distances[top]) / shrunk
    if reweight == "none" or crowd is None:
        return score
    around = bank.rows[crowd[index[top]]].astype(np.float64) / shrunk
    factor = reweighting(
        scaled[top : top + 1] / shrunk,
        distances[top : top + 1] / shrunk,
        np.zeros(1, np.int64),
        around,
        np.arange(len(around))[None],
    )
    return score * float(factor[0])


def _units(
    features: Mapping[BankName, Array], name: BankName, stats: str
) -> tuple[np.float32, np.float32]:
    """Mean and deviation over all patches and channels of a bank, or of those published for all."""
    centred, spread = name, name
    if stats == "published" and {"rgb", "shape"} <= features.keys():
        centred, spread = "shape", "rgb"
    mean = features[centred].mean(dtype=np.float64)
    deviation = features[spread].std(dtype=np.float64, ddof=1)
    return np.float32(mean), np.float32(max(float(deviation), 1e-12))


def _chosen(
    scaled: FloatArray,
    count: int,
    choices: BankChoices,
    plan_for: Callable[[Cost], Plan],
    seed: int,
    tell: Callable[[str], None],
) -> Job[Array]:
    """Numbers of the kept patches in the order of choice."""
    seen = scaled
    if choices.chosen_in == "fast" and scaled.shape[1] > _PROJECTED:
        mixing = np.random.default_rng([seed, _PROJECTED]).normal(
            size=(scaled.shape[1], _PROJECTED)
        )
        seen = scaled @ mixing.astype(np.float32)
    published = choices.chosen_in == "published"
    chosen: Array = yield from greedy_coreset(
        seen,
        count,
        plan_for(coreset_cost(*seen.shape)),
        projection="published" if published else "none",
        seed=seed,
        start=0 if published else farthest_from_mean(seen),
        tell=tell,
    )
    return chosen
