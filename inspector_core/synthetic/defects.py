"""Drawing the defects of a part: which kind, where, how large, and what they change."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from inspector_core.synthetic import shapes
from inspector_core.synthetic.colour import difference, encode
from inspector_core.synthetic.flaws import Flaw, Mask
from inspector_core.synthetic.kinds import CONTRAST, RIGHT_THROUGH, TYPES, Kind, Range
from inspector_core.synthetic.lighting import View
from inspector_core.synthetic.noise import Field, Streams
from inspector_core.synthetic.profiles import Spot
from inspector_core.synthetic.surface import Colour, Family, Surface

_TRIES = 60
_SECOND_DEFECT = 0.25  # share of parts that carry two
_FEWEST_PIXELS = 6
_THINNEST_MM = 0.6  # what a blind hole leaves of the part


@dataclass(frozen=True)
class Ground:
    """A part without defects, as the camera sees it.

    readable : (H, W) bool, pixels where the scanner can see the surface.   pitch : mm a pixel.
    """

    view: View
    readable: Mask
    pitch: float

    @property
    def surface(self) -> Surface:
        return self.view.surface

    @cached_property
    def even(self) -> Mask:
        """(n, n) bool, nodes of the part that are not steep."""
        slope_x, slope_y = self.surface.slopes
        return np.asarray(self.surface.part & (slope_x**2 + slope_y**2 < 0.75))

    @cached_property
    def faces(self) -> Field:
        """(N, 2) x, y in the part frame of pixels on even ground."""
        return self._places(self.even)

    @cached_property
    def rim(self) -> Field:
        """(N, 2) x, y in the part frame of pixels along the part's edges."""
        from scipy.ndimage import binary_erosion

        part = self.surface.part
        width = max(1, round(0.9 / self.surface.grid.cell))
        return self._places(part & ~binary_erosion(part, iterations=width))

    def _places(self, nodes: Mask) -> Field:
        chosen = self.readable & (self.view.read(nodes.astype(float)) > 0.6)
        return np.stack([self.view.x[chosen], self.view.y[chosen]], axis=1)


def plan(
    family: Family, type_name: str, ground: Ground, streams: Streams, attempt: int
) -> tuple[Flaw, ...]:
    """The defects of one part: one of the type, in a quarter of the parts a second of another kind.

    attempt : another number gives other defects.
    """
    rng = streams(f"plan {attempt}")
    kinds = [k for k in TYPES[type_name].kinds if type_name != "hole" or k.name in family.holes]
    order = rng.permutation(len(kinds))
    count = 2 if rng.random() < _SECOND_DEFECT else 1
    flaws: list[Flaw] = []
    taken = np.zeros_like(ground.even)
    for index in order[:count]:
        draw = _Draw(family, type_name, kinds[index], ground, streams(f"{attempt}/{index}"))
        flaws.append(draw.placed(taken))
        taken[flaws[-1].window] = True
    return tuple(flaws)


@dataclass(frozen=True)
class _Draw:
    """Draws one defect of a kind on a part."""

    family: Family
    type_name: str
    kind: Kind
    ground: Ground
    rng: np.random.Generator

    def placed(self, taken: Mask) -> Flaw:
        """A defect where it can be seen and nothing else is; the best of some random places."""
        places = self.ground.rim if self.kind.on_rim else self.ground.faces
        best, best_quality = None, -np.inf
        for attempt in range(_TRIES):
            x, y = places[self.rng.integers(len(places))]
            larger = 1.0 + 0.05 * max(0, attempt - 20)
            flaw = self._made((float(x), float(y)), larger)
            quality = self._quality(flaw, taken)
            if quality > best_quality:
                best, best_quality = flaw, quality
            if quality >= 0.9:
                break
        assert best is not None
        return best

    def _quality(self, flaw: Flaw, taken: Mask) -> float:
        """Share of the defect on even ground; lower by 1 each if too small to see or crowded."""
        changed = flaw.visible
        pixels = changed.sum() * (self.ground.surface.grid.cell / self.ground.pitch) ** 2
        if pixels < _FEWEST_PIXELS:
            return -1.0
        share = 1.0 if self.kind.on_rim else float(self.ground.even[flaw.window][changed].mean())
        return share - float(taken[flaw.window].any())

    def _range(self, span: Range) -> float:
        return float(span[0] * (span[1] / span[0]) ** self.rng.random())

    def _made(self, place: tuple[float, float], larger: float) -> Flaw:
        """A defect of random size and direction at a place."""
        grid, pitch = self.ground.surface.grid, self.ground.pitch
        length = larger * max(self._range(self.kind.length), 3.3 * pitch)
        width = self._range(self.kind.width) * (larger if self.kind.slender else length)
        width = max(width, 1.3 * pitch)
        angle = self.rng.uniform(0, 2 * np.pi)
        window = grid.window(place, 1.1 * max(length, width) + 1.0)
        x, y = grid.x[window] - place[0], grid.y[window] - place[1]
        u, v = x * np.cos(angle) + y * np.sin(angle), y * np.cos(angle) - x * np.sin(angle)
        depth = self._range(self.kind.depth)
        value = self.kind.form(Spot(u, v, length, width, depth, self.rng))
        value = value * self.ground.surface.part[window]
        if TYPES[self.type_name].in_xyz:
            return self._relief(window, value, place)
        return self._layer(window, value)

    def _layer(self, window: tuple[slice, slice], strength: Field) -> Flaw:
        """Another colour, a drawn colour difference away from what lies below."""
        stain = self.type_name == "stain"
        tints = self.family.stains if stain else self.family.wrong_colours
        tint = tints[self.rng.integers(len(tints))]
        weight = strength / max(float(strength.sum()), 1e-9)
        below = [float((band[window] * weight).sum()) for band in self.ground.surface.albedo]
        return Flaw(
            self.type_name,
            self.kind.name,
            window,
            delta=None,
            strength=strength,
            tint=_as_strong_as(self._range(CONTRAST), np.array(below), tint),
            rough=0.42 if self.kind.name == "drop" else None,
        )

    def _relief(
        self, window: tuple[slice, slice], value: Field, place: tuple[float, float]
    ) -> Flaw:
        """The height change of a form; what is dug out shows the part's core."""
        kind_of = TYPES[self.type_name]
        height = self.ground.surface.height[window]
        if kind_of.sign > 0:
            return Flaw(self.type_name, self.kind.name, window, delta=value)
        left = height - value
        if self.kind.on_rim:
            # a break is a scoop out of the corner: the wall below it stays
            steps = (round(c / self.ground.surface.grid.cell) for c in place)
            column, row = (step + self.ground.surface.grid.steps for step in steps)
            corner = float(self.ground.surface.height[row, column])
            left = np.where(value > 0, np.minimum(height, corner - value), height)
        left = np.maximum(left, np.minimum(height, _THINNEST_MM))
        delta = np.where(value > 0.5 * RIGHT_THROUGH, 0.0, left) - height
        if not kind_of.in_rgb:
            return Flaw(self.type_name, self.kind.name, window, delta)
        return Flaw(
            self.type_name,
            self.kind.name,
            window,
            delta,
            strength=shapes.ramp(-delta, 0.04, 0.20),
            paint=self.family.core,
            rough=0.6,
            metal=self.family.core_metal,
        )


def _as_strong_as(contrast: float, below: Field, tint: Colour) -> Colour:
    """A tint to a power, so that over a reflectance it makes the wanted colour difference."""
    factor = np.array(tint)
    low, high = 0.0, 3.0
    for _ in range(20):
        power = 0.5 * (low + high)
        weaker = difference(encode(below), encode(below * factor**power)) < contrast
        low, high = (power, high) if weaker else (low, power)
    red, green, blue = (float(value) for value in factor**high)
    return red, green, blue
