"""How bright the good parts are pictured, and the one gain that a recipe gives dark pictures."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from inspector_core.types import Registered

_SHARE = 98.0
"""Percentile that stands for the brightest of a part: what is above are highlights and dust."""
_DARK, _WELL_LIT = 0.4, 0.75
"""Of the full range: below the first a picture is dark, and is brightened to the second."""
MOST_GAIN = 20.0


def brightest(part: Registered) -> float | None:
    """The 98th percentile of the largest channel over the foreground, 0..1, without any gain.

    None without a picture or without foreground.
    """
    rgb = part.sample.rgb
    if rgb is None or not part.foreground.any():
        return None
    light = rgb[part.foreground].max(axis=1)
    return float(np.percentile(light, _SHARE)) / float(np.iinfo(rgb.dtype).max)


def common_gain(brightness: Sequence[float]) -> float:
    """One gain for all parts of a recipe, 1 to 20, of two digits; exactly 1 where they are not dark.

    brightness : `brightest` of good parts. Their median decides, so at most a fiftieth of a typical
    part reaches three quarters of the full range and its highlights alone can clip.
    """
    if not brightness:
        return 1.0
    usual = float(np.median(brightness))
    if usual >= _DARK:
        return 1.0
    return min(MOST_GAIN, float(f"{_WELL_LIT / max(usual, 1e-6):.2g}"))
