"""What an evaluation found out, and what the limits in force make of the parts behind it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QObject, Signal

from app.model.part_list import Subset
from app.model.session import Session
from app.model.thresholds import VERDICTS, ThresholdModel, verdict_codes
from inspector_core.decision.verdict import reservation
from inspector_core.types import Verdict

if TYPE_CHECKING:
    from inspector_core.evaluation import Evaluation
    from inspector_core.recipe import Recipe

JUDGED = (Verdict.ACCEPT, Verdict.REVIEW, Verdict.REJECT)
"""Columns of the confusion matrix."""
KINDS = {False: "good parts", True: "defective parts"}
"""Rows of the confusion matrix: whether the parts are defective, and their name."""
DECIDES = "fused"
"""The map whose part score is compared with the limits."""

Cell = tuple[bool, Verdict | None]
"""Defective or not, and the verdict; None = the whole row."""


class EvaluationModel(QObject):
    """One evaluation of the open folder with the recipe in use; forgotten when either changes.

    changed : another evaluation, or none.   counts_changed : the confusion matrix differs now.
    """

    changed = Signal()
    counts_changed = Signal()

    def __init__(self, session: Session, limits: ThresholdModel) -> None:
        super().__init__(session)
        self._session = session
        self._limits = limits
        self._outcome: Evaluation | None = None
        self._recipe: Recipe | None = None
        self._split = ""
        self._ids: list[str] = []
        self._scores = np.zeros(0)
        self._bad = np.zeros(0, bool)
        self._trusted = np.zeros(0, bool)
        self._counts: dict[Cell, int] = {}
        session.scan_changed.connect(self.clear)
        session.recipe_changed.connect(self._take_recipe)
        limits.changed.connect(self._count)

    @property
    def outcome(self) -> Evaluation | None:
        return self._outcome

    @property
    def split(self) -> str:
        """The split of the folder that was evaluated."""
        return self._split

    def set(self, outcome: Evaluation) -> None:
        """Take over an evaluation of the parts that are shown with the recipe in use."""
        recipe = self._session.recipe
        judged = () if recipe is None else recipe.judged
        scored = [part for part in outcome.parts if DECIDES in part.scores]
        self._outcome, self._recipe, self._split = outcome, recipe, self._session.split
        self._ids = [part.id for part in scored]
        self._scores = np.array([part.scores[DECIDES] for part in scored], np.float64)
        self._bad = np.array([part.bad for part in scored], bool)
        whole = [not reservation(part.scores, judged) for part in scored]
        self._trusted = np.array(whole, bool) & self._limits.trusted
        self._count()
        self.changed.emit()

    def clear(self) -> None:
        """Forget the evaluation."""
        if self._outcome is not None:
            self._outcome, self._recipe = None, None
            self._ids, self._counts = [], {}
            self._scores = np.zeros(0)
            self._bad = self._trusted = np.zeros(0, bool)
            self.changed.emit()

    @property
    def counts(self) -> Mapping[Cell, int]:
        """Scored parts by truth and by verdict at the limits in force."""
        return self._counts

    def total(self, bad: bool) -> int:
        """Scored parts that are defective, or good."""
        return int((self._bad == bad).sum())

    def scores(self, bad: bool) -> npt.NDArray[np.float64]:
        """Part scores of the defective or the good parts, in times the usual."""
        return self._scores[self._bad == bad]

    def subset(self, bad: bool) -> Subset:
        """The defective or the good parts, as a filter takes them."""
        places = np.flatnonzero(self._bad == bad).tolist()
        return Subset(KINDS[bad], frozenset(self._ids[place] for place in places))

    def rates(self) -> dict[str, tuple[float, float]]:
        """Share of good and of bad parts at or above each limit in force; empty without both kinds."""
        if not (self.total(False) and self.total(True)):
            return {}
        limits = self._limits.current
        return {
            name: (
                float((self.scores(False) >= value).mean()),
                float((self.scores(True) >= value).mean()),
            )
            for name, value in (("T1", limits.t1), ("T2", limits.t2))
        }

    def _take_recipe(self) -> None:
        # keeping other limits makes a new recipe of the same maps: the figures hold
        before, now = self._recipe, self._session.recipe
        if before is not None and now is not None and now.state is before.state:
            self._recipe = now
            self._count()
        else:
            self.clear()

    def _count(self) -> None:
        if self._outcome is None:
            return
        codes = verdict_codes(self._scores, self._trusted, self._limits.current)
        self._counts = {
            (bad, verdict): int(((self._bad == bad) & (codes == VERDICTS.index(verdict))).sum())
            for bad in KINDS
            for verdict in JUDGED
        }
        self.counts_changed.emit()
