"""The mappings of a recipe together: each modality's distance from what the other makes expect."""

from __future__ import annotations

from collections.abc import Mapping

from inspector_core.detectors.cfm.gradients import GoodPart, tokens_of
from inspector_core.detectors.cfm.mapping import (
    SIDES,
    CrossmodalMapping,
    Direction,
    Side,
    neighbours_of,
)
from inspector_core.types import Array, FloatArray


class BothWays:
    """Mappings that predict colour and shape, ready for parts.

    tensors : parameters by direction and name.   device, half : as `CrossmodalMapping` takes them.
    """

    def __init__(
        self,
        tensors: Mapping[Direction, Mapping[str, Array]],
        device: str = "cpu",
        *,
        half: bool = False,
    ) -> None:
        self._mappings = {
            direction: CrossmodalMapping(own, device, half=half)
            for direction, own in tensors.items()
        }

    def distances(self, part: GoodPart) -> dict[Side, FloatArray]:
        """(P,) of predicted and seen features of a part that has both, by the side that is predicted."""
        around = None
        if any(one.architecture == "convolutional" for one in self._mappings.values()):
            around = neighbours_of(part.pixels, part.size)
        found: dict[Side, FloatArray] = {}
        for direction, mapping in self._mappings.items():
            seen, predicted = SIDES[direction]
            found[predicted] = mapping.distances(
                tokens_of(part, seen), tokens_of(part, predicted), around
            )
        return found


def by_direction(tensors: Mapping[str, Array]) -> dict[Direction, dict[str, Array]]:
    """Parameters by direction and name from a recipe's, which are named "direction.name"."""
    found: dict[Direction, dict[str, Array]] = {}
    for direction in SIDES:
        own = {
            name.removeprefix(f"{direction}."): value
            for name, value in tensors.items()
            if name.startswith(f"{direction}.")
        }
        if own:
            found[direction] = own
    return found
