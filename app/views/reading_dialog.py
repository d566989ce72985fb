"""How a folder is read: its layout, and what its reader has to be told (scale, unit, light)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QFrame,
    QLabel,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from app.theme.apply import set_property, set_text_style
from app.theme.number_box import ChoiceBox
from app.theme.tokens import GAP_L, GAP_M, PADDING
from app.views.settings_form import SettingsForm, title_of
from inspector_core.settings import Setting

_MOST = 3
"""Problems that are repeated here; the message panel has them all."""


class ReadingDialog(QDialog):
    """The answers are read with the properties after it was accepted.

    layouts : name and title of every reader.   settings_of : what can be set for a reader.
    chosen, now : the layout and its settings as which the folder was read.
    problems : what was wrong, a sentence each.
    """

    def __init__(
        self,
        layouts: Sequence[tuple[str, str]],
        settings_of: Callable[[str], Sequence[Setting]],
        chosen: str,
        now: Mapping[str, Any],
        problems: Sequence[str],
        parent: QWidget,
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle("Reading settings")
        self._names = [name for name, _ in layouts]
        self._settings_of = settings_of
        self.layout_box = ChoiceBox()
        self.layout_box.addItems([title for _, title in layouts])
        self.layout_box.setAccessibleName("Layout of the folder")
        self._read_as, self._now = chosen, now
        self._problems = tuple(problems)
        self._form = SettingsForm(())
        self._area = QScrollArea()
        self._arrange(_some(self._problems))
        self.layout_box.currentIndexChanged.connect(self._show_settings)
        if chosen in self._names:
            self.layout_box.setCurrentIndex(self._names.index(chosen))
        self._show_settings()

    def _arrange(self, problems: str) -> None:
        words = QLabel(problems)
        set_text_style(words, "note", "2")
        words.setWordWrap(True)
        words.setVisible(bool(problems))
        self._area.setWidgetResizable(True)
        self._area.setFrameShape(QFrame.Shape.NoFrame)
        form = QFormLayout()
        form.setHorizontalSpacing(GAP_L)
        form.addRow("Layout", self.layout_box)
        read = QPushButton("Read again")
        set_property(read, "kind", "primary")
        read.setDefault(True)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        buttons.addButton(read, QDialogButtonBox.ButtonRole.AcceptRole)
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(PADDING, PADDING, PADDING, PADDING)
        layout.setSpacing(GAP_M)
        layout.addWidget(words)
        layout.addLayout(form)
        layout.addWidget(self._area, 1)
        layout.addWidget(buttons)
        self.resize(560, 560)

    @property
    def chosen(self) -> str:
        """Name of the chosen layout."""
        return self._names[self.layout_box.currentIndex()]

    @property
    def form(self) -> SettingsForm:
        return self._form

    @property
    def values(self) -> dict[str, Any]:
        """Settings that differ from their defaults."""
        return dict(self._form.values())

    def _show_settings(self) -> None:
        settings = self._settings_of(self.chosen)
        now = self._now if self.chosen == self._read_as else {}
        self._form = SettingsForm(settings, now)
        self._area.setWidget(self._form)
        self._go_to_what_is_asked_for(settings)

    def _go_to_what_is_asked_for(self, settings: Sequence[Setting]) -> None:
        """The first setting that a problem names gets the keyboard, so it is in sight too."""
        named = (
            entry.name
            for entry in settings
            if any(f"{title_of(entry)} = " in problem for problem in self._problems)
        )
        editor = self._form.editors.get(next(named, ""))
        if editor is not None:
            editor.setFocus()
            # the form gets its size when the dialog is shown
            QTimer.singleShot(0, editor, lambda: self._area.ensureWidgetVisible(editor))


def _some(problems: Sequence[str]) -> str:
    """The first problems as one text, the others counted."""
    more = len(problems) - _MOST
    return "\n".join([*problems[:_MOST], *([f"and {more:,} more"] if more > 0 else [])])
