"""Where a report gets its pictures from: the parts' own files and the result store, read again."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from inspector_core.errors import InputError
from inspector_core.files import shown
from inspector_core.recipe import Recipe
from inspector_core.reports.model import PartMaterial, ReportModel, build
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

    store : has the maps; None = a report without maps. The maps say which pixels belong to the part,
    so it is not prepared again.
    """
    known = {ref.id: ref for ref in refs}
    gain = float(recipe.prepare.get("rgb_gain", 1.0))

    def load(part_id: str) -> PartMaterial:
        if part_id not in known:
            raise InputError(
                f"{shown(part_id)} is not among the parts", cure="scan its folder again"
            )
        maps = None if store is None else store.maps(part_id)
        return PartMaterial(known[part_id].load(), maps, gain=gain)

    return load
