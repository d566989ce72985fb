"""How a folder is read: its layout, and what its reader has to be told (scale, unit, light)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

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
from app.views.settings_form import SettingsForm
from inspector_core.settings import Setting


class ReadingDialog(QDialog):
    """The answers are read with the properties after it was accepted.

    layouts : name and title of every reader.   settings_of : what can be set for a reader.
    chosen : the layout as which the folder was read.   problems : what was wrong, one sentence a line.
    """

    def __init__(
        self,
        layouts: Sequence[tuple[str, str]],
        settings_of: Callable[[str], Sequence[Setting]],
        chosen: str,
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
        self._form = SettingsForm(())
        self._area = QScrollArea()
        self._arrange("\n".join(problems))
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
        self._form = SettingsForm(self._settings_of(self.chosen))
        self._area.setWidget(self._form)
