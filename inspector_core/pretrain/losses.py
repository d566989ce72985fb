"""How far predicted probabilities of "defective" are from the labels.

All take (B,) probabilities in 0..1 and (B,) labels 0 or 1 and return a scalar.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from torch import Tensor

Loss = Literal["cross-entropy", "focal", "published"]
LOSSES: tuple[Loss, ...] = ("cross-entropy", "focal", "published")


def cross_entropy(scores: Tensor, labels: Tensor) -> Tensor:
    """Mean binary cross-entropy."""
    from torch.nn.functional import binary_cross_entropy

    return binary_cross_entropy(scores, labels)


def focal(scores: Tensor, labels: Tensor) -> Tensor:
    """Mean of (1 - p_t)^2 times the cross-entropy: what is told apart already counts little."""
    from torch.nn.functional import binary_cross_entropy

    return _focused(binary_cross_entropy(scores, labels, reduction="none"))


def published_focal(scores: Tensor, labels: Tensor) -> Tensor:
    """The focal loss as InCTRL's code applies it: to probabilities taken for logits.

    The second sigmoid keeps it above 0.0227 for the best and below 0.702 for the worst score.
    """
    from torch.nn.functional import binary_cross_entropy_with_logits

    return _focused(binary_cross_entropy_with_logits(scores, labels, reduction="none"))


def _focused(entropy: Tensor) -> Tensor:
    return ((1 - (-entropy).exp()).square() * entropy).mean()


def loss_of(kind: Loss, scores: Tensor, labels: Tensor) -> Tensor:
    """The loss of that name."""
    chosen = {"cross-entropy": cross_entropy, "focal": focal, "published": published_focal}
    return chosen[kind](scores, labels)
