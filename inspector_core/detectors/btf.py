"""BTF, "Back to the Feature" (Horwitz & Hoshen, CVPR Workshops 2023): nearest good patch.

A part is cut into patches; each is described by its colour and by its shape (FPFH); a memory bank keeps
representative patches of good parts; a patch is as unusual as it is far from the nearest of them. No
training, no registration, no pretrained weights. What differs from the paper is declared as a setting
with the published value beside it, or said where it happens.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, TypeVar

import numpy as np

from inspector_core.detectors.contract import Context, DetectorInfo, Explanation, Scorer, State
from inspector_core.device import Cost, Plan
from inspector_core.errors import InputError
from inspector_core.features import colour, fpfh, relief
from inspector_core.features.colour import brightness
from inspector_core.features.patches import (
    Descriptors,
    Patches,
    ShapeChoices,
    cell_size,
    patches_of,
)
from inspector_core.features.scaling import Standard
from inspector_core.geometry.smoothing import blur_8bit, smooth
from inspector_core.memory.bank import Bank, build
from inspector_core.memory.nearest import other_neighbours, search_cost
from inspector_core.memory.reweight import reweighting
from inspector_core.progress import Job, Progress
from inspector_core.settings import setting
from inspector_core.types import AnomalyMaps, Array, FloatArray, Registered, SampleRef

T = TypeVar("T")

DESCRIBING = "Describing the good parts"
COLOUR, HISTOGRAM, RELIEF = "colour", "histogram", "relief"
RGB, SHAPE, JOINT = "rgb", "shape", "joint"
"""Names of blocks and of banks in the state."""
_STEPS = 1000
_CANDIDATES = 20_000
"""Patches of good parts that the banks are chosen from, evenly over the parts."""
_FEWEST_PATCHES = 9
_SUPPORT_POWER = 3
"""Chosen on made-up defects on held-out good castings: 0.80, 0.83, 0.84 I-AUROC for 2, 3, 4."""
_REWEIGHTING_NEIGHBOURS = 2
_MEASURED_SUPPORT = 0.3
_PIXEL_BYTES = 300
"""Measured: 190 to 230 to describe a part, per pixel of its picture; the rest holds it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BTFSettings:
    """Settings of `btf`; published values as in methods card and code (3D-ADS@612eb7b)."""

    cells: int = setting(
        64, low=8, high=256, published=28, help="Patches along the longer side of the part."
    )
    weight_rgb: float = setting(
        1.0, low=0.0, high=10.0, published=1.0, help="Weight of colour in the joint distance."
    )
    fusion: Literal["recipe", "stronger", "joint"] = setting(
        "recipe",
        choices=("recipe", "stronger", "joint"),
        published="joint",
        help="The fused map: as the recipe joins colour and shape (joined_by), the stronger of both by "
        "their levels in the banks, or the distance of both together.",
    )
    weight_3d: float = setting(
        3.0, low=0.0, high=10.0, published=1.0, help="Weight of shape in the joint distance."
    )
    weight_relief: float = setting(
        0.5,
        low=0.0,
        high=10.0,
        published=0.0,
        help="Weight of dents and bumps in mm beside the FPFH histograms.",
    )
    bay_cells: float = setting(
        10.0,
        low=0.0,
        high=20.0,
        unit="cells",
        published=0.0,
        help="Bays in the outline up to twice this wide are judged too: a piece may have broken off.",
    )
    neighbours: int = setting(
        100, low=8, high=400, published=100, help="Points that one FPFH histogram looks at."
    )
    search: Literal["grid", "tree"] = setting(
        "grid",
        choices=("grid", "tree"),
        published="tree",
        help="Neighbours from the scan's own grid (fast) or from a tree over all points.",
    )
    normals: Literal["camera", "published"] = setting(
        "camera",
        choices=("camera", "published"),
        published="published",
        help="Normals turned to the camera, or with the arbitrary signs of the published code.",
    )
    scaling: Literal["standardised", "published"] = setting(
        "standardised",
        choices=("standardised", "published"),
        published="published",
        help="Blocks standardised on good parts, or joined as they are (shape outweighs colour).",
    )
    coreset: float = setting(
        0.1, low=0.001, high=1.0, published=0.1, help="Share of the good patches kept in a bank."
    )
    bank_rows: int = setting(
        3000, low=10, high=100_000, help="Most patches kept in a bank, whatever the share."
    )
    projection: Literal["none", "published"] = setting(
        "none",
        choices=("none", "published"),
        published="published",
        help="Choose the kept patches in full detail, or in a random projection.",
    )
    even_out: bool = setting(
        True,
        published=False,
        help="Judge a patch by what other good parts show at its like, not by distance alone.",
    )
    reweight: bool = setting(
        False, published=True, help="Distances to crowded places of the bank count less."
    )
    smoothing_cells: float = setting(
        0.75, low=0.0, high=5.0, unit="cells", published=0.5, help="Blur of the maps."
    )
    blur: Literal["exact", "published"] = setting(
        "exact",
        choices=("exact", "published"),
        published="published",
        help="Blur within the part, or the published one in 256 levels over the whole picture.",
    )


class BTF:
    """Memory bank over [colour | FPFH] patches; see the module."""

    info: ClassVar[DetectorInfo] = DetectorInfo(
        name="btf",
        title="Back to the Feature",
        summary="Nearest good patch by colour and FPFH shape histograms; needs no training.",
        source="Horwitz, Hoshen: Back to the Feature, CVPR Workshops 2023, arXiv 2203.05550",
        modalities=("rgb", "shape"),
        requires=(),
        settings=BTFSettings,
        suits="Parts that lie in any position or do not keep one shape: food, rope, foam.",
        uses_normals=True,
    )

    def __init__(self, settings: BTFSettings) -> None:
        self.settings = settings

    def cost(self, n_parts: int, size: tuple[int, int]) -> Cost:
        """Memory for learning: candidates of three banks, the banks, one part's working set."""
        widths = colour.CHANNELS + fpfh.CHANNELS + relief.CHANNELS
        n_patches = min(_CANDIDATES, n_parts * self.settings.cells**2)
        held = 4 * 2 * widths * (3 * n_patches + 3 * self.settings.bank_rows)
        return Cost(fixed_bytes=held + _PIXEL_BYTES * size[0] * size[1])

    def learn(self, parts: Sequence[SampleRef], context: Context) -> Job[State]:
        """Describe the good parts, standardise, keep a coreset per modality (of both for `joint`)."""
        good, owner, facts = yield from self._described(parts, context)
        standards = _standards(good, self.settings)
        tensors: dict[str, Array] = {}
        for name, standard in standards.items():
            tensors |= standard.tensors(name)
        banks = _blocks(good, standards, self.settings)
        rows = min(self.settings.bank_rows, round(self.settings.coreset * facts["n_patches"]))
        for done, (name, features) in enumerate(banks.items()):
            job = build(
                features,
                owner,
                max(1, rows),
                context.plan,
                projection=self.settings.projection,
                even_out=self.settings.even_out,
                seed=context.seed,
            )
            first, last = (_STEPS * (len(banks) + done + k) // (2 * len(banks)) for k in (0, 1))
            bank = yield from _between(job, first, last)
            tensors |= bank.tensors(name)
        return State(tensors, facts)

    def restore(self, state: State, context: Context) -> Scorer:
        """A scorer from what `learn` returned."""
        return BTFScorer(self.settings, state, context)

    def _described(
        self, parts: Sequence[SampleRef], context: Context
    ) -> Job[tuple[Descriptors, Array, dict[str, Any]]]:
        """Patches of all parts, evenly thinned out to the banks' candidates; their parts; facts."""
        most = max(1, _CANDIDATES // max(1, len(parts)))
        cell_px, usual_brightness, n_patches = 0, None, 0
        kept: list[Descriptors] = []
        for number, ref in enumerate(parts):
            yield Progress(DESCRIBING, _STEPS * number // (2 * len(parts)), _STEPS)
            part = context.prepare(ref.load())
            cell_px = cell_px or cell_size(part.foreground, self.settings.cells)
            rgb = part.colour()
            if usual_brightness is None and rgb is not None:
                # the first good part stands for all: others are evened to it within narrow limits
                usual_brightness = brightness(rgb, part.foreground)
            patches = _patches(part, cell_px, usual_brightness, self.settings)
            some = np.random.default_rng([context.seed, number]).permutation(len(patches))[:most]
            kept.append(patches.descriptors.only(np.sort(some)))
            n_patches += len(patches)
        good = Descriptors.joined(kept)
        if good.colour is None and good.shape is None:
            raise InputError(
                "the good parts have neither pictures nor clouds in common",
                cure="learn from parts that were all scanned in the same way",
            )
        owner = np.repeat(np.arange(len(kept)), [len(one) for one in kept])
        facts = {
            "cell_px": cell_px,
            "brightness": usual_brightness,
            "n_patches": n_patches,
            "parts": [ref.id for ref in parts],
        }
        return good, owner, facts


class BTFScorer:
    """Banks, ready for parts."""

    def __init__(self, settings: BTFSettings, state: State, context: Context) -> None:
        self.settings = settings
        self.facts = state.facts
        self.context = context
        names = {name.partition(".")[0] for name in state.tensors}
        self.standards = {
            name: Standard.from_tensors(name, state.tensors)
            for name in (COLOUR, HISTOGRAM, RELIEF)
            if name in names
        }
        self.banks = {
            name: Bank.from_tensors(name, state.tensors)
            for name in (RGB, SHAPE, JOINT)
            if name in names
        }
        self.crowds = {name: self._crowd(bank) for name, bank in self.banks.items()}
        self._last: tuple[Registered, Patches] | None = None

    def score(self, part: Registered) -> AnomalyMaps:
        """Distances to the nearest good patch: of colour, of shape, and of both together."""
        notes = self._require(part)
        patches = self._patches(part)
        maps = {}
        for name, features in _blocks(patches.descriptors, self.standards, self.settings).items():
            # partly filled cells count less, in shape those with few readings around them too
            weight = patches.fill * (patches.descriptors.support if name == SHAPE else 1)
            maps[name] = self._map(part, patches, weight * self._distance(name, features, notes))
        fused = maps[JOINT] if JOINT in maps else self._stronger(maps)
        return AnomalyMaps(maps.get(RGB), maps.get(SHAPE), fused, notes=tuple(notes))

    def _stronger(self, maps: Mapping[str, FloatArray]) -> FloatArray | None:
        """The larger of the maps, brought to the mean and standard deviation that both have together.

        A joint distance lets a strong modality's noise hide what the weak one sees. None when only
        one modality was learnt, and where the recipe joins them.
        """
        if len(self.banks) < 2 or self.settings.fusion == "recipe":
            return None
        levels = {name: bank.level for name, bank in self.banks.items()}
        middle, width = np.mean(list(levels.values()), axis=0)
        risen = [
            (values - levels[name][0]) * (width / levels[name][1]) + middle
            for name, values in maps.items()
        ]
        return np.asarray(risen[0] if len(risen) == 1 else np.fmax(*risen), np.float32)

    def explain(self, part: Registered, pixel: tuple[int, int]) -> Explanation | None:
        """The good part with the most similar patch; nothing is aligned, so no height is compared."""
        self._require(part)
        patches = self._patches(part)
        patch = patches.at(*pixel)
        if patch is None:
            return None
        one = patches.descriptors.only(np.array([patch]))
        found: list[tuple[float, int]] = []
        for name, features in _blocks(one, self.standards, self.settings).items():
            bank = self.banks[name]
            distance, index = bank.search(features, self._plan(features, bank))
            mean, spread = bank.level
            risen = (float(distance[0] / bank.usual[index[0]]) - mean) / spread
            found.append((risen, int(bank.owner[index[0]])))
        return Explanation(self.facts["parts"][max(found)[1]], None)

    def _require(self, part: Registered) -> list[str]:
        """Notes on what the part lacks; InputError when nothing that was learnt is there."""
        learnt = {RGB: "picture", SHAPE: "cloud"}
        there = {RGB: part.sample.rgb is not None, SHAPE: part.sample.xyz is not None}
        missing = [name for name in learnt if name in self.banks and not there[name]]
        if not missing:
            return []
        if len(missing) == len(self.banks.keys() - {JOINT}):
            raise InputError(
                f"{part.sample.id}: the {learnt[missing[0]]} is missing, "
                "and the recipe was learnt from nothing else",
                cure="scan the part as the good ones were scanned, or learn again",
            )
        if missing == [RGB]:
            return ["No picture: judged by shape alone."]
        return ["No cloud: judged by colour alone, and what lies around the part counts as part."]

    def _patches(self, part: Registered) -> Patches:
        """The part's patches; the last part's are kept, for `explain` follows `score`."""
        if self._last is None or self._last[0] is not part:
            patches = _patches(part, self.facts["cell_px"], self.facts["brightness"], self.settings)
            self._last = (part, patches)
        return self._last[1]

    def _distance(self, name: str, features: Array, notes: list[str]) -> FloatArray:
        """Distance to the nearest row of a bank, in the row's usual distance."""
        bank = self.banks[name]
        distance, index = bank.search(features, self._plan(features, bank), notes.append)
        judged = distance / bank.usual[index]
        crowd = self.crowds[name]
        if crowd is not None:
            judged = judged * reweighting(features, distance, index, bank.rows, crowd)
        return np.asarray(judged, np.float32)

    def _map(self, part: Registered, patches: Patches, distance: Array) -> FloatArray:
        """Patch distances as a smoothed map in source pixels."""
        large = patches.to_source(distance, part.shape)
        # too thin for any cell near it: nothing speaks against it
        large[patches.domain & np.isnan(large)] = np.median(distance)
        sigma = self.settings.smoothing_cells * patches.grid.cell_px
        if self.settings.blur == "published":
            blurred = blur_8bit(np.where(patches.domain, large, 0), sigma)
            return np.where(patches.domain, blurred, np.float32(np.nan))
        return smooth(large, patches.domain, sigma)

    def _plan(self, features: Array, bank: Bank) -> Plan:
        return self.context.plan(search_cost(len(features), *bank.rows.shape))

    def _crowd(self, bank: Bank) -> Array | None:
        """(M, 2) nearest rows of each row, for reweighting; None where it is off or impossible."""
        if not self.settings.reweight or len(bank.rows) <= _REWEIGHTING_NEIGHBOURS:
            return None
        return other_neighbours(bank.rows, _REWEIGHTING_NEIGHBOURS, self._plan(bank.rows, bank))


def _patches(
    part: Registered, cell_px: int, usual_brightness: float | None, settings: BTFSettings
) -> Patches:
    """A part's patches; InputError when it has too few to judge."""
    choices = ShapeChoices(
        neighbours=settings.neighbours, search=settings.search, normals=settings.normals
    )
    bay_px = settings.bay_cells * cell_px
    patches = patches_of(part, cell_px, choices, usual_brightness, bay_px)
    if len(patches) < _FEWEST_PATCHES:
        raise InputError(
            f"{part.sample.id}: the part is too small in the picture "
            f"({int(part.foreground.sum())} pixels, {len(patches)} patches of {cell_px} x {cell_px})",
            cure="scan it from nearer, or check what was taken for the part",
        )
    return patches


def _histograms(shape: Array, settings: BTFSettings) -> Array:
    """The FPFH part of shape descriptors; roots of histograms compare better than counts."""
    counts = shape[:, : fpfh.CHANNELS]
    return counts if settings.scaling == "published" else np.sqrt(counts)


def _standards(good: Descriptors, settings: BTFSettings) -> dict[str, Standard]:
    """Means and spreads of each block over the good patches, of shape where it was measured."""
    blocks: dict[str, Array] = {}
    if good.colour is not None:
        blocks[COLOUR] = good.colour
    if good.shape is not None:
        known = good.measured & (good.support > _MEASURED_SUPPORT)
        shape = good.shape[known] if known.any() else good.shape
        blocks[HISTOGRAM] = _histograms(shape, settings)
        blocks[RELIEF] = shape[:, fpfh.CHANNELS :]
    if settings.scaling == "published":
        return {name: Standard.identity(block.shape[1]) for name, block in blocks.items()}
    return {name: Standard.of(block) for name, block in blocks.items()}


def _blocks(
    found: Descriptors, standards: Mapping[str, Standard], settings: BTFSettings
) -> dict[str, FloatArray]:
    """Features per bank: colour, shape, and [colour | shape] when both were learnt and are there."""
    blocks: dict[str, FloatArray] = {}
    if found.colour is not None and COLOUR in standards:
        blocks[RGB] = standards[COLOUR].apply(found.colour)
    if found.shape is not None and HISTOGRAM in standards:
        histograms = standards[HISTOGRAM].apply(_histograms(found.shape, settings))
        reliefs = standards[RELIEF].apply(found.shape[:, fpfh.CHANNELS :])
        shape = np.concatenate([histograms, settings.weight_relief * reliefs], axis=1)
        # a descriptor fades where readings are few: places where good parts lack them too look alike
        trust = np.where(found.measured, found.support**_SUPPORT_POWER, 0)
        blocks[SHAPE] = np.asarray(shape * trust[:, None], np.float32)
    if len(blocks) == 2 and settings.fusion == "joint":
        weighed = [settings.weight_rgb * blocks[RGB], settings.weight_3d * blocks[SHAPE]]
        blocks[JOINT] = np.concatenate(weighed, axis=1).astype(np.float32)
    return blocks


def _between(job: Job[T], first: int, last: int) -> Job[T]:
    """The same job as a stretch of a longer one's progress, which never goes back."""
    done = first
    try:
        while True:
            try:
                step = next(job)
            except StopIteration as finished:
                value: T = finished.value
                return value
            done = max(done, first + int((last - first) * (step.share or 0.0)))
            yield Progress(step.stage, done, _STEPS, step.note)
    finally:
        job.close()
