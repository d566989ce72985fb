"""InCTRL's judging: a part's residuals to the prompts, its score, and the map that ends at it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from inspector_core.detectors.contract import Context, Explanation, State
from inspector_core.detectors.inctrl.evidence import Evidence
from inspector_core.detectors.inctrl.sight import Seen, restored_sight
from inspector_core.detectors.prompting import residuals, unit
from inspector_core.detectors.views import smoothed
from inspector_core.errors import InputError, WeightsError
from inspector_core.features import clip_towers
from inspector_core.features.clip_towers import NETWORK
from inspector_core.features.looks import Look, modality_of
from inspector_core.types import AnomalyMaps, Array, FloatArray, Registered

if TYPE_CHECKING:
    from inspector_core.detectors.inctrl.detector import InCTRLSettings


class InCTRLScorer:
    """Prompts of every look, ready for parts."""

    def __init__(self, settings: InCTRLSettings, state: State, context: Context) -> None:
        if [*clip_towers.network()] != state.facts["network"]:
            raise WeightsError(
                f"the recipe was learnt with other weights of {NETWORK} than this machine has",
                cure="add the same weights file, or learn again",
            )
        self.settings = settings
        self.facts, self.tensors = state.facts, state.tensors
        towers = clip_towers.open_towers(reading=False)
        self.sight = restored_sight(state.facts, towers, settings.relief_mm, context)
        self.evidence = Evidence.from_state(state.tensors, state.facts)
        self.notes = self.evidence.notes(settings.class_name)
        self._last: tuple[Registered, dict[Look, _Compared]] | None = None

    def score(self, part: Registered) -> AnomalyMaps:
        """A map of each look that ends at the part's score in that look."""
        notes = [*self._require(part), *self.notes, *self.evidence.trained_on(part.sample)]
        inside = self.sight.inside(part, everything=self.settings.cells == "all")
        maps = {
            modality_of(look): self._map(part, look, compared, inside)
            for look, compared in self._compared(part).items()
        }
        return AnomalyMaps(maps.get("rgb"), maps.get("shape"), None, notes=tuple(notes))

    def explain(self, part: Registered, pixel: tuple[int, int]) -> Explanation | None:
        """The prompt part with the most similar patch, in the look that finds the place most unlike."""
        self._require(part)
        number = self.sight.number(self.sight.cell(part, pixel))
        compared = self._compared(part)
        look = max(compared, key=lambda look: float(compared[look].residuals[number]))
        parts = self.facts["parts"]
        per_part = self.tensors[f"{look}.patches"].shape[1] // len(parts)
        return Explanation(parts[int(compared[look].nearest[number]) // per_part], None)

    def _map(self, part: Registered, look: Look, compared: _Compared, inside: Array) -> FloatArray:
        """(H, W) residuals, smoothed; the largest value on the part is the part's score."""
        squares = self.sight.squares
        grid = squares.joined(compared.residuals)
        evidence = self.evidence if look == "rgb" else self.evidence.for_shape()
        level = evidence.level(grid, compared.image, self.tensors[f"{look}.images"], inside)
        framing = squares.of_shape(part.shape).framing
        small = smoothed(grid, inside, framing.size, self.settings.smoothing_px)
        large = np.where(part.foreground, framing.to_source(small), np.float32(np.nan))
        top = float(np.nanmax(large))
        return np.asarray(large * (level / top) if top > 0 else large, np.float32)

    def _compared(self, part: Registered) -> dict[Look, _Compared]:
        """Residuals of all looks; the last part's are kept, for `explain` follows `score`."""
        if self._last is None or self._last[0] is not part:
            found = {
                look: self._residuals(self.sight.see(part, look), look)
                for look in self.sight.available(part)
            }
            self._last = (part, found)
        return self._last[1]

    def _residuals(self, seen: Seen, look: Look) -> _Compared:
        """Equation 1: the mean over the layers of the residuals to the most similar prompt patch."""
        layers = [
            residuals(unit(patches), bank, self.sight.context)
            for patches, bank in zip(seen.patches, self.tensors[f"{look}.patches"], strict=True)
        ]
        apart = np.stack([one[0] for one in layers])
        nearest = np.stack([one[1] for one in layers])
        # the layer that finds a patch most unlike says what it is compared with
        decisive = apart.argmax(axis=0)[None]
        mean = np.asarray(apart.mean(axis=0), np.float32)
        return _Compared(mean, np.take_along_axis(nearest, decisive, 0)[0], seen.image)

    def _require(self, part: Registered) -> list[str]:
        """Notes on what the part lacks; InputError when nothing that was learnt is there."""
        missing = [look for look in self.sight.looks if look not in self.sight.available(part)]
        if not missing:
            return []
        if len(missing) == len(self.sight.looks):
            lacking = "picture" if missing[0] == "rgb" else "cloud"
            raise InputError(
                f"{part.sample.id}: the {lacking} is missing, "
                "and the recipe was learnt from nothing else",
                cure="scan the part as the good ones were scanned, or learn again",
            )
        if missing == ["rgb"]:
            return ["No picture: judged by shape alone."]
        return ["No cloud: judged by colour alone, and what lies around the part counts as part."]


@dataclass(frozen=True, slots=True)
class _Compared:
    """One look of a part against the prompts.

    residuals : (N,) of every patch, mean of the layers.   nearest : (N,) row of the most similar prompt
    patch.   image : (D,) image embedding.
    """

    residuals: FloatArray
    nearest: Array
    image: FloatArray
