"""Features of pixels as few tokens and the sparse weights that carry them there.

Networks say something about a few hundred to a few thousand places; features of pixels are mixtures of
those, with known weights. Whatever is linear in the features (the first layer of a mapping, a product with
another vector) is therefore cheaper on the tokens, and no dense map of features is ever needed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from inspector_core.types import Array, FloatArray

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix


@dataclass(frozen=True, slots=True)
class Block:
    """Tokens of one network or one of its stages.

    tokens : (T, C) float32.   weights : (P, T) float32 CSR, what each pixel takes of each token.
    """

    tokens: FloatArray
    weights: csr_matrix

    def rows(self, some: slice | Array) -> FloatArray:
        """(n, C) float32 features of some pixels."""
        return np.asarray(self.weights[some] @ self.tokens, np.float32)


@dataclass(frozen=True, slots=True)
class TokenMap:
    """Features of P pixels: the channels of all blocks, one after the other."""

    blocks: Sequence[Block]

    def __len__(self) -> int:
        return int(self.blocks[0].weights.shape[0])

    @property
    def channels(self) -> int:
        """Width of the features."""
        return sum(self.widths)

    @property
    def widths(self) -> tuple[int, ...]:
        """Channels of each block."""
        return tuple(int(block.tokens.shape[1]) for block in self.blocks)

    def rows(self, some: slice | Array) -> FloatArray:
        """(n, C) float32 features of some pixels."""
        return np.concatenate([block.rows(some) for block in self.blocks], axis=1)

    def through(self, weight: Array, some: slice | Array = slice(None)) -> FloatArray:
        """(n, D) float32: features of some pixels times a matrix (C, D), multiplied on the tokens."""
        total: FloatArray | None = None
        first = 0
        for block in self.blocks:
            last = first + block.tokens.shape[1]
            part = block.weights[some] @ (block.tokens @ weight[first:last])
            total = part if total is None else np.add(total, part, out=total)
            first = last
        assert total is not None
        return total

    def only(self, pixels: Array) -> TokenMap:
        """The same of some of the pixels."""
        return TokenMap([Block(block.tokens, block.weights[pixels]) for block in self.blocks])

    def anchored(self, length: float) -> TokenMap:
        """With one channel more, the same in all pixels."""
        from scipy.sparse import csr_matrix

        ones = csr_matrix(np.ones((len(self), 1), np.float32))
        return TokenMap([*self.blocks, Block(np.full((1, 1), length, np.float32), ones)])

    def standardised(self, means: Array, deviations: Array) -> TokenMap:
        """Each channel of the tokens around its mean in units of its deviation, (C,) each."""
        ready, first = [], 0
        for block in self.blocks:
            last = first + block.tokens.shape[1]
            tokens = (block.tokens - means[first:last]) / deviations[first:last]
            ready.append(Block(np.asarray(tokens, np.float32), block.weights))
            first = last
        return TokenMap(ready)
