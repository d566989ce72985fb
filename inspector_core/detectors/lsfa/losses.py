"""What LSFA's adaptors are trained for (arXiv 2401.03145): compact within a modality, alike across.

The paper's full text was not at hand and the public code does not run: queue without the part's own
patches, true distances, stop-gradient, shared global regions are inferred.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from inspector_core.detectors.crossmodal.partners import BOTH, told_apart
from inspector_core.detectors.crossmodal.patch_training import contrast_both_ways
from inspector_core.detectors.lsfa.adaptor import Side, projected
from inspector_core.memory.nearest import nearest_rows

if TYPE_CHECKING:
    from torch import Tensor

_ROUNDS = 5
_ROWS = 512
"""Patches whose distances to all others are held at once."""
_LEAST = 1e-12


class Queue:
    """The last adapted patches that training saw, detached, first in, first out.

    rows : (capacity, C), of which the first `filled` hold something.
    """

    def __init__(self, capacity: int, width: int, device: str) -> None:
        import torch

        self.rows = torch.zeros(capacity, width, device=device)
        self.owner = torch.full((capacity,), -1, device=device)
        self.filled = 0
        self._squares = torch.zeros(capacity, device=device)
        self._at = 0

    @property
    def full(self) -> bool:
        """Whether every row holds something."""
        return self.filled == len(self.rows)

    def push(self, rows: Tensor, owner: int) -> None:
        """Take in (N, C) patches of one part; the oldest make room."""
        import torch

        rows = rows.detach()[-len(self.rows) :]
        places = (torch.arange(len(rows), device=rows.device) + self._at) % len(self.rows)
        self.rows[places] = rows
        self.owner[places] = owner
        self._squares[places] = rows.square().sum(dim=1)
        self._at = (self._at + len(rows)) % len(self.rows)
        self.filled = min(len(self.rows), self.filled + len(rows))

    def of_others(self, owner: int) -> Tensor:
        """(filled,) bool: rows that are patches of other parts."""
        return self.owner[: self.filled] != owner

    def drawn_in(self, features: Tensor, owner: int, limit: float = 0.0) -> Tensor | float:
        """Compactness of a part's patches (N, C) against other parts': its own are itself some steps ago."""
        others = self.of_others(owner)
        if not bool(others.any()):
            return 0.0
        squares = self._squares[: self.filled].masked_fill(~others, float("inf"))
        return compactness(features, self.rows[: self.filled], squares, limit)


def compactness(
    features: Tensor, bank: Tensor, squares: Tensor | None = None, limit: float = 0.0
) -> Tensor:
    """Mean distance of (N, C) patches to the nearest row of a bank (M, C); a scalar.

    The gradient reaches the patches alone.   squares : (M,) of the rows' lengths where they are known;
    infinite for rows that may not be met.
    limit : larger distances count as this and pull no more (published: √50); 0 for none.
    """
    import torch

    with torch.no_grad():
        if squares is None:
            squares = bank.square().sum(dim=1)
        met = bank[nearest_rows(features.detach(), bank.detach(), squares.detach())]
    distances = (features - met).square().sum(dim=1).clamp_min(_LEAST).sqrt()
    return (distances.clamp_max(limit) if limit > 0 else distances).mean()


def alignment(
    weights: Mapping[str, Tensor],
    first: tuple[Side, Tensor],
    second: tuple[Side, Tensor],
    temperature: float = 1.0,
    shares: tuple[float, float] = BOTH,
) -> Tensor:
    """`contrast_both_ways` of patches (N, C) and (N, D) as the heads project them; a scalar.

    shares : of telling the second by the first and the first by the second.
    The products of two projections are those of one projection, carried back through the other's head,
    with what that head was given: the narrower features spare most of the work.
    """
    import torch
    from torch.nn.functional import normalize

    if first[1].shape[1] < second[1].shape[1]:
        first, second, shares = second, first, (shares[1], shares[0])
    rows, columns = (projected(weights, *one) for one in (first, second))
    side, narrow = second
    if narrow.shape[1] + 1 >= columns.shape[1]:
        return contrast_both_ways(rows, columns, temperature, shares)
    rows = normalize(rows, dim=1) / temperature
    lengths = columns.norm(dim=1, keepdim=True).clamp_min(_LEAST)
    head = torch.cat([weights[f"{side}_head.weight"], weights[f"{side}_head.bias"][:, None]], dim=1)
    given = torch.cat([narrow, torch.ones_like(lengths)], dim=1)
    return temperature * told_apart(rows @ head, given / lengths, shares)


def pairwise_distance(features: Tensor) -> float:
    """Mean distance between all different ones of (N, C) patches, N >= 2: 0 after a collapse."""
    import torch

    # around their mean, where rounding is small against the distances however close they all are
    centred = features - features.mean(dim=0)
    squares = centred.square().sum(dim=1)
    total = 0.0
    for start in range(0, len(centred), _ROWS):
        some = centred[start : start + _ROWS]
        apart = torch.addmm(squares, some, centred.T, alpha=-2.0)
        apart += squares[start : start + _ROWS, None]
        apart.clamp_min_(0).sqrt_().diagonal(start).zero_()
        total += float(apart.sum(dtype=torch.float64))
    return total / (len(features) * (len(features) - 1))


def global_features(rgb: Tensor, shape: Tensor, centres: int) -> tuple[Tensor, Tensor]:
    """(K, C) and (K, D): means of a part's patches (N, C) and (N, D) over the same K <= centres regions.

    centres : 1 for the mean over all. Regions come from k-means over both modalities, each of unit
    spread, begun farthest-first from the patch nearest to the mean: same patches, same regions.
    """
    import torch

    if centres == 1 or len(rgb) <= centres:
        return rgb.mean(dim=0, keepdim=True), shape.mean(dim=0, keepdim=True)
    with torch.no_grad():
        region = _regions(torch.cat([_even(rgb), _even(shape)], dim=1), centres)
        there = torch.nn.functional.one_hot(region, centres).to(rgb.dtype)
        there = there[:, there.any(dim=0)]
        share = (there / there.sum(dim=0)).T
    return share @ rgb, share @ shape


def _even(features: Tensor) -> Tensor:
    centred = features - features.mean(dim=0)
    return centred / centred.square().sum(dim=1).mean().clamp_min(_LEAST).sqrt()


def _regions(features: Tensor, count: int) -> Tensor:
    """(N,) region of each patch by k-means."""
    import torch

    # the mean is 0
    chosen = [int(features.square().sum(dim=1).argmin())]
    while len(chosen) < count:
        apart = torch.cdist(features, features[chosen]).amin(dim=1)
        chosen.append(int(apart.argmax()))
    centres = features[chosen]
    region = torch.cdist(features, centres).argmin(dim=1)
    for _ in range(_ROUNDS):
        there = torch.nn.functional.one_hot(region, count).to(features.dtype)
        met = there.sum(dim=0)
        means = there.T @ features / met.clamp_min(1)[:, None]
        centres = torch.where(met[:, None] > 0, means, centres)
        region = torch.cdist(features, centres).argmin(dim=1)
    return region
