"""What `unaligned` remembers of one kind of evidence: places of good parts, and how far good ones stray."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from inspector_core.detectors.contract import Context
from inspector_core.features.scaling import Standard, decorrelating
from inspector_core.memory.bank import Bank, build
from inspector_core.memory.nearest import nearest, quiet, search_cost
from inspector_core.progress import Job
from inspector_core.types import Array, FloatArray, frozen_array

COMPARING = "Comparing the good parts with each other"


@dataclass(frozen=True, slots=True)
class Tail:
    """How often a good part's map reaches a value: a share of good pixels for each of some values.

    values : (K,) float32 ascending.   rarity : (K,) float32 ascending, -log10 of the share of good
    pixels that reach them.
    """

    values: Array
    rarity: Array

    SHARES: ClassVar[tuple[float, ...]] = (
        *(1.0, 0.8, 0.6, 0.4, 0.2, 0.1, 0.05, 0.02, 0.01),
        *(0.005, 0.002, 0.001),
    )
    STEEPEST: ClassVar[float] = 0.25
    """A decade rarer takes at least this share of the way from the middle to one good pixel in 100."""

    def __post_init__(self) -> None:
        for name in ("values", "rarity"):
            array = np.ascontiguousarray(getattr(self, name), np.float32)
            object.__setattr__(self, name, frozen_array(array))

    @classmethod
    def of(cls, good: Array) -> Tail:
        """From the values (n,) of held-out good pixels, n >= 1.

        Beyond the rarest share, the exponential tail that the last decade of values suggests: linear
        in -log10 of the share.
        """
        good = np.sort(np.asarray(good, np.float64))
        values = np.quantile(good, 1 - np.array(cls.SHARES))
        middle, rare = np.quantile(good, (0.5, 0.99))
        least = 1e-4 * max(1.0, abs(values[-1]))
        decade = max(values[-1] - values[-4], cls.STEEPEST * (rare - middle), least)
        values = np.append(values, values[-1] + decade)
        rarity = np.append(-np.log10(cls.SHARES), -np.log10(cls.SHARES[-1]) + 1)
        # equal values would leave it open how rare they are
        values = values + 1e-2 * least * np.arange(len(values))
        return cls(values, rarity)

    def __call__(self, values: Array) -> FloatArray:
        """-log10 of the share of good pixels that reach the values; NaN stays NaN."""
        found = np.interp(values, self.values, self.rarity)
        last = (self.rarity[-1] - self.rarity[-2]) / (self.values[-1] - self.values[-2])
        beyond = np.maximum(values - self.values[-1], 0) * last
        return np.asarray(found + beyond, np.float32)


@dataclass(frozen=True, slots=True)
class Tails:
    """The tail of all judged good parts, and for each of them that of the others.

    A part that helped to say how rare values are would be the more usual for it.
    """

    whole: Tail
    others: Mapping[int, Tail]

    @classmethod
    def of(cls, good: Mapping[int, Array]) -> Tails:
        """From the values (n,) of each judged part, by the part's number."""
        others = {}
        for number in good if len(good) > 1 else ():
            left = [values for other, values in good.items() if other != number]
            others[number] = Tail.of(np.concatenate(left))
        return cls(Tail.of(np.concatenate([*good.values()])), others)

    def without(self, number: int) -> Tail:
        """What the judged parts but this one say."""
        return self.others.get(number, self.whole)

    def tensors(self, name: str) -> dict[str, Array]:
        """As named arrays of a detector's state."""
        tails = [self.whole, *self.others.values()]
        return {
            f"{name}.values": np.stack([tail.values for tail in tails]),
            f"{name}.rarity": np.stack([tail.rarity for tail in tails]),
            f"{name}.judged": np.array([*self.others], np.int64),
        }

    @classmethod
    def restored(cls, name: str, tensors: Mapping[str, Array]) -> Tails:
        """The tails that `tensors(name)` gave."""
        values, rarity = tensors[f"{name}.values"], tensors[f"{name}.rarity"]
        whole, *others = (Tail(*pair) for pair in zip(values, rarity, strict=True))
        numbers = (int(number) for number in tensors[f"{name}.judged"])
        return cls(whole, dict(zip(numbers, others, strict=True)))


@dataclass(frozen=True, slots=True)
class Weighing:
    """How the channels of an evidence are weighed against each other.

    standardised : each by its spread over good places; otherwise they are weighed already.
    ridge : correlations of good places are taken out (`decorrelating`); None leaves them.
    """

    standardised: bool = True
    ridge: float | None = None


@dataclass(frozen=True, slots=True)
class Memory:
    """Representative places of the good parts, in weighed features; distances in the usual ones.

    mixing : (D, D) that takes correlations out of standardised features, None to leave them.
    """

    standard: Standard
    mixing: Array | None
    bank: Bank

    @classmethod
    def learnt(
        cls, rows: Array, owner: Array, count: int, context: Context, weighing: Weighing
    ) -> Job[Memory]:
        """From places (N, D) of good parts and the numbers (N,) of their parts; `count` are kept."""
        even = weighing.standardised
        standard = Standard.of(rows) if even else Standard.identity(rows.shape[1])
        mixing = None
        if weighing.ridge is not None and len(rows) > 1:
            mixing = decorrelating(standard.apply(rows), weighing.ridge)
        features = _weighed(rows, standard, mixing)
        bank = yield from build(
            features, owner, count, context.plan, even_out=True, seed=context.seed
        )
        return cls(standard, mixing, bank)

    def distances(
        self, rows: Array, context: Context, tell: Callable[[str], None] = quiet, own: int = -1
    ) -> tuple[FloatArray, Array]:
        """How far places (N, D) lie from the nearest kept one, in its usual distance, and which it is.

        own : a good part that is judged as if it had not been learnt, -1 for none.
        """
        features = _weighed(rows, self.standard, self.mixing)
        others = np.flatnonzero(self.bank.owner != own)
        alone = 0 < len(others) < len(self.bank.rows)
        bank = self.bank.rows[others] if alone else self.bank.rows
        plan = context.plan(search_cost(len(features), *bank.shape))
        distance, index = nearest(features, bank, plan, tell)
        place = others[index] if alone else index
        return np.asarray(distance / self.bank.usual[place], np.float32), place

    def tensors(self, name: str) -> dict[str, Array]:
        """As named arrays of a detector's state."""
        mixing = {} if self.mixing is None else {f"{name}.mixing": self.mixing}
        return {**self.standard.tensors(name), **mixing, **self.bank.tensors(name)}

    @classmethod
    def restored(cls, name: str, tensors: Mapping[str, Array]) -> Memory:
        """The memory that `tensors(name)` gave."""
        mixing = tensors.get(f"{name}.mixing")
        return cls(Standard.from_tensors(name, tensors), mixing, Bank.from_tensors(name, tensors))


def _weighed(rows: Array, standard: Standard, mixing: Array | None) -> FloatArray:
    features = standard.apply(rows)
    return features if mixing is None else np.asarray(features @ mixing, np.float32)


def thinned(rows: Array, most: int, seed: int) -> FloatArray:
    """Places (N, D) of one part, or `most` of them by lot, in their order."""
    some = np.random.default_rng([seed, 0]).permutation(len(rows))[:most]
    return np.asarray(rows[np.sort(some)], np.float32)
