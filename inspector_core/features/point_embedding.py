"""One token for each group of points: Point-MAE's small point network, with 60 % of its products.

Published: convolutions 3 -> 128 -> 256 on every point, the group's maximum put before each point's
features (512), convolutions 512 -> 512 -> 384, maximum; batch normalisation before both ReLUs. Here the
same numbers to rounding: the maximum's half of the third convolution once a group instead of once a
point; its other half multiplied with the second convolution beforehand (both linear, nothing between);
both normalisations folded into weights, their statistics from small covariances.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from torch import Tensor

BatchNorm = Literal["cloud", "running"]

EPSILON = 1e-5
_ROWS = 4096
"""Points worked on at once: their features stay in a processor's cache."""
_ROWS_CUDA = 1 << 15


@dataclass(frozen=True, slots=True)
class _Affine:
    """What batch normalisation does to a channel: times scale, plus shift; (C,) float32 each."""

    scale: Tensor
    shift: Tensor


class TokenEmbedding:
    """Groups of local coordinates to tokens.

    state : named tensors of the network, `encoder.*` among them.   batch_norm : "cloud" takes mean and
    biased variance over all points of the groups given (published: the network is never put into
    evaluation mode), "running" takes those stored in the file.
    """

    def __init__(self, state: Mapping[str, Tensor], batch_norm: BatchNorm) -> None:
        self._batch_norm = batch_norm
        self._state = state
        self._lift, self._lift_bias = self._convolution("first_conv.0")
        self._expand, self._expand_bias = self._convolution("first_conv.3")
        mix, bias = self._convolution("second_conv.0")
        self._of_group, of_point = mix.split(mix.shape[1] // 2, dim=1)
        self._through = (of_point.double() @ self._expand.double()).float()
        self._mix_bias = bias + of_point @ self._expand_bias
        self._reduce, self._reduce_bias = self._convolution("second_conv.3")

    def __call__(self, local: Tensor) -> Tensor:
        """(G, C) float32 tokens of one cloud.   local : (G, k, 3) float32, seen from the centres."""
        import torch

        first = self._first_normalisation(local)
        lift, offset = self._lift * first.scale[:, None], first.shift
        peaks, moments = self._first_look(local, lift, offset)
        of_group = (peaks + self._expand_bias) @ self._of_group.T + self._mix_bias
        second = self._second_normalisation(of_group, moments)
        through = self._through * second.scale[:, None]
        of_group = torch.addcmul(second.shift, of_group, second.scale)
        tokens = local.new_empty(len(local), len(self._reduce))
        for some, hidden in _portions(local, lift, offset):
            mixed = (hidden @ through.T).add_(of_group[some, None]).relu_()
            torch.amax(mixed @ self._reduce.T, dim=1, out=tokens[some])
        return tokens.add_(self._reduce_bias)

    def _convolution(self, name: str) -> tuple[Tensor, Tensor]:
        weight = self._state[f"encoder.{name}.weight"]
        return weight.flatten(1), self._state[f"encoder.{name}.bias"]

    def _first_look(self, local: Tensor, lift: Tensor, offset: Tensor) -> tuple[Tensor, _Moments]:
        """(G, 256) maxima over each group after the second convolution, and moments before it."""
        import torch

        peaks = local.new_empty(len(local), len(self._expand))
        moments = _Moments(local.new_empty(len(local), len(lift)))
        for some, hidden in _portions(local, lift, offset):
            torch.amax(hidden @ self._expand.T, dim=1, out=peaks[some])
            if self._batch_norm == "cloud":
                moments.see(some, hidden)
        return peaks, moments

    def _first_normalisation(self, local: Tensor) -> _Affine:
        """Of the first convolution, whose channels' variances follow from three coordinates'."""
        mean, variance = self._stored("first_conv.1")
        if self._batch_norm == "cloud":
            points = local.flatten(0, 1).double()
            middle = points.mean(dim=0)
            points -= middle
            covariance = points.T @ points / len(points)
            lift = self._lift.double()
            mean = lift @ middle + self._lift_bias
            variance = ((lift @ covariance) * lift).sum(dim=1)
        return self._affine("first_conv.1", mean - self._lift_bias, variance)

    def _second_normalisation(self, of_group: Tensor, moments: _Moments) -> _Affine:
        """Of the third convolution's sum of a point's half and its group's half."""
        mean, variance = self._stored("second_conv.1")
        if self._batch_norm == "cloud":
            through, group = self._through.double(), of_group.double()
            middle, covariance, apart = moments.of_all()
            mean = through @ middle + group.mean(dim=0)
            group = group - group.mean(dim=0)
            both = group.T @ apart / len(group)
            variance = ((through @ covariance + 2 * both) * through).sum(dim=1)
            variance = variance + group.square().mean(dim=0)
        return self._affine("second_conv.1", mean, variance)

    def _stored(self, name: str) -> tuple[Tensor, Tensor]:
        found = (self._state[f"encoder.{name}.running_{kind}"] for kind in ("mean", "var"))
        mean, variance = (value.double() for value in found)
        return mean, variance

    def _affine(self, name: str, mean: Tensor, variance: Tensor) -> _Affine:
        scale = self._state[f"encoder.{name}.weight"] / (variance + EPSILON).sqrt()
        shift = self._state[f"encoder.{name}.bias"] - mean * scale
        return _Affine(scale.float(), shift.float())


class _Moments:
    """Means and covariance of hidden features over all points, gathered in portions.

    means : (G, C) float32, filled with each group's mean.
    """

    def __init__(self, means: Tensor) -> None:
        self._means = means
        self._around: Tensor | None = None
        self._products: Tensor | None = None
        self._count = 0

    def see(self, some: slice, hidden: Tensor) -> None:
        """hidden : (g, k, C) of the groups `some`."""
        self._means[some] = hidden.mean(dim=1)
        if self._around is None or self._products is None:
            # near the mean, so that no large numbers cancel later
            self._around = self._means[some].mean(dim=0)
            self._products = self._around.double().new_zeros(2 * self._around.shape)
        flat = hidden.flatten(0, 1) - self._around
        self._products += flat.T @ flat
        self._count += len(flat)

    def of_all(self) -> tuple[Tensor, Tensor, Tensor]:
        """(C,) mean, (C, C) biased covariance, (G, C) groups' means around the mean; float64."""
        assert self._around is not None
        assert self._products is not None
        means = self._means.double()
        middle = means.mean(dim=0)
        beside = middle - self._around
        covariance = self._products / self._count - beside[:, None] * beside
        return middle, covariance, means - middle


def _portions(local: Tensor, lift: Tensor, offset: Tensor) -> Iterator[tuple[slice, Tensor]]:
    """Groups, and their points' (g, k, 128) features after the first normalisation and ReLU."""
    import torch

    size = local.shape[1]
    groups = max(1, (_ROWS_CUDA if local.is_cuda else _ROWS) // size)
    for start in range(0, len(local), groups):
        some = slice(start, start + groups)
        hidden = torch.addmm(offset, local[some].flatten(0, 1), lift.T).relu_()
        yield some, hidden.view(-1, size, len(lift))
