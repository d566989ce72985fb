"""Colour and shape in units of the good parts.

Channels are brought around their mean to their spread over good parts. The blocks of one modality, say what
a network sees and the colours as they are, then count alike however many channels each has.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from inspector_core.detectors.crossmodal.paired import Paired
from inspector_core.features.scaling import Standard
from inspector_core.features.token_map import TokenMap
from inspector_core.types import Array

_ROWS = 20_000
"""Pixels, evenly over the parts, that the means are taken over."""


def even_blocks(standard: Standard, widths: Sequence[int]) -> Standard:
    """The same units but for a factor of each block of channels, which gives all blocks equal weight.

    widths : channels of the blocks, in order. The mean square over all channels stays what it was.
    """
    share = sum(widths) / len(widths)
    factors = np.concatenate([np.full(width, np.sqrt(share / width)) for width in widths])
    return Standard(standard.mean, standard.spread / factors)


@dataclass(frozen=True, slots=True)
class PairedStandard:
    """Of each modality that was learnt; empty to leave features as they are."""

    of_side: Mapping[str, Standard]

    @classmethod
    def none(cls) -> PairedStandard:
        """Leaves features as they are."""
        return cls({})

    @classmethod
    def learnt(cls, good: Sequence[Paired]) -> PairedStandard:
        """Over the pixels of good parts."""
        most = max(1, _ROWS // max(1, len(good)))
        found = {}
        for side in ("rgb", "shape"):
            maps = [tokens for one in good if (tokens := getattr(one, side)) is not None]
            rows = [tokens.rows(slice(None, None, max(1, len(tokens) // most))) for tokens in maps]
            if rows:
                found[side] = even_blocks(Standard.of(np.concatenate(rows)), maps[0].widths)
        return cls(found)

    @classmethod
    def restored(cls, tensors: Mapping[str, Array]) -> PairedStandard:
        """What `tensors()` gave."""
        return cls(
            {
                side: Standard.from_tensors(f"{side}.standard", tensors)
                for side in ("rgb", "shape")
                if any(name.startswith(f"{side}.standard.") for name in tensors)
            }
        )

    def tensors(self) -> dict[str, Array]:
        """As named arrays."""
        found: dict[str, Array] = {}
        for side, standard in self.of_side.items():
            found |= standard.tensors(f"{side}.standard")
        return found

    def of(self, paired: Paired) -> Paired:
        """The features of a part in these units."""
        return replace(paired, rgb=self._side("rgb", paired), shape=self._side("shape", paired))

    def _side(self, side: str, paired: Paired) -> TokenMap | None:
        tokens: TokenMap | None = getattr(paired, side)
        standard = self.of_side.get(side)
        if tokens is None or standard is None:
            return tokens
        return tokens.standardised(standard.mean, standard.spread)
