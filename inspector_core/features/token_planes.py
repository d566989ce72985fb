"""Sparse weights that carry tokens to pixels: of a picture's patches, of a cloud's groups.

Both are (P, T) float32 CSR, one row for each wanted pixel: features of pixels = weights @ tokens. A patch
grid is enlarged bilinearly; a group's token reaches the measured points by the inverse squared distances
of the three nearest centres, points lie on pixels, and pixels are averaged over 3 x 3. All of it is
linear, so it is one matrix, and only the pixels that are asked for are in it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np

from inspector_core.types import Array, BoolArray, FloatArray

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

Smoothing = Literal["normalised", "published", "none"]
Distances = Literal["exact", "published"]

NEIGHBOURS = 3
EPSILON_M2 = 1e-8
"""Added to squared distances before they are inverted (published)."""
_BLOCK = 2048
"""Points whose distances to all centres are held at once."""


def bilinear_plane(grid: tuple[int, int], size: tuple[int, int], pixels: Array) -> csr_matrix:
    """(P, gh·gw) weights of bilinear enlargement; every row sums to 1.

    grid : (gh, gw) of the tokens, row-major.   size : (h, w) of the picture that they cover.
    pixels : (P,) row-major numbers of pixels.   Corners are not aligned (torch's default).
    """
    from scipy.sparse import csr_matrix

    rows, row_share = _between(grid[0], size[0])
    columns, column_share = _between(grid[1], size[1])
    row, column = np.divmod(pixels, size[1])
    index = rows[row][:, :, None] * grid[1] + columns[column][:, None, :]
    share = row_share[row][:, :, None] * column_share[column][:, None, :]
    place = np.arange(len(pixels) + 1) * 4
    weights = csr_matrix(
        (share.ravel(), index.ravel(), place), shape=(len(pixels), grid[0] * grid[1])
    )
    weights.sum_duplicates()
    return weights


def only_needed(weights: csr_matrix) -> tuple[Array, csr_matrix]:
    """(n,) numbers of the tokens from which any pixel takes, and the weights (P, n) of these alone."""
    from scipy.sparse import csr_matrix

    needed, index = np.unique(weights.indices, return_inverse=True)
    shape = (weights.shape[0], len(needed))
    return needed, csr_matrix((weights.data, index.ravel(), weights.indptr), shape=shape)


def point_plane(
    points: Array,
    point_pixels: Array,
    centres: Array,
    pixels: Array,
    size: tuple[int, int],
    *,
    smoothing: Smoothing = "normalised",
    distances: Distances = "exact",
    cells: tuple[int, int] | None = None,
) -> csr_matrix:
    """(P, G) weights of the centres' tokens at pixels; rows of pixels without points near are empty.

    points : (N, 3) m, the measured points.   point_pixels : (N,) row-major numbers of their pixels in
    a grid of `size` (h, w).   centres : (G, 3) m.   pixels : (P,) row-major numbers in the output grid.
    cells : (oh, ow) of the output grid, `size` when not given; each cell is the mean of its pixels.
    smoothing : "normalised" means over the measured ones of 3 x 3 pixels, rows sum to 1; "published"
    counts missing pixels as zeros and leaves the border out (AvgPool 3, then AdaptiveAvgPool), rows sum
    to the measured share; "none".   distances : see `nearest_centres`.
    """
    spread = _over_pixels(point_pixels, pixels, size, cells or size, smoothing)
    return (spread @ centre_weights(points, centres, distances)).tocsr()


def centre_weights(points: Array, centres: Array, distances: Distances = "exact") -> csr_matrix:
    """(N, G) weights of the tokens at points, three to a row, summing to 1."""
    from scipy.sparse import csr_matrix

    index, weights = nearest_centres(points, centres, distances)
    place = np.arange(len(points) + 1) * index.shape[1]
    return csr_matrix(
        (weights.astype(np.float32).ravel(), index.ravel(), place),
        shape=(len(points), len(centres)),
    )


def nearest_centres(
    points: Array, centres: Array, distances: Distances = "exact"
) -> tuple[Array, Array]:
    """(N, 3) numbers of the nearest centres and their weights 1/(d² + 1e-8), normalised.

    points, centres : m; with fewer than three centres there are fewer columns.
    distances : "exact" by subtraction in float64; "published" by |a|² + |b|² - 2ab in float32, which
    near a centre is wrong by more than its value and gives huge or negative weights.
    """
    count = min(NEIGHBOURS, len(centres))
    if distances == "exact":
        from scipy.spatial import cKDTree

        apart, index = cKDTree(centres).query(points, count)
        index = index.reshape(len(points), count)
        squares = apart.reshape(len(points), count) ** 2
    else:
        squares, index = _expanded(points, centres, count)
    inverse = 1 / (squares + squares.dtype.type(EPSILON_M2))
    return index, inverse / inverse.sum(axis=1, keepdims=True)


def published_mask(
    point_pixels: Array, size: tuple[int, int], cells: tuple[int, int] | None = None
) -> BoolArray:
    """(oh, ow) bool: output pixels that published smoothing reaches, one to two more than the points'.

    Arguments as in `point_plane`.
    """
    oh, ow = cells or size
    measured = np.zeros(size[0] * size[1], np.float32)
    measured[point_pixels] = 1
    down, across = (_mean_matrix(s, o, "published") for s, o in zip(size, (oh, ow), strict=True))
    return np.asarray(down @ measured.reshape(size) @ across.T > 0)


def _between(tokens: int, size: int) -> tuple[Array, FloatArray]:
    """(size, 2) numbers of the tokens on both sides of a pixel's centre, and their shares."""
    position = (np.arange(size, dtype=np.float32) + np.float32(0.5)) * np.float32(tokens / size)
    position = np.clip(position - np.float32(0.5), 0, tokens - 1)
    lower = np.minimum(position.astype(np.int64), max(0, tokens - 2))
    share = position - lower.astype(np.float32)
    both = np.stack([lower, np.minimum(lower + 1, tokens - 1)], axis=1)
    return both, np.stack([1 - share, share], axis=1)


def _expanded(points: Array, centres: Array, count: int) -> tuple[FloatArray, Array]:
    """(N, count) squared distances by the expansion in float32, smallest first, and their centres."""
    points, centres = points.astype(np.float32), centres.astype(np.float32)
    squares = np.empty((len(points), count), np.float32)
    index = np.empty((len(points), count), np.int64)
    own = (centres * centres).sum(axis=1)
    for start in range(0, len(points), _BLOCK):
        some = points[start : start + _BLOCK]
        apart = np.float32(-2) * (some @ centres.T)
        apart += (some * some).sum(axis=1)[:, None]
        apart += own
        near = np.argpartition(apart, count - 1, axis=1)[:, :count]
        values = np.take_along_axis(apart, near, axis=1)
        order = np.argsort(values, axis=1)
        index[start : start + _BLOCK] = np.take_along_axis(near, order, axis=1)
        squares[start : start + _BLOCK] = np.take_along_axis(values, order, axis=1)
    return squares, index


def _over_pixels(
    point_pixels: Array,
    pixels: Array,
    size: tuple[int, int],
    cells: tuple[int, int],
    smoothing: Smoothing,
) -> csr_matrix:
    """(P, N) weights of the points at output pixels."""
    from scipy.sparse import csr_matrix

    rows, row_share = _entries(_mean_matrix(size[0], cells[0], smoothing))
    columns, column_share = _entries(_mean_matrix(size[1], cells[1], smoothing))
    point_of = np.full(size[0] * size[1], -1)
    point_of[point_pixels] = np.arange(len(point_pixels))
    row, column = np.divmod(pixels, cells[1])
    number = point_of[rows[row][:, :, None] * size[1] + columns[column][:, None, :]]
    share = row_share[row][:, :, None] * column_share[column][:, None, :]
    seen = ((number >= 0) & (share > 0)).reshape(len(pixels), -1)
    number, share = number.reshape(seen.shape), share.reshape(seen.shape)
    if smoothing != "published":
        total = (share * seen).sum(axis=1, keepdims=True)
        share = share / np.where(total > 0, total, 1)
    place = np.concatenate([[0], np.cumsum(seen.sum(axis=1))])
    return csr_matrix((share[seen], number[seen], place), shape=(len(pixels), len(point_pixels)))


def _mean_matrix(size: int, cells: int, smoothing: Smoothing) -> FloatArray:
    """(cells, size) weights along one axis: means over three, then means over each cell's windows."""
    if smoothing == "none":
        return _windows(size, cells)
    box = np.eye(size, dtype=np.float32)
    box = box + np.eye(size, k=1, dtype=np.float32) + np.eye(size, k=-1, dtype=np.float32)
    box /= 3
    if smoothing == "published":
        box = box[1:-1]
    return np.asarray(_windows(len(box), cells) @ box)


def _windows(size: int, cells: int) -> FloatArray:
    """(cells, size) means over floor(size·i/cells) .. ceil(size·(i+1)/cells) - 1 (adaptive pooling)."""
    cell = np.arange(cells)[:, None]
    first, last = cell * size // cells, -(-(cell + 1) * size // cells)
    place = np.arange(size)
    inside = (place >= first) & (place < last)
    return np.asarray(inside / (last - first), np.float32)


def _entries(matrix: FloatArray) -> tuple[Array, FloatArray]:
    """Columns and values of a band matrix's rows, as many for each as the fullest row has."""
    width = int((matrix > 0).sum(axis=1).max())
    first = np.minimum((matrix > 0).argmax(axis=1), matrix.shape[1] - width)
    columns = first[:, None] + np.arange(width)
    return columns, np.take_along_axis(matrix, columns, axis=1)
