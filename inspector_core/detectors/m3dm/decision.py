"""Decision layer of M3DM: one value from those of several banks, learnt from good parts alone.

Ours: each bank's value in units of its spread over held-out good parts, added with weights >= 0 whose
sum varies least among good parts: banks that say the same thing share a weight. Published
(nomewang/M3DM@62b7f46): a linear one-class machine whose score, larger for more usual inputs, serves as
the anomaly score. That works because all values are positive; nothing keeps a weight from turning negative,
so here it is told.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from inspector_core.detectors.m3dm.banks import BankName
from inspector_core.types import Array, FloatArray, frozen_array

_FURTHER_PARTS = 8
"""Correlations count as if so many more good parts had been seen that show none."""
_SEED = 42
_FIELDS = ("weights", "means", "deviations", "level")


@dataclass(frozen=True, slots=True)
class Decision:
    """What is added up.

    names : of B banks.   weights : (B,) of their values as they are.
    means, deviations : (B,) of the banks' values over the good parts learnt from; level : (2,) the same
    of the sum.
    """

    names: tuple[BankName, ...]
    weights: Array
    means: Array
    deviations: Array
    level: Array

    def __post_init__(self) -> None:
        for name in _FIELDS:
            array = np.ascontiguousarray(getattr(self, name), np.float64)
            object.__setattr__(self, name, frozen_array(array))

    def value(self, values: Mapping[BankName, Array]) -> FloatArray:
        """(...) float32 joint value of equally shaped values by bank.

        Where banks are missing the sum of the others is brought to the mean and deviation that all
        have together, not below 0.
        """
        there = [at for at, name in enumerate(self.names) if name in values]
        if not there:
            raise ValueError(f"none of {', '.join(self.names)} has a value")
        weights = self.weights[there]
        if not weights.any():
            weights = 1 / self.deviations[there]
        given = np.stack([np.asarray(values[self.names[at]], np.float64) for at in there])
        total = np.tensordot(weights, given, axes=1)
        if len(there) < len(self.names):
            middle = float(weights @ self.means[there])
            # exact for one bank, which is what a missing modality leaves
            width = float(np.abs(weights) @ self.deviations[there])
            total = np.maximum(self.level[0] + (total - middle) / width * self.level[1], 0)
        return np.asarray(total, np.float32)

    def inverted(self) -> tuple[BankName, ...]:
        """Banks whose larger values make a part look better."""
        return tuple(
            name for name, weight in zip(self.names, self.weights, strict=True) if weight < 0
        )

    def tensors(self, name: str) -> dict[str, Array]:
        """As named arrays of a detector's state."""
        return {f"{name}.{field}": getattr(self, field) for field in _FIELDS}

    @classmethod
    def from_tensors(
        cls, name: str, names: Sequence[BankName], tensors: Mapping[str, Array]
    ) -> Decision:
        """The decision over the named banks that `tensors(name)` gave."""
        return cls(tuple(names), *(tensors[f"{name}.{field}"] for field in _FIELDS))


def least_varying(values: Mapping[BankName, Array], n_parts: int) -> Decision:
    """Weights >= 0 of values in their deviations, adding up to 1, whose sum varies least.

    values : (N,) >= 0 by bank, of held-out good patches or parts, N >= 1.   n_parts : that they are
    from; with few of them correlations count little and all banks weigh alike.
    """
    names, rows = _rows(values)
    means, deviations = _statistics(rows)
    scaled = (rows - means) / deviations
    together = scaled.T @ scaled / max(1, len(rows))
    np.fill_diagonal(together, 1.0)
    believed = n_parts / (n_parts + _FURTHER_PARTS)
    shares = _least_variance(believed * together + (1 - believed) * np.eye(len(names)))
    return _decision(names, shares / deviations, rows)


def one_class(
    values: Mapping[BankName, Array], factors: Mapping[BankName, float], seed: int = _SEED
) -> Decision:
    """The published decision: scikit-learn's SGDOneClassSVM (nu 0.5, 1000 rounds) on factor * value.

    values : (N,) by bank, N >= 1; published: of the very parts that are in the banks, for maps with
    their background.   factors : λ by bank.
    """
    from sklearn.linear_model import SGDOneClassSVM

    names, rows = _rows(values)
    scale = np.array([factors[name] for name in names])
    machine = SGDOneClassSVM(random_state=seed, nu=0.5, max_iter=1000)
    machine.fit(np.asarray(rows * scale, np.float32))
    return _decision(names, np.asarray(machine.coef_, np.float64).ravel() * scale, rows)


def _rows(values: Mapping[BankName, Array]) -> tuple[tuple[BankName, ...], FloatArray]:
    names = tuple(values)
    return names, np.stack([np.asarray(values[name], np.float64) for name in names], axis=1)


def _statistics(rows: Array) -> tuple[FloatArray, FloatArray]:
    """Means and deviations; of one row, or equal ones, a deviation is a tenth of the mean."""
    means = rows.mean(axis=0)
    spread = rows.std(axis=0)
    return means, np.where(spread > 1e-9, spread, np.maximum(0.1 * np.abs(means), 1e-9))


def _decision(names: tuple[BankName, ...], weights: Array, rows: Array) -> Decision:
    means, deviations = _statistics(rows)
    middle, spread = _statistics((rows @ weights)[:, None])
    return Decision(names, weights, means, deviations, np.concatenate([middle, spread]))


def _least_variance(covariance: Array) -> FloatArray:
    """(B,) weights >= 0 adding up to 1 with the least variance; B is small, so all sets are tried."""
    count = len(covariance)
    best, least = np.full(count, 1 / count), np.inf
    for size in range(1, count + 1):
        for some in combinations(range(count), size):
            shares = np.linalg.solve(covariance[np.ix_(some, some)], np.ones(size))
            variance = 1 / shares.sum()
            if (shares >= 0).all() and variance < least - 1e-12:
                best = np.zeros(count)
                best[list(some)] = shares * variance
                least = variance
    return best
