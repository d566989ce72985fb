"""Borders of regions as polygons, for every picture a defect is drawn in."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from inspector_core.types import Array, Region


def outline(mask: Array) -> tuple[Array, ...]:
    """Closed polygons around the True pixels of a mask, longest first.

    mask : (H, W) bool. Returns (N, 2) float64 arrays of (x, y) in pixels, integer coordinates =
    pixel centres, first point repeated at the end; the region lies on the right hand of the path, so
    holes run the other way round. Pixels that touch only at a corner share one border. The polygon
    joins the middles of the pixel edges (marching squares at one half).
    """
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if rows.size == 0:
        return ()
    part = np.pad(mask[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1], 1)
    loops = _chained(*_edges(part))
    origin = np.array([columns[0] - 1.5, rows[0] - 1.5])
    closed = [_midpoints(loop) + origin for loop in loops]
    return tuple(sorted(closed, key=len, reverse=True))


def region_outline(region: Region) -> tuple[Array, ...]:
    """The polygons of a run-length encoded region."""
    return outline(region.mask())


def simplified(polygon: Array, tolerance: float = 0.35) -> Array:
    """The closed polygon with fewer points, none farther than the tolerance (px) from the new lines.

    Douglas and Peucker (1973), split at the point farthest from the start.
    """
    if len(polygon) < 6:
        return polygon
    far = int(np.argmax(np.linalg.norm(polygon - polygon[0], axis=1)))
    kept = [*_kept(polygon, 0, far, tolerance), *_kept(polygon, far, len(polygon) - 1, tolerance)]
    return np.asarray(polygon[sorted({0, far, len(polygon) - 1, *kept})])


def area_px(polygons: Sequence[Array]) -> float:
    """Area inside, holes taken away, in pixels (shoelace formula)."""
    total = 0.0
    for polygon in polygons:
        x, y = polygon[:, 0], polygon[:, 1]
        total += float(np.sum(x[:-1] * y[1:] - x[1:] * y[:-1])) / 2
    return total


def _edges(padded: Array) -> tuple[Array, Array]:
    """Directed pixel edges (start, end) as corner numbers, region on the right (y grows downwards).

    Corner (row, column) of the padded mask is the upper left corner of that pixel.
    """
    height, width = padded.shape
    corners = np.arange((height + 1) * (width + 1)).reshape(height + 1, width + 1)
    pairs = []
    below = padded[1:] & ~padded[:-1]  # upper edge of a pixel: left to right
    above = padded[:-1] & ~padded[1:]  # lower edge: right to left
    left, right = corners[1:-1, :-1], corners[1:-1, 1:]
    pairs += [(left[below], right[below]), (right[above], left[above])]
    from_left = padded[:, 1:] & ~padded[:, :-1]  # left edge: upwards
    from_right = padded[:, :-1] & ~padded[:, 1:]  # right edge: downwards
    top, bottom = corners[:-1, 1:-1], corners[1:, 1:-1]
    pairs += [(bottom[from_left], top[from_left]), (top[from_right], bottom[from_right])]
    start = np.concatenate([first for first, _ in pairs])
    end = np.concatenate([second for _, second in pairs])
    scale = np.array([width + 1])
    return (
        np.stack([start % scale, start // scale], axis=1),
        np.stack([end % scale, end // scale], axis=1),
    )


def _chained(start: Array, end: Array) -> list[Array]:
    """Edges joined to closed loops of corners (x, y)."""
    leaving: dict[tuple[int, int], list[tuple[int, int]]] = {}
    for (x0, y0), (x1, y1) in zip(start.tolist(), end.tolist(), strict=True):
        leaving.setdefault((x0, y0), []).append((x1, y1))
    loops = []
    for first in list(leaving):
        while leaving[first]:
            second = leaving[first].pop()
            loop, here = [first], second
            while True:
                ways = [*leaving[here], second] if here == first else leaving[here]
                way = ways[0] if len(ways) == 1 else _left_way(loop[-1], here, ways)
                if here == first and way == second:
                    break
                loop.append(here)
                leaving[here].remove(way)
                here = way
            loops.append(np.array(loop, np.float64))
    return loops


def _left_way(
    before: tuple[int, int], here: tuple[int, int], ways: Sequence[tuple[int, int]]
) -> tuple[int, int]:
    """Of two ways on, the left one: it keeps pixels that touch at this corner in one loop, and holes
    that touch there apart."""
    dx, dy = here[0] - before[0], here[1] - before[1]
    return min(ways, key=lambda way: dx * (way[1] - here[1]) - dy * (way[0] - here[0]))


def _midpoints(loop: Array) -> Array:
    middles = (loop + np.roll(loop, -1, axis=0)) / 2
    return np.vstack([middles, middles[:1]])


def _kept(points: Array, first: int, last: int, tolerance: float) -> list[int]:
    kept, stack = [], [(first, last)]
    while stack:
        a, b = stack.pop()
        if b - a < 2:
            continue
        along = points[b] - points[a]
        offset = points[a + 1 : b] - points[a]
        share = offset @ along / max(float(along @ along), 1e-12)
        away = offset - np.clip(share, 0.0, 1.0)[:, None] * along
        distance = np.hypot(away[:, 0], away[:, 1])
        worst = int(np.argmax(distance))
        if distance[worst] > tolerance:
            middle = a + 1 + worst
            kept.append(middle)
            stack += [(a, middle), (middle, b)]
    return kept
