"""A frozen pretrained network as a source of feature maps: the stages that a method's paper names."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from inspector_core.features.wanted_tokens import wanted_tokens
from inspector_core.features.weights import Entry, entry_of, load, sha256
from inspector_core.features.weights.catalogue import model_of
from inspector_core.types import Array

if TYPE_CHECKING:
    from torch import Tensor


class _Reached(Exception):
    """The last wanted stage is computed; what follows it is not needed."""


class Backbone:
    """Stages of one network on one device.

    name : in the weights registry.   channels, reductions : of the chosen stages.
    multiple : sides of pictures must be multiples of this many pixels.
    """

    def __init__(self, entry: Entry, network: Any, stages: Sequence[int]) -> None:
        import torch

        self.name = entry.name
        self.device = device = "cpu"
        self._lock = threading.Lock()
        self._network = network.eval().requires_grad_(False)
        # convolutions run faster on channels-last memory, on CPU as on CUDA
        self._layout = torch.channels_last
        self._network.to(memory_format=self._layout)
        self._mean = torch.tensor(entry.mean, device=device).view(1, 3, 1, 1)
        self._std = torch.tensor(entry.std, device=device).view(1, 3, 1, 1)
        self._stages = tuple(stages)
        self._modules = [entry.stages[stage - 1] for stage in sorted(set(stages))]
        self._found: list[Tensor] | None = None
        for name in self._modules:
            last = name == self._modules[-1]
            self._network.get_submodule(name).register_forward_hook(
                lambda _module, _given, output, last=last: self._reached(output, last)
            )
        patch = getattr(getattr(network, "patch_embed", None), "patch_size", None)
        self.multiple = int(patch[0]) if patch else 8
        side = 8 * self.multiple
        small = self.maps(torch.zeros(1, 3, side, side))
        self.channels = tuple(int(one.shape[1]) for one in small)
        self.reductions = tuple(side // int(one.shape[2]) for one in small)

    def maps(self, pictures: Array | Tensor) -> list[Tensor]:
        """(B, C, h, w) float32 on the device, one for each stage in the order they were asked for.

        pictures : (B, 3, H, W) float32 in 0..1, sides multiples of `multiple`. Half precision inside on
        CUDA, single on the CPU.
        """
        with self._computing():
            batch = self._normalised(pictures)
            found: list[Tensor] = []
            self._found = found
            try:
                with contextlib.suppress(_Reached):
                    self._network.forward_features(batch)
            finally:
                self._found = None
            ordered = dict(zip(sorted(set(self._stages)), found, strict=True))
            grid = (batch.shape[2] // self.multiple, batch.shape[3] // self.multiple)
            return [self._as_map(ordered[stage], grid).float() for stage in self._stages]

    def tokens(self, picture: Array | Tensor, wanted: Array) -> Tensor:
        """(n, C) float32 on the device: tokens of some patches of one picture behind the final norm.

        Only for vision transformers.   picture : (1, 3, H, W), as `maps` takes them.   wanted : (n,)
        row-major numbers of patches. The same numbers as in `maps`, in less time.
        """
        import torch

        with self._computing():
            places = torch.as_tensor(wanted, device=self.device)
            return wanted_tokens(self._network, self._normalised(picture), places)[0].float()

    def on(self, device: str) -> Backbone:
        """This network, moved to a device."""
        if device != self.device:
            self._network.to(device)
            self._mean, self._std = self._mean.to(device), self._std.to(device)
            self.device = device
        return self

    @contextlib.contextmanager
    def _computing(self) -> Iterator[None]:
        """One thread at a time, without gradients, in half precision on CUDA."""
        import torch

        half = torch.autocast("cuda", enabled=self.device != "cpu")
        with self._lock, torch.inference_mode(), half:
            yield

    def _normalised(self, pictures: Array | Tensor) -> Tensor:
        """Pictures as the network takes them."""
        import torch

        batch = torch.as_tensor(pictures, device=self.device).float()
        return ((batch - self._mean) / self._std).contiguous(memory_format=self._layout)

    def _reached(self, output: Tensor, last: bool) -> None:
        """Keeps a stage where maps are wanted."""
        if self._found is None:
            return
        self._found.append(output)
        if last:
            raise _Reached

    def _as_map(self, output: Tensor, grid: tuple[int, int]) -> Tensor:
        """Tokens of a vision transformer as the grid that they come from; maps as they are."""
        if output.ndim == 4:
            return output
        rows, columns = grid
        patches = output[:, output.shape[1] - rows * columns :]
        return patches.transpose(1, 2).reshape(len(output), -1, rows, columns)


def open_backbone(name: str, stages: Sequence[int], device: str = "cpu") -> Backbone:
    """The named network with its weights from the registry; the last two opened are kept.

    stages : of 1 to 4.   Raises WeightsError when the weights are not on this machine or altered.
    """
    return _opened(name, sha256(name), tuple(stages)).on(device)


def open_tokens(name: str, blocks: int = 0, device: str = "cpu") -> Backbone:
    """A vision transformer whose one stage are its tokens behind the final norm, as (C, h, w).

    blocks : how many of its first blocks are kept, the norm follows the last of them; 0 keeps all.
    Raises WeightsError when the weights are not on this machine or altered.
    """
    return _opened_tokens(name, sha256(name), blocks).on(device)


def is_transformer(name: str) -> bool:
    """Whether a network of the catalogue cuts pictures into tokens."""
    return entry_of(name).model.startswith("vit_")


@lru_cache(maxsize=2)
def _opened(name: str, _digest: str, stages: tuple[int, ...]) -> Backbone:
    entry = entry_of(name)
    return Backbone(entry, _network(entry), stages)


@lru_cache(maxsize=1)
def _opened_tokens(name: str, _digest: str, blocks: int) -> Backbone:
    entry, network = entry_of(name), _network(entry_of(name))
    if blocks:
        network.blocks = network.blocks[:blocks]
    return Backbone(replace(entry, stages=("norm",)), network, (1,))


def _network(entry: Entry) -> Any:
    """The network with its weights."""
    import torch

    name = entry.name
    tensors = load(name)
    # built without memory or random numbers, then given the weights
    with torch.device("meta"):
        network = model_of(entry)
    wanted = network.state_dict()
    # the classifier, which some publishers leave out, is not used
    complete = {
        key: tensors[key].to(value.dtype)
        if key in tensors
        else torch.zeros(value.shape, dtype=value.dtype)
        for key, value in wanted.items()
    }
    network.load_state_dict(complete, strict=True, assign=True)
    return network
