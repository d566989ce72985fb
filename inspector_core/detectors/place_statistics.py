"""What good parts do at each place: mean, common modes of variation, and how much is left over.

A field is a stack of channels (C, h, w) on the cells of the reference, NaN where unknown. Boss
heights, thicknesses or the light's direction move whole regions together: a few modes explain them,
so that what remains is judged against the noise of the place and not against the part's tolerance.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from inspector_core.geometry.blurring import blurred
from inspector_core.geometry.resampling import broad_blur
from inspector_core.geometry.stacks import Ticks, median_of
from inspector_core.types import Array, BoolArray, FloatArray

_MAD = np.float32(1.4826)
_FIT_CELLS = 20_000
"""Modes are fitted on about this many places; more do not change the coefficients."""
_BROAD = 2.0
"""Variation broader than this many of the widest scale is taken off before judging."""
_SEEN = 0.05
_SUPPORT = 0.6
"""Share of weighted readings in a window from which its evidence counts in full; below the first,
not at all."""
_OWN = 8.0
"""A place's spread is mixed with its surroundings' as if those were this many parts."""
_WINSOR = 3.5
_LEAST = 0.02
"""Spread floor, in unknown spreads: parts that agree to the last digit (grey pictures) are no ruler."""
_FLOOR = 0.5
"""Spread floor: this share of the part's median spread."""


@dataclass(frozen=True, slots=True)
class Modes:
    """Mean field and main modes of variation of the good parts.

    mean : (C, h, w).   cells : (C·h·w) bool, places that the modes cover.
    basis : (k, n) orthonormal on those places.   variance : (k,) of the coefficients.
    noise : variance per place that the modes leave.
    """

    mean: Array
    cells: Array
    basis: Array
    variance: Array
    noise: float

    def expected(self, field: Array) -> FloatArray:
        """The good field (C, h, w) most like the given one, which may have NaN and defects.

        Coefficients are the most probable ones given the good parts' variances; places that do not
        fit (a defect) lose their weight in three rounds.
        """
        result = self.mean.astype(np.float32).copy()
        if not len(self.basis):
            return result
        difference = (field - self.mean).reshape(-1)[self.cells]
        known = np.flatnonzero(np.isfinite(difference))
        if known.size < 10 * len(self.basis):
            return result
        known = known[:: max(1, known.size // _FIT_CELLS)]
        basis, values = self.basis[:, known], difference[known]
        thinning = len(values) / max(1, int(np.isfinite(difference).sum()))
        prior = np.diag(self.noise * thinning / np.maximum(self.variance, 1e-12))
        limit = 3 * _MAD * max(float(np.median(np.abs(values))), 1e-6)
        weight = np.ones_like(values)
        for _ in range(3):
            weighted = basis * weight
            found = np.linalg.solve(
                (weighted @ basis.T).astype(np.float64) + prior,
                (weighted @ values).astype(np.float64),
            ).astype(np.float32)
            weight = 1 / (1 + ((values - found @ basis) / limit) ** 2)
        flat = result.reshape(-1)
        flat[self.cells] += found @ self.basis
        return result


class GoodFields:
    """The fields of all good parts: their modes, and each part judged by the others."""

    def __init__(
        self, fields: Array, mean: Array, cells: Array, centred: Array, count: int
    ) -> None:
        self.fields, self.mean, self.count = fields, mean, count
        self._cells, self._centred = cells, centred
        self._gram = (centred @ centred.T).astype(np.float64)

    @classmethod
    def gathered(cls, fields: Array, count: int) -> Ticks[GoodFields]:
        """Mean and centred fields, in short steps.

        fields : (n, C, h, w) float32, NaN = unknown.   count : modes wanted; a third of the parts at
        most. Values far from the other parts' are drawn in, so that one bad part shifts nothing.
        """
        n = len(fields)
        middle = yield from median_of(fields)
        sizes = yield from median_of(np.abs(fields - middle))
        spread = _MAD * sizes
        limit = 4 * np.nan_to_num(spread) + 4 * _median(spread) + 1e-6
        yield
        known = np.isfinite(fields)
        clipped = np.where(known, np.clip(fields - middle, -limit, limit), 0)
        yield
        shift = clipped.sum(axis=0) / np.maximum(known.sum(axis=0), 1)
        cells = known.mean(axis=0).reshape(-1) > 0.5
        yield
        centred = np.where(known, clipped - shift, 0).reshape(n, -1)[:, cells]
        yield
        mean = np.nan_to_num(middle) + shift
        return cls(fields, mean, cells, centred.astype(np.float32), min(count, n // 3))

    def modes(self) -> Modes:
        """Mean and modes of all parts."""
        return self._modes(self._gram, self._centred, self.mean)

    def left_out(self, number: int) -> FloatArray:
        """Residual (C, h, w) of one part against mean and modes of the others; NaN = unknown.

        Needs at least two parts.
        """
        n = len(self.fields)
        others = [index for index in range(n) if index != number]
        own = self._centred[number]
        away = own / np.float32(n - 1)
        cross = self._gram[others, number] / (n - 1)
        gram = self._gram[np.ix_(others, others)] + cross[:, None] + cross[None, :]
        gram += self._gram[number, number] / (n - 1) ** 2
        mean = self.mean.copy()
        mean.reshape(-1)[self._cells] -= away
        modes = self._modes(gram, self._centred[others], mean, away)
        field = self.fields[number]
        return np.asarray(field - modes.expected(field))

    def _modes(self, gram: Array, centred: Array, mean: Array, shift: Array | None = None) -> Modes:
        """Principal modes from the parts' inner products; shift is added to every centred row."""
        n, k = len(centred), min(self.count, len(centred) - 1)
        places = max(1, centred.shape[1])
        if k < 1:
            return Modes(mean, self._cells, np.empty((0, places), np.float32), np.empty(0), 0.0)
        values, vectors = np.linalg.eigh(gram)
        values, vectors = np.maximum(values[::-1][:k], 1e-12), vectors[:, ::-1][:, :k]
        mixing = (vectors / np.sqrt(values)).T.astype(np.float32)
        basis = mixing @ centred
        if shift is not None:
            basis += mixing.sum(axis=1)[:, None] * shift
        variance = values / max(1, n - 1)
        total = float(np.trace(gram)) / max(1, n - 1)
        noise = max((total - float(variance.sum())) / places, 1e-12)
        return Modes(mean, self._cells, basis, variance, noise)


def windows(
    residual: Array, weight: Array, scales: Sequence[float], usual: Sequence[float]
) -> Iterator[tuple[int, int, FloatArray, FloatArray]]:
    """(scale, channel, smoothed residual, known share), the broad variation taken off.

    residual : (C, h, w), NaN = unknown.   weight : (h, w) in 0..1.   usual : per channel, the good
    parts' typical residual; the broad part is judged on residuals clipped at three times that, so
    that a defect does not hide itself.
    """
    known = np.isfinite(residual).all(axis=0)
    weight = np.where(known, weight, np.float32(0))
    wide_weight = np.maximum(broad_blur(weight, _BROAD * max(scales)), 1e-3)
    values = np.where(known, residual, np.float32(0))
    for channel, limit in enumerate(3 * np.asarray(usual, np.float32)):
        wide = broad_blur(np.clip(values[channel], -limit, limit) * weight, _BROAD * max(scales))
        values[channel] = (values[channel] - wide / wide_weight) * weight
    whole = np.concatenate([values, weight[None]])
    for scale, sigma in enumerate(scales):
        *means, share = blurred(whole, sigma)
        norm = np.where(share > _SEEN, 1 / np.maximum(share, 1e-6), 0).astype(np.float32)
        for channel, mean in enumerate(means):
            mean *= norm
            yield scale, channel, mean, share


@dataclass(frozen=True, slots=True)
class Spread:
    """How much smoothed residuals of good parts scatter: (S, C, h, w), one layer per scale."""

    scales: tuple[float, ...]
    layers: Array

    def evidence(self, residual: Array, weight: Array, usual: Sequence[float]) -> FloatArray:
        """(h, w): the largest smoothed residual over scales and channels in good parts' spreads.

        residual : (C, h, w), NaN = unknown.   weight : (h, w) in 0..1.   usual : per channel, the
        good parts' typical residual, for taking off what is broad.
        """
        largest = np.zeros(weight.shape, np.float32)
        for scale, channel, mean, share in windows(residual, weight, self.scales, usual):
            if channel == 0:
                worth = np.sqrt(np.clip(share / np.float32(_SUPPORT), 0, 1))
            np.abs(mean, out=mean)
            mean /= self.layers[scale, channel]
            mean *= worth
            np.maximum(largest, mean, out=largest)
        return rounded(largest)


def rounded(evidence: Array) -> FloatArray:
    """Evidence without single-cell peaks: opened by 2 x 2 cells, then softened a little."""
    opened = evidence
    for axis in (0, 1):
        opened = _with_neighbour(np.minimum, opened, axis, before=True)
    for axis in (0, 1):
        opened = _with_neighbour(np.maximum, opened, axis, before=False)
    return blurred(opened, 0.6)


def _with_neighbour(chosen: np.ufunc, values: Array, axis: int, *, before: bool) -> Array:
    """Of every value and the one before or after it along an axis the chosen one."""
    result = values.copy()
    ours, theirs = np.moveaxis(result, axis, 0), np.moveaxis(values, axis, 0)
    if before:
        chosen(ours[1:], theirs[:-1], out=ours[1:])
    else:
        chosen(ours[:-1], theirs[1:], out=ours[:-1])
    return result


class SpreadGathering:
    """Collects left-out residuals of good parts, then tells their spread.

    usual : per channel, what a residual typically is; `unknown` stands in while there are no parts
    to compare (one good part).
    """

    def __init__(
        self,
        scales: Sequence[float],
        usual: Sequence[float],
        unknown: Sequence[float],
        within: BoolArray,
    ) -> None:
        self.scales, self.usual, self.unknown = tuple(scales), tuple(usual), tuple(unknown)
        self.within = within
        self._means: dict[tuple[int, int], list[Array]] = {}
        self._shares: dict[int, list[Array]] = {}

    def add(self, residual: Array, weight: Array) -> None:
        """One part's left-out residual (C, h, w) and weights (h, w)."""
        for scale, channel, mean, share in windows(residual, weight, self.scales, self.usual):
            self._means.setdefault((scale, channel), []).append(mean.astype(np.float16))
            if channel == 0:
                self._shares.setdefault(scale, []).append(share.astype(np.float16))

    def spread(self) -> Ticks[Spread]:
        """(S, C, h, w) spreads; call once, it gives the memory back."""
        layers = np.empty((len(self.scales), len(self.usual), *self.within.shape), np.float32)
        for scale in range(len(self.scales)):
            shares = self._shares.pop(scale, [])
            for channel, unknown in enumerate(self.unknown):
                means = self._means.pop((scale, channel), [])
                layers[scale, channel] = np.float32(unknown)
                if means:
                    layers[scale, channel] = yield from spread_of(
                        np.stack(means), np.stack(shares), self.within
                    )
        least = np.float32(_LEAST) * np.asarray(self.unknown, np.float32)
        return Spread(self.scales, np.maximum(layers, least[:, None, None]))


def spread_of(values: Array, weight: Array, within: BoolArray) -> Ticks[FloatArray]:
    """(n, h, w) left-out values to their spread (h, w): root mean square, steadied.

    Single parts that are far off are drawn in (a bad part among the good), each place leans on its
    surroundings, and nothing is narrower than half of the part's median spread.
    """
    from scipy.ndimage import gaussian_filter

    values, weight = values.astype(np.float32), weight.astype(np.float32)
    seen = weight > _SEEN
    yield
    size = _MAD * (yield from median_of(np.where(seen, np.abs(values), np.float32(np.nan))))
    usual = _median(size[within])
    limit = _WINSOR * np.fmax(size, usual)
    squares = (np.clip(values, -limit, limit) ** 2 * weight * seen).sum(axis=0)
    count = (weight * seen).sum(axis=0)
    around = gaussian_filter(squares, 2.0) / np.maximum(gaussian_filter(count, 2.0), 1e-3)
    overall = squares[within].sum() / max(float(count[within].sum()), 1e-6)
    variance = (squares + _OWN * around + overall) / (count + _OWN + 1)
    return np.sqrt(variance + _FLOOR**2 * _median(variance[within])).astype(np.float32)


def _median(values: Array) -> float:
    values = values[np.isfinite(values)]
    return float(np.median(values)) if values.size else 0.0
