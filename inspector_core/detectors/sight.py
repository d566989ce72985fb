"""What can be seen of a part: its pictures through a network, its colours and its surface as they are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from inspector_core.detectors.views import Views
from inspector_core.errors import InputError
from inspector_core.features.colour import brightness, colour_descriptor, evening_gain
from inspector_core.features.locally_aware import patch_features
from inspector_core.features.surface_descriptor import Sampling, surface_descriptors
from inspector_core.features.surface_histogram import Histograms
from inspector_core.geometry.foreground import with_bays
from inspector_core.geometry.organised import CellGrid
from inspector_core.geometry.smoothing import smooth, spilled
from inspector_core.types import Array, FloatArray, Modality, Registered

RGB, COLOUR = "rgb", "colour"
NORMALS, SURFACE, HISTOGRAM = "normals", "surface", "histogram"
MODALITY: dict[str, Modality] = {
    RGB: "rgb",
    COLOUR: "rgb",
    NORMALS: "shape",
    SURFACE: "shape",
    HISTOGRAM: "shape",
}
"""Evidence -> the map that it speaks for: a network's sight of picture and normals, and both as they are."""

_PATCH = 3
_SMOOTHING_CELLS = 0.75
_LEAST_FILL = 0.25
"""A cell with less of the part than this is not described."""
_RIM_PX = 2
"""How far beyond the outline that was found a defect at the rim may reach."""
_RIM_SHARE = 0.7
"""Values of the rim: a stray one at the outline is not made larger by it."""


@dataclass(frozen=True, slots=True)
class Places:
    """Places of one part that one evidence describes.

    rows : (N, D) float32.   inside : (h, w) bool, N of them True, in the order of rows.
    grid : the part's own cells; None for those of the network's picture.
    weight : (N,) float32 that their values are multiplied by; None for 1.
    """

    rows: Array
    inside: Array
    grid: CellGrid | None = None
    weight: Array | None = None


@dataclass(frozen=True, slots=True)
class Sight:
    """All evidence, the same for all parts of a recipe.

    views : pictures through the network.   sampling : of the surface, None where shape is not judged.
    histograms : of the normals, None where shape is not judged.
    colour_px : side of the cells whose colour is described.
    brightness : usual one of the good parts, to which each part's is evened out; 0 without pictures.
    bay_px : bays in the outline that a disc of this radius cannot enter are judged too.
    stored_normals : the parts' own normals are shown, otherwise those fitted to their points.
    """

    views: Views
    sampling: Sampling | None
    histograms: Histograms | None
    colour_px: int
    brightness: float
    bay_px: float
    stored_normals: bool

    @property
    def evidence(self) -> tuple[str, ...]:
        """Names of the evidence that was learnt."""
        return (*self.views.looks, *self.described)

    @property
    def described(self) -> tuple[str, ...]:
        """Those that need no network."""
        colour = (COLOUR,) if RGB in self.views.looks else ()
        surface = () if self.sampling is None else (SURFACE,)
        histogram = () if self.histograms is None else (HISTOGRAM,)
        return (*colour, *surface, *histogram)

    @property
    def modalities(self) -> tuple[Modality, ...]:
        """What was learnt: "rgb", "shape" or both."""
        return tuple(dict.fromkeys(MODALITY[name] for name in self.evidence))

    def widened(self, part: Registered) -> Registered:
        """The part with the bays of its outline, where a piece may have broken off."""
        return replace(part, foreground=with_bays(part.foreground, self.bay_px))

    def see(self, parts: Sequence[Registered]) -> list[dict[str, Places]]:
        """Every evidence that each of the widened parts has what it needs for."""
        found = self.looked(parts)
        for part, places in zip(parts, found, strict=True):
            for name in self.described:
                described = self.describe(part, name)
                if described is not None:
                    places[name] = described
        return found

    def looked(self, parts: Sequence[Registered]) -> list[dict[str, Places]]:
        """What the network sees of the widened parts, all in one batch."""
        found: list[dict[str, Places]] = []
        for seen in self.views.see([self.shown(part) for part in parts]):
            rows = {
                look: patch_features(stages, self.views.grid, _PATCH)[seen.inside.ravel()]
                for look, stages in seen.stages.items()
            }
            found.append({look: Places(each, seen.inside) for look, each in rows.items()})
        return found

    def describe(self, part: Registered, name: str) -> Places | None:
        """One evidence that needs no network, of a widened part; None without what it needs."""
        if name == COLOUR:
            return None if part.sample.rgb is None else self._colour(part)
        if name == SURFACE:
            assert self.sampling is not None
            surface = surface_descriptors(part, self.sampling)
            return None if surface is None else Places(*surface)
        assert self.histograms is not None
        histogram = self.histograms.of(part)
        return None if histogram is None else Places(*histogram)

    def draw(self, part: Registered, places: Places, values: Array) -> FloatArray:
        """The map (H, W) of an evidence from the values (N,) of its places, NaN off the widened part.

        A rim around the part takes what the places next to it say: its outline is known no better.
        Where nothing was measured nothing speaks against the surface: pictures judge what is missing.
        """
        cells = np.full(places.inside.shape, np.nan, np.float32)
        cells[places.inside] = values if places.weight is None else values * places.weight
        if places.grid is None:
            return spilled(self.views.to_map(part, cells, places.inside), _RIM_PX, _RIM_SHARE)
        large = places.grid.enlarge(cells, part.shape)
        large[part.foreground & np.isnan(large)] = values.min()
        sigma_px = _SMOOTHING_CELLS * places.grid.cell_px
        return spilled(smooth(large, part.foreground, sigma_px), _RIM_PX, _RIM_SHARE)

    def place_at(self, places: Places, pixel: tuple[int, int]) -> int | None:
        """Number of the place whose cell holds source pixel (x, y), None where none is described."""
        rows, columns = places.inside.shape
        if places.grid is None:
            row, column = self.views.framing.cell_at(pixel, (rows, columns))
        else:
            row = (pixel[1] - places.grid.top) // places.grid.cell_px
            column = (pixel[0] - places.grid.left) // places.grid.cell_px
        if not (0 <= row < rows and 0 <= column < columns and places.inside[row, column]):
            return None
        return int(np.count_nonzero(places.inside.ravel()[: row * columns + column]))

    def facts(self) -> dict[str, Any]:
        """As plain JSON, for the recipe."""
        sampling = self.sampling
        return {
            **self.views.facts(),
            "stored_normals": self.stored_normals,
            "colour_px": self.colour_px,
            "brightness": self.brightness,
            "histograms": None if self.histograms is None else self.histograms.facts(),
            "bay_px": self.bay_px,
            "sampling": None
            if sampling is None
            else [sampling.stride, sampling.step, sampling.resolution_mm],
        }

    @classmethod
    def restored(cls, facts: Mapping[str, Any], views: Views) -> Sight:
        """The sight that `facts()` gave."""
        sampling, histograms = facts["sampling"], facts["histograms"]
        return cls(
            views,
            None if sampling is None else Sampling(*sampling),
            None if histograms is None else Histograms.restored(histograms),
            facts["colour_px"],
            facts.get("brightness", 0.0),  # earlier recipes count colours as they come
            facts["bay_px"],
            facts["stored_normals"],
        )

    def shown(self, part: Registered) -> Registered:
        """The part with the normals that are looked at."""
        if not self.stored_normals or NORMALS not in self.views.looks:
            return replace(part, sample=replace(part.sample, normals=None), normals=None)
        if part.sample.xyz is not None and part.sample.normals is None:
            raise InputError(
                f"{part.sample.id}: its normals are missing, the good parts had some",
                cure="add the file of normals, or learn again with normals=none",
            )
        return part

    def _colour(self, part: Registered) -> Places:
        rgb = part.colour()
        assert rgb is not None
        grid = CellGrid.around(part.foreground, self.colour_px)
        cropped = grid.crop(part.foreground)
        fill = grid.mean(cropped[..., None], np.ones(cropped.shape))[0][..., 0]
        inside = fill >= min(_LEAST_FILL, float(fill.max()))
        gain = evening_gain(brightness(rgb, part.foreground), self.brightness)
        return Places(colour_descriptor(rgb, part.foreground, grid, gain)[inside], inside, grid)
