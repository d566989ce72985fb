"""From a sample to what detectors work on: valid points, table plane, part, heights, normals."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from inspector_core.errors import InputError
from inspector_core.geometry.foreground import part_mask, silhouette
from inspector_core.geometry.normals import surface_normals
from inspector_core.geometry.plane import background_plane
from inspector_core.settings import setting
from inspector_core.types import Array, Plane, Registered, Sample

_FEWEST_POINTS = 100
_FEWEST_SHARE = 0.001


@dataclass(frozen=True, slots=True, kw_only=True)
class PrepareSettings:
    """How a part is told from what it lies on; the same for all parts of a recipe."""

    background: Literal["auto", "plane", "none"] = setting(
        "auto",
        choices=("auto", "plane", "none"),
        help="What lies under the part: a table plane where one is found, always one, or nothing.",
    )
    plane_tolerance_mm: float = setting(
        1.0, low=0.01, high=50.0, unit="mm", published=4.0, help="Roughness of the table."
    )
    minimum_height_mm: float = setting(
        1.0,
        low=0.01,
        high=1000.0,
        unit="mm",
        published=5.0,
        help="What stands higher than this above the table belongs to the part.",
    )
    join_mm: float = setting(
        6.0,
        low=0.1,
        high=1000.0,
        unit="mm",
        published=6.0,
        help="Neighbouring points closer than this are one piece.",
    )
    piece_share: float = setting(
        0.1, low=0.0, high=1.0, help="Pieces smaller than this share of the largest are left out."
    )
    opening_share: float = setting(
        0.05,
        low=0.0,
        high=1.0,
        help="Openings that show the table and are larger than this share of the part are not part of it.",
    )
    normal_window_px: int = setting(
        5, low=3, high=31, unit="px", help="Side of the window in which normals are fitted."
    )
    rgb_gain: float = setting(
        0.0,
        low=0.0,
        high=20.0,
        zero="auto",
        published=1.0,
        help="Factor on the picture's brightness, for dark pictures; auto measures one for all parts "
        "from the good ones: 1 where they are not dark.",
    )


_DEFAULTS = PrepareSettings()


def prepare(
    sample: Sample,
    settings: PrepareSettings = _DEFAULTS,
    seed: int = 0,
    *,
    normals: bool = True,
) -> Registered:
    """What geometry can say about a part before any method looks at it.

    Without a cloud everything is foreground. Without a plane, or when nothing stands out of it, all
    that was measured and its holes belong to the part, and a note says so. Raises InputError for an
    empty or nearly empty cloud, and when a plane is demanded but not found. Same sample, settings
    and seed, same bytes.   normals : fit them too; a third of the work, which few methods need.
    An automatic gain is learning's to measure; until then pictures count as they are.
    """
    gain = float(settings.rgb_gain) or 1.0
    valid = sample.valid
    if sample.xyz is None:
        return Registered(sample, valid, np.ones(sample.shape, bool), gain=gain)
    _require_points(sample, valid)
    plane, height, foreground, notes = _part(sample, sample.xyz, valid, settings, seed)
    return Registered(
        sample,
        valid,
        foreground,
        plane=plane,
        height=height,
        normals=_normals(sample, sample.xyz, valid, settings.normal_window_px) if normals else None,
        gain=gain,
        notes=notes,
    )


def _require_points(sample: Sample, valid: Array) -> None:
    count = int(np.count_nonzero(valid))
    if count >= max(_FEWEST_POINTS, _FEWEST_SHARE * valid.size):
        return
    amount = "no valid points" if count == 0 else "too few valid points"
    raise InputError(
        f"{sample.id}: {amount} ({count:,} of {valid.size:,})",
        cure="check the scanner's exposure and the export of this part",
    )


def _part(
    sample: Sample, xyz: Array, valid: Array, settings: PrepareSettings, seed: int
) -> tuple[Plane | None, Array | None, Array, tuple[str, ...]]:
    """Plane, height above it, foreground and notes."""
    if settings.background == "none":
        return None, None, _measured(valid), ()
    fit = background_plane(xyz, valid, settings.plane_tolerance_mm, seed)
    if fit is None:
        if settings.background == "plane":
            raise InputError(
                f"{sample.id}: no flat table found under the part",
                cure="raise plane_tolerance_mm, or learn with background=none",
            )
        return (
            None,
            None,
            _measured(valid),
            ("No table found: all that was measured counts as the part.",),
        )
    height = fit.plane.height(xyz)
    found = part_mask(
        xyz,
        valid,
        height,
        minimum_height_mm=settings.minimum_height_mm,
        join_mm=settings.join_mm,
        piece_share=settings.piece_share,
        opening_share=settings.opening_share,
    )
    if found is None:
        note = (
            f"Nothing stands {settings.minimum_height_mm:g} mm above the plane: "
            "all that was measured counts as the part."
        )
        return None, None, _measured(valid), (note,)
    return fit.plane, height, found.mask, found.notes


def _measured(valid: Array) -> Array:
    """Everything measured, with its holes."""
    return silhouette(valid, valid, np.zeros_like(valid), opening_share=1.0)


def _normals(sample: Sample, xyz: Array, valid: Array, window_px: int) -> Array:
    """The sensor's own normals where the sample has them, fitted ones otherwise."""
    if sample.normals is None:
        return surface_normals(xyz, valid, window_px)
    length = np.linalg.norm(sample.normals, axis=2)
    usable = valid & (length > 0)
    unit = sample.normals / np.where(usable, length, np.float32(np.nan))[..., None]
    return np.asarray(unit.astype(np.float32))
