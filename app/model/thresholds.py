"""The limits in force, and what they make of every part that has been inspected."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QObject, Signal

from app.model.session import Session
from app.model.undo import Step, UndoStack
from inspector_core.decision.thresholds import Promise, promise
from inspector_core.decision.verdict import is_trusted, reservation, verdict_of
from inspector_core.types import Calibration, Result, Thresholds, Verdict

STEP = 0.01
"""One step of a slider, a spin box or a bracket key, in times the usual."""
LOWEST = STEP
HIGHEST = 999.0

VERDICTS = (Verdict.ACCEPT, Verdict.REVIEW, Verdict.REJECT, Verdict.NOT_INSPECTED)
"""Verdicts in the order of their codes."""
NOT_SCORED = VERDICTS.index(Verdict.NOT_INSPECTED)


class ThresholdModel(QObject):
    """T1 and T2 in times the usual, as the recipe fixed them or as moved by hand.

    changed : the limits in force differ now.   calibration_changed : another recipe's limits.
    parts_changed : the scores that the limits are compared with differ now.
    """

    changed = Signal()
    calibration_changed = Signal()
    parts_changed = Signal()

    def __init__(self, session: Session, undo: UndoStack) -> None:
        super().__init__(session)
        self._session = session
        self._undo = undo
        session.recipe_changed.connect(self._take_recipe)
        session.scan_changed.connect(self._take_results)
        session.results_changed.connect(self._take_results)
        session.result_added.connect(self._take_result)
        self._calibration: Calibration | None = None
        self._trusted = True
        self._judged: tuple[str, ...] = ()
        self._fixed = Thresholds(1.0, 1.0)
        self._wish = self._fixed
        self._ids: list[str] = []
        self._rows: dict[str, int] = {}
        self._scores = np.zeros(0)
        self._known = np.zeros(0, bool)
        self._whole = np.zeros(0, bool)
        self._codes = np.zeros(0, np.int8)
        self._fixed_codes = np.zeros(0, np.int8)

    @property
    def calibration(self) -> Calibration | None:
        return self._calibration

    @property
    def current(self) -> Thresholds:
        """The limits in force: T1 as wished, but never above T2."""
        return self._wish

    @property
    def fixed(self) -> Thresholds:
        """The limits that the recipe carries."""
        return self._fixed

    @property
    def is_preview(self) -> bool:
        """True while the limits in force were moved by hand and are not the recipe's."""
        return self._calibration is not None and self._wish != self._fixed

    @property
    def is_provisional(self) -> bool:
        """True while fewer than twenty good parts were held out."""
        return self._calibration is not None and self._calibration.provisional

    @property
    def top(self) -> float:
        """Upper end of every display, twice the recipe's T2: fixed, never rescaled per part."""
        return 2.0 * self._fixed.t2

    @property
    def trusted(self) -> bool:
        """False when the recipe rests on too few good parts to accept anything."""
        return self._trusted

    def set_calibration(
        self,
        calibration: Calibration | None,
        *,
        trusted: bool = True,
        judged: tuple[str, ...] = (),
    ) -> None:
        """Take over a recipe's limits; moves made before lose their meaning and are forgotten.

        judged : modalities that a part needs before it is accepted.
        """
        self._calibration = calibration
        self._trusted = trusted
        self._judged = judged
        self._fixed = calibration.thresholds if calibration else Thresholds(1.0, 1.0)
        self._wish = self._fixed
        self._undo.clear()
        self._recode()
        self._fixed_codes = self._codes_at(self._fixed)
        self.calibration_changed.emit()
        self.changed.emit()

    def set_t1(self, value: float) -> None:
        """Move T1; it stops at T2."""
        value = min(max(LOWEST, value), self._wish.t2)
        self._move("T1", Thresholds(value, self._wish.t2))

    def set_t2(self, value: float) -> None:
        """Move T2; T1 gives way where it would lie above."""
        value = min(max(LOWEST, value), HIGHEST)
        self._move("T2", Thresholds(min(self._before_gesture_t1(), value), value))

    def step_t2(self, steps: int) -> None:
        """Move T2 by so many steps from the value that is shown, up or down."""
        self.set_t2((round(self._wish.t2 / STEP) + steps) * STEP)

    def back_to_recipe(self) -> None:
        """Return to the recipe's limits."""
        self._undo.seal()
        self._move("limits", self._fixed)
        self._undo.seal()

    def _before_gesture_t1(self) -> float:
        # dragging T2 below T1 and up again within one gesture brings T1 back
        before = self._undo.before_gesture("T2")
        return before.t1 if isinstance(before, Thresholds) else self._wish.t1

    def _move(self, name: str, wish: Thresholds) -> None:
        if self._calibration is None or wish == self._wish:
            return
        before, self._wish = self._wish, wish
        self._undo.push(Step(name, before, wish, self._set, _describe))
        self._recode()
        self.changed.emit()

    def _set(self, wish: Thresholds) -> None:
        if wish != self._wish:
            self._wish = wish
            self._recode()
            self.changed.emit()

    def promise(self) -> Promise | None:
        """The exact bound on false rejects that holds at the T2 in force."""
        if self._calibration is None:
            return None
        return promise(self._calibration.scores, self._wish.t2)

    def verdict(self, result: Result) -> Verdict:
        """What the limits in force say about a result."""
        if result.score is None or self._calibration is None:
            return result.verdict
        trusted = self._trusted and self._is_whole(result)
        return verdict_of(result.score, self._wish, trusted=trusted)

    @property
    def codes(self) -> npt.NDArray[np.int8]:
        """Index into `VERDICTS` of every part of the folder at the limits in force; see `row`."""
        return self._codes

    def row(self, part_id: str) -> int:
        """Row of a part in `codes`."""
        return self._rows[part_id]

    def counts(self) -> dict[Verdict, int]:
        """How many results each verdict has at the limits in force."""
        tally = np.bincount(self._codes[self._known], minlength=len(VERDICTS))
        return {word: int(tally[code]) for code, word in enumerate(VERDICTS)}

    def changes(self) -> tuple[str, ...]:
        """Ids of the parts whose verdict differs from the one at the recipe's limits."""
        return tuple(self._ids[row] for row in np.flatnonzero(self._codes != self._fixed_codes))

    def _take_recipe(self) -> None:
        recipe = self._session.recipe
        if recipe is None:
            self.set_calibration(None)
        else:
            trusted = is_trusted(recipe.calibration, recipe.learn_parts)
            self.set_calibration(recipe.calibration, trusted=trusted, judged=recipe.judged)

    def _take_results(self) -> None:
        refs = () if self._session.scan is None else self._session.scan.refs
        self._ids = [ref.id for ref in refs]
        self._rows = {name: row for row, name in enumerate(self._ids)}
        self._scores = np.full(len(refs), np.nan)
        self._known = np.zeros(len(refs), bool)
        self._whole = np.ones(len(refs), bool)
        for result in self._session.results:
            self._put(result)
        self._compare_all()

    def _take_result(self, part_id: str) -> None:
        result = self._session.result(part_id)
        if result is not None and part_id in self._rows:
            self._put(result)
            self._compare_all()

    def _put(self, result: Result) -> None:
        row = self._rows[result.id]
        self._known[row] = True
        self._whole[row] = self._is_whole(result)
        self._scores[row] = np.nan if result.score is None else result.score

    def _is_whole(self, result: Result) -> bool:
        """Whether the part was judged in everything that the recipe judges."""
        return not reservation(result.scores, self._judged)

    def _compare_all(self) -> None:
        self._recode()
        self._fixed_codes = self._codes_at(self._fixed)
        self.parts_changed.emit()

    def _recode(self) -> None:
        self._codes = self._codes_at(self._wish)

    def _codes_at(self, limits: Thresholds) -> npt.NDArray[np.int8]:
        return verdict_codes(self._scores, self._whole & self._trusted, limits)


def verdict_codes(
    scores: npt.NDArray[np.float64], trusted: npt.NDArray[np.bool_], limits: Thresholds
) -> npt.NDArray[np.int8]:
    """`verdict_of` for thousands of parts at once: index into `VERDICTS`; a test compares the two.

    scores : (n,), NaN = not inspected.   trusted : (n,) False where nothing can be accepted.
    """
    codes = np.where(scores >= limits.t2, 2, ((scores >= limits.t1) | ~trusted).astype(np.int8))
    return np.where(np.isnan(scores), NOT_SCORED, codes).astype(np.int8)


def _describe(before: Thresholds, after: Thresholds) -> str:
    if before.t2 != after.t2:
        return f"limit {before.t2:.2f} → {after.t2:.2f}"
    return f"review limit {before.t1:.2f} → {after.t1:.2f}"
