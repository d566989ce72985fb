"""Where a report gets its pictures from: the parts' own files and the result store, read again."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from inspector_core.geometry.prepare import PrepareSettings, prepare
from inspector_core.recipe import Recipe
from inspector_core.reports.model import PartMaterial, ReportModel, build
from inspector_core.settings import build as settings_from
from inspector_core.settings import declared
from inspector_core.store import ResultStore
from inspector_core.types import Result, SampleRef


def report_of(
    results: Sequence[Result],
    recipe: Recipe,
    refs: Iterable[SampleRef],
    store: ResultStore | None,
    *,
    title: str = "Inspection report",
) -> ReportModel:
    """The report on these results, drawn from the parts that `refs` name and from stored maps."""
    return build(results, recipe, material_of(refs, recipe, store), title=title)


def material_of(
    refs: Iterable[SampleRef], recipe: Recipe, store: ResultStore | None
) -> Callable[[str], PartMaterial]:
    """Function from a part's id to what a report draws of it; it raises what loading raises.

    store : has the maps; None = a report without maps.
    """
    known = {ref.id: ref for ref in refs}
    names = {entry.name for entry in declared(PrepareSettings)}
    chosen = {name: value for name, value in recipe.prepare.items() if name in names}
    settings = settings_from(PrepareSettings, chosen)

    def load(part_id: str) -> PartMaterial:
        part = prepare(known[part_id].load(), settings, recipe.seed)
        maps = None if store is None else store.maps(part_id)
        return PartMaterial(part.sample, maps, part.foreground, part.gain)

    return load
