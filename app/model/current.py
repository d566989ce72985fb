"""The part that is shown, decided at the limits in force; all panes follow this one object."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer, Signal

from app.model.loader import PartLoader
from app.model.open_part import OpenPart
from app.model.part_view import Outline
from app.model.selection import SelectionModel
from app.model.thresholds import ThresholdModel
from inspector_core.types import Defect, Verdict

if TYPE_CHECKING:
    from inspector_core.decision.decide import Decision


class CurrentPart(QObject):
    """Holds the opened part and its decision; moves of the limits are folded into one per event turn.

    part_changed : another part is open, or the same one was read anew.
    decision_changed : verdict, defects or outlines differ now.
    """

    part_changed = Signal()
    decision_changed = Signal()

    def __init__(
        self, loader: PartLoader, limits: ThresholdModel, selection: SelectionModel
    ) -> None:
        super().__init__(limits)
        self._limits = limits
        self._selection = selection
        self._part: OpenPart | None = None
        self._decision: Decision | None = None
        self._outlines: list[Outline] = []
        self._soon = QTimer(self, singleShot=True, interval=0)
        self._soon.timeout.connect(self.decide)
        loader.opened.connect(self._open)
        limits.changed.connect(self._soon.start)

    @property
    def part(self) -> OpenPart | None:
        return self._part

    @property
    def decision(self) -> Decision | None:
        """The decision at the limits in force, None for a part without maps."""
        return self._decision

    @property
    def outlines(self) -> list[Outline]:
        return self._outlines

    @property
    def defects(self) -> tuple[Defect, ...]:
        return () if self._decision is None else self._decision.defects

    @property
    def verdict(self) -> Verdict | None:
        """The verdict at the limits in force; None for a part that was not inspected yet."""
        if self._decision is not None:
            return self._decision.verdict
        result = None if self._part is None else self._part.result
        return None if result is None else result.verdict

    def defect(self, number: int) -> Defect | None:
        """The defect of that number, None when there is none now."""
        return next((entry for entry in self.defects if entry.number == number), None)

    def close(self) -> None:
        """Show nothing."""
        if self._part is not None:
            self._part = None
            self.part_changed.emit()
            self.decide()

    def decide(self) -> None:
        """Decide anew at the limits in force, now."""
        self._soon.stop()
        limits = self._limits.current
        self._decision = None if self._part is None else self._part.decide(limits)
        if self._part is None:
            self._outlines = []
        else:
            self._outlines = self._part.outlines(self._decision, limits)
        self._selection.set_numbers(tuple(defect.number for defect in self.defects))
        self.decision_changed.emit()

    def _open(self, part: OpenPart) -> None:
        is_other = self._part is None or self._part.ref.id != part.ref.id
        self._part = part
        if is_other:
            self._selection.select(0)
        self.part_changed.emit()
        self.decide()
