"""Adam (Kingma, Ba, ICLR 2015, arXiv 1412.6980), algorithm 1, without weight decay.

The numbers of torch's own, whose first use loads a compiler for seconds, which a person waits for.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor


class Adam:
    """The optimiser of some parameters, which hold gradients.

    rate, betas, epsilon : as in the paper, torch's defaults.
    """

    def __init__(
        self,
        parameters: Iterable[Tensor],
        rate: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        epsilon: float = 1e-8,
    ) -> None:
        import torch

        self.rate, self.betas, self.epsilon = rate, betas, epsilon
        self._parameters = list(parameters)
        self._first = [torch.zeros_like(one, requires_grad=False) for one in self._parameters]
        self._second = [torch.zeros_like(one, requires_grad=False) for one in self._parameters]
        self._steps = 0

    def step(self) -> None:
        """Move the parameters along their gradients, then forget these."""
        import torch

        self._steps += 1
        mean_bias, square_bias = (1 - beta**self._steps for beta in self.betas)
        with torch.no_grad():
            for one, first, second in zip(self._parameters, self._first, self._second, strict=True):
                if one.grad is None:
                    continue
                first.lerp_(one.grad, 1 - self.betas[0])
                second.mul_(self.betas[1]).addcmul_(one.grad, one.grad, value=1 - self.betas[1])
                spread = (second / square_bias).sqrt_().add_(self.epsilon)
                one.addcdiv_(first, spread, value=-self.rate / mean_bias)
                one.grad = None
