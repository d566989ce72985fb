"""What the window works on: folder, recipe, results, the part that is shown, and whether it is busy."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from inspector_core.files import shown
from inspector_core.types import Result, SampleRef, Scan, Verdict

if TYPE_CHECKING:
    from inspector_core.recipe import Recipe

ALL_SPLITS = ""
_ESTIMATE_AFTER_S = 5.0


@dataclass(frozen=True, slots=True)
class Busy:
    """Work that is going on: what, how far, since when (seconds of a monotonic clock)."""

    what: str
    done: int = 0
    total: int = 0
    started: float = 0.0
    stopping: bool = False

    @property
    def share(self) -> float | None:
        """Done share in 0..1, or None where the total is unknown."""
        return min(1.0, self.done / self.total) if self.total > 0 else None

    def seconds_left(self, now: float) -> float | None:
        """An estimate after five seconds of work, None before."""
        elapsed = now - self.started
        if elapsed < _ESTIMATE_AFTER_S or not self.share:
            return None
        return elapsed * (1.0 - self.share) / self.share


@dataclass(frozen=True, slots=True)
class Facts:
    """What decides which actions make sense now."""

    has_folder: bool = False
    n_parts: int = 0
    n_good: int = 0
    n_labelled: int = 0
    has_recipe: bool = False
    n_results: int = 0
    has_evaluation: bool = False
    is_busy: bool = False
    has_part: bool = False
    has_previous: bool = False
    has_next: bool = False
    n_defects: int = 0
    limits_moved: bool = False
    can_undo: bool = False
    can_redo: bool = False
    evaluation_shown: bool = False
    heat_map_shown: bool = True
    linked: bool = True
    rail_shown: bool = True
    inspector_shown: bool = True
    full_screen: bool = False


class Session(QObject):
    """One folder with one recipe and what was found out with it.

    scan_changed : another folder, or none.   split_changed : another part of it is shown.
    results_changed : results were added or removed as a whole.   result_added : one id.
    current_changed : another part is shown (its id, or "").
    """

    scan_changed = Signal()
    split_changed = Signal()
    recipe_changed = Signal()
    results_changed = Signal()
    result_added = Signal(str)
    current_changed = Signal(str)
    busy_changed = Signal()
    engine_changed = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._scan: Scan | None = None
        self._refs: dict[str, SampleRef] = {}
        self._split = ALL_SPLITS
        self._shown: tuple[SampleRef, ...] = ()
        self._recipe: Recipe | None = None
        self._results: dict[str, Result] = {}
        self._current = ""
        self._busy: Busy | None = None
        self._device = ""
        self._device_note = ""

    @property
    def scan(self) -> Scan | None:
        return self._scan

    @property
    def folder(self) -> Path | None:
        return None if self._scan is None else Path(self._scan.root)

    @property
    def folder_name(self) -> str:
        """The folder's own name as it can be printed, or empty."""
        return "" if self._scan is None else shown(Path(self._scan.root).name or self._scan.root)

    @property
    def splits(self) -> tuple[str, ...]:
        """Names of the folder's splits in the order in which they were found."""
        return tuple(self.split_sizes)

    @property
    def split_sizes(self) -> Mapping[str, int]:
        """Number of parts of every split."""
        return Counter(ref.split for ref in (() if self._scan is None else self._scan.refs))

    @property
    def split(self) -> str:
        """The split that is shown, or `ALL_SPLITS`."""
        return self._split

    @property
    def refs(self) -> tuple[SampleRef, ...]:
        """The parts that are shown and that "Inspect all" inspects."""
        return self._shown

    def ref(self, part_id: str) -> SampleRef | None:
        return self._refs.get(part_id)

    def set_scan(self, scan: Scan | None) -> None:
        """Another folder: results and the shown part of the one before are forgotten."""
        self._scan = scan
        self._refs = {} if scan is None else {ref.id: ref for ref in scan.refs}
        self._split = "test" if "test" in self.splits else ALL_SPLITS
        self._shown = self._select()
        self._results = {}
        self._current = ""
        self.scan_changed.emit()
        self.results_changed.emit()
        self.current_changed.emit("")

    def set_split(self, split: str) -> None:
        """Show one split of the folder, or all with `ALL_SPLITS`."""
        if split != self._split and (split == ALL_SPLITS or split in self.splits):
            self._split = split
            self._shown = self._select()
            self.split_changed.emit()

    def _select(self) -> tuple[SampleRef, ...]:
        if self._scan is None:
            return ()
        return self._scan.select(self._split) if self._split else self._scan.refs

    @property
    def recipe(self) -> Recipe | None:
        return self._recipe

    def set_recipe(self, recipe: Recipe | None) -> None:
        """Another recipe: what the one before said about parts does not hold any more."""
        self._recipe = recipe
        self.clear_results()
        self.recipe_changed.emit()

    @property
    def results(self) -> tuple[Result, ...]:
        """Results in the order of the folder, maps left on disk."""
        return tuple(self._results[key] for key in self._refs if key in self._results)

    def result(self, part_id: str) -> Result | None:
        return self._results.get(part_id)

    def add_result(self, result: Result) -> None:
        """Keep a result; its maps are in the store."""
        self._results[result.id] = result.without_maps()
        self.result_added.emit(result.id)

    def set_results(self, results: Iterable[Result]) -> None:
        """Replace all results."""
        self._results = {result.id: result.without_maps() for result in results}
        self.results_changed.emit()

    def clear_results(self) -> None:
        if self._results:
            self._results = {}
            self.results_changed.emit()

    def with_verdict(self, verdict: Verdict) -> tuple[Result, ...]:
        """Results whose stored verdict is this one."""
        return tuple(result for result in self.results if result.verdict is verdict)

    @property
    def current(self) -> str:
        """Id of the part that is shown, or empty."""
        return self._current

    def set_current(self, part_id: str) -> None:
        if part_id != self._current and (part_id == "" or part_id in self._refs):
            self._current = part_id
            self.current_changed.emit(part_id)

    @property
    def busy(self) -> Busy | None:
        return self._busy

    def start(self, what: str) -> None:
        """Work began."""
        self._busy = Busy(what, started=time.monotonic())
        self.busy_changed.emit()

    def advance(self, what: str, done: int, total: int) -> None:
        """Work went on."""
        if self._busy is not None:
            changed = replace(self._busy, what=what, done=done, total=total)
            if changed != self._busy:
                self._busy = changed
                self.busy_changed.emit()

    def stopping(self) -> None:
        """The user asked to stop; the step in hand is finished first."""
        if self._busy is not None and not self._busy.stopping:
            self._busy = replace(self._busy, stopping=True)
            self.busy_changed.emit()

    def finish(self) -> None:
        """Work ended, in whatever way."""
        if self._busy is not None:
            self._busy = None
            self.busy_changed.emit()

    @property
    def device(self) -> str:
        """The device as people know it, empty until the engine is ready."""
        return self._device

    @property
    def device_note(self) -> str:
        """Why it is this device, in one sentence; may be empty."""
        return self._device_note

    def set_device(self, device: str, note: str = "") -> None:
        if (device, note) != (self._device, self._device_note):
            self._device, self._device_note = device, note
            self.engine_changed.emit()

    @property
    def seconds_per_part(self) -> float | None:
        """Median time that inspecting a part took, None before the first one."""
        times = sorted(sum(r.timings_s.values()) for r in self._results.values() if r.timings_s)
        return times[len(times) // 2] if times else None
