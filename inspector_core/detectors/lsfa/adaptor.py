"""The adaptors of LSFA (arXiv 2401.03145): one small transformer layer over a part's patches per modality.

Weights are plain named tensors with the names that the public scripts (yuanpengtu/LSFA@a8dd6d7) would
save; none are published. Heads that project to a common width serve the training alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Literal

from inspector_core.detectors.crossmodal.patch_training import linear_start, placed
from inspector_core.types import Array, FloatArray

if TYPE_CHECKING:
    from torch import Tensor

Side = Literal["rgb", "xyz"]
SIDES: tuple[Side, ...] = ("rgb", "xyz")
"""As weights name colour and shape."""
Start = Literal["identity", "random"]
_HEADS = 12
_HEAD = 512
_EXPANSION = 4


def attention_heads(width: int) -> int:
    """12 as published where they divide the width, else the most below that do."""
    return max(count for count in range(1, _HEADS + 1) if width % count == 0)


def layout(widths: Mapping[Side, int]) -> dict[str, tuple[int, ...]]:
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
            f"{side}_head.weight": (_HEAD, width),
            f"{side}_head.bias": (_HEAD,),
        }
    return shapes


def initial(
    widths: Mapping[Side, int], seed: int, start: Start = "identity", device: str = "cpu"
) -> dict[str, Tensor]:
    """Untrained weights; with "identity" the adaptors return what they are given."""
    weights = linear_start(layout(widths), seed, device)
    if start == "identity":
        for side in widths:
            for name in ("attn.proj", "mlp.fc2"):
                weights[f"{side}_mlp.0.{name}.weight"].zero_()
                weights[f"{side}_mlp.0.{name}.bias"].zero_()
    return weights


def adapted(weights: Mapping[str, Tensor], side: Side, x: Tensor) -> Tensor:
    """(..., N, C) adapted patches of (..., N, C); all N of a part see each other."""
    from torch.nn.functional import gelu, layer_norm, linear, scaled_dot_product_attention

    own = {
        name.removeprefix(f"{side}_mlp.0."): value
        for name, value in weights.items()
        if name.startswith(f"{side}_mlp.0.")
    }
    width = x.shape[-1]
    heads = attention_heads(width)
    inner = layer_norm(x, (width,), own["norm1.weight"], own["norm1.bias"])
    queries, keys, values = (
        linear(inner, weight).unflatten(-1, (heads, width // heads)).transpose(-3, -2)
        for weight in own["attn.qkv.weight"].chunk(3)
    )
    seen = scaled_dot_product_attention(queries, keys, values).transpose(-3, -2).flatten(-2)
    x = x + linear(seen, own["attn.proj.weight"], own["attn.proj.bias"])
    inner = layer_norm(x, (width,), own["norm2.weight"], own["norm2.bias"])
    inner = gelu(linear(inner, own["mlp.fc1.weight"], own["mlp.fc1.bias"]))
    return x + linear(inner, own["mlp.fc2.weight"], own["mlp.fc2.bias"])


def adapted_features(
    weights: Mapping[str, Tensor], side: Side, rows: Array, device: str = "cpu"
) -> FloatArray:
    """(N, C) float32 adapted patches of one part, (N, C)."""
    import torch

    own = {
        name: value.to(device)
        for name, value in weights.items()
        if name.startswith(f"{side}_mlp.0.")
    }
    with torch.inference_mode():
        # with a batch axis the fused attention is chosen, which holds no N x N numbers
        found = adapted(own, side, placed(rows, device)[None])[0]
    return found.cpu().numpy()


def projected(weights: Mapping[str, Tensor], side: Side, x: Tensor) -> Tensor:
    """(N, 512) of adapted patches (N, C), in which modalities are compared."""
    from torch.nn.functional import linear

    return linear(x, weights[f"{side}_head.weight"], weights[f"{side}_head.bias"])
