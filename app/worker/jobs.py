"""What the window asks the engine for: every method gives a job for the lane.

Everything here runs in the lane's thread. torch and open3d are imported by the engine when the first
job needs them, after the window was painted.
"""

from __future__ import annotations

import gc
import importlib
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from app.model.open_part import OpenPart
from inspector_core.errors import RecipeError, WeightsError
from inspector_core.progress import Job, Progress
from inspector_core.types import (
    Result,
    SampleRef,
    Scan,
    Thresholds,
)

if TYPE_CHECKING:
    from app.worker.evaluating import EvaluationRequest
    from app.worker.way import Way
    from inspector_core.detectors.contract import Explanation
    from inspector_core.detectors.default_choice import Choice
    from inspector_core.device import Hardware
    from inspector_core.engine import Inspector
    from inspector_core.evaluation import Evaluation
    from inspector_core.recipe import Recipe
    from inspector_core.store import ResultStore


NO_CARD = "No graphics card found: working on the CPU."


@dataclass(frozen=True, slots=True)
class LearnRequest:
    """What the learn dialog asks for.

    detector : a name, "auto" for the one that suits the good parts.
    """

    out: Path
    name: str
    detector: str
    settings: Mapping[str, Any] = field(default_factory=dict)
    seed: int = 0
    device: str = "auto"
    force: bool = False


@dataclass(frozen=True, slots=True)
class ExportRequest:
    """What the report dialog asks for; `limits` are those in force in the window."""

    title: str
    folder: Path
    formats: tuple[str, ...]
    limits: Thresholds
    force: bool = False


EVALUATION_FORMATS = ("html", "json", "md", "csv")


@dataclass(frozen=True, slots=True)
class EvaluationExport:
    """Where an evaluation is written, and in which of the `EVALUATION_FORMATS`.

    title : the folder of parts.   layout : as which it was read.
    """

    title: str
    layout: str
    folder: Path
    formats: tuple[str, ...]
    force: bool = False


@dataclass(frozen=True, slots=True)
class Inspection:
    """Results with what they were made from: recipe, references by id, stored maps."""

    recipe: Recipe
    refs: Mapping[str, SampleRef]
    results: tuple[Result, ...]
    store: ResultStore | None


class Engine(Protocol):
    """The jobs that the window needs; tests bring an engine of their own."""

    def prepare(self) -> Job[tuple[str, str]]: ...

    def scan(
        self, folder: Path, layout: str | None = None, options: Mapping[str, Any] | None = None
    ) -> Job[Scan]: ...

    def scan_file(self, file: Path) -> Job[tuple[Scan, str]]: ...

    def choose(self, scan: Scan) -> Job[Choice]: ...

    def learn(self, scan: Scan, request: LearnRequest) -> Job[Recipe]: ...

    def add_weights(self, file: Path, name: str) -> Job[str]: ...

    def open_recipe(self, folder: Path) -> Job[Recipe]: ...

    def open_results(self, folder: Path) -> Job[tuple[ResultStore, tuple[Result, ...]]]: ...

    def inspect(
        self, refs: Sequence[SampleRef], recipe: Recipe, store: ResultStore
    ) -> Job[tuple[Result, ...]]: ...

    def evaluate(self, request: EvaluationRequest, recipe: Recipe) -> Job[Evaluation]: ...

    def export_evaluation(
        self, outcome: Evaluation, recipe: Recipe, request: EvaluationExport
    ) -> Job[tuple[Path, ...]]: ...

    def open_part(
        self,
        ref: SampleRef,
        recipe: Recipe | None,
        result: Result | None,
        store: ResultStore | None,
    ) -> Job[OpenPart]: ...

    def explain(
        self, part: OpenPart, recipe: Recipe, pixel: tuple[int, int]
    ) -> Job[Explanation | None]: ...

    def export(self, inspection: Inspection, request: ExportRequest) -> Job[tuple[Path, ...]]: ...

    def keep_limits(
        self, inspection: Inspection, limits: Thresholds
    ) -> Job[tuple[Recipe, tuple[Result, ...]]]: ...


class CoreEngine:
    """The real engine. Holds the scorer of the recipe used last, so that looks are quick.

    machine : what there is to plan with, looked up (with torch) when None.
    """

    def __init__(self, device: str = "auto", machine: Hardware | None = None) -> None:
        self._device = device
        self._machine = machine
        self._inspector: Inspector | None = None
        self._known_way: Way | None = None
        self._chosen: tuple[Scan, Choice] | None = None

    def prepare(self) -> Job[tuple[str, str]]:
        """Import what the engine stands on; gives the device as people know it, and why it is that one."""
        yield Progress("Preparing the engine")
        import torch

        torch.set_num_threads(max(1, (os.cpu_count() or 2) - 1))
        from inspector_core.device import hardware, name_of, resolve

        self._machine = self._machine or hardware()
        for module in ("scipy.ndimage", "scipy.spatial", "scipy.special", "inspector_core.engine"):
            yield Progress("Preparing the engine")
            importlib.import_module(module)
        device = resolve(self._device, self._machine)
        # what was imported stays: each search for garbage in it would stop the window for 0.15 s
        gc.freeze()
        if device != "cpu":
            return name_of(device), ""
        found = "Working on the CPU, as asked." if self._machine.cuda_names else NO_CARD
        return name_of(device), found

    def scan(
        self, folder: Path, layout: str | None = None, options: Mapping[str, Any] | None = None
    ) -> Job[Scan]:
        """How a folder is read, as the best reader or as the named layout with its settings."""
        from inspector_core import engine

        return (yield from engine.scan(folder, layout, options))

    def scan_file(self, file: Path) -> Job[tuple[Scan, str]]:
        """How the folder is read that a file's part belongs to, and that part's id."""
        from inspector_core import engine
        from inspector_core.data.scan import scan_paths

        part = yield from scan_paths([file])
        return (yield from engine.scan(Path(part.root))), part.refs[0].id

    def choose(self, scan: Scan) -> Job[Choice]:
        """The detector that suits a folder's good parts, and why; remembered for learning."""
        from inspector_core.choosing import choose

        choice = yield from choose(scan, device=self._device, machine=self._machine)
        self._chosen = scan, choice
        return choice

    def learn(self, scan: Scan, request: LearnRequest) -> Job[Recipe]:
        """Learn, calibrate, save."""
        from inspector_core import engine

        return (
            yield from engine.learn(
                scan,
                request.out,
                detector=self._choice_for(scan, request) or request.detector,
                settings=request.settings,
                seed=request.seed,
                device=request.device,
                name=request.name,
                force=request.force,
                machine=self._machine,
            )
        )

    def _choice_for(self, scan: Scan, request: LearnRequest) -> Choice | None:
        """What was chosen for this folder a moment ago, where nothing asks for another look."""
        from inspector_core.detectors import AUTOMATIC

        if request.detector != AUTOMATIC or self._chosen is None or request.settings:
            return None
        known, choice = self._chosen
        as_it_was = known is scan and request.seed == 0 and request.device == self._device
        return choice if as_it_was else None

    def add_weights(self, file: Path, name: str) -> Job[str]:
        """Take in a file of pretrained weights; gives the name of its network.

        name : which one it is, empty to find out from the file.
        """
        from inspector_core.features import weights

        yield Progress("Adding weights")
        try:
            return weights.add(file, name or None).entry.name
        except WeightsError as error:
            cure = error.cure.replace("name it with --as", "choose which network it is")
            cure = cure.replace("use --force", "run `relief weights add FILE --force`")
            raise WeightsError(error.message, cure=cure) from error

    def open_recipe(self, folder: Path) -> Job[Recipe]:
        """Read and verify a recipe."""
        from inspector_core.recipe import open_recipe

        yield Progress("Opening the recipe")
        return open_recipe(folder)

    def open_results(self, folder: Path) -> Job[tuple[ResultStore, tuple[Result, ...]]]:
        """Results that were stored by an earlier inspection."""
        from inspector_core.store import ResultStore

        yield Progress("Opening the results")
        store = ResultStore.open(folder)
        return store, store.results()

    def inspect(
        self, refs: Sequence[SampleRef], recipe: Recipe, store: ResultStore
    ) -> Job[tuple[Result, ...]]:
        """Inspect parts; each step that finished one carries its result."""
        from inspector_core import engine

        return (
            yield from engine.inspect(
                refs, recipe, store=store, device=self._device, machine=self._machine
            )
        )

    def evaluate(self, request: EvaluationRequest, recipe: Recipe) -> Job[Evaluation]:
        """Compare with the truth; each step that inspected a part carries its result."""
        from app.worker.evaluating import evaluated

        yield Progress("Evaluating")
        return (yield from evaluated(request, self._ready(recipe)))

    def export_evaluation(
        self, outcome: Evaluation, recipe: Recipe, request: EvaluationExport
    ) -> Job[tuple[Path, ...]]:
        """Write an evaluation as a new folder."""
        from app.worker.evaluation_files import export

        return (yield from export(outcome, recipe, request))

    def open_part(
        self,
        ref: SampleRef,
        recipe: Recipe | None,
        result: Result | None,
        store: ResultStore | None,
    ) -> Job[OpenPart]:
        """Load a part, with its maps from the store where it was inspected."""
        from app.worker.opening import opened

        maps = None if result is None or store is None or result.error else store.maps(ref.id)
        yield Progress("Opening")
        return opened(ref, result, maps, None if recipe is None else self._way(recipe))

    def explain(
        self, part: OpenPart, recipe: Recipe, pixel: tuple[int, int]
    ) -> Job[Explanation | None]:
        """What is unusual at a pixel (x, y), and which good part is nearest there."""
        yield Progress("Comparing")
        if part.registered is None:
            return None
        return self._ready(recipe).scorer.explain(part.registered, pixel)

    def export(self, inspection: Inspection, request: ExportRequest) -> Job[tuple[Path, ...]]:
        """Decide every part at the limits in force, then write the report on that."""
        from app.worker.redecide import redecided
        from inspector_core.reports import export
        from inspector_core.reports.material import report_of

        results = yield from redecided(inspection, request.limits)
        model = report_of(
            results,
            inspection.recipe,
            inspection.refs.values(),
            inspection.store,
            title=request.title,
        )
        return (yield from export(model, request.folder, request.formats, force=request.force))

    def keep_limits(
        self, inspection: Inspection, limits: Thresholds
    ) -> Job[tuple[Recipe, tuple[Result, ...]]]:
        """Write the limits into the recipe; gives it back with the results decided at them."""
        from app.worker.redecide import redecided
        from inspector_core.recipe import save, with_thresholds

        recipe = inspection.recipe
        if recipe.path is None:
            raise RecipeError("the recipe was never saved", cure="learn again")
        changed = with_thresholds(recipe, limits)
        results = yield from redecided(replace(inspection, recipe=changed), limits)
        kept = save(changed, recipe.path, force=True)
        return kept, tuple(
            replace(result, thresholds=limits, recipe_sha256=kept.sha256) for result in results
        )

    def _way(self, recipe: Recipe) -> Way:
        from app.worker.way import Way

        if self._known_way is None or self._known_way.recipe.sha256 != recipe.sha256:
            self._known_way = Way.of(recipe)
        return self._known_way

    def _ready(self, recipe: Recipe) -> Inspector:
        from inspector_core.engine import Inspector

        if self._inspector is None or self._inspector.recipe.sha256 != recipe.sha256:
            self._inspector = Inspector(recipe, self._device, self._machine)
        return self._inspector
