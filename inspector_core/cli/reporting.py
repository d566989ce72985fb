"""From results to reports: what `inspect --out` and `demo` share."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from inspector_core.errors import SettingError

if TYPE_CHECKING:
    from inspector_core.cli.printing import Console
    from inspector_core.recipe import Recipe
    from inspector_core.reports.model import PartMaterial, ReportModel
    from inspector_core.store import ResultStore
    from inspector_core.types import Result, SampleRef

STORE = "results"
"""The result store's folder inside an output folder."""


def checked_formats(text: str) -> tuple[str, ...]:
    """Formats of a comma-separated list; SettingError names the known ones."""
    from inspector_core.reports import EXPORTERS

    wanted = tuple(dict.fromkeys(part.strip().lower() for part in text.split(",") if part.strip()))
    for name in wanted:
        if name not in EXPORTERS:
            raise SettingError(
                f"there is no format named {name}", cure=f"choose from {', '.join(EXPORTERS)}"
            )
    if not wanted:
        raise SettingError("--format names no format", cure=f"choose from {', '.join(EXPORTERS)}")
    return wanted


def report_of(
    results: Sequence[Result],
    recipe: Recipe,
    refs: Iterable[SampleRef],
    store: ResultStore | None,
    *,
    title: str = "Inspection report",
) -> ReportModel:
    """The report on these results; pictures and maps are read again while it is drawn."""
    from inspector_core.reports import build

    return build(results, recipe, _material(refs, recipe, store), title=title)


def write_reports(
    console: Console, model: ReportModel, folder: Path, formats: Sequence[str]
) -> tuple[Path, ...]:
    """Write the formats into a folder of ours; files of the same name are replaced."""
    from inspector_core.reports import export

    return console.run(export(model, folder, formats, force=True))


def _material(
    refs: Iterable[SampleRef], recipe: Recipe, store: ResultStore | None
) -> Callable[[str], PartMaterial]:
    known: Mapping[str, SampleRef] = {ref.id: ref for ref in refs}

    def load(part_id: str) -> PartMaterial:
        from inspector_core.engine import configure
        from inspector_core.geometry.prepare import prepare
        from inspector_core.reports.model import PartMaterial

        chosen = configure(recipe.detector, {**recipe.settings, **recipe.prepare})
        part = partial(prepare, settings=chosen.prepare, seed=recipe.seed)(known[part_id].load())
        maps = None if store is None else store.maps(part_id)
        return PartMaterial(part.sample, maps, part.foreground, part.gain)

    return load
