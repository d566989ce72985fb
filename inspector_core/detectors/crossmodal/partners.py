"""Telling partners from all others: the contrastive loss in both directions, with its gradient.

Of N rows and N columns every row is compared with every column. Both directions need the same products,
and the gradient has a closed form, so neither the N x N numbers nor what autograd would remember of them
are ever held: they are made by blocks that stay in a processor's cache, once for the sums and once for
the gradient.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor

_BLOCK = 1 << 19
"""Products that are held at once, twice."""

BOTH, FORWARD = (1.0, 1.0), (2.0, 0.0)
"""Shares of the two directions: both alike, or telling the column of each row alone."""


def told_apart(rows: Tensor, columns: Tensor, shares: tuple[float, float] = BOTH) -> Tensor:
    """Σ of shares times the mean cross-entropies of telling a row's column and a column's row; a scalar.

    rows, columns : (N, K), whose inner products are the logits; row i belongs to column i.
    """
    import torch

    with torch.no_grad():
        value, pull_rows, pull_columns = _told(rows.detach(), columns.detach(), shares)
    # linear in both with the right slopes, and of no value by itself
    slope = (rows * pull_rows).sum() + (columns * pull_columns).sum()
    return value + (slope - slope.detach())


def _told(
    rows: Tensor, columns: Tensor, shares: tuple[float, float]
) -> tuple[Tensor, Tensor, Tensor]:
    """The loss and its derivatives by rows and by columns."""
    import torch

    count = len(rows)
    across, down = _log_sums(rows, columns)
    own = (rows * columns).sum(dim=1)
    value = (shares[0] * (across - own) + shares[1] * (down - own)).mean()
    pull_rows, pull_columns = torch.empty_like(rows), torch.zeros_like(columns)
    for some, logits, held in _blocks(rows, columns):
        chances = torch.sub(logits, across[some, None], out=held).exp_().mul_(shares[0])
        if shares[1]:
            chances.add_(logits.sub_(down).exp_(), alpha=shares[1])
        torch.mm(chances, columns, out=pull_rows[some])
        pull_columns.addmm_(chances.T, rows[some])
    pull_rows -= sum(shares) * columns
    pull_columns -= sum(shares) * rows
    return value, pull_rows / count, pull_columns / count


def _log_sums(rows: Tensor, columns: Tensor) -> tuple[Tensor, Tensor]:
    """(N,) logarithms of the summed exponentials of the logits, over columns and over rows."""
    import torch

    across = rows.new_empty(len(rows))
    top, total = rows.new_full((len(rows),), -torch.inf), rows.new_zeros(len(rows))
    for some, logits, held in _blocks(rows, columns):
        largest = logits.amax(dim=1)
        sums = torch.sub(logits, largest[:, None], out=held).exp_().sum(dim=1)
        across[some] = largest + sums.log()
        higher = torch.maximum(top, logits.amax(dim=0))
        total = total * (top - higher).exp() + logits.sub_(higher).exp_().sum(dim=0)
        top = higher
    return across, top + total.log()


def _blocks(rows: Tensor, columns: Tensor) -> Iterator[tuple[slice, Tensor, Tensor]]:
    """Some rows, their logits, and room of the same shape; both are used again for the next."""
    import torch

    height = max(1, min(len(rows), _BLOCK // max(1, len(columns))))
    logits, held = (rows.new_empty(height, len(columns)) for _ in range(2))
    for start in range(0, len(rows), height):
        some = slice(start, min(start + height, len(rows)))
        size = some.stop - start
        yield some, torch.mm(rows[some], columns.T, out=logits[:size]), held[:size]
