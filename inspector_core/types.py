"""The plain values that every layer shares: frozen, checked on construction, arrays read-only.

Lengths are millimetres. Arrays are indexed (row, column); `*_px` fields and JSON say x before y.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
FloatArray = npt.NDArray[np.float32]
BoolArray = npt.NDArray[np.bool_]

Modality = Literal["rgb", "shape", "fused"]
MODALITIES: tuple[Modality, ...] = ("rgb", "shape", "fused")
MapUnit = Literal["distance", "mm", "p-value", "times usual"]
LengthUnit = Literal["mm", "nominal mm"]

EMPTY: Mapping[str, Any] = MappingProxyType({})


def frozen_array(array: Array) -> Array:
    """The same array, read-only (a view when the caller still owns a writable one)."""
    if array.flags.writeable:
        array = array.view()
        array.flags.writeable = False
    return array


def _freeze(instance: object, *names: str) -> None:
    for name in names:
        value = getattr(instance, name)
        if value is not None:
            object.__setattr__(instance, name, frozen_array(np.asarray(value)))


def _require(condition: bool, message: str) -> None:
    if not condition:
        raise ValueError(message)


@dataclass(frozen=True, slots=True)
class Intrinsics:
    """Pinhole camera in pixels; integer coordinates are pixel centres (OpenCV's convention)."""

    width: int
    height: int
    fx: float
    fy: float
    cx: float
    cy: float


@dataclass(frozen=True, slots=True)
class Source:
    """One file that went into a sample, with the SHA-256 of its bytes."""

    path: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Sample:
    """One part as its reader understood it.

    id : stable, path-like ("test/dent/004").
    rgb : (H, W, 3) uint8 or uint16 as read, or None.
    xyz : (H, W, 3) float32 mm, camera frame (x right, y down, z away), NaN = no measurement; or None.
    normals : (H, W, 3) float32 unit vectors towards the camera in the same frame, or None.
    truth : (H, W) bool, annotated defect pixels, or None where nothing is annotated.
    label : "good", a defect type, or None when unknown.
    notes : what the reader had to assume, one sentence each.
    unit : "nominal mm" where the data carry no physical unit (Eyecandies).
    """

    id: str
    rgb: Array | None = None
    xyz: Array | None = None
    normals: Array | None = None
    truth: Array | None = None
    label: str | None = None
    split: str = ""
    intrinsics: Intrinsics | None = None
    sources: tuple[Source, ...] = ()
    notes: tuple[str, ...] = ()
    unit: LengthUnit = "mm"

    def __post_init__(self) -> None:
        _require(self.rgb is not None or self.xyz is not None, "a sample needs rgb or xyz")
        shape = self.shape
        if self.rgb is not None:
            _require(self.rgb.dtype in (np.uint8, np.uint16), "rgb is uint8 or uint16")
        for name in ("rgb", "xyz", "normals"):
            value = getattr(self, name)
            _require(value is None or value.shape == (*shape, 3), f"{name} is (H, W, 3)")
        if self.xyz is not None:
            _require(self.xyz.dtype == np.float32, "xyz is float32")
        if self.truth is not None:
            _require(self.truth.shape == shape and self.truth.dtype == bool, "truth is (H, W) bool")
        _freeze(self, "rgb", "xyz", "normals", "truth")

    @property
    def shape(self) -> tuple[int, int]:
        """(H, W) in pixels."""
        array = self.rgb if self.rgb is not None else self.xyz
        assert array is not None
        return int(array.shape[0]), int(array.shape[1])

    @property
    def valid(self) -> BoolArray:
        """(H, W) bool, pixels with a measured point; all False without a cloud."""
        if self.xyz is None:
            return np.zeros(self.shape, bool)
        return np.asarray(np.isfinite(self.xyz).all(axis=2))


@dataclass(frozen=True, slots=True)
class Problem:
    """Something a scan could not use: file, problem, cure."""

    path: str
    problem: str
    cure: str

    @property
    def sentence(self) -> str:
        return f"{self.path}: {self.problem}; {self.cure}."


@dataclass(frozen=True, slots=True)
class SampleRef:
    """What a scan yields: cheap to hold 100,000 of, `load()` decodes.

    files : role ("rgb", "xyz", "depth", "truth", ...) to path.
    read : the reader's function that turns this reference into a Sample; a module-level function, so
    that references travel between processes.
    options : the reader's settings as plain values.
    """

    id: str
    split: str
    label: str | None
    files: Mapping[str, str]
    read: Callable[[SampleRef], Sample]
    options: Mapping[str, Any] = field(default_factory=dict)

    def load(self) -> Sample:
        """The decoded sample; raises InputError with file, problem and cure."""
        return self.read(self)


@dataclass(frozen=True, slots=True)
class Scan:
    """How a folder was understood; nothing is decoded yet.

    reasons : (reader, score, why) of every reader that was asked, best first.
    image_size : (W, H) of the first readable part, or None.
    unit : length unit as found in the files ("m", "mm", "nominal", or "" without a cloud).
    """

    root: str
    layout: str
    refs: tuple[SampleRef, ...]
    problems: tuple[Problem, ...] = ()
    reasons: tuple[tuple[str, float, str], ...] = ()
    image_size: tuple[int, int] | None = None
    unit: str = ""
    notes: tuple[str, ...] = ()

    def select(self, *splits: str, good: bool | None = None) -> tuple[SampleRef, ...]:
        """References of the given splits (all when none is named); good=True keeps good parts."""
        return tuple(
            ref
            for ref in self.refs
            if (not splits or ref.split in splits)
            and (good is None or (ref.label == "good") == good)
        )


@dataclass(frozen=True, slots=True)
class Plane:
    """A plane in the camera frame: normal (unit, towards the camera) and offset in mm.

    Height of a point p above it: normal . p + offset.
    """

    normal: tuple[float, float, float]
    offset: float

    def height(self, xyz: Array) -> Array:
        """(..., 3) mm to (...) mm; NaN stays NaN."""
        return np.asarray(xyz @ np.asarray(self.normal, xyz.dtype) + xyz.dtype.type(self.offset))


@dataclass(frozen=True, slots=True)
class Registered:
    """A sample with what geometry found out about it, still on its own pixel grid.

    valid : (H, W) bool, measured points.      foreground : (H, W) bool, pixels of the part.
    plane : the surface the part lies on, or None.
    height : (H, W) float32 mm above that plane, NaN where not measured; None without a plane.
    normals : (H, W, 3) float32 unit vectors towards the camera, NaN where unknown; None without cloud
    or where nobody asked for them.
    gain : factor on the picture's brightness, the same for all parts of a recipe.
    notes : what was assumed on the way.
    """

    sample: Sample
    valid: Array
    foreground: Array
    plane: Plane | None = None
    height: Array | None = None
    normals: Array | None = None
    gain: float = 1.0
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        shape = self.sample.shape
        for name in ("valid", "foreground"):
            value = getattr(self, name)
            _require(value.shape == shape and value.dtype == bool, f"{name} is (H, W) bool")
        _freeze(self, "valid", "foreground", "height", "normals")

    @property
    def shape(self) -> tuple[int, int]:
        return self.sample.shape

    def colour(self) -> FloatArray | None:
        """(H, W, 3) float32 sRGB in 0..1 with the gain applied and clipped, or None without picture."""
        rgb = self.sample.rgb
        if rgb is None:
            return None
        full = np.float32(np.iinfo(rgb.dtype).max)
        return np.minimum(rgb.astype(np.float32) * (np.float32(self.gain) / full), np.float32(1.0))


@dataclass(frozen=True, slots=True)
class AnomalyMaps:
    """Evidence per source pixel; larger means less like the good parts.

    rgb, shape, fused : (H, W) float32 or None (modality not seen), in `unit`; NaN outside the
    foreground, finite inside it.
    deviation_mm : (H, W) float32 signed distance from the good parts' surface (negative: below it),
    NaN where unknown; None where the detector does not know it.
    spread_mm : (H, W) float32 local standard deviation of that surface over the good parts, or None.
    part_score : the method's own score of the part where that is not simply its map's largest value;
    for evaluation beside the maps, verdicts do not rest on it. None = the maps say it all.
    """

    rgb: Array | None = None
    shape: Array | None = None
    fused: Array | None = None
    deviation_mm: Array | None = None
    spread_mm: Array | None = None
    unit: MapUnit = "distance"
    notes: tuple[str, ...] = ()
    part_score: float | None = None

    def __post_init__(self) -> None:
        known = self.part_score is None or np.isfinite(self.part_score)
        _require(bool(known), "a part score is a finite number")
        present = [m for m in self._arrays().values() if m is not None]
        _require(bool(present), "at least one map")
        for entry in present:
            _require(
                entry.ndim == 2 and entry.shape == present[0].shape and entry.dtype == np.float32,
                "maps are (H, W) float32 of one size",
            )
        _freeze(self, *self._arrays())

    def _arrays(self) -> dict[str, Array | None]:
        return {
            "rgb": self.rgb,
            "shape": self.shape,
            "fused": self.fused,
            "deviation_mm": self.deviation_mm,
            "spread_mm": self.spread_mm,
        }

    def arrays(self) -> dict[str, Array]:
        """The maps that are present, by name."""
        return {name: value for name, value in self._arrays().items() if value is not None}

    def get(self, modality: str) -> Array | None:
        """The map of "rgb", "shape" or "fused"."""
        return self._arrays()[modality]

    @property
    def size(self) -> tuple[int, int]:
        """(H, W)."""
        first = next(iter(self.arrays().values()))
        return int(first.shape[0]), int(first.shape[1])


@dataclass(frozen=True, slots=True)
class Thresholds:
    """T1 (review) and T2 (reject) in times the usual; T1 <= T2."""

    t1: float
    t2: float

    def __post_init__(self) -> None:
        _require(self.t1 <= self.t2, "T1 is never above T2")


@dataclass(frozen=True, slots=True)
class Calibration:
    """What held-out good parts say about a detector; fixed in the recipe.

    usual : modality to the raw value that counts as 1.0 (median over the calibration parts of a
    part's largest value).
    parts : ids of the calibration parts.   scores : their fused part scores in times the usual.
    minimum_area_px : pixels a region needs before its value counts.
    thresholds : T1 and T2 that follow from the scores.
    evidence : how the maps are joined, as plain JSON (`decision.evidence`); empty = the larger one.
    in_turn : the calibration parts were learnt from too, each judged as if it had not been.
    """

    usual: Mapping[str, float]
    parts: tuple[str, ...]
    scores: tuple[float, ...]
    thresholds: Thresholds
    minimum_area_px: int = 9
    evidence: Mapping[str, Any] = field(default_factory=dict)
    in_turn: bool = False

    def __post_init__(self) -> None:
        _require(len(self.parts) == len(self.scores), "one score a part")

    @property
    def provisional(self) -> bool:
        """True below 20 calibration parts: thresholds are marked wherever they are shown."""
        return len(self.scores) < 20


class Verdict(StrEnum):
    """What the program says about a part."""

    ACCEPT = "accept"
    REVIEW = "review"
    REJECT = "reject"
    NOT_INSPECTED = "not_inspected"


@dataclass(frozen=True, slots=True)
class Region:
    """A set of pixels, run-length encoded: runs is (N, 2) int32 of (start, length), row-major."""

    size: tuple[int, int]
    runs: Array

    def __post_init__(self) -> None:
        _require(self.runs.ndim == 2 and self.runs.shape[1] == 2, "runs is (N, 2)")
        _freeze(self, "runs")

    @classmethod
    def from_mask(cls, mask: Array) -> Region:
        """mask : (H, W) bool."""
        flat = np.concatenate(([0], mask.ravel().astype(np.int8), [0]))
        edges = np.flatnonzero(np.diff(flat))
        runs = np.stack([edges[::2], edges[1::2] - edges[::2]], axis=1).astype(np.int32)
        return cls((int(mask.shape[0]), int(mask.shape[1])), runs)

    def mask(self) -> BoolArray:
        """(H, W) bool."""
        flat = np.zeros(self.size[0] * self.size[1] + 1, np.int8)
        np.add.at(flat, self.runs[:, 0], 1)
        np.add.at(flat, self.runs[:, 0] + self.runs[:, 1], -1)
        return np.asarray(np.cumsum(flat[:-1], dtype=np.int8).astype(bool).reshape(self.size))

    @property
    def area_px(self) -> int:
        return int(self.runs[:, 1].sum())


@dataclass(frozen=True, slots=True)
class Measure:
    """A number with its standard uncertainty (k = 1); both in the unit of the field that holds it."""

    value: float
    uncertainty: float


@dataclass(frozen=True, slots=True)
class Defect:
    """One connected region that differs from the good parts, measured.

    number : 1 for the strongest.     region : the measured extent.
    bbox_px : (x0, y0, x1, y1) of the extent, inclusive.     peak_px : (x, y).
    score : the region's value in times the usual; score_rgb, score_shape likewise per modality.
    area_mm2, length_mm, width_mm, height_mm, volume_mm3 : None = not measurable. Height is negative
    below the surface around it.
    colour_share : 0 (all shape) .. 1 (all colour), None when only one modality was seen.
    name : a suggestion ("dent", "stain", ...).     extent_rule : how the extent was found, for the report.
    """

    number: int
    region: Region
    bbox_px: tuple[int, int, int, int]
    peak_px: tuple[int, int]
    score: float
    score_rgb: float | None
    score_shape: float | None
    colour_share: float | None
    name: str
    extent_rule: str
    centroid_mm: tuple[float, float, float] | None = None
    area_mm2: Measure | None = None
    length_mm: Measure | None = None
    width_mm: Measure | None = None
    height_mm: Measure | None = None
    volume_mm3: Measure | None = None
    not_measurable: str = ""


@dataclass(frozen=True, slots=True)
class NearestGood:
    """The good part most like this one around a pixel, or how it differs from all of them there.

    id : that part, None where the method does not remember single ones.   at_px : (x, y), a defect's peak.
    height_mm : how far this part lies above (negative: below) that one there; None = not compared.
    words : how it differs from good parts where none is named, a sentence without its full stop.
    """

    id: str | None
    at_px: tuple[int, int]
    height_mm: float | None = None
    words: str = ""


@dataclass(frozen=True, slots=True)
class Result:
    """One part's outcome.

    maps : raw maps or None (not inspected, or left on disk).
    scores : modality to the part's value in times the usual.   score : the deciding (fused) one.
    thresholds, usual : those in force when the verdict was made.
    reason : one sentence.   error : problem and cure when not inspected, else empty.
    nearest : the good part most like this one at its strongest defect, None where nobody can say.
    """

    id: str
    split: str
    label: str | None
    verdict: Verdict
    reason: str
    sources: tuple[Source, ...] = ()
    size: tuple[int, int] = (0, 0)
    scores: Mapping[str, float] = field(default_factory=dict)
    p_value: float | None = None
    thresholds: Thresholds | None = None
    usual: Mapping[str, float] = field(default_factory=dict)
    defects: tuple[Defect, ...] = ()
    nearest: NearestGood | None = None
    maps: AnomalyMaps | None = None
    timings_s: Mapping[str, float] = field(default_factory=dict)
    quality: Mapping[str, float] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    unit: LengthUnit = "mm"
    recipe_sha256: str = ""
    software: str = ""
    device: str = ""
    error: str = ""

    @property
    def score(self) -> float | None:
        """The deciding value in times the usual, None when not inspected."""
        value = self.scores.get("fused")
        return None if value is None else float(value)

    def without_maps(self) -> Result:
        """The same result, light enough to hold thousands of."""
        return replace(self, maps=None)
