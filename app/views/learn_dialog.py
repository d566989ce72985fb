"""What to learn, how, and where the recipe goes; the settings come from the detector's declaration."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from PySide6.QtWidgets import (
    QCheckBox,
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QFrame,
    QLabel,
    QLineEdit,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from app.theme.apply import set_property, set_text_style
from app.theme.number_box import ChoiceBox, WholeBox
from app.theme.tokens import GAP_L, GAP_M, PADDING
from app.views.folder_field import FolderField
from app.views.settings_form import SettingsForm
from inspector_core.detectors.contract import DetectorInfo
from inspector_core.settings import Setting, Value

DEVICES = ("auto", "cpu", "cuda:0")


class LearnDialog(QDialog):
    """The answers are read with the properties after it was accepted.

    infos : detectors to choose from, the default first.
    settings_of : everything that can be set for a detector.
    about : seed -> sentence on how many parts are learnt from and held out.
    """

    def __init__(
        self,
        infos: Sequence[DetectorInfo],
        settings_of: Callable[[DetectorInfo], Sequence[Setting]],
        about: Callable[[int], str],
        name: str,
        recipes: Path,
        parent: QWidget,
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle("Learn")
        self._infos = infos
        self._settings_of = settings_of
        self._about = about
        self._recipes = recipes
        self._folder_follows = True
        self.name_field, self.folder_field = QLineEdit(name), FolderField("Recipe folder")
        self.detector_box, self.device_box = ChoiceBox(), ChoiceBox()
        self.seed_box = WholeBox()
        self.replace_box = QCheckBox("Replace the recipe that lies there")
        self._sentence, self._why, self._problem = QLabel(), QLabel(), QLabel()
        self._area = QScrollArea()
        self._form = SettingsForm(())
        self._buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        self.learn_button = QPushButton("Learn")
        self._arrange()
        self._connect()
        self._name_changed(name)
        self._detector_changed()
        self._seed_changed()

    def _arrange(self) -> None:
        for label, style, tone in (
            (self._sentence, "body", "2"),
            (self._why, "note", "2"),
            (self._problem, "note", "review"),
        ):
            set_text_style(label, style, tone)
            label.setWordWrap(True)
        self.detector_box.addItems([info.title for info in self._infos])
        self.device_box.addItems(list(DEVICES))
        self.seed_box.setRange(0, 999_999)
        form = QFormLayout()
        form.setVerticalSpacing(GAP_M)
        form.setHorizontalSpacing(GAP_L)
        form.addRow("Name", self.name_field)
        form.addRow("Folder", self.folder_field)
        form.addRow("", self.replace_box)
        form.addRow("Detector", self.detector_box)
        form.addRow("", self._why)
        form.addRow("Device", self.device_box)
        form.addRow("Seed", self.seed_box)
        self._area.setWidgetResizable(True)
        self._area.setFrameShape(QFrame.Shape.NoFrame)
        title = QLabel("Settings")
        set_text_style(title, "section", "3")
        set_property(self.learn_button, "kind", "primary")
        self.learn_button.setDefault(True)
        self._buttons.addButton(self.learn_button, QDialogButtonBox.ButtonRole.AcceptRole)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(PADDING, PADDING, PADDING, PADDING)
        layout.setSpacing(GAP_M)
        layout.addWidget(self._sentence)
        layout.addLayout(form)
        layout.addWidget(title)
        layout.addWidget(self._area, 1)
        layout.addWidget(self._problem)
        layout.addWidget(self._buttons)
        self.resize(560, 680)

    def _connect(self) -> None:
        self.name_field.textEdited.connect(self._name_changed)
        self.folder_field.edit.textEdited.connect(self._folder_edited)
        self.folder_field.changed.connect(self._check)
        self.replace_box.toggled.connect(self._check)
        self.detector_box.currentIndexChanged.connect(self._detector_changed)
        self.seed_box.valueChanged.connect(self._seed_changed)
        self._buttons.accepted.connect(self.accept)
        self._buttons.rejected.connect(self.reject)

    @property
    def name(self) -> str:
        return self.name_field.text().strip()

    @property
    def folder(self) -> Path:
        return self.folder_field.path

    @property
    def detector(self) -> str:
        return self._infos[self.detector_box.currentIndex()].name

    @property
    def values(self) -> dict[str, Value]:
        """Settings that differ from their defaults."""
        return self._form.values()

    @property
    def seed(self) -> int:
        return self.seed_box.value()

    @property
    def device(self) -> str:
        return self.device_box.currentText()

    @property
    def replaces(self) -> bool:
        return self.replace_box.isChecked()

    def _name_changed(self, name: str) -> None:
        if self._folder_follows:
            self.folder_field.set_path(self._recipes / (name.strip() or "recipe").replace("/", "-"))
        self._check()

    def _folder_edited(self) -> None:
        self._folder_follows = False

    def _detector_changed(self) -> None:
        info = self._infos[self.detector_box.currentIndex()]
        self._why.setText(f"{info.suits} {info.summary}")
        self._form = SettingsForm(self._settings_of(info))
        self._area.setWidget(self._form)

    def _seed_changed(self) -> None:
        self._sentence.setText(self._about(self.seed))

    def _check(self) -> None:
        exists = self.folder_field.edit.text() != "" and self.folder.exists()
        self.replace_box.setEnabled(exists)
        problem = ""
        if not self.name:
            problem = "The recipe needs a name."
        elif exists and not self.replaces:
            problem = "This folder exists already; choose another one or tick Replace."
        self._problem.setText(problem)
        self.learn_button.setEnabled(not problem)
