"""Carries what the evaluation model says to its page, and what is asked there back."""

from __future__ import annotations

from PySide6.QtCore import QObject, QTimer

from app.controller import Controller
from app.model.evaluation import KINDS, Cell
from app.model.evaluation_words import matrix_missing, rate_words, state_words
from app.views.evaluation import EvaluationView
from inspector_core.types import Verdict


class EvaluationPresenter(QObject):
    """Connects the models with the evaluation page; owns neither."""

    def __init__(self, controller: Controller, view: EvaluationView) -> None:
        super().__init__(controller)
        self._controller = controller
        self._view = view
        self._soon = QTimer(self, singleShot=True, interval=0)
        self._soon.timeout.connect(self.show_counts)
        model, session = controller.evaluation, controller.session
        model.changed.connect(self._take_outcome)
        model.counts_changed.connect(self._soon.start)
        controller.limits.changed.connect(self._soon.start)
        for signal in (
            session.scan_changed,
            session.recipe_changed,
            session.split_changed,
            controller.evaluating.running_changed,
        ):
            signal.connect(self.show_state)
        controller.parts.counts_changed.connect(self.show_filter)
        view.matrix.pressed.connect(self._filter)
        view.matrix.released.connect(lambda: controller.parts.set_filter(None))
        view.scores.moved.connect(self._move)
        view.scores.released.connect(controller.undo.seal)
        view.scope_chosen.connect(controller.evaluating.evaluate)
        self.show_outcome()

    def show_outcome(self) -> None:
        """Another evaluation, or none."""
        outcome = self._controller.evaluation.outcome
        if outcome is not None:
            self._view.show_outcome(outcome)
            self.show_counts()
        self.show_state()

    def show_state(self) -> None:
        """What stands there while there is no evaluation."""
        controller = self._controller
        if (outcome := controller.evaluation.outcome) is not None:
            # a cancelled evaluation of other pixels leaves what was there
            self._view.show_scope(outcome.scope)
            return
        running = controller.evaluating.is_running
        message = state_words(controller.session, is_running=running)
        facts = controller.facts()
        can_start = facts.has_recipe and facts.n_labelled > 0 and not running
        self._view.show_message(message, can_start=can_start)

    def show_counts(self) -> None:
        """Matrix, rates, histogram and marks at the limits in force."""
        self._soon.stop()
        model, limits = self._controller.evaluation, self._controller.limits
        if model.outcome is None:
            return
        totals = {bad: model.total(bad) for bad in KINDS}
        self._view.show_counts(model.counts, totals, rate_words(model), matrix_missing(model))
        self._view.scores.show_scores(model.scores(False), model.scores(True), limits.top)
        self._view.scores.show_limits(limits.current)
        self._view.curves.show_marks(model.rates())
        self.show_filter()

    def show_filter(self) -> None:
        """Mark the cell whose parts the strip shows."""
        parts = self._controller.parts
        chosen: Cell | None = None
        if parts.subset is not None:
            bad = next(bad for bad, words in KINDS.items() if words == parts.subset.words)
            chosen = (bad, parts.filter)
        self._view.matrix.show_chosen(chosen)

    def _take_outcome(self) -> None:
        # the parts of the evaluation before are no subset of anything any more
        if self._controller.parts.subset is not None:
            self._controller.parts.set_filter(None)
        self.show_outcome()

    def _filter(self, bad: bool, verdict: Verdict | None) -> None:
        model, controller = self._controller.evaluation, self._controller
        controller.session.set_split(model.split)
        controller.parts.set_filter(verdict, model.subset(bad))

    def _move(self, name: str, value: float) -> None:
        limits = self._controller.limits
        (limits.set_t1 if name == "t1" else limits.set_t2)(value)
