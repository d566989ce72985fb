"""BTF as this project computes it: cells of the part alone, standardised, judged by what is usual there.

Colour is our own descriptor, so that no pretrained weights are needed; what differs from the paper is
a setting with the published value beside it, or said where it happens.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from inspector_core.detectors.btf.banks import (
    DESCRIBING,
    JOINT,
    RGB,
    SHAPE,
    STEPS,
    between,
    lacking,
)
from inspector_core.detectors.btf.settings import BTFSettings
from inspector_core.detectors.contract import Context, Explanation, State
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
from inspector_core.types import AnomalyMaps, Array, FloatArray, Registered, SampleRef

COLOUR, HISTOGRAM, RELIEF = "colour", "histogram", "relief"
"""Names of blocks in the state."""
_CANDIDATES = 20_000
"""Patches of good parts that the banks are chosen from, evenly over the parts."""
_FEWEST_PATCHES = 9
_SUPPORT_POWER = 3
"""Chosen on made-up defects on held-out good castings: 0.80, 0.83, 0.84 I-AUROC for 2, 3, 4."""
_REWEIGHTING_NEIGHBOURS = 2
_MEASURED_SUPPORT = 0.3
_PIXEL_BYTES = 300
"""Measured: 190 to 230 to describe a part, per pixel of its picture; the rest holds it."""


def cost(settings: BTFSettings, n_parts: int, size: tuple[int, int]) -> Cost:
    """Memory for learning: candidates of three banks, the banks, one part's working set."""
    widths = colour.CHANNELS + fpfh.CHANNELS + relief.CHANNELS
    n_patches = min(_CANDIDATES, n_parts * settings.cells**2)
    held = 4 * 2 * widths * (3 * n_patches + 3 * settings.bank_rows)
    return Cost(fixed_bytes=held + _PIXEL_BYTES * size[0] * size[1])


def learn(settings: BTFSettings, parts: Sequence[SampleRef], context: Context) -> Job[State]:
    """Describe the good parts, standardise, keep a coreset per modality (of both for `joint`)."""
    good, owner, facts = yield from _described(settings, parts, context)
    standards = _standards(good, settings)
    tensors: dict[str, Array] = {}
    for name, standard in standards.items():
        tensors |= standard.tensors(name)
    banks = _blocks(good, standards, settings)
    rows = min(settings.bank_rows, round(settings.coreset * facts["n_patches"]))
    for done, (name, features) in enumerate(banks.items()):
        job = build(
            features,
            owner,
            max(1, rows),
            context.plan,
            projection=settings.projection,
            even_out=settings.even_out,
            seed=context.seed,
        )
        first, last = (STEPS * (len(banks) + done + k) // (2 * len(banks)) for k in (0, 1))
        bank = yield from between(job, first, last)
        tensors |= bank.tensors(name)
    return State(tensors, facts)


def _described(
    settings: BTFSettings, parts: Sequence[SampleRef], context: Context
) -> Job[tuple[Descriptors, Array, dict[str, Any]]]:
    """Patches of all parts, evenly thinned out to the banks' candidates; their parts; facts."""
    most = max(1, _CANDIDATES // max(1, len(parts)))
    cell_px, usual_brightness, n_patches = 0, None, 0
    kept: list[Descriptors] = []
    for number, ref in enumerate(parts):
        yield Progress(DESCRIBING, STEPS * number // (2 * len(parts)), STEPS)
        part = context.prepare(ref.load())
        cell_px = cell_px or cell_size(part.foreground, settings.cells)
        rgb = part.colour()
        if usual_brightness is None and rgb is not None:
            # the first good part stands for all: others are evened to it within narrow limits
            usual_brightness = brightness(rgb, part.foreground)
        patches = _patches(part, cell_px, usual_brightness, settings)
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


class ProjectScorer:
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
        notes = lacking(part, self.banks.keys())
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
        lacking(part, self.banks.keys())
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
