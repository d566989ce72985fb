"""Joining the evidence of colour and shape into the map that decides."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from inspector_core.types import AnomalyMaps, Array


def times_usual(values: Array, usual: float) -> Array:
    """A raw map in times the usual: 1.0 is a good part's typical largest value."""
    return np.asarray(values / np.float32(usual), np.float32)


def fuse(maps: AnomalyMaps, usual: Mapping[str, float]) -> AnomalyMaps:
    """The same maps with `fused` filled where a detector left it to us.

    The larger of colour and shape, each in times the usual: a defect that one sensor sees must stay
    visible (methods: a sum lets the noise of one map hide the other's defects).
    """
    if maps.fused is not None:
        return maps
    seen = [
        times_usual(values, usual[name])
        for name, values in (("rgb", maps.rgb), ("shape", maps.shape))
        if values is not None
    ]
    fused = seen[0] if len(seen) == 1 else np.fmax(seen[0], seen[1])
    return replace(maps, fused=fused)
