"""Joining the evidence of colour and shape into the map that decides."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from inspector_core.decision.evidence import Evidence, seen
from inspector_core.types import EMPTY, AnomalyMaps, Array


def times_usual(values: Array, usual: float) -> Array:
    """A raw map in times the usual: 1.0 is a good part's typical largest value."""
    return np.asarray(values / np.float32(usual), np.float32)


def fuse(
    maps: AnomalyMaps, usual: Mapping[str, float], evidence: Mapping[str, Any] = EMPTY
) -> AnomalyMaps:
    """The same maps with `fused` filled where a detector left it to us.

    evidence : what the recipe knows about the maps' values (`Evidence.document`): both are joined on
    one scale. Empty: the larger of colour and shape, each in times the usual.
    """
    if maps.fused is not None:
        return maps
    if evidence:
        return replace(maps, fused=Evidence.of_document(evidence).fused(maps))
    scaled = [times_usual(values, usual[name]) for name, values in seen(maps)]
    fused = scaled[0] if len(scaled) == 1 else np.fmax(scaled[0], scaled[1])
    return replace(maps, fused=fused)
