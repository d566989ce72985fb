"""In-context residuals: how unlike a picture's patches are to all patches of a few good pictures.

A patch embedding's residual is 0.5 (1 - cos) to the most similar prompt patch, 0 where a prompt shows
the very same, 1 where everything points the other way; several layers of a network are averaged
(InCTRL, arXiv 2403.06495, equation 1; mala-lab/InCTRL@cc535d0). Nothing is trained.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor

CHUNK_ROWS = 4096
"""Prompt patches compared at once: 4096 x 225 similarities are 3.7 MB."""
_SMALLEST = 1e-12
_TOP_SHARE = 0.01


def unit_rows(rows: Tensor) -> Tensor:
    """(..., C) rows brought to length 1; a row of zeros stays one."""
    return rows / rows.norm(dim=-1, keepdim=True).clamp_min(_SMALLEST)


def nearest_residual(
    query: Tensor, prompts: Tensor, chunk_rows: int = CHUNK_ROWS
) -> tuple[Tensor, Tensor]:
    """0.5 (1 - cos) of each query row to its most similar prompt row, and which row that is.

    query : (Q, C), prompts : (R, C), both of length 1 (`unit_rows`); R >= 1. Returns (Q,) and (Q,).
    The product only finds the most similar row; its residual is a quarter of the squared difference,
    which stays exact where both are almost the same.
    """
    best, index = (query @ prompts[:chunk_rows].T).max(dim=1)
    for start in range(chunk_rows, len(prompts), chunk_rows):
        value, at = (query @ prompts[start : start + chunk_rows].T).max(dim=1)
        closer = value > best
        best = best.where(~closer, value)
        index = index.where(~closer, at + start)
    return (query - prompts[index]).square().sum(dim=1) / 4, index


def residual_map(
    query: Sequence[Tensor], prompts: Sequence[Tensor], chunk_rows: int = CHUNK_ROWS
) -> Tensor:
    """Mean over the layers of the nearest residuals: M, (P,), in 0..1.

    query : per layer (P, C) as the network gives them.   prompts : per layer (R, C) of length 1.
    """
    import torch

    layers = [
        nearest_residual(unit_rows(rows), bank, chunk_rows)[0]
        for rows, bank in zip(query, prompts, strict=True)
    ]
    return torch.stack(layers).mean(dim=0)


def residual_maps(query: Tensor, prompts: Tensor) -> Tensor:
    """The map of every query of a batch against its own prompts.

    query : (L, B, P, C) patch embeddings of L layers.   prompts : (L, K, B, P, C).   Returns (B, P).
    """
    import torch

    units = unit_rows(prompts)
    banks = units.transpose(1, 2).flatten(2, 3)  # (L, B, K * P, C)
    return torch.stack(
        [residual_map(list(query[:, b]), list(banks[:, b])) for b in range(query.shape[1])]
    )


def largest(maps: Tensor) -> Tensor:
    """s_p: the largest residual of each map, (..., P) to (...)."""
    return maps.amax(dim=-1)


def mean_of_top(maps: Tensor, share: float = _TOP_SHARE) -> Tensor:
    """Mean of the largest 1 % of each map (at least one entry), (..., P) to (...)."""
    count = max(1, math.ceil(share * maps.shape[-1]))
    return maps.topk(count, dim=-1).values.mean(dim=-1)


def scrambled(
    query: Tensor, prompts: Tensor, prompt_images: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """A batch as the published training sees it: axes reshaped where they should be permuted.

    query : (L, B, P, C), prompts : (L, K, B, P, C), prompt_images : (K, B, D); the returned arrays have
    the same shapes. With B = 1 nothing but the order of prompt patches changes, which no residual
    depends on; with B > 1 a "query" mixes layers and pictures, and prompts belong to others.
    """
    layers, shots, batch, patches, channels = prompts.shape
    mixed_query = query.reshape(batch, layers, patches, channels).transpose(0, 1)
    mixed_prompts = prompts.reshape(batch, layers, shots, patches, channels).permute(1, 2, 0, 3, 4)
    mixed_images = prompt_images.reshape(batch, shots, -1).transpose(0, 1)
    return mixed_query, mixed_prompts, mixed_images
