"""Seeded random numbers for a batch of pictures, on the generator's own device."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Generator, Tensor


class Chance:
    """Draws for `count` pictures of `side` x `side` pixels."""

    def __init__(self, generator: Generator, count: int, side: int) -> None:
        self.generator, self.count, self.side = generator, count, side
        self.device = generator.device

    def uniform(self, low: float, high: float, *shape: int) -> Tensor:
        """(count, *shape) float32, uniform in low..high."""
        import torch

        size = (self.count, *shape)
        drawn = torch.rand(size, generator=self.generator, device=self.device)
        return low + (high - low) * drawn

    def log_uniform(self, low: float, high: float, *shape: int) -> Tensor:
        """(count, *shape) float32, every factor between low and high alike."""
        ratio = high / low
        return low * ratio ** self.uniform(0.0, 1.0, *shape)

    def normal(self, *shape: int) -> Tensor:
        """(count, *shape) float32, standard normal."""
        import torch

        size = (self.count, *shape)
        return torch.randn(size, generator=self.generator, device=self.device)

    def happens(self, probability: float, *shape: int) -> Tensor:
        """(count, *shape) float32 of 0 and 1."""
        return (self.uniform(0.0, 1.0, *shape) < probability).float()

    def whole(self, low: int, high: int, *shape: int) -> Tensor:
        """(count, *shape) int64 in low..high, both included."""
        import torch

        size = (self.count, *shape)
        return torch.randint(low, high + 1, size, generator=self.generator, device=self.device)

    def order(self) -> Tensor:
        """(count,) int64: a random order of the pictures."""
        import torch

        return torch.randperm(self.count, generator=self.generator, device=self.device)
