"""Clouds for the published preparation: in metres, of a likely size, and what is to be said of them."""

from __future__ import annotations

import numpy as np

from inspector_core.data.units import LARGEST_MM, SMALLEST_MM, diagonal
from inspector_core.errors import InputError
from inspector_core.geometry.published import Prepared
from inspector_core.types import FloatArray, Registered, Sample


def metres_of(part: Registered) -> FloatArray:
    """(H, W, 3) float32 m, zeros where nothing was measured.

    The part has a cloud. Raises InputError for one in another unit, as its size betrays: the published
    lengths (5 mm above the table, 6 mm between neighbours) would mean something else.
    """
    xyz = part.sample.xyz
    assert xyz is not None
    extent = diagonal(xyz)
    if not SMALLEST_MM <= extent <= LARGEST_MM:
        raise InputError(
            f"{part.sample.id}: the cloud is {extent:.3g} mm across, outside 1 mm to 10 m",
            cure="check the unit: --set unit=m or --set unit=mm",
        )
    return np.asarray(np.where(part.valid[..., None], xyz, 0) / np.float32(1000), np.float32)


def notes_on(sample: Sample, prepared: Prepared) -> tuple[str, ...]:
    """What the published preparation had to assume, one sentence each."""
    found = []
    if prepared.plane is None:
        found.append("No table found: the published preparation took nothing away.")
    if sample.unit == "nominal mm":
        found.append("The cloud has no unit: published lengths count in its nominal millimetres.")
    return tuple(found)
