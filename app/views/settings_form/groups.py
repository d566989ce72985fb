"""Many settings in groups: the first is open, the others fold, a search finds any of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QLineEdit, QToolButton, QVBoxLayout, QWidget

from app.theme.apply import set_property
from app.theme.fonts import text_font
from app.theme.icons import icon
from app.theme.tokens import GAP_M
from app.views.settings_form.form import SettingsForm
from inspector_core.settings import Setting, Value


class _Group(QWidget):
    """A head that folds the form below it."""

    def __init__(self, title: str, settings: Sequence[Setting], *, is_open: bool) -> None:
        super().__init__()
        self._title = title
        self._count = len(settings)
        self._searched = False
        self.form = SettingsForm(settings)
        self.head = QToolButton()
        self.head.setCheckable(True)
        self.head.setChecked(is_open)
        self.head.setFont(text_font("strong"))
        self.head.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        set_property(self.head, "kind", "fold")
        self.head.toggled.connect(self._show)
        self.form.changed.connect(self._show)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(GAP_M)
        layout.addWidget(self.head)
        layout.addWidget(self.form)
        self._show()

    def search(self, words: str) -> None:
        """Show only what matches; without words everything, folded as before."""
        found = self.form.search(words)
        self._searched = bool(words.strip())
        self.setVisible(found > 0)
        self._show()

    def _show(self) -> None:
        opened = self.head.isChecked() or self._searched
        changed = len(self.form.values())
        said = f"{self._count} settings" if self._count != 1 else "1 setting"
        self.head.setText(f"{self._title} · {said}" + (f", {changed} changed" if changed else ""))
        self.head.setIcon(icon("chevron-down" if opened else "chevron-right", "text2"))
        self.form.setVisible(opened)


class SettingsGroups(QWidget):
    """`values()` gives the settings of all groups that differ from their defaults.

    groups : title and settings of each; the first is open.   changed() : a value differs now.
    """

    changed = Signal()

    def __init__(
        self, groups: Sequence[tuple[str, Sequence[Setting]]], parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.field = QLineEdit()
        self.field.setPlaceholderText("Search settings")
        self.field.setAccessibleName("Search settings")
        self.field.setClearButtonEnabled(True)
        self.groups = {
            title: _Group(title, settings, is_open=place == 0)
            for place, (title, settings) in enumerate(groups)
        }
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(GAP_M)
        layout.addWidget(self.field)
        for group in self.groups.values():
            layout.addWidget(group)
            group.form.changed.connect(self.changed)
            self.field.textChanged.connect(group.search)
        layout.addStretch(1)

    def values(self) -> dict[str, Value]:
        """Name to value of every setting that was changed."""
        return {
            name: value
            for group in self.groups.values()
            for name, value in group.form.values().items()
        }

    @property
    def editors(self) -> Mapping[str, QWidget]:
        """Name to editor of every setting."""
        return {
            name: editor
            for group in self.groups.values()
            for name, editor in group.form.editors.items()
        }
