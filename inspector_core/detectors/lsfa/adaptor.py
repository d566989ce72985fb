"""The adaptors of LSFA (arXiv 2401.03145): one small transformer layer over a part's patches per modality.

Weights are plain named tensors with the names that the public scripts (yuanpengtu/LSFA@a8dd6d7) would
save; none are published. Heads that project to a common width serve the training alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Literal

import numpy as np

from inspector_core.detectors.crossmodal.patch_training import linear_start, placed
from inspector_core.types import Array, FloatArray

if TYPE_CHECKING:
    from torch import Tensor

Side = Literal["rgb", "xyz"]
SIDES: tuple[Side, ...] = ("rgb", "xyz")
"""As weights name colour and shape."""
Start = Literal["identity", "random"]
HEADS, SHARED_WIDTH = 12, 512
"""Published: most attention heads, and the width in which the modalities are compared."""
_EXPANSION = 4


def attention_heads(width: int, most: int = HEADS) -> int:
    """The most heads up to the given number that divide the width."""
    return max(count for count in range(1, most + 1) if width % count == 0)


def layout(widths: Mapping[Side, int], shared: int = SHARED_WIDTH) -> dict[str, tuple[int, ...]]:
    """Name to shape of all tensors: an adaptor and a projection head for each side's width C."""
    shapes: dict[str, tuple[int, ...]] = {}
    for side, width in widths.items():
        block, hidden = f"{side}_mlp.0", _EXPANSION * width
        shapes |= {
            f"{block}.norm1.weight": (width,),
            f"{block}.norm1.bias": (width,),
            f"{block}.attn.qkv.weight": (3 * width, width),
            f"{block}.attn.proj.weight": (width, width),
            f"{block}.attn.proj.bias": (width,),
            f"{block}.norm2.weight": (width,),
            f"{block}.norm2.bias": (width,),
            f"{block}.mlp.fc1.weight": (hidden, width),
            f"{block}.mlp.fc1.bias": (hidden,),
            f"{block}.mlp.fc2.weight": (width, hidden),
            f"{block}.mlp.fc2.bias": (width,),
            f"{side}_head.weight": (shared, width),
            f"{side}_head.bias": (shared,),
        }
    return shapes


def initial(
    widths: Mapping[Side, int],
    seed: int,
    start: Start = "identity",
    device: str = "cpu",
    shared: int = SHARED_WIDTH,
) -> dict[str, Tensor]:
    """Untrained weights; with "identity" the adaptors return what they are given."""
    weights = linear_start(layout(widths, shared), seed, device)
    if start == "identity":
        for side in widths:
            for name in ("attn.proj", "mlp.fc2"):
                weights[f"{side}_mlp.0.{name}.weight"].zero_()
                weights[f"{side}_mlp.0.{name}.bias"].zero_()
    return weights


def adapted(
    weights: Mapping[str, Tensor],
    side: Side,
    x: Tensor,
    counts: Sequence[int] = (),
    heads: int = HEADS,
) -> Tensor:
    """(N, C) adapted patches of (N, C); those of a part see each other.

    counts : patches of each part where x is several parts one behind the other.   heads : at most.
    """
    from torch.nn.functional import gelu, layer_norm, linear

    own = {
        name.removeprefix(f"{side}_mlp.0."): value
        for name, value in weights.items()
        if name.startswith(f"{side}_mlp.0.")
    }
    width = x.shape[-1]
    inner = layer_norm(x, (width,), own["norm1.weight"], own["norm1.bias"])
    inner = linear(inner, own["attn.qkv.weight"])
    seen = _attended(inner, attention_heads(width, heads), counts or [len(x)])
    x = x + linear(seen, own["attn.proj.weight"], own["attn.proj.bias"])
    inner = layer_norm(x, (width,), own["norm2.weight"], own["norm2.bias"])
    inner = gelu(linear(inner, own["mlp.fc1.weight"], own["mlp.fc1.bias"]))
    return x + linear(inner, own["mlp.fc2.weight"], own["mlp.fc2.bias"])


def adapted_features(
    weights: Mapping[str, Tensor],
    side: Side,
    rows: Array,
    device: str = "cpu",
    *,
    beside: Array | None = None,
    heads: int = HEADS,
) -> FloatArray:
    """(N, C) float32 adapted patches of one part, (N, C); they attend to those beside it (M, C) too."""
    import torch

    own = {
        name: value.to(device)
        for name, value in weights.items()
        if name.startswith(f"{side}_mlp.0.")
    }
    with torch.inference_mode():
        given = rows if beside is None else np.concatenate([rows, beside])
        found = adapted(own, side, placed(given, device), heads=heads)[: len(rows)]
    return found.cpu().numpy()


def projected(weights: Mapping[str, Tensor], side: Side, x: Tensor) -> Tensor:
    """(N, 512) of adapted patches (N, C), in which modalities are compared."""
    from torch.nn.functional import linear

    return linear(x, weights[f"{side}_head.weight"], weights[f"{side}_head.bias"])


def _attended(inner: Tensor, heads: int, counts: Sequence[int]) -> Tensor:
    """(N, C) values of the patches that each patch attends to, within its part.

    inner : (N, 3 C) queries, keys and values. Parts of one size go together, others one by one. A batch
    axis is always there: with it the fused attention is chosen, which holds no N x N numbers.
    """
    import torch
    from torch.nn.functional import scaled_dot_product_attention

    inner = inner.unflatten(-1, (3, heads, -1))
    alike = all(count == counts[0] for count in counts)
    batches = [inner.unflatten(0, (len(counts), -1))] if alike else inner[None].split([*counts], 1)
    seen = []
    for batch in batches:
        queries, keys, values = batch.permute(2, 0, 3, 1, 4)
        found = scaled_dot_product_attention(queries, keys, values)
        seen.append(found.transpose(1, 2).flatten(2).flatten(0, 1))
    return seen[0] if alike else torch.cat(seen)
