"""What the stage shows of one part: plain arrays in display units, ready to draw.

Everything is on the source pixel grid. Maps are in times the usual, lengths in mm (or in the reader's
nominal mm, see `unit`).
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from inspector_core.types import Array, LengthUnit, Verdict, frozen_array

MAPS = ("rgb", "shape", "fused")
_PICTURES = ("rgb", "xyz", "normals")
_PLANES = ("foreground", "rgb_map", "shape_map", "fused_map", "deviation_mm", "height_mm")


@dataclass(frozen=True, slots=True)
class Message:
    """Words that stand where a picture cannot: what happened, why, and what to do."""

    title: str
    text: str = ""
    cure: str = ""


@dataclass(frozen=True, slots=True)
class Outline:
    """A defect's border as it is drawn in every pane.

    number : the defect's number, the same in pictures, cloud and table.
    polygons : (N, 2) float arrays of (x, y) in pixels, closed, integer coordinates = pixel centres.
    verdict : what this defect alone would make of the part (review is drawn dashed).
    """

    number: int
    polygons: tuple[Array, ...]
    selected: bool = False
    verdict: Verdict = Verdict.REJECT


@dataclass(frozen=True, slots=True)
class PartView:
    """One part, ready to be shown.

    rgb : (H, W, 3) uint8 or uint16, or None.
    xyz : (H, W, 3) float32 mm, camera frame, NaN = no measurement; or None.
    normals : (H, W, 3) float32 unit vectors towards the camera, NaN where unknown; or None.
    foreground : (H, W) bool, pixels of the part; or None.
    rgb_map, shape_map, fused_map : (H, W) float32 in times the usual, NaN outside the foreground;
    None = this modality was not seen.
    deviation_mm : (H, W) float32, signed distance from the good parts' surface (negative below), or None.
    height_mm : (H, W) float32 above the surface the part lies on, or None.
    mm_per_px : mean size of a pixel on the part, or None when unknown.
    gain : brightness factor for display only.
    message : said on the stage instead of maps (not inspected, no recipe), or None.
    """

    id: str
    rgb: Array | None = None
    xyz: Array | None = None
    normals: Array | None = None
    foreground: Array | None = None
    rgb_map: Array | None = None
    shape_map: Array | None = None
    fused_map: Array | None = None
    deviation_mm: Array | None = None
    height_mm: Array | None = None
    mm_per_px: float | None = None
    unit: LengthUnit = "mm"
    gain: float = 1.0
    message: Message | None = None
    _shape: tuple[int, int] = field(init=False, repr=False, compare=False, default=(0, 0))
    _valid: Array | None = field(init=False, repr=False, compare=False, default=None)

    def __post_init__(self) -> None:
        arrays = [(name, getattr(self, name)) for name in (*_PICTURES, *_PLANES)]
        present = [(name, value) for name, value in arrays if value is not None]
        if present:
            object.__setattr__(self, "_shape", present[0][1].shape[:2])
        for name, value in present:
            expected = (*self._shape, 3) if name in _PICTURES else self._shape
            if value.shape != expected:
                raise ValueError(f"{name} is {value.shape}, expected {expected}")
            object.__setattr__(self, name, frozen_array(value))
        if self.xyz is not None:
            object.__setattr__(self, "_valid", frozen_array(np.isfinite(self.xyz[..., 2])))

    @property
    def shape(self) -> tuple[int, int]:
        """(H, W) in pixels; (0, 0) when there is nothing but a message."""
        return self._shape

    def map(self, modality: str) -> Array | None:
        """The map of "rgb", "shape" or "fused"."""
        value: Array | None = getattr(self, f"{modality}_map")
        return value

    @property
    def valid(self) -> Array | None:
        """(H, W) bool, pixels with a measured point; None without a cloud."""
        return self._valid

    def bounds(self) -> tuple[float, float, float, float]:
        """(x0, y0, x1, y1) in pixels around the part, or around the whole picture; outer edges."""
        height, width = self.shape
        if self.foreground is None or not self.foreground.any():
            return -0.5, -0.5, width - 0.5, height - 0.5
        rows = np.flatnonzero(self.foreground.any(axis=1))
        columns = np.flatnonzero(self.foreground.any(axis=0))
        return columns[0] - 0.5, rows[0] - 0.5, columns[-1] + 0.5, rows[-1] + 0.5

    def readout(self, x: int, y: int) -> tuple[str, str]:
        """Two lines about one pixel: its position, and how it compares with the good parts."""
        height, width = self.shape
        if not (0 <= x < width and 0 <= y < height):
            return "", ""
        return self._position(x, y), self._comparison(x, y)

    def _position(self, x: int, y: int) -> str:
        if self.xyz is None:
            return f"column {x}   row {y}"
        point = self.xyz[y, x]
        if not np.isfinite(point).all():
            return "no measurement here"
        px, py, pz = (_number(v, 1) for v in point)
        return f"x {px}   y {py}   z {pz} {self.unit}"

    def _comparison(self, x: int, y: int) -> str:
        parts = []
        if self.deviation_mm is not None and np.isfinite(self.deviation_mm[y, x]):
            value = float(self.deviation_mm[y, x])
            side = "below" if value < 0 else "above"
            parts.append(f"{abs(value):.2f} {self.unit} {side} the good parts")
        elif self.height_mm is not None and np.isfinite(self.height_mm[y, x]):
            parts.append(f"height {_number(self.height_mm[y, x], 2)} {self.unit}")
        if self.fused_map is not None and np.isfinite(self.fused_map[y, x]):
            parts.append(f"{self.fused_map[y, x]:.2f} × usual")
        return " · ".join(parts)


def _number(value: float, digits: int) -> str:
    """A number with a true minus sign, and never "−0.0"."""
    rounded = round(float(value), digits) + 0.0
    return f"{rounded:.{digits}f}".replace("-", "−")
