"""The common course of appearance methods: see the good parts, learn per look, judge cells, draw a map."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Protocol

import numpy as np

from inspector_core.detectors.contract import Context, DetectorInfo, Explanation, Scorer, State
from inspector_core.detectors.view_choice import (
    learnt_views,
    network_bytes,
    network_width,
    restored_views,
)
from inspector_core.detectors.view_settings import NETWORKS, ViewSettings
from inspector_core.detectors.views import BATCH, Seen, Views, batches
from inspector_core.device import Cost
from inspector_core.errors import InputError
from inspector_core.features.looks import Look, modality_of
from inspector_core.progress import Job, Progress
from inspector_core.types import AnomalyMaps, Array, FloatArray, Registered, SampleRef

DESCRIBING = "Describing the good parts"
_NEEDS = {"rgb": "picture", "normals": "cloud", "height": "cloud"}


class Learner(Protocol):
    """What a method learns about one look, part by part."""

    def add(self, number: int, stages: list[Array], inside: Array) -> None:
        """Take in the features (C, h, w) of a good part's stages; inside : (gh, gw) bool."""
        ...

    def finish(self) -> Job[dict[str, Array]]:
        """What was learnt, as named arrays."""
        ...


class Judge(ABC):
    """A learnt method for one look."""

    @abstractmethod
    def values(self, stages: list[Array], inside: Array) -> FloatArray:
        """(gh, gw) how unusual each cell of a grid over the frame is, NaN = cannot be said.

        The grid is the views' or a finer one; cells outside the part need no meaning.
        """

    @abstractmethod
    def nearest(self, stages: list[Array], cell: tuple[int, int]) -> int | None:
        """Number of the good part most like this one at a cell (row, column), None if unknown."""

    def level(self, stages: list[Array]) -> float | None:
        """A part score of the method's own, at which the map then ends; None: the map speaks for itself."""
        return None


class Appearance(ABC):
    """A method that learns and judges each look by itself; the method says how (`learner`, `judge`)."""

    info: ClassVar[DetectorInfo]
    networks: ClassVar[tuple[str, ...]] = NETWORKS
    besides: ClassVar[tuple[int, ...]] = ()
    """Stages that the method needs after those of the settings."""

    def __init__(self, settings: Any) -> None:
        self.settings = settings

    @abstractmethod
    def learner(self, n_parts: int, views: Views, context: Context) -> Learner:
        """A fresh learner for one look."""

    @abstractmethod
    def judge(self, tensors: Mapping[str, Array], views: Views, context: Context) -> Judge:
        """A judge from what the learner of one look returned."""

    @abstractmethod
    def learnt_bytes(self, n_parts: int, cells: int, width: int) -> int:
        """Memory of one look's learning beside the network: n parts of so many cells and channels."""

    def draw(self, part: Registered, views: Views, values: Array, inside: Array) -> FloatArray:
        """The map (H, W) of a part from the values of its cells."""
        return views.to_map(part, values, inside)

    def cost(self, n_parts: int, size: tuple[int, int]) -> Cost:
        """Memory for learning: the network, a batch through it, and what the method keeps."""
        settings: ViewSettings = self.settings
        looks = settings.picture.count("+") + 1 + (settings.picture == "auto")
        share = min(size) / max(size) if max(size) else 1.0
        cells = round((settings.size_px / 8) ** 2 * share)
        fixed = network_bytes(settings, self.networks, size)
        width = network_width(settings, self.networks)
        fixed += looks * self.learnt_bytes(n_parts, cells, width)
        # a part as it is read, prepared and drawn
        return Cost(fixed_bytes=fixed + 60 * size[0] * size[1])

    def learn(self, parts: Sequence[SampleRef], context: Context) -> Job[State]:
        """Look at the good parts twice: where they lie, then what they show."""
        views, again = yield from learnt_views(
            parts,
            self.settings,
            self.networks,
            context,
            self.besides,
            cells=self.settings.cells,
            relief_mm=self.settings.relief_mm,
        )
        learners = {look: self.learner(len(parts), views, context) for look in views.looks}
        for portion in batches(again, max(1, BATCH // len(views.looks))):
            told = "; ".join(views.notes())
            yield Progress(DESCRIBING, portion[0][0], len(parts), told)
            seen = views.see([part for _, part in portion])
            for (number, _), one in zip(portion, seen, strict=True):
                for look, learner in learners.items():
                    learner.add(number, one.stages[look], one.inside)
        tensors: dict[str, Array] = {}
        for look, learner in learners.items():
            learnt = yield from learner.finish()
            tensors |= {f"{look}.{name}": array for name, array in learnt.items()}
        return State(tensors, {**views.facts(), "parts": [ref.id for ref in parts]})

    def restore(self, state: State, context: Context) -> Scorer:
        """A scorer from what `learn` returned."""
        return AppearanceScorer(self, state, context)


class AppearanceScorer:
    """The judges of all learnt looks, ready for parts."""

    def __init__(self, method: Appearance, state: State, context: Context) -> None:
        self.method = method
        self.facts = state.facts
        settings: ViewSettings = method.settings
        self.views = restored_views(
            state.facts,
            settings,
            context,
            method.besides,
            cells=settings.cells,
            relief_mm=settings.relief_mm,
        )
        self.judges: dict[Look, Judge] = {}
        for look in self.views.looks:
            own = {
                name.removeprefix(f"{look}."): array
                for name, array in state.tensors.items()
                if name.startswith(f"{look}.")
            }
            self.judges[look] = method.judge(own, self.views, context)
        self._last: tuple[Registered, Seen, dict[Look, FloatArray]] | None = None

    def score(self, part: Registered) -> AnomalyMaps:
        """One map per look; the engine joins them."""
        notes = self._require(part)
        seen, values = self._judged(part)
        maps = {}
        for look, cells in values.items():
            inside = self.views.inside(part, _size(cells))
            drawn = self.method.draw(part, self.views, cells, inside)
            maps[modality_of(look)] = _ending_at(drawn, self.judges[look].level(seen.stages[look]))
        notes += self.views.notes()
        return AnomalyMaps(maps.get("rgb"), maps.get("shape"), None, notes=tuple(notes))

    def explain(self, part: Registered, pixel: tuple[int, int]) -> Explanation | None:
        """The good part most like this one at the pixel, in the look that finds it most unusual."""
        self._require(part)
        seen, values = self._judged(part)
        strongest = max(
            values,
            key=lambda look: standing_out(values[look], self._cell(pixel, _size(values[look]))),
        )
        cell = self._cell(pixel, self.views.grid)
        number = self.judges[strongest].nearest(seen.stages[strongest], cell)
        return None if number is None else Explanation(self.facts["parts"][number], None)

    def _judged(self, part: Registered) -> tuple[Seen, dict[Look, FloatArray]]:
        """The part's features and values; the last part's are kept, for `explain` follows `score`."""
        if self._last is None or self._last[0] is not part:
            (seen,) = self.views.see([part])
            values = {
                look: self.judges[look].values(stages, seen.inside)
                for look, stages in seen.stages.items()
            }
            self._last = (part, seen, values)
        return self._last[1], self._last[2]

    def _cell(self, pixel: tuple[int, int], grid: tuple[int, int]) -> tuple[int, int]:
        row, column = self.views.framing.cell_at(pixel, grid)
        return int(np.clip(row, 0, grid[0] - 1)), int(np.clip(column, 0, grid[1] - 1))

    def _require(self, part: Registered) -> list[str]:
        """Notes on what the part lacks; InputError when nothing that was learnt is there."""
        missing = [look for look in self.views.looks if look not in self.views.available(part)]
        if not missing:
            return []
        if len(missing) == len(self.views.looks):
            raise InputError(
                f"{part.sample.id}: the {_NEEDS[missing[0]]} is missing, "
                "and the recipe was learnt from nothing else",
                cure="scan the part as the good ones were scanned, or learn again",
            )
        if missing == ["rgb"]:
            return ["No picture: judged by shape alone."]
        return ["No cloud: judged by colour alone, and what lies around the part counts as part."]


def standing_out(values: Array, cell: int | tuple[int, int]) -> float:
    """A cell's value in spreads above the part's median; a cell without a value has that."""
    usual = values[np.isfinite(values)]
    middle = float(np.median(usual))
    spread = float(np.median(np.abs(usual - middle)))
    return (float(np.nan_to_num(values[cell], nan=middle)) - middle) / max(spread, 1e-9)


def _ending_at(values: FloatArray, level: float | None) -> FloatArray:
    """A map (H, W) scaled so that its largest value is the level; as it is without one."""
    top = float(np.nanmax(values))
    if level is None or top <= 0:
        return values
    return np.asarray(values * np.float32(level / top), np.float32)


def _size(values: Array) -> tuple[int, int]:
    return int(values.shape[0]), int(values.shape[1])
