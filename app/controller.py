"""What the window can do, without widgets: requests to the lane, answers to the models."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Signal

from app.evaluating import Evaluating
from app.looking import Looking
from app.model.current import CurrentPart
from app.model.evaluation import EvaluationModel
from app.model.loader import PartLoader
from app.model.messages import Entry, MessageList
from app.model.part_list import PartList
from app.model.places import Places
from app.model.recent import Recent
from app.model.selection import SelectionModel
from app.model.session import Facts, Session
from app.model.thresholds import ThresholdModel
from app.model.undo import UndoStack
from app.stores import Stores
from app.words import about_folder, about_scan, learnt_from
from app.worker.jobs import Engine, ExportRequest, Inspection, LearnRequest
from app.worker.lane import Lane, Urgency
from app.worker.sentences import Failure
from app.worker.tickets import Desk
from inspector_core.assets import sample_parts
from inspector_core.detectors import AUTOMATIC
from inspector_core.progress import Job, Progress
from inspector_core.types import Result, SampleRef, Scan

if TYPE_CHECKING:
    from app.model.automatic import AutomaticModel
    from app.model.weights import WeightsModel
    from inspector_core.recipe import Recipe
    from inspector_core.store import ResultStore

SAMPLE_RECIPE = "sample-casting"


class Controller(QObject):
    """Owns the models and the lane.

    exported(paths) : a report was written.
    """

    exported = Signal(object)

    def __init__(self, engine: Engine, places: Places, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.engine = engine
        self.places = places
        self.session = Session(self)
        self.undo = UndoStack(self)
        self.limits = ThresholdModel(self.session, self.undo)
        self.parts = PartList(self.session, self.limits)
        self.evaluation = EvaluationModel(self.session, self.limits)
        self.selection = SelectionModel(self)
        self.loader = PartLoader(self)
        self.current = CurrentPart(self.loader, self.limits, self.selection)
        self.messages = MessageList(self)
        self.recent = Recent(places.config, self)
        self.lane = Lane(self)
        self.desk = Desk(self.lane, self)
        self._weights: WeightsModel | None = None
        self._is_prepared = False
        self.looking = Looking(
            engine,
            self.desk,
            self.session,
            self.parts,
            self.loader,
            self.current,
            self.selection,
        )
        self._stores = Stores(places, self.session, self.looking)
        self.evaluating = Evaluating(
            engine,
            self.desk,
            self.session,
            self.evaluation,
            self.looking,
            self._stores,
        )
        self._connect()

    def _connect(self) -> None:
        self.desk.work_queued.connect(self._work_queued)
        self.desk.work_started.connect(self.session.start)
        self.desk.progressed.connect(self._progressed)
        self.desk.work_failed.connect(self.report_failure)
        self.desk.work_cancelled.connect(self._work_cancelled)
        self.desk.work_ended.connect(self.session.finish)
        self.looking.failed.connect(self.report_failure)

    def start(self) -> None:
        """Start the lane; it imports nothing heavy yet."""
        self.lane.start()

    def prepare_engine(self) -> None:
        """Import what the engine stands on: call it after the window was painted."""
        if self._is_prepared:
            return
        self._is_prepared = True
        self.desk.look(
            "Preparing the engine",
            self.engine.prepare,
            lambda found: self.session.set_device(*found),
            failed=self.report_failure,
            urgency=Urgency.PREPARE,
        )

    def facts(self) -> Facts:
        """What decides which actions make sense now."""
        session, current = self.session, self.session.current
        refs = () if session.scan is None else session.scan.refs
        return Facts(
            has_folder=session.scan is not None,
            n_parts=len(session.refs),
            n_good=sum(ref.label == "good" for ref in refs),
            n_labelled=sum(ref.label is not None for ref in session.refs),
            has_recipe=session.recipe is not None,
            n_results=len(session.results),
            has_evaluation=self.evaluation.outcome is not None,
            is_busy=session.busy is not None,
            has_part=current != "",
            has_previous=bool(self.parts.neighbour(current, -1)),
            has_next=bool(self.parts.neighbour(current, 1)),
            n_defects=len(self.selection.numbers),
            limits_moved=self.limits.is_preview,
            can_undo=bool(self.undo.undo_name),
            can_redo=bool(self.undo.redo_name),
        )

    @property
    def weights(self) -> WeightsModel:
        """Pretrained networks on this machine; made when it is first needed, the start needs none."""
        if self._weights is None:
            from app.model.weights import WeightsModel

            self._weights = WeightsModel(self)
            self._weights.asked.connect(self._add_weights)
            self.desk.work_ended.connect(self._weights.stopped)
        return self._weights

    # every request below answers at once; its outcome arrives through the models

    def open_folder(
        self,
        folder: Path,
        then: Callable[[], None] = lambda: None,
        layout: str | None = None,
        options: Mapping[str, Any] | None = None,
    ) -> None:
        """Scan a folder and show its parts; the recipe stays."""

        def done(scan: Scan) -> None:
            self._take_scan(scan)
            then()

        self.desk.work(
            "Reading the folder", lambda: self.engine.scan(folder, layout, options), done
        )

    def open_inspected(
        self, folder: Path, recipe: Path, results: Path, then: Callable[[], None] = lambda: None
    ) -> None:
        """Show a folder with the results that were stored by an earlier inspection."""

        def opened() -> Job[tuple[Scan, Recipe, ResultStore, tuple[Result, ...]]]:
            scan = yield from self.engine.scan(folder)
            learnt = yield from self.engine.open_recipe(recipe)
            store, stored = yield from self.engine.open_results(results)
            return scan, learnt, store, stored

        def done(found: tuple[Scan, Recipe, ResultStore, tuple[Result, ...]]) -> None:
            scan, learnt, store, stored = found
            self.session.set_recipe(learnt)
            self._take_scan(scan, stored, store)
            then()

        self.desk.work("Reading the folder", opened, done)

    def open_file(self, file: Path) -> None:
        """Scan the folder of the part that a file belongs to, and show that part."""

        def done(found: tuple[Scan, str]) -> None:
            scan, part_id = found
            self._take_scan(scan)
            ref = self.session.ref(part_id)
            if ref is not None and self.parts.row(part_id) < 0:
                self.session.set_split(ref.split)
            self.session.set_current(part_id)

        self.desk.work("Reading the folder", lambda: self.engine.scan_file(file), done)

    def open_recipe(self, folder: Path) -> None:
        """Verify a recipe and use it from now on."""

        def done(recipe: Recipe) -> None:
            self.session.set_recipe(recipe)
            self.recent.add(folder, "recipe", learnt_from(recipe))

        self.desk.work("Opening the recipe", lambda: self.engine.open_recipe(folder), done)

    def choose_detector(self, model: AutomaticModel) -> None:
        """Look at a few good parts of the folder; the model gets what they choose."""
        scan = self.session.scan
        if scan is not None:
            self.desk.look(
                "Looking at the good parts",
                lambda: self.engine.choose(scan),
                model.answer,
                failed=lambda failure: model.fail(f"{failure.sentence} {failure.cure}".strip()),
                urgency=Urgency.CHOICE,
            )

    def learn(self, request: LearnRequest, then: Callable[[], None] = lambda: None) -> None:
        """Learn from the folder's good parts and use the recipe from now on."""
        scan = self.session.scan
        if scan is None:
            return

        def done(recipe: Recipe) -> None:
            self.session.set_recipe(recipe)
            self._remember_folder()
            then()

        self.desk.work("Learning", lambda: self.engine.learn(scan, request), done)

    def inspect(
        self, refs: Sequence[SampleRef] | None = None, then: Callable[[], None] = lambda: None
    ) -> None:
        """Inspect parts, all that are listed when none are named; results arrive one by one."""
        recipe = self.session.recipe
        chosen = tuple(self.session.refs if refs is None else refs)
        if recipe is None or not chosen:
            return
        if refs is None:
            self.session.clear_results()
        store, outdated = self._stores.for_recipe(recipe)

        def inspected() -> Job[tuple[Result, ...]]:
            self._stores.discard(outdated)
            return (yield from self.engine.inspect(chosen, recipe, store))

        def step(progress: Progress) -> None:
            result = getattr(progress, "result", None)
            if isinstance(result, Result):
                self.session.add_result(result)

        self.desk.work("Inspecting", inspected, lambda _: then(), step)

    def try_sample(self, then: Callable[[], None] = lambda: None) -> None:
        """Learn the bundled part and inspect its test parts."""
        request = LearnRequest(
            out=self.places.recipes / SAMPLE_RECIPE,
            name=SAMPLE_RECIPE,
            detector=AUTOMATIC,
            force=True,
        )
        self.open_folder(
            sample_parts(), then=lambda: self.learn(request, then=lambda: self.inspect(then=then))
        )

    def export(self, request: ExportRequest) -> None:
        """Write a report of all results at the limits in force."""
        inspection = self._inspection()
        if inspection is not None:
            self.desk.work(
                "Writing the report",
                lambda: self.engine.export(inspection, request),
                self.exported.emit,
            )

    def keep_limits(self) -> None:
        """Fix the limits in force: write them into the recipe."""
        inspection, limits = self._inspection(), self.limits.current
        if inspection is None:
            return

        def done(kept: tuple[Recipe, tuple[Result, ...]]) -> None:
            recipe, results = kept
            self._stores.adopt(recipe)
            self.session.set_recipe(recipe)
            self.session.set_results(results)

        self.desk.work(
            "Writing the recipe", lambda: self.engine.keep_limits(inspection, limits), done
        )

    def cancel(self) -> None:
        """Stop the work after the step in hand."""
        self.session.stopping()
        self.lane.cancel()

    def step_part(self, offset: int) -> None:
        """Show the part `offset` rows further in the filmstrip."""
        part_id = self.parts.neighbour(self.session.current, offset)
        if part_id:
            self.session.set_current(part_id)

    def report_failure(self, failure: Failure) -> None:
        """Put a problem into the message panel."""
        entry = Entry("problem", failure.what, failure.sentence, failure.cure, failure.details)
        self.messages.add(entry)

    def close(self, meanwhile: Callable[[], None] | None = None) -> bool:
        """Cancel, end the lane, remove scratch files; False when a step would not end in time."""
        self.looking.stop()
        ended = self.lane.close(meanwhile=meanwhile)
        if ended:
            self._stores.close()
        return ended

    def _add_weights(self, file: Path, name: str) -> None:
        model = self.weights

        def failed(failure: Failure) -> None:
            model.refused(f"{failure.sentence} {failure.cure}".strip())

        self.desk.work(
            "Adding weights",
            lambda: self.engine.add_weights(file, name),
            model.added,
            failed=failed,
        )

    def _take_scan(
        self, scan: Scan, results: Sequence[Result] = (), store: ResultStore | None = None
    ) -> None:
        self.messages.clear_notes()
        self.loader.show("")
        self.current.close()
        self.session.set_scan(scan)
        if store is not None:
            self.looking.store = store
            self.session.set_results(results)
        note = about_scan(scan)
        if note is not None:
            self.messages.add(note)
        self._remember_folder()
        self.session.set_current(self.parts.id_at(0))

    def _remember_folder(self) -> None:
        scan, recipe = self.session.scan, self.session.recipe
        if scan is not None and Path(scan.root) != sample_parts():
            self.recent.add(Path(scan.root), "folder", about_folder(scan, recipe))

    def _inspection(self) -> Inspection | None:
        session = self.session
        if session.recipe is None or not session.results:
            return None
        refs = {ref.id: ref for ref in session.scan.refs} if session.scan else {}
        return Inspection(session.recipe, refs, session.results, self.looking.store)

    def _work_queued(self, what: str) -> None:
        if self.session.busy is None:
            self.session.start(what)

    def _progressed(self, progress: Progress) -> None:
        self.session.advance(progress.stage, progress.done, progress.total)
        if progress.note:
            self.messages.add(Entry("note", progress.stage, progress.note))

    def _work_cancelled(self) -> None:
        done = len(self.session.results)
        kept = f" {done} results are kept." if done else ""
        self.messages.add(Entry("note", "Cancelled", f"The work was stopped.{kept}"))
