"""The project's own extractor: a small convolutional network with maps at 1/4, 1/8 and 1/16.

It is trained to say what a large network's stages say, standardised per channel (`pretrain/extractor`),
on generated pictures alone. Plain 3 x 3 convolutions: on a CPU they were twice as fast to train as
inverted residuals of a similar size.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import Tensor

CHANNELS = (24, 32, 96)
"""Of the maps, at strides 4, 8, 16."""
STRIDES = (4, 8, 16)
_WIDTHS = (32, 48, 128, 192)
_BLOCKS = (1, 2, 3)
_ASIDE = 96
"""Width of a layer that only the first map sees: what it lacked of its teacher cost detectors the most."""
_NORM = "norm."


def network(*, trainable: bool = False) -> Any:
    """The network with random weights; `forward` yields the maps, (B, 3, H, W) in -1..1 to three.

    trainable : with batch normalisation behind each convolution, which `folded` takes out again.
    """
    import torch
    from torch import nn
    from torch.nn.functional import relu

    class Convolution(nn.Module):
        def __init__(self, given: int, made: int, stride: int = 1) -> None:
            super().__init__()
            self.conv = nn.Conv2d(given, made, 3, stride, 1, bias=not trainable)
            if trainable:
                self.norm = nn.BatchNorm2d(made)

        def forward(self, x: Tensor) -> Tensor:
            x = self.conv(x)
            return self.norm(x) if trainable else x

    class Block(nn.Module):
        def __init__(self, width: int) -> None:
            super().__init__()
            self.first, self.second = Convolution(width, width), Convolution(width, width)
            if trainable:
                # a new block passes on what it is given, so that a network can grow while it learns
                nn.init.zeros_(self.second.norm.weight)

        def forward(self, x: Tensor) -> Tensor:
            return relu(x + self.second(relu(self.first(x))))

    class Extractor(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.stem = Convolution(3, _WIDTHS[0], 2)
            self.down = nn.ModuleList(
                Convolution(given, made, 2) for given, made in pairwise(_WIDTHS)
            )
            self.blocks = nn.ModuleList(
                nn.Sequential(*(Block(width) for _ in range(count)))
                for width, count in zip(_WIDTHS[1:], _BLOCKS, strict=True)
            )
            self.aside = Convolution(_WIDTHS[1], _ASIDE)
            seen = (_WIDTHS[1] + _ASIDE, *_WIDTHS[2:])
            self.heads = nn.ModuleList(
                nn.Conv2d(width, channels, 1)
                for width, channels in zip(seen, CHANNELS, strict=True)
            )

        def forward(self, x: Tensor) -> list[Tensor]:
            x = relu(self.stem(x))
            maps: list[Tensor] = []
            for down, blocks, head in zip(self.down, self.blocks, self.heads, strict=True):
                x = blocks(relu(down(x)))
                seen = x if maps else torch.cat([x, relu(self.aside(x))], dim=1)
                maps.append(head(seen))
            return maps

        forward_features = forward

    return Extractor()


def folded(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Weights of the plain network from those of the trainable one, float32 on the CPU.

    Batch normalisation with fixed statistics is a factor and an offset per channel.
    """
    import torch

    values = {name: value.detach().cpu().float() for name, value in state.items()}
    plain = {}
    for name, value in values.items():
        if _NORM in name:
            continue
        norm = name.replace("conv.weight", _NORM)
        if f"{norm}weight" not in values:
            plain[name] = value
            continue
        factor = values[f"{norm}weight"] / torch.sqrt(values[f"{norm}running_var"] + 1e-5)
        plain[name] = value * factor[:, None, None, None]
        offset = values[f"{norm}bias"] - values[f"{norm}running_mean"] * factor
        plain[name.replace("weight", "bias")] = offset
    return plain
