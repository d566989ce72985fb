"""Mapping networks of Crossmodal Feature Mapping: one modality's features predicted from the other's.

Costanzino et al., CVPR 2024, arXiv 2312.04521; parameter names of the published checkpoints
(crossmodal-feature-mapping@63288af). The first layer is linear in the features and these are linear in
their tokens, so it is multiplied on the tokens; the other layers run on the judged pixels alone.

Of the paper's two other networks, compared in its ablation, only the kinds are published ("MLP
encoder-decoder", "convolutional"). Inferred here: the encoder-decoder narrows to a quarter of the middle
width and widens again, four layers; the convolutional one is the method's with a 3 x 3 convolution as its
second layer, in which pixels that are not judged count as zeros.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import cached_property, partial
from typing import TYPE_CHECKING, Literal

import numpy as np

from inspector_core.detectors.cfm.turned_layer import TurnedLayer
from inspector_core.errors import RecipeError
from inspector_core.features import weights
from inspector_core.features.token_map import TokenMap
from inspector_core.features.token_tensors import Carried, TokenTensors
from inspector_core.types import Array, FloatArray

if TYPE_CHECKING:
    from torch import Tensor

Architecture = Literal["projection", "encoder_decoder", "convolutional"]
Side = Literal["rgb", "shape"]
Direction = Literal["2Dto3D", "3Dto2D", "2Dto2D", "3Dto3D"]
SIDES: Mapping[Direction, tuple[Side, Side]] = {
    "2Dto3D": ("rgb", "shape"),
    "3Dto2D": ("shape", "rgb"),
    "2Dto2D": ("rgb", "rgb"),
    "3Dto3D": ("shape", "shape"),
}
"""What a mapping sees and what it predicts."""
CROSS: tuple[Direction, ...] = ("2Dto3D", "3Dto2D")
INTRA: tuple[Direction, ...] = ("2Dto2D", "3Dto3D")
_ROWS_CPU, _ROWS_CUDA = 1024, 16_384
"""Pixels that go through the network at once: few stay in a processor's cache, many keep a GPU busy."""
_LAYERS: Mapping[Architecture, tuple[str, ...]] = {
    "projection": ("input", "projection", "output"),
    "encoder_decoder": ("input", "bottleneck", "expansion", "output"),
    "convolutional": ("input", "projection", "output"),
}
_TINY = 1e-12
"""Norms are never taken for smaller, as torch normalises."""


def layer_widths(architecture: Architecture, source: int, target: int) -> tuple[int, ...]:
    """Channels before, between and after the layers; the middle is the mean of both ends."""
    middle = (source + target) // 2
    if architecture == "encoder_decoder":
        half, quarter = max(1, middle // 2), max(1, middle // 4)
        return source, half, quarter, half, target
    return source, middle, middle, target


def parameter_shapes(
    architecture: Architecture, source: int, target: int
) -> dict[str, tuple[int, ...]]:
    """Names of the parameters and their shapes, in the order of the layers."""
    widths = layer_widths(architecture, source, target)
    found: dict[str, tuple[int, ...]] = {}
    for name, before, after in zip(_LAYERS[architecture], widths, widths[1:], strict=False):
        window = (3, 3) if architecture == "convolutional" and name == "projection" else ()
        found[f"{name}.weight"] = (after, before, *window)
        found[f"{name}.bias"] = (after,)
    return found


def fresh(
    architecture: Architecture, source: int, target: int, seed: tuple[int, ...]
) -> dict[str, FloatArray]:
    """Random parameters, uniform within 1 / sqrt(inputs) as torch draws linear layers."""
    rng = np.random.Generator(np.random.PCG64(seed))
    found: dict[str, FloatArray] = {}
    bound = 0.0
    for name, shape in parameter_shapes(architecture, source, target).items():
        if name.endswith("weight"):
            bound = 1 / np.sqrt(np.prod(shape[1:]))
        found[name] = rng.uniform(-bound, bound, shape).astype(np.float32)
    return found


def published(direction: Direction) -> dict[str, FloatArray]:
    """The checkpoint of one of the two published mappings from the weights registry.

    Raises WeightsError when it is not on this machine or altered.
    """
    tensors = weights.load(f"cfm.{direction.lower().replace('to', '_to_')}")
    return {name: np.asarray(value.float().numpy()) for name, value in tensors.items()}


def architecture_of(tensors: Mapping[str, Array]) -> Architecture:
    """Which network parameters belong to; RecipeError when they fit none."""
    shapes = {name: value.shape for name, value in tensors.items()}
    _, source, *_ = (*shapes.get("input.weight", ()), 0, 0)
    target, *_ = (*shapes.get("output.weight", ()), 0)
    for architecture in _LAYERS:
        if shapes == parameter_shapes(architecture, source, target):
            return architecture
    raise RecipeError(
        "the learnt mapping is no network that this program knows", cure="learn again"
    )


def neighbours_of(pixels: Array, size: tuple[int, int]) -> Array:
    """(P, 9) int64: which of the judged pixels lie in the 3 x 3 window of each, row-major, P = none.

    pixels : (P,) row-major numbers, ascending.   size : (h, w) of their grid.
    """
    height, width = size
    number = np.full((height + 2, width + 2), len(pixels), np.int64)
    rows, columns = pixels // width + 1, pixels % width + 1
    number[rows, columns] = np.arange(len(pixels))
    steps = [(down, right) for down in (-1, 0, 1) for right in (-1, 0, 1)]
    return np.stack([number[rows + down, columns + right] for down, right in steps], axis=1)


def deeper(
    architecture: Architecture,
    tensors: Mapping[str, Tensor],
    hidden: Tensor,
    around: Tensor | None = None,
) -> Tensor:
    """(n, D) prediction from the first layer's output (m, M), before its activation.

    around : as `before_last` takes it.
    """
    from torch.nn.functional import linear

    active = before_last(architecture, tensors, hidden, around)
    return linear(active, tensors["output.weight"], tensors["output.bias"])


def before_last(
    architecture: Architecture,
    tensors: Mapping[str, Tensor],
    hidden: Tensor,
    around: Tensor | None = None,
) -> Tensor:
    """(n, M') what the last layer takes, from the first layer's output (m, M) before its activation.

    around : (n, 9) numbers of the rows in each row's window, m = none, for the convolutional network;
    the others have m = n and need none.
    """
    import torch
    from torch.nn.functional import gelu, linear

    for name in _LAYERS[architecture][1:-1]:
        weight, active = tensors[f"{name}.weight"], gelu(hidden)
        if weight.ndim == 4:
            assert around is not None, "a convolution needs to know which pixels touch"
            outside = active.new_zeros(1, active.shape[1])
            active = torch.cat([active, outside])[around].flatten(1)
            weight = weight.permute(0, 2, 3, 1).flatten(1)
        hidden = linear(active, weight, tensors[f"{name}.bias"])
    return gelu(hidden)


class CrossmodalMapping:
    """A learnt mapping, ready for parts.

    tensors : parameters by name.   device : torch's name.   half : all layers but the first in
    bfloat16; the first layer, norms and distances stay in single precision, and distances differ from
    those of single precision by less than 0.01.
    """

    def __init__(
        self, tensors: Mapping[str, Array], device: str = "cpu", *, half: bool = False
    ) -> None:
        import torch

        self.architecture = architecture_of(tensors)
        self.device = device
        self._rows = _ROWS_CPU if device == "cpu" else _ROWS_CUDA
        self._wide = torch.bfloat16 if half else torch.float32
        as_float = {
            name: torch.from_numpy(np.ascontiguousarray(value, np.float32)).to(device)
            for name, value in tensors.items()
        }
        self._first = as_float["input.weight"].T.contiguous()
        self._bias = as_float["input.bias"]
        self._output = as_float["output.weight"], as_float["output.bias"]
        self._tensors = {name: value.to(self._wide) for name, value in as_float.items()}

    def distances(
        self,
        source: TokenMap,
        target: TokenMap,
        around: Array | None = None,
        rows: int = 0,
    ) -> FloatArray:
        """(P,) float32 in 0 .. 2: distance of predicted and seen features, each of length 1.

        around : `neighbours_of` the pixels, for the convolutional network.   rows : pixels at once,
        0 = as many as suit the device.
        A pixel without features, all zeros, is as far from them as its prediction is long: 1.
        """
        import torch

        with torch.inference_mode():
            wanted = TokenTensors(target, self.device)
            found = torch.empty(len(source), device=self.device)
            rows = rows or self._rows
            predicting, seen = self._compared(wanted, min(rows, len(source)))
            for start, active in self._active(source, around, rows):
                stop = start + len(active)
                found[start:stop] = apart(predicting(active).float(), seen.rows(start, stop))
            return np.asarray(found.cpu().numpy())

    def _compared(
        self, wanted: TokenTensors, rows: int
    ) -> tuple[Callable[[Tensor], Tensor], TokenTensors | Carried]:
        """The last layer, and the features that its outputs are compared with; both turned if that pays."""
        turned = self._turned
        if not wanted.on_tokens_pays(len(turned.turn), turned.spared):
            return self._last, wanted
        return partial(turned, room=turned.room(rows)), wanted.through(turned.turn)

    def predict(self, source: TokenMap, around: Array | None = None, rows: int = 0) -> FloatArray:
        """(P, D) float32 predicted features."""
        import torch

        with torch.inference_mode():
            portions = [
                self._last(active).float().cpu()
                for _, active in self._active(source, around, rows or self._rows)
            ]
            return np.asarray(torch.cat(portions).numpy())

    @cached_property
    def _turned(self) -> TurnedLayer:
        return TurnedLayer(*self._output, self._wide)

    def _last(self, active: Tensor) -> Tensor:
        from torch.nn.functional import linear

        return linear(active, self._tensors["output.weight"], self._tensors["output.bias"])

    def _active(
        self, source: TokenMap, around: Array | None, rows: int
    ) -> Iterator[tuple[int, Tensor]]:
        """First pixel and (n, M) input of the last layer of one portion after the other."""
        import torch

        if self.architecture == "convolutional":
            hidden = torch.cat([one for _, one in self._hidden(source, rows)])
            window = torch.as_tensor(around, device=self.device)
            for first in range(0, len(source), rows):
                near = window[first : first + rows]
                yield first, before_last(self.architecture, self._tensors, hidden, near)
        else:
            for first, hidden in self._hidden(source, rows):
                yield first, before_last(self.architecture, self._tensors, hidden)

    def _hidden(self, source: TokenMap, rows: int) -> Iterator[tuple[int, Tensor]]:
        """First pixel and the first layer's output (n, M) of one portion after the other."""
        seen = TokenTensors(source, self.device)
        pays = seen.on_tokens_pays(self._first.shape[1])
        carried = seen.through(self._first) if pays else None
        for first in range(0, seen.pixels, rows):
            last = min(first + rows, seen.pixels)
            of = (
                seen.rows(first, last) @ self._first
                if carried is None
                else carried.rows(first, last)
            )
            # weights of a pixel need not sum to 1, so the bias comes after them
            yield first, of.add_(self._bias).to(self._wide)


def apart(predicted: Tensor, seen: Tensor) -> Tensor:
    """(n,) distance of two sets of vectors (n, D), each of length 1: sqrt(2 - 2 cos), without cancelling.

    The seen ones are overwritten.
    """
    import torch

    def lengths(of: Tensor) -> Tensor:
        return torch.linalg.vector_norm(of, dim=1).clamp_(min=_TINY)

    # seen is brought to the length of predicted, which takes fewer passes than both to 1
    long = lengths(predicted)
    ratio = (long / lengths(seen))[:, None]
    difference = torch.addcmul(predicted, seen, ratio, value=-1, out=seen)
    return torch.linalg.vector_norm(difference, dim=1).div_(long)
