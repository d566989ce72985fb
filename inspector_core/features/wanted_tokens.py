"""Some tokens of a vision transformer, without what its last block does for the others alone.

In the last block the other tokens are only looked at: they need keys and values there, but no query and
no way through the layers behind the attention. Where a part covers a third of its picture, and with the
token of the class left out, that is half of the block.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

from inspector_core.features.networks import timm_module

if TYPE_CHECKING:
    from torch import Tensor


class _Reached(Exception):
    """What the last block takes is computed."""


def wanted_tokens(network: Any, pictures: Tensor, wanted: Tensor) -> Tensor:
    """(B, n, C) tokens of some patches behind the final norm.

    network : a timm vision transformer, not in training.   pictures : (B, 3, H, W) as it takes them.
    wanted : (n,) row-major numbers of patches.
    """
    last = network.blocks[-1]
    if not _is_plain(last):
        tokens = network.forward_features(pictures)
        return tokens[:, network.num_prefix_tokens + wanted]
    tokens = _before(last, network, pictures)
    return network.norm(_some_outputs(last, tokens, network.num_prefix_tokens + wanted))


def _is_plain(block: Any) -> bool:
    """Whether a block is the usual one: attention, then two layers, each behind a norm."""
    module = timm_module().models.vision_transformer
    plain = type(block) is module.Block and type(block.attn) is module.Attention
    return plain and getattr(block.attn, "gate", None) is None


def _before(block: Any, network: Any, pictures: Tensor) -> Tensor:
    """(B, T, C) all tokens that a block is given."""
    taken: list[Tensor] = []

    def take(_module: Any, given: tuple[Tensor, ...]) -> None:
        taken.append(given[0])
        raise _Reached

    with block.register_forward_pre_hook(take), contextlib.suppress(_Reached):
        network.forward_features(pictures)
    return taken[0]


def _some_outputs(block: Any, tokens: Tensor, wanted: Tensor) -> Tensor:
    """(B, n, C) a block's outputs in places `wanted` of its tokens (B, T, C)."""
    own = tokens[:, wanted]
    normed = block.norm1(tokens)
    own = own + block.ls1(_attended(block.attn, normed[:, wanted], normed))
    return own + block.ls2(block.mlp(block.norm2(own)))


def _attended(attention: Any, asking: Tensor, asked: Tensor) -> Tensor:
    """(B, n, C) what tokens (B, n, C) see of tokens (B, T, C)."""
    from torch.nn.functional import linear, scaled_dot_product_attention

    joined, bias = attention.qkv.weight, attention.qkv.bias
    width = len(joined) // 3

    def heads(part: int, of: Tensor) -> Tensor:
        some = slice(part * width, (part + 1) * width)
        one = linear(of, joined[some], None if bias is None else bias[some])
        return one.unflatten(2, (attention.num_heads, -1)).transpose(1, 2)

    queries, keys = attention.q_norm(heads(0, asking)), attention.k_norm(heads(1, asked))
    seen = scaled_dot_product_attention(queries, keys, heads(2, asked), scale=attention.scale)
    return attention.proj(attention.norm(seen.transpose(1, 2).flatten(2)))
