"""A recipe's way from a part to its decision, without the scorer: looking needs no detector."""

from __future__ import annotations

from dataclasses import dataclass

from inspector_core.decision.decide import Decider
from inspector_core.decision.verdict import is_trusted
from inspector_core.engine import configure
from inspector_core.geometry.prepare import PrepareSettings, prepare
from inspector_core.recipe import Recipe
from inspector_core.types import AnomalyMaps, Registered, Sample


@dataclass(frozen=True, slots=True)
class Way:
    """Prepares and decides as inspecting with this recipe does."""

    recipe: Recipe
    settings: PrepareSettings
    trusted: bool
    normals: bool

    @classmethod
    def of(cls, recipe: Recipe) -> Way:
        chosen = configure(recipe.detector, {**recipe.settings, **recipe.prepare})
        trusted = is_trusted(recipe.calibration, recipe.learn_parts)
        return cls(recipe, chosen.prepare, trusted, chosen.method.info.uses_normals)

    def prepare(self, sample: Sample) -> Registered:
        """The part as the recipe prepares it; normals only where its detector explains by them."""
        return prepare(sample, self.settings, self.recipe.seed, normals=self.normals)

    def decider(self, part: Registered, maps: AnomalyMaps) -> Decider:
        """The part's decision at any limits, from stored maps."""
        recipe = self.recipe
        return Decider(part, maps, recipe.calibration, trusted=self.trusted, judged=recipe.judged)
