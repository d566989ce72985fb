"""Both maps on one scale of evidence, learnt from good parts alone.

A map's value first counts relative to the noise around it (`noise`), where that sets disturbances
painted on good parts apart better than the value as it is; then by how rare it is among held-out good
parts, then by how much more often the disturbances show it (`rarity`). What a map shows as often on good
parts as on disturbances is worth nothing, so that a modality which sees nothing does not drown the
other. The joint evidence is the sum of both likelihood ratios: a defect may be of colour or of shape.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import reduce
from typing import Any, TypeVar

import numpy as np

from inspector_core.decision.disturbances import Painted
from inspector_core.decision.noise import level, relative, steadied, usual_level
from inspector_core.decision.rarity import Curve, Digest, answer, chained, rarity
from inspector_core.types import AnomalyMaps, Array, FloatArray

T = TypeVar("T")

SEEN = ("rgb", "shape")
_PIXELS = 24
"""Pixels of a disturbance that are looked at; every disturbance counts alike."""
_FEWEST_DISTURBANCES = 6
_FOLDS = 10
_SEEN_ENOUGH = 10.0
"""Disturbances this rare or rarer are seen, however much rarer they are."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What values of the maps mean.

    usual_level : modality to the noise level of a typical good part; 0 where values count as they are.
    worth : modality to the curve from a steadied value to the log of its likelihood ratio.
    joint : the curve from the log of the summed ratios to rarity among good parts, the fused unit.
    """

    usual_level: Mapping[str, float]
    worth: Mapping[str, Curve]
    joint: Curve

    def fused(self, maps: AnomalyMaps) -> FloatArray:
        """(H, W) float32: how rare a pixel's evidence is among good parts, as -ln of their share.

        NaN where no map has a value; a modality that is missing neither speaks for nor against.
        """
        result = self.summed(maps)
        known = np.isfinite(result)
        result[known] = self.joint(result[known])
        return result

    def summed(self, maps: AnomalyMaps) -> FloatArray:
        """(H, W) float32: log of the summed likelihood ratios; NaN where no map has a value."""
        there = dict(seen(maps))
        ratios = {name: self._ratio(name, there[name]) for name in self.worth if name in there}
        known = np.logical_or.reduce([np.isfinite(values) for values in there.values()])
        nothing = np.zeros(maps.size, np.float32)
        # where a map says nothing, a defect is as likely as not: the log of the ratio is 0
        each = [np.nan_to_num(ratios.get(name, nothing)[known]) for name in self.worth]
        result = np.full(maps.size, np.nan, np.float32)
        result[known] = reduce(np.logaddexp, each)
        return result

    def _ratio(self, name: str, values: Array) -> FloatArray:
        """(H, W) float32 log of a map's likelihood ratio; NaN where the map has no value."""
        ratio = np.full(values.shape, np.nan, np.float32)
        inside = np.isfinite(values)
        ratio[inside] = self.worth[name](steadied(values, self.usual_level[name])[inside])
        return ratio

    def document(self) -> dict[str, Any]:
        """Plain JSON."""
        return {
            "usual_level": dict(self.usual_level),
            "worth": {name: curve.document() for name, curve in self.worth.items()},
            "joint": self.joint.document(),
        }

    @classmethod
    def of_document(cls, document: Mapping[str, Any]) -> Evidence:
        """Raises KeyError and ValueError for what `document` did not write."""
        return cls(
            {name: float(value) for name, value in document["usual_level"].items()},
            {name: Curve.of_document(each) for name, each in document["worth"].items()},
            Curve.of_document(document["joint"]),
        )


@dataclass(frozen=True, slots=True)
class _Disturbances:
    """Values of a map on one part's disturbances.

    values, levels : (N,) raw values and the noise levels there.   share : (N,) weight of each.
    """

    values: Array
    levels: Array
    share: Array


@dataclass(slots=True)
class Gathering:
    """Held-out good parts with both maps as they come in, by number, as they are and disturbed."""

    _levels: dict[str, list[float]] = field(default_factory=dict)
    _steadied: dict[str, dict[int, Digest]] = field(default_factory=dict)
    _plain: dict[str, dict[int, Digest]] = field(default_factory=dict)
    _disturbed: dict[str, list[_Disturbances]] = field(default_factory=dict)
    _summed: list[Digest] = field(default_factory=list)

    def add_level(self, maps: AnomalyMaps) -> None:
        """First round: how noisy a good part is."""
        for name, values in seen(maps):
            self._levels.setdefault(name, []).append(usual_level(level(values)))

    def add_disturbed(self, maps: AnomalyMaps, painted: Painted) -> None:
        """First round: what a good part shows when it is disturbed."""
        numbers = {"rgb": painted.colour, "shape": painted.shape}
        for name, values in seen(maps):
            found = _on_disturbances(values, level(values), numbers[name])
            self._disturbed.setdefault(name, []).append(found)

    def add_good(self, number: int, maps: AnomalyMaps) -> None:
        """Second round: which values the part has."""
        for name, values in seen(maps):
            steady = steadied(values, self._level(name))
            self._steadied.setdefault(name, {})[number] = Digest.of(steady)
            self._plain.setdefault(name, {})[number] = Digest.of(values)

    def add_summed(self, summed: Array) -> None:
        """Third round: the joint evidence of a good part, by what was learnt without it."""
        self._summed.append(Digest.of(summed))

    def without(self, number: int) -> Evidence:
        """What the others' values say: all parts but this one, or but every tenth where there are many.

        How the maps answer to disturbances is what all parts say: spots on a part are not its values.
        """
        return self._learnt(number % _FOLDS)

    def evidence(self) -> Evidence:
        """What all parts say."""
        return self._learnt(None)

    def _learnt(self, left_out: int | None) -> Evidence:
        usual, rarities = {}, {}
        for name in SEEN:
            usual[name], rarities[name] = self._better(name, left_out)
        return Evidence(usual, self._answered(usual, rarities), rarity(self._summed))

    def _better(self, name: str, left_out: int | None) -> tuple[float, Curve]:
        """Usual level and rarity of a map's values, steadied or as they are: what shows more."""
        steady = self._level(name), rarity(_others(self._steadied[name], left_out))
        plain = 0.0, rarity(_others(self._plain[name], left_out))
        share = self._share(name)
        if share.sum() < _FEWEST_DISTURBANCES:
            return steady
        shown = [
            float(share @ np.clip(self._shown(name, *each), 0, _SEEN_ENOUGH))
            for each in (steady, plain)
        ]
        return steady if shown[0] >= shown[1] else plain

    def _answered(self, usual: Mapping[str, float], rarities: dict[str, Curve]) -> dict[str, Curve]:
        """Rarities weighed by how the maps answer to disturbances; as they are with too few of them."""
        answers = {}
        for name, curve in rarities.items():
            share = self._share(name)
            if share.sum() < _FEWEST_DISTURBANCES:
                return rarities
            answers[name] = answer(self._shown(name, usual[name], curve), share)
        return {name: chained(curve, answers[name]) for name, curve in rarities.items()}

    def _shown(self, name: str, usual: float, curve: Curve) -> Array:
        """(N,) rarity of a map's values on the disturbances."""
        disturbed = self._disturbed.get(name, [])
        return np.concatenate(
            [curve(relative(each.values, each.levels, usual)) for each in disturbed]
        )

    def _share(self, name: str) -> Array:
        """(N,) weights of these values; those of a disturbance sum to 1."""
        return np.concatenate(
            [np.empty(0), *(each.share for each in self._disturbed.get(name, []))]
        )

    def _level(self, name: str) -> float:
        return float(np.median(self._levels[name]))


def seen(maps: AnomalyMaps) -> list[tuple[str, Array]]:
    """The maps that are joined, by modality, as far as they are there."""
    found = ((name, maps.get(name)) for name in SEEN)
    return [(name, values) for name, values in found if values is not None]


def _others(entries: Mapping[int, T], left_out: int | None) -> list[T]:
    """All but one fold; all where nothing would be left."""
    kept = [entry for number, entry in entries.items() if number % _FOLDS != left_out]
    return kept or list(entries.values())


def _on_disturbances(values: Array, levels: Array, numbers: Array) -> _Disturbances:
    """A map's values on the disturbances (H, W) int, 0 = none; a few pixels of each."""
    found: list[tuple[Array, Array, Array]] = []
    for number in range(1, int(numbers.max(initial=0)) + 1):
        there = (numbers == number) & np.isfinite(values)
        if not there.any():
            continue
        order = np.argsort(values[there], kind="stable")
        some = order[np.linspace(0, len(order) - 1, min(len(order), _PIXELS)).astype(int)]
        share = np.full(len(some), 1 / len(some))
        found.append((values[there][some], levels[there][some], share))
    if not found:
        return _Disturbances(*(np.empty(0) for _ in range(3)))
    first, second, third = (np.concatenate(each) for each in zip(*found, strict=True))
    return _Disturbances(first, second, third)
