"""Organised clouds from bytes: TIFF, NPY, PLY, PCD to an (H, W, 3) grid with NaN where missing."""

from __future__ import annotations

from dataclasses import dataclass
from io import BytesIO

import numpy as np

from inspector_core.data import pcd, ply, tiffs
from inspector_core.data.decode import Unusable, check_size, damaged
from inspector_core.data.headers import CLOUDS, Header, header_of_bytes
from inspector_core.data.points import Points
from inspector_core.types import Array, BoolArray

LEAST_VALID = 0.001
"""Share of measured points below which a cloud counts as empty."""

_FILL_SHARE = 0.01
_STEPS = 64
_CONSISTENT = 0.8


@dataclass(frozen=True, slots=True)
class Cloud:
    """A grid of points in the unit of its file.

    xyz : (H, W, 3) float32 or float64, NaN = no measurement.   rgb : (H, W, 3) uint8 or None.
    unit : "m" or "mm" where the file or a given scale says so, else "".
    """

    xyz: Array
    rgb: Array | None = None
    notes: tuple[str, ...] = ()
    unit: str = ""

    @property
    def size(self) -> tuple[int, int]:
        """(W, H)."""
        return self.xyz.shape[1], self.xyz.shape[0]


def decode_cloud(
    data: bytes, grid: tuple[int, int] | None = None, page: int = 0, scale: float = 0.0
) -> Cloud:
    """Bytes to a cloud; raises Unusable.

    grid : (W, H) of the picture beside it, for point lists that state no grid of their own.
    page : of a TIFF with several.   scale : metres per value of a cloud in whole numbers, 0 = unknown.
    """
    header = header_of_bytes(data)
    check_cloud_header(header)
    match header.kind:
        case "ply":
            return _from_points(ply.decode(data), grid)
        case "pcd":
            return _from_points(pcd.decode(data), grid)
        case "tiff":
            stored = tiffs.decode(data, page)
            notes = ("planes x, y, z stored one after the other",) if stored.planar else ()
            return _from_array(stored.array, notes, scale)
        case _:
            return _from_array(load_npy(data), (), scale)


def check_cloud_header(header: Header) -> None:
    """Raise Unusable for a file that cannot be an organised cloud; cheap enough for a scan."""
    if header.kind not in CLOUDS:
        raise Unusable(f"a {header.kind.upper()} picture, no cloud", "export the organised cloud")
    planar_npy = header.kind == "npy" and header.height == 3
    if header.channels not in (0, 3) and not planar_npy:
        raise _channels(header.channels)
    if header.width and not planar_npy:
        check_size(header.width, header.height)


def load_npy(data: bytes) -> Array:
    """The array of an NPY file; its header was checked before."""
    try:
        return np.asarray(np.load(BytesIO(data), allow_pickle=False))
    except (ValueError, EOFError, OSError) as error:
        raise damaged("its NPY data cannot be read") from error


def _channels(found: int) -> Unusable:
    return Unusable(
        f"{found} channel{'s' * (found != 1)} found, 3 needed (x, y, z)",
        "export the organised cloud, not the depth picture",
    )


def _from_array(array: Array, notes: tuple[str, ...], scale: float) -> Cloud:
    if array.ndim == 3 and array.shape[0] == 3 and array.shape[2] != 3:
        array = np.moveaxis(array, 0, 2)
        notes = (*notes, "planes x, y, z stored one after the other")
    if array.ndim != 3 or array.shape[2] != 3:
        raise _channels(array.shape[2] if array.ndim == 3 else 1)
    check_size(array.shape[1], array.shape[0])
    if array.dtype.kind in "iu":
        return _from_integers(array, notes, scale)
    if array.dtype.kind != "f":
        raise Unusable(f"{array.dtype} values are no coordinates", "export 32-bit floats")
    if array.dtype != np.float32:
        notes = (*notes, f"{array.dtype.itemsize * 8}-bit floats converted to 32 bits")
        array = array.astype(np.float64)
    return _with_holes(Cloud(array, None, notes))


def _from_integers(array: Array, notes: tuple[str, ...], scale: float) -> Cloud:
    if not scale:
        raise Unusable(
            f"coordinates are whole numbers ({array.dtype}) without a unit",
            "give the unit scale: --set xyz_scale=0.0001 for tenths of a millimetre",
        )
    note = f"whole numbers ({array.dtype}) converted, {scale:g} m each"
    return _with_holes(Cloud(array * np.float64(scale), None, (*notes, note), "m"))


def _from_points(points: Points, picture: tuple[int, int] | None) -> Cloud:
    grid = points.grid
    notes: tuple[str, ...] = ()
    if grid is None and picture is not None and picture[0] * picture[1] == len(points.xyz):
        grid, notes = picture, (f"grid taken from the picture ({picture[0]}x{picture[1]})",)
    if grid is None or grid[0] * grid[1] != len(points.xyz):
        raise Unusable(
            f"{len(points.xyz):,} points without a grid",
            "export the organised cloud, with its missing points and its width and height",
        )
    width, height = grid
    check_size(width, height)
    xyz = points.xyz.reshape(height, width, 3)
    if xyz.dtype.kind != "f":
        xyz = xyz.astype(np.float64)
    rgb = None if points.rgb is None else points.rgb.reshape(height, width, 3)
    return _with_holes(Cloud(xyz.astype(xyz.dtype.newbyteorder("=")), rgb, notes, points.unit))


def _with_holes(cloud: Cloud) -> Cloud:
    """Zeros, NaN, infinities and a fill value become NaN; raises Unusable for an empty cloud."""
    xyz, notes = cloud.xyz, list(cloud.notes)
    # one plane at a time: reducing over an axis of three is ten times slower
    x, y, z = (xyz[..., axis] for axis in range(3))
    finite = np.asarray(np.isfinite(x) & np.isfinite(y) & np.isfinite(z))
    if not finite.all():
        share = 1 - finite.mean()
        notes.append(f"{percent(share)} of the points are NaN or infinite: taken as missing")
    missing = np.asarray(~finite | ((x == 0) & (y == 0) & (z == 0)))
    filled = _fill_value(xyz, missing)
    if filled is not None:
        notes.append(
            f"{percent(filled.mean())} of the points hold one fill value: taken as missing"
        )
        missing |= filled
    check_not_empty(~missing)
    xyz = xyz.copy()
    for axis in range(3):
        np.copyto(xyz[..., axis], np.nan, where=missing)
    return Cloud(xyz, cloud.rgb, (*notes, *_orientation_notes(xyz)), cloud.unit)


def check_not_empty(valid: BoolArray) -> None:
    """Raise Unusable where (almost) nothing was measured."""
    count = int(valid.sum())
    if count < max(1.0, LEAST_VALID * valid.size):
        found = f"{count:,} of {valid.size:,}"
        raise Unusable(
            f"no valid points ({found})" if count == 0 else f"almost no valid points ({found})",
            "check the sensor and scan the part again",
        )


def percent(share: float) -> str:
    """A share for people: 12 %, 0.3 %."""
    return f"{100 * share:.0f} %" if share >= 0.1 else f"{100 * share:.2g} %"


def _fill_value(xyz: Array, missing: BoolArray) -> BoolArray | None:
    """Pixels that repeat a corner's point exactly, where so many do that it cannot be measured."""
    for corner in ((0, 0), (0, -1), (-1, 0), (-1, -1)):
        if missing[corner]:
            continue
        x, y, z = (xyz[..., axis] == xyz[corner][axis] for axis in range(3))
        same = np.asarray(x & y & z)
        if same.sum() > max(4, _FILL_SHARE * same.size):
            return same
    return None


def _orientation_notes(xyz: Array) -> tuple[str, ...]:
    """What is unusual about the axes: x should grow along the columns, y down the rows, z be positive."""
    x_columns, y_columns = (_trend(xyz[..., axis], 1) for axis in (0, 1))
    x_rows, y_rows = (_trend(xyz[..., axis], 0) for axis in (0, 1))
    notes = []
    if min(abs(x_rows), abs(y_columns)) > _CONSISTENT > max(abs(x_columns), abs(y_rows)):
        notes.append("x runs down the rows and y along the columns: the cloud may be transposed")
    if x_columns < -_CONSISTENT:
        notes.append("x falls along the columns: the cloud may be mirrored (setting axes)")
    if y_rows < -_CONSISTENT:
        notes.append("y falls down the rows: not the frame x right, y down, z away (setting axes)")
    if np.nanmax(xyz[::4, ::4, 2], initial=-np.inf) < 0:
        notes.append("all z are negative: z seems to point to the camera (setting axes)")
    return tuple(notes)


def _trend(values: Array, axis: int) -> float:
    """Mean sign, -1..1, of the change along an axis, over strides of a 64th of the picture."""
    step = max(1, values.shape[axis] // _STEPS)
    thin = values[::step, ::step]
    change = np.diff(thin, axis=axis)
    change = change[np.isfinite(change)]
    return float(np.sign(change).mean()) if change.size else 0.0
