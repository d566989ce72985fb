"""A token map on the device that a network runs on: the same products, a portion of the pixels at a time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from inspector_core.features.token_map import Block, TokenMap
from inspector_core.types import Array

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix
    from torch import Tensor


class Carried:
    """One block on a device: tokens (T, D) and what each of P pixels takes of each of them."""

    def __init__(self, weights: csr_matrix, tokens: Tensor) -> None:
        import torch

        self._tokens = tokens.contiguous()
        self._starts = np.asarray(weights.indptr, np.int32)
        device = tokens.device
        self._offsets = torch.from_numpy(self._starts).to(device)
        self._indices = torch.from_numpy(np.asarray(weights.indices, np.int32)).to(device)
        self._shares = torch.from_numpy(np.asarray(weights.data, np.float32)).to(device)

    def rows(self, first: int, last: int) -> Tensor:
        """(n, D) float32 features of the pixels first .. last - 1."""
        from torch.nn.functional import embedding_bag

        start, end = int(self._starts[first]), int(self._starts[last])
        return embedding_bag(
            self._indices[start:end],
            self._tokens,
            self._offsets[first : last + 1] - start,
            mode="sum",
            per_sample_weights=self._shares[start:end],
            include_last_offset=True,
        )


class TokenTensors:
    """A token map's pixels, some or all of them, on a device.

    some : which pixels; all when not given.
    """

    def __init__(self, tokens: TokenMap, device: str, some: Array | None = None) -> None:
        import torch

        picked = tokens if some is None else tokens.only(some)
        self.pixels, self.channels = len(picked), picked.channels
        self._blocks = picked.blocks
        self._tokens = [
            torch.from_numpy(np.asarray(block.tokens, np.float32)).to(device)
            for block in self._blocks
        ]
        self._carried = [
            Carried(block.weights, values)
            for block, values in zip(self._blocks, self._tokens, strict=True)
        ]

    def rows(self, first: int, last: int) -> Tensor:
        """(n, C) float32 features of the pixels first .. last - 1."""
        import torch

        found = [carried.rows(first, last) for carried in self._carried]
        return found[0] if len(found) == 1 else torch.cat(found, dim=1)

    def through(self, weight: Tensor) -> Carried:
        """The features times a matrix (C, D), multiplied on the tokens."""
        import torch

        first, products = 0, []
        for values in self._tokens:
            last = first + values.shape[1]
            products.append(values @ weight[first:last])
            first = last
        return Carried(joined(self._blocks), torch.cat(products))

    def on_tokens_pays(self, width: int, spared: int | None = None) -> bool:
        """Whether multiplying the tokens costs less than multiplying the pixels' features.

        width : of the product, D.   spared : products of each pixel that it makes needless; C times D,
        those of the multiplication itself, when not given.
        Where pixels take from few tokens of many channels it does; the fine stages of a convolutional
        network have more cells than there are pixels to judge.
        """
        more = sum(values.numel() for values in self._tokens) * width
        more += width * sum(block.weights.nnz for block in self._blocks)
        more -= sum(block.weights.nnz * block.tokens.shape[1] for block in self._blocks)
        each = self.channels * width if spared is None else spared
        return bool(more < self.pixels * each)


def joined(blocks: Sequence[Block]) -> csr_matrix:
    """(P, sum of T) float32: the weights of several blocks over their tokens, one after the other."""
    from scipy.sparse import csr_matrix, hstack

    if len(blocks) == 1:
        return blocks[0].weights
    return csr_matrix(hstack([block.weights for block in blocks], format="csr"))
