"""The transformer of Point-MAE over the tokens of a cloud's groups: position, blocks, norm.

Weights are plain named tensors with the names of the published file (weights/layouts.json, `point_mae`),
so that pruned and small networks are the same code with fewer or smaller tensors.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from torch import Generator, Tensor

DropPath = Literal["off", "published"]

HEADS = 6
DEPTH = 12
LARGEST_DROP = 0.1
"""Rate of the last of the published twelve blocks; it grows linearly from 0."""
_NORM_EPSILON = 1e-5


class PointBlocks:
    """Tokens of groups through transformer blocks.

    state : named tensors, `blocks.*`, `pos_embed.*` and, for `normed`, `norm.*` among them.
    heads : of attention.
    """

    def __init__(self, state: Mapping[str, Tensor], heads: int = HEADS) -> None:
        self._state = state
        self._heads = heads

    def outputs(
        self, tokens: Tensor, centres: Tensor, wanted: Sequence[int], drops: Generator | None = None
    ) -> list[Tensor]:
        """(G, C) float32 after each of the wanted blocks (counted from 0, ascending).

        tokens : (G, C).   centres : (G, 3); their embedding is added before every block.
        drops : leaves out branches at random as the published code does (DropPath in training mode,
        never switched off there) and draws from this; None leaves nothing out.
        """
        position = self._position(centres)
        found = []
        for number in range(wanted[-1] + 1):
            tokens = self._block(number, tokens + position, drops)
            if number in wanted:
                found.append(tokens)
        return found

    def normed(self, tokens: Tensor) -> Tensor:
        """The last layer norm, which all outputs share."""
        return self._norm("norm", tokens)

    def _position(self, centres: Tensor) -> Tensor:
        from torch.nn.functional import gelu

        return self._linear("pos_embed.2", gelu(self._linear("pos_embed.0", centres)))

    def _block(self, number: int, tokens: Tensor, drops: Generator | None) -> Tensor:
        name = f"blocks.blocks.{number}"
        kept = 1 - LARGEST_DROP * number / (DEPTH - 1)
        for branch in (self._attended, self._mixed):
            share = 1.0 if drops is None or kept == 1 else _drawn(kept, drops)
            if share > 0:
                tokens = tokens.add(branch(name, tokens), alpha=share)
        return tokens

    def _attended(self, name: str, tokens: Tensor) -> Tensor:
        from torch.nn.functional import scaled_dot_product_attention

        count, width = tokens.shape
        joined = self._linear(f"{name}.attn.qkv", self._norm(f"{name}.norm1", tokens))
        three = joined.view(1, count, 3, self._heads, width // self._heads).permute(2, 0, 3, 1, 4)
        seen = scaled_dot_product_attention(three[0], three[1], three[2])
        return self._linear(f"{name}.attn.proj", seen.transpose(1, 2).reshape(count, width))

    def _mixed(self, name: str, tokens: Tensor) -> Tensor:
        from torch.nn.functional import gelu

        hidden = gelu(self._linear(f"{name}.mlp.fc1", self._norm(f"{name}.norm2", tokens)))
        return self._linear(f"{name}.mlp.fc2", hidden)

    def _linear(self, name: str, given: Tensor) -> Tensor:
        from torch.nn.functional import linear

        # the projection to queries, keys and values has no bias
        return linear(given, self._state[f"{name}.weight"], self._state.get(f"{name}.bias"))

    def _norm(self, name: str, given: Tensor) -> Tensor:
        from torch.nn.functional import layer_norm

        weight, bias = self._state[f"{name}.weight"], self._state[f"{name}.bias"]
        return layer_norm(given, weight.shape, weight, bias, _NORM_EPSILON)


def _drawn(kept: float, drops: Generator) -> float:
    """0, or the factor that keeps the branch's mean when it is kept."""
    import torch

    return float(torch.empty(1).bernoulli_(kept, generator=drops)) / kept
