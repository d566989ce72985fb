"""A folder's path with a button to choose it."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFileDialog, QHBoxLayout, QLineEdit, QPushButton, QWidget

from app.theme.tokens import GAP_S


class FolderField(QWidget):
    """changed() : another path stands there."""

    changed = Signal()

    def __init__(self, title: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._title = title
        self.edit = QLineEdit()
        self.edit.setAccessibleName(title)
        choose = QPushButton("Choose…")
        choose.setToolTip(f"{title}: choose a folder")
        choose.clicked.connect(self._choose)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(GAP_S)
        layout.addWidget(self.edit, 1)
        layout.addWidget(choose)
        self.setFocusProxy(self.edit)
        self.edit.textChanged.connect(self.changed)

    @property
    def path(self) -> Path:
        return Path(self.edit.text()).expanduser()

    def set_path(self, path: Path) -> None:
        self.edit.setText(str(path))

    def _choose(self) -> None:
        start = self.path if self.path.is_dir() else self.path.parent
        chosen = QFileDialog.getExistingDirectory(self, self._title, str(start))
        if chosen:
            self.edit.setText(chosen)
