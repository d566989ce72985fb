"""CFM, Crossmodal Feature Mapping (Costanzino et al., CVPR 2024, arXiv 2312.04521).

Two small networks learn on good parts to predict the features of shape from those of colour at the same
pixel, and the other way round. A defect breaks the relation: what is seen lies far from what the other
modality makes expect. Both predictions must fail for a place to count, so the two distances are multiplied.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import ClassVar

import numpy as np

from inspector_core.detectors.cfm.both_ways import BothWays, by_direction
from inspector_core.detectors.cfm.gradients import tokens_of
from inspector_core.detectors.cfm.mapping import CROSS, INTRA, Direction, Side, published
from inspector_core.detectors.cfm.maps import aggregate, blurred, normalised, on_grid
from inspector_core.detectors.cfm.settings import CFMSettings
from inspector_core.detectors.cfm.training import Choices, train
from inspector_core.detectors.cfm.usual import Usual, weighed
from inspector_core.detectors.cfm.words import sentence
from inspector_core.detectors.contract import Context, DetectorInfo, Explanation, Scorer, State
from inspector_core.detectors.crossmodal.paired import Paired
from inspector_core.detectors.crossmodal.settings import NETWORKS, require_both
from inspector_core.detectors.crossmodal.sight import learnt_crossmodal, restored_crossmodal
from inspector_core.detectors.crossmodal.standard import PairedStandard
from inspector_core.detectors.sight_learning import LARGEST_PX
from inspector_core.detectors.view_choice import network_bytes
from inspector_core.device import Cost
from inspector_core.errors import InputError, SettingError, WeightsError
from inspector_core.progress import Job, Progress
from inspector_core.types import AnomalyMaps, Array, FloatArray, Registered, SampleRef

DESCRIBING = "Describing the good parts"
COMPARING = "Comparing colour and shape of good parts"
_JUDGED_PARTS = 8
"""That many good parts say what is usual where training held none out."""
_PART_BYTES = 12 << 20
"""Tokens of a part with both transformers, and the weights that carry them to pixels."""
_TRAINING_BYTES = 256 << 20
_PIXEL_BYTES = 300
_ANCHOR = 1.0
"""Length of the channel that all pixels share, in units of a usual pixel's features."""


class CFM:
    """Mappings between colour and shape; see the module."""

    info: ClassVar[DetectorInfo] = DetectorInfo(
        name="cfm",
        title="Crossmodal Feature Mapping",
        summary="Learns to predict shape from colour and colour from shape; a defect breaks the relation.",
        source="Costanzino et al.: Multimodal Industrial Anomaly Detection by Crossmodal Feature Mapping, "
        "CVPR 2024, arXiv 2312.04521",
        modalities=("rgb", "shape"),
        requires=("rgb", "shape"),
        settings=CFMSettings,
        suits="Parts with picture and cloud whose look and form go together; learns from five parts on.",
        weights=NETWORKS,
    )

    def __init__(self, settings: CFMSettings) -> None:
        self.settings = settings

    def cost(self, n_parts: int, size: tuple[int, int]) -> Cost:
        """Memory for learning: the networks, tokens of all parts, the mappings in training."""
        settings = replace(self.settings, size_px=self.settings.size_px or LARGEST_PX)
        fixed = network_bytes(settings, NETWORKS, size) + _TRAINING_BYTES
        return Cost(fixed_bytes=fixed + n_parts * _PART_BYTES + _PIXEL_BYTES * size[0] * size[1])

    def learn(self, parts: Sequence[SampleRef], context: Context) -> Job[State]:
        """Features of all good parts once, then the mappings between them."""
        settings = self.settings
        require_both(settings, "cfm")
        found = _published_pair(settings) if settings.trained == "published" else {}
        sight, again = yield from learnt_crossmodal(parts, settings, context)
        good: list[Paired] = []
        for number, part in again:
            yield Progress(DESCRIBING, number, len(parts))
            good.append(_both(part, sight.see(part)))
        standard = PairedStandard.learnt(good) if settings.standardise else PairedStandard.none()
        anchor = _ANCHOR if settings.standardise else 0.0
        good = [_anchored(standard.of(one), anchor) for one in good]
        directions = INTRA if settings.variant == "intra" else CROSS
        tensors: dict[str, Array] = standard.tensors()
        facts = {**sight.facts(), "parts": [ref.id for ref in parts], "anchor": anchor}
        device = context.plan(Cost(fixed_bytes=_TRAINING_BYTES)).device
        unseen: Sequence[int] = ()
        if found:
            _require_fitting(found["2Dto3D"], good[0])
        else:
            ids = [ref.id for ref in parts]
            done = yield from train(ids, good, directions, self._choices(context.seed), device)
            found, unseen = done.tensors, done.held_out
            facts |= {"curve": done.curve, "ended_by": done.reason}
        usual = yield from self._usual(BothWays(found, device), good, unseen)
        facts["usual"] = {side: [one.distance, one.explained] for side, one in usual.items()}
        for direction, named in found.items():
            tensors |= {f"{direction}.{name}": value for name, value in named.items()}
        return State(tensors, facts)

    def restore(self, state: State, context: Context) -> Scorer:
        """A scorer from what `learn` returned."""
        return CFMScorer(self.settings, state, context)

    def _usual(
        self, mappings: BothWays, good: Sequence[Paired], unseen: Sequence[int]
    ) -> Job[dict[Side, Usual]]:
        """What is usual on good parts, on those that training did not see where there are some."""
        judged = [good[number] for number in unseen] or [one for one in good if len(one.pixels)][
            :_JUDGED_PARTS
        ]
        found: dict[Side, list[tuple[Array, Array]]] = {"rgb": [], "shape": []}
        for number, one in enumerate(judged):
            yield Progress(COMPARING, number, len(judged))
            for side, apart in mappings.distances(one).items():
                found[side].append((apart, tokens_of(one, side).rows(slice(None))))
        return {side: Usual.of(pairs) for side, pairs in found.items()}

    def _choices(self, seed: int) -> Choices:
        settings = self.settings
        return Choices(
            architecture=settings.mapping,
            rows=settings.rows,
            batch=settings.batch,
            steps=settings.steps,
            rate=settings.rate,
            patience=settings.patience,
            seed=seed,
        )


class CFMScorer:
    """Learnt mappings, ready for parts."""

    def __init__(self, settings: CFMSettings, state: State, context: Context) -> None:
        self.settings = settings
        self.sight = restored_crossmodal(state.facts, settings, context)
        self.standard = PairedStandard.restored(state.tensors)
        self.anchor = float(state.facts.get("anchor", 0.0))  # earlier recipes had none
        self._last: tuple[Registered, dict[str, FloatArray]] | None = None
        self.usual = {side: Usual(*kept) for side, kept in state.facts.get("usual", {}).items()}
        device = context.plan(Cost(fixed_bytes=_TRAINING_BYTES)).device
        half = settings.precision == "bfloat16"
        self.mappings = BothWays(by_direction(state.tensors), device, half=half)

    def score(self, part: Registered) -> AnomalyMaps:
        """Distances of seen and predicted features, of colour and of shape, and both joined."""
        paired = _anchored(self.standard.of(_both(part, self.sight.see(part))), self.anchor)
        found = self.mappings.distances(paired)
        maps: dict[str, FloatArray] = {"rgb": found["rgb"], "shape": found["shape"]}
        how = self.settings.aggregation
        if how == "weighed":
            maps["fused"] = weighed(found["rgb"], found["shape"], **self.usual)
        elif how != "recipe":
            maps["fused"] = aggregate(found["rgb"], found["shape"], how)
        drawn: dict[str, FloatArray] = {}
        shown: dict[str, FloatArray] = {}
        own = None
        for name, values in maps.items():
            grid = self._published_blur(paired, values)
            shown[name] = drawn[name] = self._drawn(part, paired, values, grid)
            if self.settings.normalise == "published":
                units = normalised(drawn[name] if grid is None else grid)
                shown[name] = drawn[name] / np.float32(units.level)
                own = units.score if name == "fused" else None
        self._last = (part, drawn)
        return AnomalyMaps(
            shown["rgb"], shown["shape"], shown.get("fused"), notes=paired.notes, part_score=own
        )

    def explain(self, part: Registered, pixel: tuple[int, int]) -> Explanation | None:
        """How far colour and shape are from what is expected; the mappings remember no single parts."""
        if self._last is None or self._last[0] is not part:
            self.score(part)
        assert self._last is not None
        said = sentence(self._last[1], pixel, crossed=self.settings.variant == "cross")
        return Explanation(None, None, said) if said else None

    def _published_blur(self, paired: Paired, values: Array) -> FloatArray | None:
        """(h, w) blurred as published, None where the blur is exact."""
        if self.settings.blur == "exact":
            return None
        grid = on_grid(values, paired.pixels, paired.size)
        return blurred(grid, "published", self.settings.smoothing_px)

    def _drawn(
        self, part: Registered, paired: Paired, values: Array, grid: FloatArray | None
    ) -> FloatArray:
        """The map (H, W) of values at the judged pixels, or of a grid that is blurred already."""
        if grid is None:
            return self.sight.to_map(part, paired, values, self.settings.smoothing_px)
        return self.sight.to_map(part, paired, grid.ravel()[paired.pixels])


def _published_pair(settings: CFMSettings) -> dict[Direction, dict[str, FloatArray]]:
    """The published mappings; SettingError where features are not prepared as they were trained."""
    if settings.compat != "published" or settings.standardise or settings.variant != "cross":
        raise SettingError(
            "trained=published needs the features that the published mappings were trained on",
            cure="set compat=published, standardise=no and variant=cross too",
        )
    return {direction: published(direction) for direction in CROSS}


def _require_fitting(tensors: Mapping[str, Array], good: Paired) -> None:
    """WeightsError when the published mappings are made for features of other widths."""
    assert good.rgb is not None
    assert good.shape is not None
    here = (good.rgb.channels, good.shape.channels)
    wanted = (tensors["input.weight"].shape[1], tensors["output.weight"].shape[0])
    if here != wanted:
        raise WeightsError(
            f"the published mappings take {wanted[0]} channels of colour and {wanted[1]} of shape, "
            f"and these parts have {here[0]} and {here[1]}",
            cure="use DINO ViT-B/8 and blocks=12, or train the mappings here",
        )


def _both(part: Registered, paired: Paired) -> Paired:
    """The features again; InputError when a modality is missing."""
    missing = "picture" if paired.rgb is None else "cloud" if paired.shape is None else ""
    if missing:
        raise InputError(
            f"{part.sample.id}: the {missing} is missing, and cfm compares picture and cloud",
            cure="scan the part with both, or use btf, unaligned or patchcore",
        )
    return paired


def _anchored(paired: Paired, length: float) -> Paired:
    """With a channel in each modality that all pixels share, 0 for none.

    What is compared are directions, and features around their mean have none where a place is as usual
    as can be: theirs is noise. The shared channel gives them one.
    """
    if not length:
        return paired
    rgb, shape = (
        None if tokens is None else tokens.anchored(length * float(np.sqrt(tokens.channels)))
        for tokens in (paired.rgb, paired.shape)
    )
    return replace(paired, rgb=rgb, shape=shape)
