"""Losses of Crossmodal Feature Mapping's networks and their gradients, a portion of the pixels at a time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Protocol

import numpy as np

from inspector_core.detectors.cfm.adam import Adam
from inspector_core.detectors.cfm.mapping import (
    SIDES,
    Architecture,
    Direction,
    Side,
    architecture_of,
    deeper,
    neighbours_of,
)
from inspector_core.features.token_map import TokenMap
from inspector_core.features.token_tensors import TokenTensors
from inspector_core.types import Array, FloatArray

if TYPE_CHECKING:
    from torch import Tensor

_EPSILON = 1e-6
"""Norms are never taken for smaller in the loss (published)."""
_PORTION = 1024
"""Pixels that go forth and back through the networks at once, so that a portion stays under a second."""

Losses = dict[Direction, float]


class GoodPart(Protocol):
    """Features of one part's P judged pixels; a modality is None where it is not used.

    pixels : (P,) row-major numbers, ascending.   size : (h, w) of their grid.
    """

    @property
    def rgb(self) -> TokenMap | None: ...
    @property
    def shape(self) -> TokenMap | None: ...
    @property
    def pixels(self) -> Array: ...
    @property
    def size(self) -> tuple[int, int]: ...


class Networks:
    """All mappings in training with their optimiser; they share no parameter, only features.

    start : parameters to begin from, by direction and name.   rate : of learning.
    """

    def __init__(
        self,
        start: Mapping[Direction, Mapping[str, Array]],
        rate: float,
        device: str,
    ) -> None:
        import torch

        self.device = device
        self.architecture: Architecture = architecture_of(next(iter(start.values())))
        self.named: dict[Direction, dict[str, Tensor]] = {
            direction: {
                name: torch.tensor(np.asarray(value, np.float32), device=device, requires_grad=True)
                for name, value in tensors.items()
            }
            for direction, tensors in start.items()
        }
        self.sides = sorted({side for direction in start for side in SIDES[direction]})
        every = [value for named in self.named.values() for value in named.values()]
        self._adam = Adam(every, rate)

    def gathered(self, part: GoodPart, some: Array, total: int) -> Iterator[tuple[Losses, int]]:
        """Add the gradients of some pixels of a part; yields summed losses and count of each portion.

        total : pixels of the whole batch, over which the loss is the mean.
        """
        import torch

        for losses, count in self._losses(part, some):
            (torch.stack(list(losses.values())).sum() / total).backward()
            yield {name: float(value.detach()) for name, value in losses.items()}, count

    def move(self) -> None:
        """One step of the optimiser along the gathered gradients."""
        self._adam.step()

    def judged(self, part: GoodPart, some: Array) -> Losses:
        """Summed losses of some pixels of a part; nothing is gathered."""
        import torch

        total: Losses = dict.fromkeys(self.named, 0.0)
        with torch.no_grad():
            for losses, _ in self._losses(part, some):
                for direction, value in losses.items():
                    total[direction] += float(value)
        return total

    def parameters(self) -> dict[Direction, dict[str, FloatArray]]:
        """Copies of all parameters."""
        return {
            direction: {name: value.detach().cpu().numpy().copy() for name, value in named.items()}
            for direction, named in self.named.items()
        }

    def _losses(self, part: GoodPart, some: Array) -> Iterator[tuple[dict[Direction, Tensor], int]]:
        """Losses summed over portions of some pixels, by direction, and how many pixels they are."""
        from torch.nn.functional import cosine_similarity

        for first in range(0, len(some), _PORTION):
            portion = some[first : first + _PORTION]
            seen, around = portion, None
            if self.architecture == "convolutional":
                seen, around = _with_neighbours(part, portion, self.device)
            features = {
                side: TokenTensors(tokens_of(part, side), self.device, seen) for side in self.sides
            }
            rows = {side: of.rows(0, len(seen)) for side, of in features.items()}
            # the judged pixels themselves are among their neighbours, in their order
            at = slice(None) if around is None else around[:, around.shape[1] // 2]
            losses = {}
            for direction, tensors in self.named.items():
                source, target = (rows[side] for side in SIDES[direction])
                hidden = source @ tensors["input.weight"].T + tensors["input.bias"]
                predicted = deeper(self.architecture, tensors, hidden, around)
                near = cosine_similarity(predicted, target[at], dim=1, eps=_EPSILON)
                losses[direction] = (1 - near).sum()
            yield losses, len(portion)


def tokens_of(part: GoodPart, side: Side) -> TokenMap:
    """The features of one modality, which must be there."""
    tokens = part.rgb if side == "rgb" else part.shape
    assert tokens is not None, f"the mapping needs {side}"
    return tokens


def _with_neighbours(part: GoodPart, some: Array, device: str) -> tuple[Array, Tensor]:
    """Numbers of the pixels and all their judged neighbours, and where among them (n, 9) they lie."""
    import torch

    window = neighbours_of(part.pixels, part.size)[some]
    seen = np.unique(window[window < len(part.pixels)])
    place = np.full(len(part.pixels) + 1, len(seen), np.int64)
    place[seen] = np.arange(len(seen))
    return seen, torch.from_numpy(place[window]).to(device)
