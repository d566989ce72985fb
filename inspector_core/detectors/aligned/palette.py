"""How colours of different scans become comparable: the same light, the pattern at the same place."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from inspector_core.detectors.aligned.drift import Drift
from inspector_core.types import Array, BoolArray, FloatArray

COLOUR_CLIP = 25.0
"""Differences are clipped at this many CIELAB units: farther off is simply another colour."""
_SMALLEST_STEP = 0.5
"""Colour differences below this are no difference (CIELAB units)."""


@dataclass(frozen=True, slots=True)
class Palette:
    """How colours are made comparable: the good parts' colours and the scale of each channel.

    reference : (3, h, w) CIELAB, NaN where never seen.   scale : (3,) typical differences.
    drift : how the reference's pattern is found again where it was put on a little beside.
    """

    reference: Array
    scale: tuple[float, ...]
    footprint: BoolArray
    drift: Drift = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "drift", Drift.onto(self.reference, self.scale, self.footprint))

    def field(self, colour: Array) -> FloatArray:
        """(3, h, w) difference of the colours, once settled, from the reference: `off` of `settled`."""
        return self.off(self.settled(colour))

    def off(self, settled: Array) -> FloatArray:
        """(3, h, w) difference of settled colours from the reference, in typical differences."""
        off = settled - self.reference
        scale = np.asarray(self.scale, np.float32)[:, None, None]
        return np.asarray(np.clip(off, -COLOUR_CLIP, COLOUR_CLIP) / scale)

    def settled(self, colour: Array) -> FloatArray:
        """CIELAB (3, h, w) in the light of the reference, its pattern where the reference has it.

        Brightness is fitted by gain and offset, a and b by an offset: exposure and the light's tint
        change from scan to scan.
        """
        return self.drift.undone(evened(colour, self.reference, self.footprint))


def evened(colour: Array, reference: Array, within: BoolArray) -> FloatArray:
    """CIELAB (3, h, w) brought to the light of the reference, judged on the cells within."""
    known = within & np.isfinite(colour[0]) & np.isfinite(reference[0])
    if known.sum() < 10:
        return np.asarray(colour, np.float32)
    number = np.flatnonzero(known)
    number = number[:: max(1, number.size // 10_000)]
    here, there = colour.reshape(3, -1)[:, number], reference.reshape(3, -1)[:, number]
    gain, weight = 1.0, np.ones(here.shape[1])
    for _ in range(3):
        x, y = np.average(here[0], weights=weight), np.average(there[0], weights=weight)
        across = np.average((here[0] - x) ** 2, weights=weight)
        gain = np.average((here[0] - x) * (there[0] - y), weights=weight) / max(across, 1e-6)
        gain = float(np.clip(gain, 0.5, 2.0))
        error = there[0] - y - gain * (here[0] - x)
        weight = 1 / (1 + (error / max(3 * float(np.median(np.abs(error))), 1e-3)) ** 2)
    result = np.empty(colour.shape, np.float32)
    result[0] = gain * (colour[0] - x) + y
    for channel in (1, 2):
        result[channel] = colour[channel] - np.median(here[channel] - there[channel])
    return result


def channel_scale(colours: Array, reference: Array, within: BoolArray) -> tuple[float, ...]:
    """Typical difference of good parts (n, C, h, w) from the reference (C, h, w) per channel."""
    scale = []
    for channel in range(len(reference)):
        off = np.abs(colours[:, channel, within] - reference[channel, within])[:, ::3]
        off = off[np.isfinite(off)]
        scale.append(max(_SMALLEST_STEP, 1.4826 * float(np.median(off)) if off.size else 0.0))
    return tuple(scale)
