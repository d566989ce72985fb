"""Undo and redo with names that a menu can show: "Undo limit 3.41 → 3.20"."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from PySide6.QtCore import QObject, QTimer, Signal

DEPTH = 100
GESTURE_MS = 800
"""A pause of this length ends a gesture: held keys are one step, separate ones are several."""


@dataclass(frozen=True, slots=True)
class Step:
    """One change that can be taken back.

    key : steps with one key that follow each other in one gesture become one step.
    apply : puts a value in place, the one before or the one after.
    describe : the name in the menu, from the values before and after.
    """

    key: str
    before: Any
    after: Any
    apply: Callable[[Any], None]
    describe: Callable[[Any, Any], str]

    @property
    def name(self) -> str:
        return self.describe(self.before, self.after)


class UndoStack(QObject):
    """The last hundred steps; `changed` says that names or availability differ now."""

    changed = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._done: list[Step] = []
        self._undone: list[Step] = []
        self._open = False
        self._pause = QTimer(self, singleShot=True, interval=GESTURE_MS)
        self._pause.timeout.connect(self.seal)

    def push(self, step: Step) -> None:
        """Remember a change that was just made; within an open gesture it extends the last one."""
        if self._open and self._done and self._done[-1].key == step.key:
            step = replace(step, before=self._done.pop().before)
        self._undone.clear()
        self._open = True
        self._pause.start()
        if step.before != step.after:
            self._done.append(step)
            del self._done[:-DEPTH]
        self.changed.emit()

    def seal(self) -> None:
        """End the gesture: the next change is a step of its own."""
        self._open = False
        self._pause.stop()

    def before_gesture(self, key: str) -> Any:
        """The value before the gesture that is going on under this key, None outside of one."""
        if self._open and self._done and self._done[-1].key == key:
            return self._done[-1].before
        return None

    def undo(self) -> None:
        """Take the last step back."""
        if self._done:
            step = self._done.pop()
            self._undone.append(step)
            self.seal()
            step.apply(step.before)
            self.changed.emit()

    def redo(self) -> None:
        """Make the last step taken back again."""
        if self._undone:
            step = self._undone.pop()
            self._done.append(step)
            self.seal()
            step.apply(step.after)
            self.changed.emit()

    def clear(self) -> None:
        """Forget everything, when another recipe gives the values another meaning."""
        if self._done or self._undone:
            self._done.clear()
            self._undone.clear()
            self.changed.emit()

    @property
    def undo_name(self) -> str:
        """Name of what undo would take back, empty when there is nothing."""
        return self._done[-1].name if self._done else ""

    @property
    def redo_name(self) -> str:
        """Name of what redo would make again, empty when there is nothing."""
        return self._undone[-1].name if self._undone else ""
