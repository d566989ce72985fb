"""Exact nearest neighbours by blocks, on the planned device."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import numpy as np

from inspector_core.device import Cost, Plan, with_fallback
from inspector_core.types import Array, FloatArray

if TYPE_CHECKING:
    from torch import Tensor

_BANK_BLOCK = 4096
"""Bank rows whose distances are held at once."""
_QUERY_BLOCK = 256
"""Queries that a processor compares at once: their distances to a block stay in its cache."""


def quiet(note: str) -> None:
    """Tell nobody."""


def search_cost(n_queries: int, n_rows: int, width: int) -> Cost:
    """Memory of a search: the bank three times, and per query its block of distances."""
    return Cost(
        fixed_bytes=3 * 4 * n_rows * width,
        row_bytes=4 * (3 * width + 2 * min(_BANK_BLOCK, n_rows)),
        rows=n_queries,
    )


def nearest(
    queries: Array, bank: Array, plan: Plan, tell: Callable[[str], None] = quiet
) -> tuple[FloatArray, Array]:
    """Distance to the nearest bank row and its index, for each query: (N,) float32 and (N,) int64.

    queries : (N, D) float32.   bank : (M, D) float32, M >= 1.   See `several_nearest`.
    """
    distances, indices = several_nearest(queries, bank, 1, plan, tell)
    return distances[:, 0], indices[:, 0]


def several_nearest(
    queries: Array, bank: Array, count: int, plan: Plan, tell: Callable[[str], None] = quiet
) -> tuple[FloatArray, Array]:
    """Distances to the `count` nearest bank rows and their indices, nearest first.

    queries : (N, D) float32.   bank : (M, D) float32, M >= count.
    Gives (N, count) float32 and int64. The index comes from |q|² + |b|² - 2 q·b around the bank's
    mean; the distance is computed afresh by subtraction, because in float32 that expansion is wrong
    by up to 43 % for nearly equal vectors. When memory runs out the portions shrink and `tell` hears.
    """

    def work(current: Plan) -> tuple[FloatArray, Array]:
        rows, centre, squares = _centred(bank, current.device)
        distances = np.empty((len(queries), count), np.float32)
        indices = np.empty((len(queries), count), np.int64)
        for start, chunk in _chunks(queries, centre, current):
            one_here = count == 1 and current.device == "cpu"
            index = (
                _closest(chunk, rows, squares) if one_here else _ranked(chunk, rows, squares, count)
            )
            stop = start + len(chunk)
            indices[start:stop] = index.cpu()
            for place in range(count):
                apart = (chunk - rows[index[:, place]]).square().sum(dim=1).sqrt()
                distances[start:stop, place] = apart.cpu()
        return distances, indices

    return with_fallback(work, plan, tell)


def nearest_rows(queries: Tensor, rows: Tensor, squares: Tensor) -> Tensor:
    """(N,) int64 numbers of the rows nearest to queries, (N, D) and (M, D) on one device.

    squares : (M,) of the rows' lengths; infinite for rows that are not to be met. By the expansion, so
    take the number alone and compute the distance afresh.
    """
    if queries.device.type == "cpu":
        return _closest(queries, rows, squares)[:, 0]
    return _ranked(queries, rows, squares, 1)[:, 0]


def other_neighbours(
    bank: Array, count: int, plan: Plan, tell: Callable[[str], None] = quiet
) -> Array:
    """(M, count) int64: the bank rows nearest to each bank row, itself left out, nearest first.

    Raises ValueError when the bank has no more rows than neighbours are asked for.
    """
    if len(bank) <= count:
        raise ValueError(f"{count} neighbours need more than {len(bank)} rows")

    def work(current: Plan) -> Array:
        rows, centre, squares = _centred(bank, current.device)
        found = np.empty((len(bank), count), np.int64)
        for start, chunk in _chunks(bank, centre, current):
            found[start : start + len(chunk)] = _ranked(
                chunk, rows, squares, count, own=start
            ).cpu()
        return found

    return with_fallback(work, plan, tell)


def _centred(bank: Array, device: str) -> tuple[Tensor, Tensor, Tensor]:
    """The bank around its mean, the mean, and the squared norms."""
    import torch

    rows = torch.tensor(bank, dtype=torch.float32, device=device)
    centre = rows.mean(dim=0)
    rows -= centre
    return rows, centre, rows.square().sum(dim=1)


def _chunks(queries: Array, centre: Tensor, plan: Plan) -> Iterator[tuple[int, Tensor]]:
    """Start and centred rows of one portion of the queries after the other."""
    import torch

    for start in range(0, len(queries), plan.chunk_rows):
        chunk = torch.tensor(
            queries[start : start + plan.chunk_rows], dtype=torch.float32, device=plan.device
        )
        yield start, chunk - centre


def _closest(chunk: Tensor, rows: Tensor, squares: Tensor) -> Tensor:
    """(n, 1) indices of the nearest rows on a processor, the first of equally near ones.

    numpy finds the place of a minimum several times faster than torch ranks.
    """
    import torch

    index = np.empty((len(chunk), 1), np.int64)
    held = torch.empty((min(_QUERY_BLOCK, len(chunk)), min(_BANK_BLOCK, len(rows))))
    for first in range(0, len(chunk), _QUERY_BLOCK):
        queries = chunk[first : first + _QUERY_BLOCK]
        best = np.full(len(queries), np.inf, np.float32)
        found = np.zeros(len(queries), np.int64)
        each = np.arange(len(queries))
        for start in range(0, len(rows), _BANK_BLOCK):
            block = slice(start, start + _BANK_BLOCK)
            relative = held[: len(queries), : len(squares[block])]
            torch.addmm(squares[block], queries, rows[block].T, alpha=-2.0, out=relative)
            values = relative.numpy()
            near = values.argmin(axis=1)
            closer = values[each, near] < best
            best[closer], found[closer] = values[each, near][closer], near[closer] + start
        index[first : first + len(queries), 0] = found
    return torch.from_numpy(index)


def _ranked(chunk: Tensor, rows: Tensor, squares: Tensor, count: int, own: int = -1) -> Tensor:
    """(n, count) indices of the nearest rows; with own >= 0, query i is row own + i and is skipped."""
    import torch

    best = torch.full((len(chunk), count), torch.inf, device=chunk.device)
    index = torch.zeros((len(chunk), count), dtype=torch.int64, device=chunk.device)
    for start in range(0, len(rows), _BANK_BLOCK):
        block = slice(start, start + _BANK_BLOCK)
        # |q|² is the same for all rows and does not change the order
        relative = torch.addmm(squares[block], chunk, rows[block].T, alpha=-2.0)
        if own >= 0:
            step = torch.arange(len(chunk), device=chunk.device)
            column = step + own - start
            inside = (column >= 0) & (column < relative.shape[1])
            relative[step[inside], column[inside]] = torch.inf
        near = torch.topk(relative, min(count, relative.shape[1]), dim=1, largest=False)
        joined = torch.cat([best, near.values], dim=1)
        numbers = torch.cat([index, near.indices + start], dim=1)
        best, order = torch.topk(joined, count, dim=1, largest=False)
        index = numbers.gather(1, order)
    return index
