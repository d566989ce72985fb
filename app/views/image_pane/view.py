"""Which part of a picture is seen."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class View:
    """The pixel in the middle, and the magnification (1 = the home view fits)."""

    x: float
    y: float
    zoom: float = 1.0
