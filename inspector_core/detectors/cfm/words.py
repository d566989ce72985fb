"""What Crossmodal Feature Mapping can say of a place: how far colour and shape are from what is expected."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from inspector_core.types import Array

_CALLED = {"rgb": "colour", "shape": "shape"}


def sentence(maps: Mapping[str, Array], pixel: tuple[int, int], *, crossed: bool) -> str:
    """The distances at a pixel (x, y) in times those elsewhere on the part, the larger first.

    maps : "rgb" and "shape" to (H, W) distances, NaN off the part.   crossed : each modality is predicted
    from the other, not from itself.   Empty off the part and where there is no distance at all.

    The part's own median is the measure: what a training leaves unexplained on good parts that it did not
    see differs from part to part, and is the same all over one.
    """
    times = {}
    for name, called in _CALLED.items():
        here, usual = float(maps[name][pixel[1], pixel[0]]), float(np.nanmedian(maps[name]))
        if not np.isfinite(here) or usual <= 0:
            return ""
        times[called] = here / usual
    first, second = sorted(times, key=lambda called: -times[called])
    expected = f"what {second} makes expect" if crossed else "what its own mapping makes of it"
    return (
        f"{first} lies {times[first]:.1f} times as far from {expected} as elsewhere on the part, "
        f"{second} {times[second]:.1f} times"
    )
