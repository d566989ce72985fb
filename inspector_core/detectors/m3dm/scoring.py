"""What methods with banks of colour and shape share: good parts' patches, and a part's maps."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from inspector_core.detectors.contract import Context, Explanation, State
from inspector_core.detectors.crossmodal.paired import Paired, PairedSight
from inspector_core.detectors.crossmodal.patch_rows import PatchRows, patch_rows, side_of
from inspector_core.detectors.crossmodal.patch_training import patch_draw
from inspector_core.detectors.crossmodal.sight import restored_crossmodal
from inspector_core.detectors.crossmodal.standard import even_blocks
from inspector_core.detectors.m3dm.judging import BankJudge, Features, Judged
from inspector_core.detectors.m3dm.settings import PatchBankSettings
from inspector_core.detectors.patchcore import drawn
from inspector_core.errors import InputError
from inspector_core.features.scaling import Standard
from inspector_core.progress import Job, Progress
from inspector_core.types import AnomalyMaps, Array, FloatArray, Registered

DESCRIBING = "Describing the good parts"
_HELD_BYTES = 768 << 20
"""Patches of the good parts are thinned out evenly over the parts to fit into this."""
_SIDES = ("rgb", "shape")
Patches = Callable[[PairedSight, Registered, Paired], PatchRows]
"""The patches of a part, from how it was seen."""


@dataclass(frozen=True, slots=True)
class _Looked:
    """A part with its patches, their features by bank, and what the banks say of them."""

    part: Registered
    paired: Paired
    notes: tuple[str, ...]
    rows: PatchRows
    features: Features
    judged: Judged


@dataclass(frozen=True, slots=True)
class GoodPatches:
    """Patches of the good parts, in the units in which everything after is learnt.

    parts : of each.   whole : patches before any were left out.   standards : by side, empty for none.
    """

    parts: list[PatchRows]
    whole: int
    standards: dict[str, Standard]

    def tensors(self) -> dict[str, Array]:
        """The standards as named arrays."""
        found: dict[str, Array] = {}
        for side, standard in self.standards.items():
            found |= standard.tensors(f"{side}.standard")
        return found


def judged_patches(settings: PatchBankSettings) -> Patches:
    """The judged patches alone, of the size that the settings ask for."""
    return lambda sight, part, paired: patch_rows(paired, side_of(paired.size, settings.patch_px))


def good_patches(
    again: Iterator[tuple[int, Registered]],
    n_parts: int,
    sight: PairedSight,
    settings: PatchBankSettings,
    seed: int,
    patches: Patches,
) -> Job[GoodPatches]:
    """See all good parts once."""
    parts, whole = [], 0
    widths: dict[str, tuple[int, ...]] = {}
    for number, part in again:
        yield Progress(DESCRIBING, number, n_parts)
        paired = sight.see(part)
        lacking = [side for side in sight.modalities if getattr(paired, side) is None]
        if lacking:
            raise InputError(
                f"{part.sample.id}: the {_thing(lacking[0])} is missing, and other good parts have it",
                cure="learn from parts that were all scanned in the same way",
            )
        widths = {side: getattr(paired, side).widths for side in sight.modalities}
        rows = patches(sight, part, paired)
        whole += len(rows)
        most = max(1, _HELD_BYTES * len(rows) // (rows.held_bytes * n_parts))
        some = patch_draw(len(rows), most, np.random.default_rng([seed, number]))
        parts.append(rows.only(some))
    standards = {}
    if settings.standardise:
        for side in sight.modalities:
            standard = Standard.of(np.concatenate([getattr(rows, side) for rows in parts]))
            standards[side] = even_blocks(standard, widths[side])
    return GoodPatches([scaled(rows, standards) for rows in parts], whole, standards)


def scaled(rows: PatchRows, standards: dict[str, Standard]) -> PatchRows:
    """The patches in the units of the good parts, as they are where there are none."""

    def of(side: str, values: FloatArray | None) -> FloatArray | None:
        return standards[side].apply(values) if values is not None and side in standards else values

    around = rows.around
    if around is not None:
        around = replace(around, rgb=of("rgb", around.rgb), shape=of("shape", around.shape))
    return replace(
        rows,
        rgb=of("rgb", rows.rgb),
        shape=of("shape", rows.shape),
        around=around,
        altered=None if rows.altered is None else scaled(rows.altered, standards),
    )


class PatchBankScorer:
    """Learnt banks, ready for parts.

    patches : of a part.   described : their features by bank.
    """

    def __init__(
        self,
        settings: PatchBankSettings,
        state: State,
        context: Context,
        patches: Patches,
        described: Callable[[PatchRows], Features],
    ) -> None:
        self.settings, self.patches, self.described = settings, patches, described
        self.sight = restored_crossmodal(state.facts, settings, context)
        self.standards = {
            side: Standard.from_tensors(f"{side}.standard", state.tensors)
            for side in _SIDES
            if f"{side}.standard.mean" in state.tensors
        }
        self.judge = BankJudge(settings, state.tensors, state.facts, context)
        self.notes = tuple(state.facts.get("notes", ()))
        self.parts: Sequence[str] = state.facts["parts"]
        self._last: _Looked | None = None

    def score(self, part: Registered) -> AnomalyMaps:
        """Distances to the nearest good patch of colour, of shape, and what both and fused ones say."""
        looked = self._looked(part)
        judged = looked.judged
        maps = {
            name: self._drawn(looked, values)
            for name, values in judged.distances.items()
            if name != "fused"
        }
        fused = None if judged.joint is None else self._drawn(looked, judged.joint)
        return AnomalyMaps(
            maps.get("rgb"),
            maps.get("shape"),
            fused,
            notes=looked.notes,
            part_score=judged.score,
        )

    def explain(self, part: Registered, pixel: tuple[int, int]) -> Explanation | None:
        """The good part with the most similar patch; nothing is aligned, so no height is compared."""
        looked = self._looked(part)
        patch = looked.rows.at(*self.sight.cell_at(part, pixel))
        if patch is None:
            return None
        number = self.judge.most_like(looked.features, looked.judged.distances, patch)
        return None if number is None else Explanation(self.parts[number], None)

    def _looked(self, part: Registered) -> _Looked:
        """The part with all that its maps are drawn from; the last part's is kept for `explain`."""
        if self._last is None or self._last.part is not part:
            paired = self.sight.see(part)
            notes = (*paired.notes, *self.notes, *self._require(part, paired))
            rows = self.patches(self.sight, part, paired)
            features = self.described(scaled(rows, self.standards))
            judged = self.judge.judged(features)
            self._last = _Looked(part, paired, notes, rows, features, judged)
        return self._last

    def _require(self, part: Registered, paired: Paired) -> Sequence[str]:
        """Notes on what the part lacks; InputError when nothing that was learnt is there."""
        learnt = [side for side in _SIDES if side in self.judge.names]
        missing = [side for side in learnt if getattr(paired, side) is None]
        if not missing:
            return ()
        if len(missing) == len(learnt):
            raise InputError(
                f"{part.sample.id}: the {_thing(missing[0])} is missing, "
                "and the recipe was learnt from nothing else",
                cure="scan the part as the good ones were scanned, or learn again",
            )
        if missing == ["rgb"]:
            return ("No picture: judged by shape alone.",)
        return ("No cloud: judged by colour alone, and what lies around the part counts as part.",)

    def _drawn(self, looked: _Looked, values: Array) -> FloatArray:
        """The map (H, W) of values (N,) of the patches."""
        part, paired, rows = looked.part, looked.paired, looked.rows
        sigma = self.settings.smoothing_px
        if self.settings.blur == "published":
            values = drawn(rows.on_grid(values), paired.size, sigma, "btf").ravel()[paired.pixels]
            return self.sight.to_map(part, paired, values)
        return self.sight.to_map(part, paired, rows.at_pixels(values), sigma)


def judged_facts(sight: PairedSight, ids: Sequence[str], notes: Sequence[str]) -> dict[str, Any]:
    """Facts of a recipe beside those of its banks."""
    return {**sight.facts(), "parts": list(ids), "notes": list(notes)}


def _thing(side: str) -> str:
    return "picture" if side == "rgb" else "cloud"
