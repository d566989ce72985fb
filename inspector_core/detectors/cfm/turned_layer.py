"""The last layer of a mapping seen from other axes, in which almost half of its products are zeros.

Turning two vectors alike changes neither their lengths nor their distance. A QR decomposition of the last
layer's weights finds a turn of the predicted features after which the weights are zero below the diagonal;
the features that they are compared with are linear in tokens, and only these few are turned.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from torch import Tensor, dtype

_BANDS = 4
"""Portions of the triangle, each multiplied as a rectangle; more would hold fewer zeros, and be too narrow."""


class _Band(NamedTuple):
    """Outputs first .. last - 1, which need no inputs before `first`."""

    first: int
    last: int
    weight: Tensor
    bias: Tensor


class TurnedLayer:
    """A linear layer whose outputs are turned.

    weight : (D, M) float32.   bias : (D,) float32.   wide : type of its products.
    turn : (D, D) float32; features (n, D) @ turn are seen from the same axes as the outputs.
    """

    def __init__(self, weight: Tensor, bias: Tensor, wide: dtype) -> None:
        import torch

        place = weight.device
        turn, upper = torch.linalg.qr(weight.double().cpu(), mode="complete")
        turned_bias = turn.T @ bias.double().cpu()
        self.turn = turn.float().to(place)
        self._bias = turned_bias.to(place, wide)
        rank = min(weight.shape)
        step = -(-rank // _BANDS)
        self._bands = [
            _Band(
                first,
                last := min(first + step, rank),
                upper[first:last, first:].to(place, wide).contiguous(),
                self._bias[first:last],
            )
            for first in range(0, rank, step)
        ]
        self.spared = weight.numel() - sum(band.weight.numel() for band in self._bands)
        """Products of each row that the zeros spare."""

    def room(self, rows: int) -> Tensor:
        """(rows, D) for the outputs of that many rows at most, to be used again and again."""
        # from the rank on, weights are zero
        return self._bias.repeat(rows, 1)

    def __call__(self, active: Tensor, room: Tensor) -> Tensor:
        """(n, D) outputs of rows (n, M), in `room`."""
        import torch

        found = room[: len(active)]
        for first, last, weight, bias in self._bands:
            torch.addmm(bias, active[:, first:], weight.T, out=found[:, first:last])
        return found
