"""What LSFA's adaptors are trained for (arXiv 2401.03145): compact within a modality, alike across.

The paper's full text was not at hand and the public code does not run: queue without the part's own
patches, true distances, stop-gradient, shared global regions are inferred. The rotation term of the
public code, which the paper's abstract does not name, needs rotated pictures and is left out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor

_ROUNDS = 5
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
        self._at = (self._at + len(rows)) % len(self.rows)
        self.filled = min(len(self.rows), self.filled + len(rows))

    def of_others(self, owner: int) -> Tensor:
        """(filled,) bool: rows that are patches of other parts."""
        return self.owner[: self.filled] != owner


def compactness(
    features: Tensor, bank: Tensor, allowed: Tensor | None = None, limit: float = 0.0
) -> Tensor:
    """Mean distance of (N, C) patches to the nearest row of a bank (M, C); a scalar.

    The gradient reaches the patches alone.   allowed : (M,) bool, rows that may be met, at least one.
    limit : larger distances count as this and pull no more (published: √50); 0 for none.
    """
    import torch

    with torch.no_grad():
        apart = torch.addmm(bank.square().sum(dim=1), features, bank.T, alpha=-2.0)
        if allowed is not None:
            apart[:, ~allowed] = torch.inf
        met = bank[apart.argmin(dim=1)]
    distances = (features - met).square().sum(dim=1).clamp_min(_LEAST).sqrt()
    return (distances.clamp_max(limit) if limit > 0 else distances).mean()


def pairwise_distance(features: Tensor) -> float:
    """Mean distance between all different ones of (N, C) patches, N >= 2: 0 after a collapse."""
    import torch

    # not by products, whose rounding hides small distances
    apart = torch.cdist(features, features, compute_mode="donot_use_mm_for_euclid_dist")
    return float(apart.sum() / (len(features) * (len(features) - 1)))


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
