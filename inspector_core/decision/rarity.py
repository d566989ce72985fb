"""How rare a value is among good parts, and how much more often defects show it.

Both are increasing curves that go on as straight lines: good parts say nothing about values that none of
them ever reached, so their tail is continued as an exponential one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from inspector_core.types import Array, FloatArray

TAIL_SHARE = 0.01
"""The rarest 1 % of good pixels give the scale of the tail."""
_POINTS = 160
_KNOTS = 24
_FAR = 100.0
"""Curves are tabulated up to this rarity; beyond it they go straight on."""
_MEANS = np.geomspace(1.0, 60.0, 14)
"""Mean rarities of which the answer to defects is mixed; 1 is that of good material."""
_ROUNDS = 100
_STEPS = np.concatenate([np.arange(0, 8, 0.5), np.geomspace(8, _FAR, 16)])
"""Rarities between which disturbances are counted."""
_ASSUMED = 6.0
_LEAST_SLOPE = 0.1
"""The log ratio rises at least so much with the rarity, so that no two values become one."""


@dataclass(frozen=True, slots=True)
class Curve:
    """Straight pieces through points, going on as the first and the last piece do.

    at, value : (K,) float64, at strictly increasing, value not decreasing; K >= 2.
    """

    at: Array
    value: Array

    def __call__(self, values: Array) -> FloatArray:
        """Element by element, float32; NaN stays NaN."""
        found = np.interp(values, self.at, self.value)
        for end, beyond in ((0, values < self.at[0]), (-1, values > self.at[-1])):
            inner = 1 if end == 0 else -2
            slope = (self.value[end] - self.value[inner]) / (self.at[end] - self.at[inner])
            found = np.where(beyond, self.value[end] + slope * (values - self.at[end]), found)
        return np.asarray(found, np.float32)

    def document(self) -> dict[str, Any]:
        """Plain JSON."""
        return {"at": self.at.tolist(), "value": self.value.tolist()}

    @classmethod
    def of_document(cls, document: Mapping[str, Any]) -> Curve:
        """Raises KeyError and ValueError for what `document` did not write."""
        at, value = (np.asarray(document[key], np.float64) for key in ("at", "value"))
        if at.ndim != 1 or at.shape != value.shape or len(at) < 2 or not (np.diff(at) > 0).all():
            raise ValueError("a curve")
        return cls(at, value)


@dataclass(frozen=True, slots=True)
class Digest:
    """Values of one part's map, thinned out where there are many of a kind.

    values : (N,) float64 ascending.   share : (N,) float64, of the part's pixels; sums to 1.
    """

    values: Array
    share: Array

    @classmethod
    def of(cls, values: Array) -> Digest:
        """Digest of the finite values; the more extreme, the finer."""
        known = np.sort(values[np.isfinite(values)]).astype(np.float64)
        if not known.size:
            return cls(np.empty(0), np.empty(0))
        edges = np.append(np.geomspace(1, 1 / known.size, _POINTS), 0)
        middles = np.sqrt(edges[:-1] * np.maximum(edges[1:], 0.25 / known.size))
        rank = np.clip(np.ceil((1 - middles) * known.size).astype(int), 0, known.size - 1)
        return cls(known[rank], -np.diff(edges))


def rarity(digests: Sequence[Digest]) -> Curve:
    """Value to rarity: -ln of the share of good pixels that reach it, every part counting alike.

    A value that no more than 1 in e^r good pixels reaches has the rarity r. Below the lowest value of
    good parts the curve falls slightly, so that no two values become one.
    """
    values = np.concatenate([each.values for each in digests] or [np.zeros(1)])
    share = np.concatenate([each.share for each in digests] or [np.ones(1)])
    order = np.argsort(values, kind="stable")
    values, share = values[order], share[order] / share.sum()
    below = np.cumsum(share) - 0.5 * share
    wanted = np.linspace(0, -np.log(TAIL_SHARE), _KNOTS)
    at = np.interp(-np.expm1(-wanted), below, values)
    beyond = np.maximum(values - at[-1], 0)
    above = float(share[beyond > 0].sum())
    scale = float((share * beyond).sum()) / above if above > 0 else 0.0
    scale = scale or max(float(np.ptp(values)), abs(float(values[-1]))) or 1.0
    # knots of equal values are pulled apart: a map may be 0 on most of a good part
    at = np.maximum.accumulate(at + scale * 1e-6 * np.arange(_KNOTS))
    at = np.concatenate([[at[0] - scale], at, [at[-1] + scale * (_FAR - wanted[-1])]])
    return Curve(at, np.concatenate([[-0.01], wanted, [_FAR]]))


def answer(rarities: Array, share: Array) -> Curve:
    """Rarity to the log of how much more often a defect's pixel shows it than a good one.

    rarities : (N,) what pixels on disturbances show.   share : (N,) weight of each, 1 a disturbance.
    Among good pixels the rarity is exponentially distributed with mean 1. On disturbances it is counted
    in steps, with a few disturbances' worth of a smooth mixture where they say little, and the ratio
    made increasing. It hardly rises for a map that does not see them, which then counts for little.
    """
    from scipy.optimize import isotonic_regression

    count = float(share.sum())
    shown = np.histogram(np.clip(rarities, 0, _FAR), _STEPS, weights=share)[0]
    expected = _mixture(rarities, share)
    shown = (shown + _ASSUMED * expected) / (count + _ASSUMED)
    good = np.exp(-_STEPS[:-1]) - np.exp(-_STEPS[1:])
    middle = 0.5 * (_STEPS[:-1] + _STEPS[1:])
    slope = _LEAST_SLOPE * middle
    ratio = isotonic_regression(np.log(shown / good) - slope, weights=shown).x + slope
    return Curve(middle, np.asarray(ratio, np.float64))


def _mixture(rarities: Array, share: Array) -> FloatArray:
    """Share of each step in a mixture of exponential distributions (expectation maximisation)."""
    rate = 1 / _MEANS
    weight = share / share.sum()
    likelihood = rate * np.exp(-np.outer(np.clip(rarities, 0, _FAR), rate))
    mixed = np.full(len(rate), 1 / len(rate))
    for _ in range(_ROUNDS):
        part = likelihood * mixed
        mixed = weight @ (part / part.sum(axis=1, keepdims=True))
    reached = np.exp(-np.outer(_STEPS, rate)) @ mixed
    return np.asarray(reached[:-1] - reached[1:])


def chained(first: Curve, second: Curve) -> Curve:
    """The curve that applies one after the other."""
    inner = (second.at > first.value[0]) & (second.at < first.value[-1])
    at = np.unique(np.concatenate([first.at, np.interp(second.at[inner], first.value, first.at)]))
    at = at[np.concatenate([[True], np.diff(at) > 0])]
    return Curve(at, second(np.asarray(first(at), np.float64)).astype(np.float64))
