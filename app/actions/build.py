"""From the action table to Qt's actions and menus."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from PySide6.QtCore import QObject
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QMenu, QWidget

from app.actions.table import ACTIONS, MENUS, Action, Commands
from app.model.session import Facts
from app.theme.icons import icon

_STANDARD = "std:"


def keys_of(action: Action) -> list[QKeySequence]:
    """The key sequences of an action; a standard one has those of the platform."""
    if action.shortcut.startswith(_STANDARD):
        standard = QKeySequence.StandardKey[action.shortcut.removeprefix(_STANDARD)]
        keys = QKeySequence.keyBindings(standard)
        return keys or [QKeySequence(_FALLBACK[standard])]
    return [QKeySequence(action.shortcut)] if action.shortcut else []


_FALLBACK = {
    QKeySequence.StandardKey.Quit: "Ctrl+Q",
    QKeySequence.StandardKey.Redo: "Ctrl+Y",
    QKeySequence.StandardKey.FullScreen: "F11",
}


def key_text(action: Action) -> str:
    """The first key as this platform writes it, empty without one."""
    keys = keys_of(action)
    return keys[0].toString(QKeySequence.SequenceFormat.NativeText) if keys else ""


class ActionSet(QObject):
    """All actions as QActions of one window."""

    def __init__(self, window: QWidget, commands: Commands) -> None:
        super().__init__(window)
        self._commands = commands
        self._by_id: dict[str, QAction] = {}
        for entry in ACTIONS:
            action = QAction(icon(entry.icon), entry.text, self)
            action.setObjectName(entry.id)
            action.setShortcuts(keys_of(entry))
            action.setCheckable(entry.is_on is not None)
            key = key_text(entry)
            action.setToolTip(
                f"{entry.text.rstrip('…')} ({key})" if key else entry.text.rstrip("…")
            )
            action.triggered.connect(partial(self._run, entry))
            window.addAction(action)
            self._by_id[entry.id] = action

    @property
    def by_id(self) -> Mapping[str, QAction]:
        """Id to action."""
        return self._by_id

    def __getitem__(self, action_id: str) -> QAction:
        return self._by_id[action_id]

    def refresh(self, facts: Facts, undo_name: str = "", redo_name: str = "") -> None:
        """Enable what makes sense now; undo and redo say what they would do."""
        for entry in ACTIONS:
            action = self._by_id[entry.id]
            action.setEnabled(entry.when(facts))
            if entry.is_on is not None:
                action.setChecked(entry.is_on(facts))
        self._by_id["edit.undo"].setText(f"Undo {undo_name}".rstrip())
        self._by_id["edit.redo"].setText(f"Redo {redo_name}".rstrip())

    def fill(self, menu: QMenu) -> None:
        """Add a submenu per group of the table."""
        for name in MENUS:
            submenu = menu.addMenu(name)
            for entry in ACTIONS:
                if entry.menu == name:
                    submenu.addAction(self._by_id[entry.id])

    def _run(self, entry: Action, _checked: bool = False) -> None:
        entry.run(self._commands)
