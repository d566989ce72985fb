"""Good parts with spots of colour, dents and bumps of known place painted on them.

They say how a detector's maps answer to a defect, without any defective part: the calibration reads
from them how much more often a map's value occurs on a defect than on good material. A colour spot
leaves the cloud as it is and a dent the picture, so that each map's answer is its own. Sizes are those
of the defects that inspection looks for, relative to the part, so that parts of any scale and of
nominal scale are treated alike.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from inspector_core.features.colour import cielab
from inspector_core.geometry.measure import pitch_mm
from inspector_core.types import Array, BoolArray, FloatArray, Registered, Sample

SPOTS = 6
"""Disturbances of each kind on a part, where there is room."""
LENGTH_SHARE = (0.015, 0.10)
"""Length relative to the part's longer side; drawn evenly on a logarithmic scale, as all ranges."""
SLIMNESS = (0.15, 1.0)
"""Width relative to the length."""
COLOUR_DIFFERENCE = (6.0, 26.0)
"""Strength of a spot in CIELAB (CIE 1976): from just visible at a glance to a different colour."""
DEPTH_SHARE = (0.004, 0.011)
"""Depth of a dent, height of a bump, relative to the part's longer side."""
_FEWEST_PX = 9
_VISIBLE = 0.3
"""A disturbance reaches where it has this share of its strength."""
_TRIES = 20
_TO_RGB = np.array(
    [
        [3.2404542, -1.5371385, -0.4985314],
        [-0.9692660, 1.8760108, 0.0415560],
        [0.0556434, -0.2040259, 1.0572252],
    ],
    np.float32,
)
_WHITE = np.array([0.95047, 1.0, 1.08883], np.float32)


@dataclass(frozen=True, slots=True)
class Painted:
    """A disturbed part.

    sample : the good part's sample with the disturbances.
    colour, shape : (H, W) int32, number 1.. of the colour spot and of the dent or bump, 0 = none.
    """

    sample: Sample
    colour: Array
    shape: Array


@dataclass(frozen=True, slots=True)
class _Spot:
    """profile : (h, w) float32 0..1 inside `window` (rows, columns); length in pixels."""

    window: tuple[slice, slice]
    profile: FloatArray

    @property
    def visible(self) -> BoolArray:
        return np.asarray(self.profile > _VISIBLE)


def painted(part: Registered, seed: int | Sequence[int]) -> Painted:
    """The part with up to six colour spots and six dents or bumps; the same seed, the same spots.

    Kinds of which the part has no data are left out.
    """
    rng = np.random.Generator(np.random.PCG64(np.random.SeedSequence(seed)))
    sample, side = part.sample, _longer_side(part.foreground)
    colour, shape = (np.zeros(part.shape, np.int32) for _ in range(2))
    if sample.rgb is not None:
        rgb = sample.rgb.copy()
        for number, spot in enumerate(_spots(part.foreground, side, rng), start=1):
            _stain(rgb, spot, part.gain, rng)
            colour[spot.window][spot.visible] = number
        sample = replace(sample, rgb=rgb)
    known = part.foreground & part.valid
    pitch = None if sample.xyz is None else pitch_mm(sample.xyz, known)
    if pitch is not None:
        rise_px = np.zeros(part.shape, np.float32)
        for number, spot in enumerate(_spots(known, side, rng), start=1):
            depth = rng.choice([-1, 1]) * _between(DEPTH_SHARE, rng) * side
            rise_px[spot.window] += np.float32(depth) * spot.profile
            shape[spot.window][spot.visible] = number
        sample = _dented(sample, rise_px, pitch)
    return Painted(sample, colour, shape)


def _longer_side(foreground: BoolArray) -> int:
    """Of the part's box, in pixels."""
    sides = [np.ptp(np.flatnonzero(foreground.any(axis=axis))) + 1 for axis in (0, 1)]
    return int(max(sides)) if foreground.any() else 0


def _between(limits: tuple[float, float], rng: np.random.Generator) -> float:
    low, high = np.log(limits)
    return float(np.exp(rng.uniform(low, high)))


def _spots(where: BoolArray, side: int, rng: np.random.Generator) -> Iterator[_Spot]:
    """Spots on the part, well apart from each other."""
    rows, columns = np.nonzero(where)
    taken: list[tuple[int, int, float]] = []
    for _ in range(SPOTS * _TRIES if rows.size else 0):
        if len(taken) == SPOTS:
            return
        length = max(3.0, _between(LENGTH_SHARE, rng) * side)
        width = max(2.5, length * _between(SLIMNESS, rng))
        turn = rng.uniform(0, math.pi)
        at = int(rng.integers(rows.size))
        row, column = int(rows[at]), int(columns[at])
        apart = 0.5 * length + 0.05 * side
        if any(math.hypot(row - r, column - c) < apart + d for r, c, d in taken):
            continue
        spot = _spot(where, (row, column), (length, width), turn, sharp=rng.uniform(2, 6))
        if int(spot.visible.sum()) >= _FEWEST_PX:
            taken.append((row, column, apart))
            yield spot


def _spot(
    where: BoolArray, at: tuple[int, int], size: tuple[float, float], turn: float, sharp: float
) -> _Spot:
    """An ellipse whose profile falls from 1 in the middle; a larger `sharp` means steeper flanks."""
    reach = math.ceil(0.8 * size[0]) + 1
    first = [max(0, centre - reach) for centre in at]
    last = [min(n, centre + reach + 1) for n, centre in zip(where.shape, at, strict=True)]
    y, x = np.mgrid[first[0] : last[0], first[1] : last[1]].astype(np.float32)
    y, x = y - at[0], x - at[1]
    along = (x * math.cos(turn) + y * math.sin(turn)) / (size[0] / 2)
    across = (y * math.cos(turn) - x * math.sin(turn)) / (size[1] / 2)
    window = (slice(first[0], last[0]), slice(first[1], last[1]))
    profile = np.exp(-((along**2 + across**2) ** (sharp / 2)))
    return _Spot(window, np.where(where[window], profile, 0).astype(np.float32))


def _stain(rgb: Array, spot: _Spot, gain: float, rng: np.random.Generator) -> None:
    """Shift the colour in place; the difference is that of the picture as it is judged, gain included."""
    top = np.float32(np.iinfo(rgb.dtype).max)
    direction = rng.normal(size=3)
    shift = direction / np.linalg.norm(direction) * _between(COLOUR_DIFFERENCE, rng)
    seen = np.minimum(rgb[spot.window].astype(np.float32) * (gain / top), 1)
    wanted = cielab(seen) + spot.profile[..., None] * shift.astype(np.float32)
    changed = _srgb(wanted) / np.float32(gain) * top
    touched = spot.profile > 0.02
    rgb[spot.window][touched] = np.clip(np.rint(changed[touched]), 0, top).astype(rgb.dtype)


def _srgb(lab: Array) -> FloatArray:
    """(..., 3) CIELAB (D65) to (..., 3) sRGB, cut to 0..1."""
    y = (lab[..., 0] + 16) / 116
    root = np.stack([y + lab[..., 1] / 500, y, y - lab[..., 2] / 200], axis=-1)
    relative = np.where(root > 0.206893, root**3, (root - 16 / 116) / 7.787)
    linear = np.clip((relative * _WHITE) @ _TO_RGB.T, 0, 1)
    bright = 1.055 * np.maximum(linear, 1e-8) ** (1 / 2.4) - 0.055
    return np.asarray(np.where(linear > 0.0031308, bright, 12.92 * linear), np.float32)


def _dented(sample: Sample, rise_px: FloatArray, pitch: float) -> Sample:
    """The sample with its surface raised towards the camera by a field in pixels; normals follow."""
    assert sample.xyz is not None
    xyz = sample.xyz.copy()
    xyz[..., 2] -= rise_px * np.float32(pitch)
    normals = None if sample.normals is None else _tilted(sample.normals, rise_px)
    return replace(sample, xyz=xyz, normals=normals)


def _tilted(normals: Array, rise_px: FloatArray) -> FloatArray:
    """Unit normals (H, W, 3) of the raised surface: z = f(x, y) has the normal (f_x, f_y, -1)."""
    down, right = np.gradient(-rise_px)
    slope = np.stack([right, down, np.zeros_like(right)], axis=-1)
    facing = np.maximum(-normals[..., 2:], np.float32(0.05))
    tilted = normals + slope * facing
    tilted /= np.maximum(np.linalg.norm(tilted, axis=2, keepdims=True), 1e-6)
    return np.asarray(np.where((slope == 0).all(axis=2)[..., None], normals, tilted), np.float32)
