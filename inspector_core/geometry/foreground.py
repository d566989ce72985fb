"""Which pixels belong to the part: pieces above the table, joined in 3D, with their holes filled."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from inspector_core.types import Array, BoolArray

_NEIGHBOURS = ((0, 1), (1, 0), (1, 1), (1, -1), (0, 2), (2, 0))
"""Joined grid offsets; the last two bridge single missing pixels."""
_MINIMUM_SHARE = 0.001
"""Pieces below this share of the picture are no part."""
_RIM_CONTACT = 1.0
"""Rails and beams touch the picture's rim along more than this many times the root of their area."""
_FREE_SHARE = 0.05
"""A free piece smaller than this share of the largest piece is not taken for the part."""
_BAY_PX = 2
"""Missing bays up to twice this wide at the outline belong to the part."""
_TABLE_SEEN = 0.2
"""Share of a hole's pixels that must show the table for it to count as an opening."""


@dataclass(frozen=True, slots=True)
class Foreground:
    """mask : (H, W) bool, pixels of the part.   notes : what was assumed."""

    mask: BoolArray
    notes: tuple[str, ...] = ()


def grid_components(xyz: Array, mask: Array, reach_mm: float) -> tuple[Array, int]:
    """Label pieces whose neighbouring pixels lie closer than a distance in 3D.

    xyz : (H, W, 3), unit of reach_mm.   mask : (H, W) bool, pixels to label (all with a point).
    Gives (H, W) int32 labels, 0 outside the mask, 1.. inside in reading order, and their number.
    Equals DBSCAN on scans up to stray points at the rim, at a hundredth of its cost.
    """
    labels = np.zeros(mask.shape, np.int32)
    if not mask.any():
        return labels, 0
    box = _box(mask)
    labels[box], count = _components(xyz[box], mask[box], reach_mm)
    return labels, count


def _components(xyz: Array, mask: Array, reach_mm: float) -> tuple[Array, int]:
    """`grid_components` of a mask that is not empty."""
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    axes = [np.ascontiguousarray(xyz[..., axis]) for axis in range(3)]
    linked = _close(axes, mask, (0, 1), reach_mm)
    starts_run = mask.copy()
    starts_run[:, 1:] &= ~linked
    run = np.cumsum(starts_run.ravel(), dtype=np.int32).reshape(mask.shape) - 1
    n_runs = int(run[-1, -1]) + 1
    pairs = [_run_pairs(axes, mask, run, offset, reach_mm) for offset in _NEIGHBOURS[1:]]
    start, end = np.concatenate(pairs, axis=1)
    graph = coo_matrix((np.ones(len(start), np.int8), (start, end)), shape=(n_runs, n_runs))
    count, found = connected_components(graph.tocsr(), directed=False)
    return np.where(mask, found[run] + 1, 0).astype(np.int32), int(count)


def _close(axes: list[Array], mask: Array, offset: tuple[int, int], reach: float) -> BoolArray:
    """Where a masked pixel and the one at an offset (rows, columns) lie within the reach."""
    here, there = _shifted(mask.shape, *offset)
    distance = (axes[0][here] - axes[0][there]) ** 2
    for axis in axes[1:]:
        step = axis[here] - axis[there]
        step *= step
        distance += step
    return np.asarray((distance < reach**2) & mask[here] & mask[there])


def _run_pairs(
    axes: list[Array], mask: Array, run: Array, offset: tuple[int, int], reach: float
) -> Array:
    """(2, n) numbers of horizontal runs that touch at an offset; repeats along a row left out."""
    close = _close(axes, mask, offset, reach)
    here, there = _shifted(mask.shape, *offset)
    pairs = np.stack([run[here][close], run[there][close]])
    new = np.ones(pairs.shape[1], bool)
    new[1:] = (pairs[:, 1:] != pairs[:, :-1]).any(axis=0)
    return np.asarray(pairs[:, new])


def _shifted(
    shape: tuple[int, ...], down: int, right: int
) -> tuple[tuple[slice, slice], tuple[slice, slice]]:
    """Slices of a grid and of the same grid moved by an offset, so that pixels pair up."""
    height, width = shape
    left = max(0, -right)
    here = (slice(0, height - down), slice(left, width - max(0, right)))
    there = (slice(down, height), slice(left + right, width - max(0, right) + right))
    return here, there


def part_mask(
    xyz: Array,
    valid: Array,
    height: Array,
    *,
    minimum_height_mm: float,
    join_mm: float,
    piece_share: float,
    opening_share: float,
) -> Foreground | None:
    """The part that stands on the table, or None when nothing stands out.

    xyz : (H, W, 3) mm.   valid : (H, W) bool.   height : (H, W) mm above the table.
    Pieces that run along the picture's rim (rails, beams) are left out while a free piece exists;
    pieces above `piece_share` of the largest one stay. Missing readings inside the silhouette belong
    to the part; openings larger than `opening_share` of it through which the table is seen do not.
    """
    high = valid & (np.nan_to_num(height, nan=-1.0) > minimum_height_mm)
    reach = max(join_mm, 4.0 * _pitch(xyz, high))
    labels, count = grid_components(xyz, high, reach)
    areas = np.bincount(labels.ravel(), minlength=count + 1)[1:]
    large = areas >= max(9, _MINIMUM_SHARE * high.size)
    if not large.any():
        return None
    contact = _rim_contact(labels, count) / np.sqrt(np.maximum(areas, 1))
    free = large & (contact <= _RIM_CONTACT) & (areas >= _FREE_SHARE * areas.max())
    candidates = free if free.any() else large
    kept = candidates & (areas >= piece_share * areas[candidates].max())
    notes = ("The part touches the edge of the picture.",) if contact[kept].any() else ()
    strangers = large & ~candidates
    pieces = _with(labels, kept)
    solid = _with_attached(pieces, high & ~_with(labels, strangers))
    return Foreground(silhouette(solid, valid, valid & ~high, opening_share), notes)


def _with(labels: Array, chosen: Array) -> BoolArray:
    return np.asarray(np.concatenate(([False], chosen))[labels])


def _pitch(xyz: Array, mask: Array) -> float:
    """Median distance of horizontal neighbours in mm, 0 when there are none."""
    rows, columns = np.nonzero(mask[:, 1:] & mask[:, :-1])
    if not rows.size:
        return 0.0
    some = slice(None, None, max(1, rows.size // 2000))
    step = xyz[rows[some], columns[some] + 1] - xyz[rows[some], columns[some]]
    return float(np.median(np.sqrt(np.einsum("ij,ij->i", step, step))))


def _rim_contact(labels: Array, count: int) -> Array:
    rim = np.concatenate([labels[0], labels[-1], labels[1:-1, 0], labels[1:-1, -1]])
    return np.bincount(rim, minlength=count + 1)[1:]


def _with_attached(pieces: Array, high: Array) -> BoolArray:
    """The pieces and every high pixel that hangs together with them in the picture."""
    from scipy.ndimage import label

    together, count = label(high, structure=np.ones((3, 3)))
    wanted = np.zeros(count + 1, bool)
    wanted[together[pieces]] = True
    wanted[0] = False
    return np.asarray(wanted[together])


def silhouette(solid: Array, valid: Array, low: Array, opening_share: float) -> BoolArray:
    """A mask with thin missing bays closed and its holes filled, except real openings.

    solid, valid, low : (H, W) bool; the piece, measured pixels, pixels that show the table.
    """
    from scipy.ndimage import label

    shape, box = solid.shape, _box(solid)
    margin = _BAY_PX + 1
    solid, valid, low = (np.pad(array[box], margin) for array in (solid, valid, low))
    solid = solid | (_closed(solid, _BAY_PX) & ~valid)
    holes, count = label(~solid)
    area = np.bincount(holes.ravel(), minlength=count + 1)
    table = np.bincount(holes[low], minlength=count + 1)
    outside = holes[0, 0]
    whole = solid.size - area[outside]
    open_through = (area > opening_share * whole) & (table > _TABLE_SEEN * area)
    open_through[outside] = True
    open_through[0] = False
    filled = np.zeros(shape, bool)
    filled[box] = ~open_through[holes][margin:-margin, margin:-margin]
    return filled


def with_bays(mask: Array, radius_px: float) -> BoolArray:
    """The mask (H, W) and the bays in its outline that a disc of this radius cannot enter.

    A piece broken off the rim leaves such a bay; the picture's own rim closes none.
    """
    from scipy.ndimage import distance_transform_edt

    if radius_px <= 0 or not mask.any():
        return np.asarray(mask, bool)
    margin = int(np.ceil(radius_px)) + 1
    box = _box(mask)
    around = np.pad(mask[box], margin)
    entered = distance_transform_edt(distance_transform_edt(~around) <= radius_px) <= radius_px
    closed = np.asarray(mask, bool).copy()
    closed[box] |= ~entered[margin:-margin, margin:-margin]
    return closed


def _closed(mask: Array, radius: int) -> BoolArray:
    """Morphological closing by a square; the mask keeps clear of the rim by the radius."""
    return ~_dilated(~_dilated(mask, radius), radius)


def _dilated(mask: Array, radius: int) -> BoolArray:
    grown = mask
    for axis in (0, 1):
        source = np.moveaxis(grown, axis, 0)
        grown = source.copy()
        for step in range(1, radius + 1):
            grown[step:] |= source[:-step]
            grown[:-step] |= source[step:]
        grown = np.moveaxis(grown, 0, axis)
    return np.asarray(grown)


def _box(mask: Array) -> tuple[slice, slice]:
    """Slices of the smallest rectangle around a mask that is not empty."""
    rows, columns = np.nonzero(mask.any(axis=1))[0], np.nonzero(mask.any(axis=0))[0]
    return slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)
