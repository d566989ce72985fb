"""Which report, where; with what it will say."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtWidgets import (
    QCheckBox,
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QGridLayout,
    QLabel,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from app.theme.apply import set_property, set_text_style
from app.theme.tokens import GAP_L, GAP_M, PADDING
from app.views.folder_field import FolderField

_HELP = {
    "pdf": "PDF, to print and to send",
    "html": "HTML, one page that needs no network",
    "json": "JSON, everything, for programs",
    "md": "Markdown, the tables as text",
    "csv": "CSV, for spreadsheets",
    "png": "PNG, pictures with outlines",
    "tiff": "TIFF, the raw maps",
    "ply": "PLY, the cloud with its evidence",
}
_USUAL = ("pdf", "html", "json", "csv")


class ReportDialog(QDialog):
    """The answers are read with the properties after it was accepted.

    formats : those that exist.   ticked : chosen last time, empty for the usual ones.
    summary : what the report will say.   mark : why it is not final, or empty.
    what : the word for it ("report", "evaluation").
    """

    def __init__(
        self,
        formats: Sequence[str],
        ticked: Sequence[str],
        folder: Path,
        summary: str,
        mark: str,
        parent: QWidget,
        what: str = "report",
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle(f"Export {what}")
        self.boxes = {name: QCheckBox(_HELP.get(name, name.upper())) for name in formats}
        for name, box in self.boxes.items():
            box.setChecked(name in (ticked or _USUAL))
        self.folder_field = FolderField(f"{what.capitalize()} folder")
        self.replace_box = QCheckBox(f"Replace the {what} that lies there")
        self.export_button = QPushButton("Export")
        self._problem = QLabel()
        self._arrange(summary, mark)
        for box in self.boxes.values():
            box.toggled.connect(self._check)
        self.folder_field.changed.connect(self._check)
        self.replace_box.toggled.connect(self._check)
        self.folder_field.set_path(folder)
        self._check()

    def _arrange(self, summary: str, mark: str) -> None:
        words, note = QLabel(summary), QLabel(mark)
        for label, style, tone in (
            (words, "body", "1"),
            (note, "note", "review"),
            (self._problem, "note", "review"),
        ):
            set_text_style(label, style, tone)
            label.setWordWrap(True)
        note.setVisible(bool(mark))
        grid = QGridLayout()
        for place, box in enumerate(self.boxes.values()):
            grid.addWidget(box, place, 0)
        form = QFormLayout()
        form.setHorizontalSpacing(GAP_L)
        form.addRow("Folder", self.folder_field)
        form.addRow("", self.replace_box)
        set_property(self.export_button, "kind", "primary")
        self.export_button.setDefault(True)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        buttons.addButton(self.export_button, QDialogButtonBox.ButtonRole.AcceptRole)
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(PADDING, PADDING, PADDING, PADDING)
        layout.setSpacing(GAP_M)
        layout.addWidget(words)
        layout.addWidget(note)
        layout.addLayout(grid)
        layout.addLayout(form)
        layout.addStretch(1)
        layout.addWidget(self._problem)
        layout.addWidget(buttons)
        self.setMinimumWidth(520)

    @property
    def formats(self) -> tuple[str, ...]:
        """Chosen formats in the table's order."""
        return tuple(name for name, box in self.boxes.items() if box.isChecked())

    @property
    def problem(self) -> str:
        """Why nothing can be written, or empty."""
        return self._problem.text()

    @property
    def folder(self) -> Path:
        return self.folder_field.path

    @property
    def replaces(self) -> bool:
        return self.replace_box.isChecked()

    def _check(self) -> None:
        exists = self.folder.exists()
        self.replace_box.setEnabled(exists)
        problem = ""
        if not self.formats:
            problem = "Choose at least one format."
        elif exists and not self.replaces:
            problem = "This folder exists already; choose another one or tick Replace."
        self._problem.setText(problem)
        self.export_button.setEnabled(not problem)
