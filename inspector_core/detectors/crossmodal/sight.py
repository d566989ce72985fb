"""Features of colour and of shape at the same pixels of a part, for methods that compare the two.

Colour comes from a frozen network, and from the colours as they are, in which a stain is plainer. Shape
comes from the point transformer where its weights are on the machine, otherwise from the surface itself:
how it bends and breaks, how normals differ around a place, and what the network sees of normals that came
with the parts. So the methods work without any download, though published figures then do not apply.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from inspector_core.detectors.contract import Context
from inspector_core.detectors.crossmodal.paired import Paired, PairedSight
from inspector_core.detectors.crossmodal.published import PublishedSight
from inspector_core.detectors.crossmodal.settings import NETWORKS, TRANSFORMERS, CrossmodalSettings
from inspector_core.detectors.sight import COLOUR, HISTOGRAM, RGB, SURFACE, Sight
from inspector_core.detectors.sight_learning import learnt_sight
from inspector_core.detectors.view_choice import Opener, chosen_network, restored_views
from inspector_core.detectors.view_settings import NetworkSettings
from inspector_core.detectors.views import Alter, smoothed
from inspector_core.device import Cost
from inspector_core.errors import InputError, SettingError, WeightsError
from inspector_core.features import weights
from inspector_core.features.backbone import is_transformer, open_tokens
from inspector_core.features.locally_aware import patch_features
from inspector_core.features.place_weights import place_weights
from inspector_core.features.point_transformer import (
    NETWORK as POINT_NETWORK,
)
from inspector_core.features.point_transformer import (
    PointSettings,
    PointTransformer,
    open_point_transformer,
)
from inspector_core.features.token_map import Block, TokenMap
from inspector_core.features.token_planes import bilinear_plane, point_plane
from inspector_core.geometry.organised import resize_nearest
from inspector_core.geometry.smoothing import spilled
from inspector_core.progress import Job
from inspector_core.types import Array, FloatArray, Registered, SampleRef

_PATCH = 3
_LEAST_SHARE = 0.25
"""A judged pixel with less of the part than this is not judged by itself."""
_RIM_PX, _RIM_SHARE = 2, 0.7
_POINT_COST = Cost(fixed_bytes=1 << 30)
"""The weights, and the groups on their way through in portions."""
_TRANSFORMER_PX, _TRANSFORMER_STEP, _OTHER_STEP = 224, 2, 4


@dataclass(frozen=True, slots=True)
class CrossmodalSight:
    """How parts are seen, the same for all of a recipe.

    sight : picture, colours and surface.   points : None where shape is the surface's own.
    colours : the colours themselves are described too.
    """

    sight: Sight
    points: PointTransformer | None
    settings: CrossmodalSettings
    colours: bool

    @property
    def size(self) -> tuple[int, int]:
        """(h, w) of the grid that is judged."""
        h, w = self.sight.views.framing.size
        step = self.settings.step_px or (
            _TRANSFORMER_STEP if is_transformer(self.sight.views.network.name) else _OTHER_STEP
        )
        return max(1, h // step), max(1, w // step)

    @property
    def token_grid(self) -> tuple[int, int]:
        """(gh, gw) of the tokens of colour."""
        return self.sight.views.grid

    @property
    def modalities(self) -> tuple[str, ...]:
        """What was learnt: "rgb", "shape" or both."""
        shape = self.points is not None or self.sight.sampling is not None
        return ("rgb",) * (RGB in self.sight.views.looks) + ("shape",) * shape

    def see(self, part: Registered) -> Paired:
        """Features of a part."""
        part = self.sight.widened(part)
        inside = self._inside(part)
        pixels = np.flatnonzero(inside)
        pictures = self._pictures(part, pixels)
        rgb = [pictures.pop(RGB)] if RGB in pictures else []
        if rgb and self.colours:
            rgb += [self._described(part, COLOUR, pixels)]
        shape = [*pictures.values()]
        if part.sample.xyz is not None and "shape" in self.modalities:
            shape += (
                [self._described(part, name, pixels) for name in (SURFACE, HISTOGRAM)]
                if self.points is None
                else [self._points(part, pixels)]
            )
        return Paired(
            TokenMap(rgb) if rgb else None,
            TokenMap(shape) if shape else None,
            pixels,
            self.size,
        )

    def altered(self, part: Registered, paired: Paired, alter: Alter) -> Paired:
        """Colour alone at the same pixels, of the picture as `alter` leaves it; see `PairedSight`.

        Colours as they are stay: it is the network's picture that is altered.
        """
        assert paired.rgb is not None
        views = replace(self.sight.views, looks=("rgb",))
        (seen,) = views.see([self.sight.shown(self.sight.widened(part))], alter)
        network, *colours = paired.rgb.blocks
        picture = Block(self._tokens(seen.stages["rgb"]), network.weights)
        return replace(paired, rgb=TokenMap([picture, *colours]), shape=None)

    def to_map(
        self, part: Registered, paired: Paired, values: Array, sigma_px: float = 0.0
    ) -> FloatArray:
        """(H, W) float32 of values (P,) of the judged pixels, NaN off the part; see `PairedSight`."""
        part = self.sight.widened(part)
        framing = self.sight.views.framing
        cells, inside = paired.spread(values)
        large = framing.to_source(smoothed(cells, inside, framing.size, sigma_px))
        return spilled(np.where(part.foreground, large, np.float32(np.nan)), _RIM_PX, _RIM_SHARE)

    def cell_at(self, part: Registered, pixel: tuple[int, int]) -> tuple[int, int]:
        """(row, column) in the judged grid, or beyond it, that shows source pixel (x, y) of a part."""
        return self.sight.views.framing.cell_at(pixel, self.size)

    def facts(self) -> dict[str, Any]:
        """As plain JSON, for the recipe."""
        digest = "" if self.points is None else weights.sha256(POINT_NETWORK)
        return {**self.sight.facts(), "point_network_sha256": digest, "colours": self.colours}

    def _inside(self, part: Registered) -> Array:
        """(h, w) bool, judged pixels: on the part, and measured where points carry the features."""
        share = self.sight.views.framing.share(part.foreground, self.size)
        judged = share >= min(_LEAST_SHARE, float(share.max()))
        if self.points is not None and part.sample.xyz is not None:
            measured = judged & np.isfinite(self._sampled(part)).all(axis=2)
            judged = measured if measured.any() else judged
        return judged

    def _sampled(self, part: Registered) -> FloatArray:
        """(h, w, 3) m: the reading nearest to the middle of each pixel of the judged grid."""
        assert part.sample.xyz is not None
        top, left, bottom, right = self.sight.views.framing.box
        on = (part.valid & part.foreground)[..., None]
        metres = np.where(on, part.sample.xyz / np.float32(1000), np.float32(np.nan))
        return np.asarray(resize_nearest(metres[top:bottom, left:right], self.size), np.float32)

    def _pictures(self, part: Registered, pixels: Array) -> dict[str, Block]:
        """What the network sees in each look."""
        views = self.sight.views
        (seen,) = views.see([self.sight.shown(part)])
        return {
            look: Block(self._tokens(stages), bilinear_plane(views.grid, self.size, pixels))
            for look, stages in seen.stages.items()
        }

    def _tokens(self, stages: Sequence[Array]) -> FloatArray:
        """(T, C) of one look, row by row of the network's grid."""
        views = self.sight.views
        if is_transformer(views.network.name):
            tokens = stages[0].reshape(len(stages[0]), -1).T
        else:
            tokens = patch_features(stages, views.grid, _PATCH)
        return np.ascontiguousarray(tokens, np.float32)

    def _points(self, part: Registered, pixels: Array) -> Block:
        """Tokens of the point transformer."""
        assert self.points is not None
        cloud = self._sampled(part).reshape(-1, 3)
        measured = np.flatnonzero(np.isfinite(cloud).all(axis=1))
        found = self.points.tokens(cloud[measured])
        plane = point_plane(
            cloud[measured],
            measured,
            found.centres,
            pixels,
            self.size,
            smoothing=self.settings.point_smoothing,
            distances=self.settings.distances,
        )
        return Block(found.tokens, plane)

    def _described(self, part: Registered, name: str, pixels: Array) -> Block:
        """Colours as they are, how the surface bends, or how its normals differ around a place."""
        places = self.sight.describe(part, name)
        if places is None:
            raise InputError(
                f"{part.sample.id}: too few readings lie on the part to judge its shape",
                cure="check what was taken for the part, or scan it from nearer",
            )
        assert places.grid is not None
        row, column = np.nonzero(places.inside)
        half = places.grid.cell_px / 2
        at = np.stack([row, column], axis=1) * places.grid.cell_px + half
        at += (places.grid.top, places.grid.left)
        wanted = self._in_source(pixels, self.size)
        return Block(np.asarray(places.rows, np.float32), place_weights(at, wanted))

    def _in_source(self, pixels: Array, size: tuple[int, int]) -> Array:
        """(P, 2) row and column of pixels' middles in the source picture."""
        top, left, bottom, right = self.sight.views.framing.box
        row, column = np.divmod(pixels, size[1])
        return np.stack(
            [
                top + (row + 0.5) * (bottom - top) / size[0],
                left + (column + 0.5) * (right - left) / size[1],
            ],
            axis=1,
        )


def learnt_crossmodal(
    refs: Sequence[SampleRef], settings: CrossmodalSettings, context: Context
) -> Job[tuple[PairedSight, Iterator[tuple[int, Registered]]]]:
    """The sight that suits these good parts, and the parts again, prepared, one by one.

    Raises WeightsError when networks are missing, InputError when the parts have nothing in common.
    """
    if settings.compat == "published":
        prepared = ((number, context.prepare(ref.load())) for number, ref in enumerate(refs))
        return _published(_transformer(settings), settings, context), prepared
    name = chosen_network(_shown(settings, ""), NETWORKS)
    sight, again = yield from learnt_sight(
        refs,
        _shown(settings, name),
        (name,),
        judges=settings.picture,
        normals=settings.normals,
        context=context,
        opener=_opener(settings, name),
    )
    points = _opened_points(settings, context) if sight.sampling is not None else None
    colours = settings.colours == "yes" or (settings.colours == "auto" and not is_transformer(name))
    return CrossmodalSight(sight, points, settings, colours), again


def restored_crossmodal(
    facts: Mapping[str, Any], settings: CrossmodalSettings, context: Context
) -> PairedSight:
    """The sight of a recipe; WeightsError when a network is missing or has other weights."""
    name = str(facts["network"])
    if facts["point_network_sha256"]:
        settings = replace(settings, geometry="points")
        _require_same(POINT_NETWORK, facts["point_network_sha256"])
    if settings.compat == "published":
        _require_same(name, facts["network_sha256"])
        return _published(name, settings, context)
    views = restored_views(facts, _shown(settings, name), context, opener=_opener(settings, name))
    sight = Sight.restored(facts, views)
    points = _opened_points(settings, context) if facts["point_network_sha256"] else None
    # earlier recipes were learnt without colours
    return CrossmodalSight(sight, points, settings, facts.get("colours", False))


def _require_same(name: str, digest: str) -> None:
    if weights.sha256(name) != digest:
        raise WeightsError(
            f"the recipe was learnt with other weights of {name} than this machine has",
            cure="add the same weights file, or learn again",
        )


def _transformer(settings: CrossmodalSettings) -> str:
    """The vision transformer that the published methods look through."""
    name = chosen_network(_shown(settings, ""), TRANSFORMERS)
    if not is_transformer(name):
        raise SettingError(
            f"compat=published needs a vision transformer, {name} is none",
            cure=f"use backbone={TRANSFORMERS[0]}, or compat=project",
        )
    return name


def _published(name: str, settings: CrossmodalSettings, context: Context) -> PublishedSight:
    points = _opened_points(replace(settings, geometry="points"), context)
    assert points is not None
    return PublishedSight(open_tokens(name, int(settings.blocks)), points, settings, context)


def _shown(settings: CrossmodalSettings, name: str) -> NetworkSettings:
    """The settings for a network; a transformer's one stage are its tokens."""
    if not name or not is_transformer(name):
        return settings
    return replace(settings, stages="1", grid="auto", size_px=settings.size_px or _TRANSFORMER_PX)


def _opener(settings: CrossmodalSettings, name: str) -> Opener | None:
    """Opens a transformer's tokens; None where stages of the network are looked at."""
    if not is_transformer(name):
        return None
    return lambda name, _stages, device: open_tokens(name, int(settings.blocks), device)


def _opened_points(settings: CrossmodalSettings, context: Context) -> PointTransformer | None:
    """The point transformer, None where the surface itself is described."""
    there = weights.find(POINT_NETWORK) is not None
    if settings.geometry == "surface" or (settings.geometry == "auto" and not there):
        return None
    chosen = PointSettings(
        groups=settings.groups,
        group_size=settings.group_size,
        blocks=int(settings.blocks),
        batch_norm=settings.batch_norm,
        units=settings.units,
        start=settings.point_start,
        sampling="published" if settings.compat == "published" else "plain",
    )
    return open_point_transformer(chosen, context.plan(_POINT_COST).device)
