"""Results as they are at other limits, from stored maps: what a report says is what the window shows."""

from __future__ import annotations

from dataclasses import replace

from app.worker.jobs import Inspection
from app.worker.way import Way
from inspector_core.errors import InputError
from inspector_core.loading import loaded
from inspector_core.progress import Job, Progress
from inspector_core.types import Result, Thresholds


def redecided(inspection: Inspection, limits: Thresholds) -> Job[tuple[Result, ...]]:
    """The results at these limits; those decided at them already stay as they are.

    Raises InputError when a part's files or stored maps cannot be read any more.
    """
    others = [r for r in inspection.results if not r.error and r.thresholds != limits]
    refs = [inspection.refs[result.id] for result in others]
    fresh: dict[str, Result] = {}
    way = Way.of(inspection.recipe)
    for item, result in zip(loaded(refs, way.prepare), others, strict=True):
        yield Progress("Deciding at the limits in force", len(fresh), len(others))
        maps = None if inspection.store is None else inspection.store.maps(result.id)
        if maps is None:
            raise InputError(f"the maps of {result.id} are gone", cure="inspect the parts again")
        decision = way.decider(item.part(), maps).at(limits)
        fresh[result.id] = replace(
            result,
            verdict=decision.verdict,
            reason=decision.reason,
            scores=decision.scores,
            p_value=decision.p_value,
            defects=decision.defects,
            thresholds=limits,
        )
    return tuple(
        fresh.get(result.id) or replace(result, thresholds=limits) for result in inspection.results
    )
