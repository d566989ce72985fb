"""The forms that defects take: height changes and layer strengths around a place.

A form is written in its own frame: `u` along the defect, `v` across it, both mm from its middle. The
length and width asked for are those of the visible part: where the change exceeds 0.1 mm, or where
the layer is stronger than 0.15.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from inspector_core.synthetic.noise import Field, wander
from inspector_core.synthetic.shapes import ramp

VISIBLE_MM = 0.1
VISIBLE_STRENGTH = 0.15


@dataclass(frozen=True)
class Spot:
    """Where and how large: coordinates around the middle, wanted size, random numbers.

    length, width, depth : mm; depth is the largest height change, or 1 for a layer.
    """

    u: Field
    v: Field
    length: float
    width: float
    depth: float
    rng: np.random.Generator

    def radius(self, visible: float, unevenness: float = 0.08) -> Field:
        """1 on the form's border; `visible` is the radius at which the form passes 0.1 mm."""
        around = np.arctan2(self.v, self.u) / (2 * np.pi)
        border = 1 + unevenness * wander(self.rng, around, 4, 1.0)
        r = np.hypot(self.u / (0.5 * self.length), self.v / (0.5 * self.width))
        return r * visible / np.clip(border, 0.75, 1.25)

    @property
    def floor(self) -> float:
        """Share of the depth that 0.1 mm is."""
        return min(VISIBLE_MM / self.depth, 0.9)


Form = Callable[[Spot], Field]


def bowl(spot: Spot) -> Field:
    """A ding or a drop of spatter: steep, round bottom."""
    r = spot.radius(float(np.sqrt(1 - np.sqrt(spot.floor))))
    return spot.depth * np.clip(1 - r**2, 0, 1) ** 2


def swell(spot: Spot) -> Field:
    """A broad, soft form."""
    r = spot.radius(float(np.arccos(2 * spot.floor - 1) / np.pi), 0.06)
    return spot.depth * (0.5 + 0.5 * np.cos(np.pi * np.clip(r, 0, 1)))


def gouge(spot: Spot) -> Field:
    """Long and narrow, shallow at one end and deep at the other."""
    r = spot.radius(float(np.sqrt(1 - spot.floor)), 0.05)
    rise = np.clip(0.55 + 0.9 * spot.u / spot.length, 0.15, 1)
    return spot.depth * np.clip(1 - r**2, 0, 1) * rise


def ridge(spot: Spot) -> Field:
    """A burr: a sharp crest of uneven height."""
    t = 2 * spot.u / spot.length
    crest = 1 + 0.18 * wander(spot.rng, 0.5 * t, 4, 1.0)
    half = 0.5 * spot.width / (1 - spot.floor)
    bend = 0.15 * spot.width * np.cos(2 * t + spot.rng.uniform(0, 6))
    across = np.clip(1 - np.abs(spot.v - bend) / half, 0, 1)
    return spot.depth * np.clip(crest, 0.5, 1) * across * ramp(np.abs(t), 1.08, 0.75)


def _groove(spot: Spot, offset: Field | float, length: float) -> Field:
    """A groove along u at v = offset with raised lips, ends running out."""
    half = 0.5 * spot.width / np.sqrt(1 - spot.floor)
    across = np.abs(spot.v - offset)
    ends = ramp(np.abs(spot.u), 0.5 * length * 1.04, 0.5 * length * 0.8)
    depth = spot.depth * (1 + 0.12 * wander(spot.rng, spot.u / spot.length, 3, 1.0))
    cut = np.minimum(depth, spot.depth) * np.clip(1 - (across / half) ** 2, 0, 1)
    lips = 0.09 * spot.depth * np.exp(-(((across - 1.25 * half) / (0.3 * half)) ** 2))
    return (cut - lips) * ends


def scratch(spot: Spot) -> Field:
    """One straight groove."""
    return _groove(spot, 0.0, spot.length)


def scratch_pair(spot: Spot) -> Field:
    """Two grooves side by side, the second shorter."""
    apart = spot.width * spot.rng.uniform(1.6, 2.4)
    second = spot.length * spot.rng.uniform(0.55, 0.85)
    first = _groove(spot, -0.5 * apart, spot.length)
    other = _groove(spot, 0.5 * apart, second)
    return np.where(np.abs(first) > np.abs(other), first, other)


def scratch_curved(spot: Spot) -> Field:
    """One bent groove."""
    bend = spot.length * spot.rng.uniform(0.08, 0.2)
    return _groove(spot, bend * ((2 * spot.u / spot.length) ** 2 - 0.4), spot.length)


def pit(spot: Spot) -> Field:
    """A deep hole with steep, uneven walls and a rough floor."""
    r = spot.radius(1.0, 0.10)
    floor = 0.9 + 0.1 * wander(spot.rng, spot.u / spot.length + spot.v, 4, 1.0)
    return spot.depth * np.clip(floor, 0.7, 1) * ramp(r, 1.02, 0.55)


def broken(spot: Spot) -> Field:
    """A break at an edge: a conchoidal scoop with an uneven border."""
    r = spot.radius(1.0, 0.16)
    return spot.depth * np.clip(1 - r**2, 0, 1) ** 0.6


def through(spot: Spot) -> Field:
    """Everything inside an uneven border is gone."""
    return np.where(spot.radius(1.0, 0.10) < 1, spot.depth, 0.0)


def drilled(spot: Spot) -> Field:
    """Everything inside a circle is gone."""
    return np.where(np.hypot(spot.u, spot.v) < 0.5 * spot.length, spot.depth, 0.0)


def drop(spot: Spot) -> Field:
    """A drop that has soaked in: even inside, soft at the border."""
    r = spot.radius(1.0, 0.13)
    blot = 1 + 0.12 * wander(spot.rng, (spot.u + 0.6 * spot.v) / spot.length, 4, 1.0)
    return np.clip(ramp(r, 1.12, 0.66) * np.clip(blot, 0.6, 1), 0, 1)


def dried_ring(spot: Spot) -> Field:
    """A dried drop: a dark line around a weak inside."""
    r = spot.radius(1.0, 0.08)
    line = min(0.32, max(0.12, 0.5 / spot.length))
    rim = np.exp(-(((r - 1 + line) / (0.75 * line)) ** 2))
    return np.clip(rim + 0.30 * ramp(r, 1.0, 0.8), 0, 1)


def smear(spot: Spot) -> Field:
    """Wiped along u: streaks that fade towards one end."""
    t = 2 * spot.u / spot.length
    streaks = 0.75 + 0.35 * wander(spot.rng, spot.v / spot.width, 5, 1.0)
    fade = ramp(t, 1.15, -0.4) * ramp(t, -1.05, -0.85)
    return np.clip(streaks, 0.25, 1) * fade * ramp(np.abs(2 * spot.v / spot.width), 1.1, 0.7)


def patch(spot: Spot) -> Field:
    """Another colour with a clear border."""
    return ramp(spot.radius(1.0, 0.10), 1.05, 0.88)


def bloom(spot: Spot) -> Field:
    """Another colour that runs out softly."""
    r = spot.radius(0.78, 0.10)
    cloud = 1 + 0.1 * wander(spot.rng, (spot.u - 0.5 * spot.v) / spot.length, 4, 1.0)
    return np.clip(ramp(r, 1.0, 0.15) * np.clip(cloud, 0.7, 1), 0, 1)
