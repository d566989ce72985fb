"""An evaluation that takes the maps of parts inspected before from the store instead of scoring again."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from inspector_core.data.identity import duplicates
from inspector_core.engine import Inspected, Inspector, scored
from inspector_core.evaluation import Evaluation, FailedPart, ScoredPart, evaluation
from inspector_core.loading import Loaded, loaded
from inspector_core.progress import Job
from inspector_core.recipe import Recipe
from inspector_core.store import ResultStore
from inspector_core.types import Result, SampleRef


@dataclass(frozen=True, slots=True)
class EvaluationRequest:
    """What is evaluated.

    refs : parts that are shown, labelled or not.   scope : "all" or "part", the pixels that count.
    known : results of this recipe by part id, maps in `source`.   store : takes the new results.
    """

    refs: tuple[SampleRef, ...]
    known: Mapping[str, Result]
    source: ResultStore | None
    store: ResultStore
    scope: str = "all"


def evaluated(request: EvaluationRequest, inspector: Inspector) -> Job[Evaluation]:
    """Figures over the labelled parts that the recipe was not made from.

    Yields `Inspected` with every result that was not known before.
    """
    recipe = inspector.recipe
    refs, notes = yield from _held_out(request.refs, recipe)
    parts = _Parts(refs, inspector, request)
    job = evaluation(
        parts, scope=request.scope, recipe_facts=inspector.facts(), seed=recipe.seed, notes=notes
    )
    try:
        while True:
            try:
                step = next(job)
            except StopIteration as end:
                outcome: Evaluation = end.value
                return outcome
            yield step
            while parts.fresh:
                yield Inspected(step.stage, step.done, step.total, "", parts.fresh.popleft())
    finally:
        job.close()


@dataclass(slots=True)
class _Parts:
    """The parts as they are asked for; sized, for the progress. fresh : results made meanwhile."""

    refs: Sequence[SampleRef]
    inspector: Inspector
    request: EvaluationRequest
    fresh: deque[Result] = field(default_factory=deque)

    def __len__(self) -> int:
        return len(self.refs)

    def __iter__(self) -> Iterator[ScoredPart | FailedPart]:
        for item in loaded(self.refs, self.inspector.context.prepare):
            result = self._stored(item) or self._scored(item)
            yield scored(item, result)

    def _stored(self, item: Loaded) -> Result | None:
        source, store = self.request.source, self.request.store
        known = self.request.known.get(item.ref.id)
        if source is None or known is None or known.error or item.error is not None:
            return None
        maps = source.maps(known.id)
        if maps is None:
            return None
        result = replace(known, maps=maps)
        if store is not source:
            store.write(result)
        return result

    def _scored(self, item: Loaded) -> Result:
        result = self.inspector.result(item)
        self.request.store.write(result)
        self.fresh.append(result.without_maps())
        return result


def _held_out(refs: Sequence[SampleRef], recipe: Recipe) -> Job[tuple[list[SampleRef], list[str]]]:
    """The labelled parts without those that the recipe was made from, and what to say about the rest."""
    made_from = {*recipe.learn_parts, *recipe.calibration.parts}
    copies = {
        ref.id
        for group in (yield from duplicates(refs))
        if any(ref.id in made_from for ref in group)
        for ref in group
    }
    taken = made_from | copies
    known = [ref for ref in refs if ref.id in taken]
    kept = [ref for ref in refs if ref.id not in taken and ref.label is not None]
    unlabelled = len(refs) - len(known) - len(kept)
    notes = []
    if known:
        notes.append(
            f"{_parts(len(known))} left out: the recipe was learnt from them or from copies of them, "
            "or its limits were set with them"
        )
    if unlabelled:
        notes.append(
            f"{_parts(unlabelled)} left out: neither labelled good nor by a type of defect"
        )
    return kept, notes


def _parts(count: int) -> str:
    return "1 part is" if count == 1 else f"{count:,} parts are"
