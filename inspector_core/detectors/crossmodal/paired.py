"""Features of colour and of shape at the same pixels of a part: what methods that compare the two work on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from inspector_core.detectors.views import Alter
from inspector_core.features.token_map import Block, TokenMap
from inspector_core.features.token_planes import bilinear_plane
from inspector_core.types import Array, BoolArray, FloatArray, Registered


@dataclass(frozen=True, slots=True)
class Paired:
    """One part.

    rgb, shape : features of the P judged pixels; None for what the part lacks.
    pixels : (P,) int64 row-major numbers in the grid that is judged, ascending.   size : (h, w) of it.
    notes : what had to be different, one sentence each.
    """

    rgb: TokenMap | None
    shape: TokenMap | None
    pixels: Array
    size: tuple[int, int]
    notes: tuple[str, ...] = ()

    def colour_at(self, pixels: Array, grid: tuple[int, int]) -> TokenMap | None:
        """Colour at any pixels (n,) of the judged grid, as the network's tokens on a grid tell it.

        grid : (gh, gw) of those tokens, all of them.   None for a part without a picture.
        Colours as they are, described on the part alone, are zeros.
        """
        if self.rgb is None:
            return None
        from scipy.sparse import csr_matrix

        network, *others = self.rgb.blocks
        nothing = [
            Block(one.tokens, csr_matrix((len(pixels), len(one.tokens)), dtype=np.float32))
            for one in others
        ]
        return TokenMap([Block(network.tokens, bilinear_plane(grid, self.size, pixels)), *nothing])

    def spread(self, values: Array) -> tuple[FloatArray, BoolArray]:
        """(h, w) float32 values (P,) of the judged pixels, 0 elsewhere, and which pixels are judged."""
        inside = np.zeros(self.size, bool)
        inside.ravel()[self.pixels] = True
        cells = np.zeros(self.size, np.float32)
        cells.ravel()[self.pixels] = values
        return cells, inside


class PairedSight(Protocol):
    """How parts are seen, the same for all of a recipe."""

    @property
    def size(self) -> tuple[int, int]:
        """(h, w) of the grid that is judged."""
        ...

    @property
    def modalities(self) -> tuple[str, ...]:
        """What was learnt: "rgb", "shape" or both."""
        ...

    @property
    def token_grid(self) -> tuple[int, int]:
        """(gh, gw) of the tokens of colour, which lie evenly over the judged grid."""
        ...

    def see(self, part: Registered) -> Paired:
        """Features of a part."""
        ...

    def altered(self, part: Registered, paired: Paired, alter: Alter) -> Paired:
        """Colour alone at the same pixels, of the picture of the network as `alter` leaves it."""
        ...

    def to_map(
        self, part: Registered, paired: Paired, values: Array, sigma_px: float = 0.0
    ) -> FloatArray:
        """(H, W) float32 of values (P,) of the judged pixels, NaN off the part; blurred within it.

        sigma_px : of the blur, in pixels of the network's picture.
        """
        ...

    def cell_at(self, part: Registered, pixel: tuple[int, int]) -> tuple[int, int]:
        """(row, column) in the judged grid, or beyond it, that shows source pixel (x, y) of a part."""
        ...

    def facts(self) -> dict[str, Any]:
        """As plain JSON, for the recipe."""
        ...
