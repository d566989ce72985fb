"""Asks the lane for evaluations and their export; what they found out is in the evaluation model."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from app.looking import Looking
from app.model.evaluation import EvaluationModel
from app.model.session import Session
from app.stores import Stores
from app.worker.jobs import Engine, EvaluationExport
from app.worker.tickets import Desk
from inspector_core.progress import Job, Progress
from inspector_core.types import Result

if TYPE_CHECKING:
    from inspector_core.evaluation import Evaluation


class Evaluating(QObject):
    """One evaluation at a time.

    running_changed : an evaluation was asked for, or came to its end in whatever way.
    exported(paths) : an evaluation was written.
    """

    running_changed = Signal()
    exported = Signal(object)

    def __init__(
        self,
        engine: Engine,
        desk: Desk,
        session: Session,
        model: EvaluationModel,
        looking: Looking,
        stores: Stores,
    ) -> None:
        super().__init__(session)
        self._engine = engine
        self._desk = desk
        self._session = session
        self._model = model
        self._looking = looking
        self._stores = stores
        self._is_running = False
        desk.work_ended.connect(lambda: self._set_running(False))

    @property
    def is_running(self) -> bool:
        return self._is_running

    def evaluate(self, scope: str = "all") -> None:
        """Compare the shown parts that are labelled with the truth; results arrive one by one."""
        recipe, refs = self._session.recipe, self._session.refs
        if recipe is None or not any(ref.label is not None for ref in refs):
            return
        source = self._looking.store
        known = {result.id: result for result in self._session.results}
        store, outdated = self._stores.for_recipe(recipe)

        def evaluated() -> Job[Evaluation]:
            from app.worker.evaluating import EvaluationRequest

            request = EvaluationRequest(refs, known, source, store, scope)
            try:
                return (yield from self._engine.evaluate(request, recipe))
            finally:
                self._stores.discard(outdated)

        self._set_running(True)
        self._desk.work("Evaluating", evaluated, self._model.set, self._step)

    def export(self, request: EvaluationExport) -> None:
        """Write the evaluation that is shown."""
        outcome, recipe = self._model.outcome, self._session.recipe
        if outcome is not None and recipe is not None:
            self._desk.work(
                "Writing the evaluation",
                lambda: self._engine.export_evaluation(outcome, recipe, request),
                self.exported.emit,
            )

    def _step(self, progress: Progress) -> None:
        result = getattr(progress, "result", None)
        if isinstance(result, Result):
            self._session.add_result(result)

    def _set_running(self, running: bool) -> None:
        if running != self._is_running:
            self._is_running = running
            self.running_changed.emit()
