"""What to learn, how, and where the recipe goes; the settings come from the detector's declaration."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QCheckBox,
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QFrame,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from app.model.automatic import AutomaticModel
from app.model.learning import BACKBONE, HELD_OUT, IN_TURN
from app.model.weights import FREE_CHOICE, WeightsModel
from app.theme.apply import set_property, set_text_style
from app.theme.number_box import ChoiceBox, WholeBox
from app.theme.tokens import GAP_L, GAP_M, PADDING
from app.views.folder_field import FolderField
from app.views.network_row import NetworkRow
from app.views.settings_form import SettingsGroups
from inspector_core.detectors import AUTOMATIC
from inspector_core.detectors.contract import DetectorInfo
from inspector_core.settings import Setting, Value

DEVICES = ("auto", "cpu", "cuda:0")
AUTOMATIC_TITLE = "Automatic (recommended)"
_WHY_HEIGHT = 68
"""Four lines keep their room, so that nothing jumps while detectors are leafed through."""


class LearnDialog(QDialog):
    """The answers are read with the properties after it was accepted.

    infos : detectors to choose from, below the automatic choice.
    settings_of : everything that can be set for a detector (None: for whichever is chosen), in titled
    groups.
    about : seed, share held out, in_turn=whether one after the other -> sentence on how many parts are
    learnt from and held out.
    weights : which pretrained networks are here; takes in more.
    automatic : which detector the good parts choose, and why.
    """

    def __init__(
        self,
        infos: Sequence[DetectorInfo],
        settings_of: Callable[[DetectorInfo | None], Sequence[tuple[str, Sequence[Setting]]]],
        about: Callable[..., str],
        weights: WeightsModel,
        automatic: AutomaticModel,
        name: str,
        recipes: Path,
        parent: QWidget,
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle("Learn")
        self._infos = infos
        self._settings_of = settings_of
        self._about = about
        self._weights = weights
        self._automatic = automatic
        self._recipes = recipes
        self._folder_follows = True
        self.name_field, self.folder_field = QLineEdit(name), FolderField("Recipe folder")
        self.detector_box, self.device_box = ChoiceBox(), ChoiceBox()
        self.seed_box = WholeBox()
        self.replace_box = QCheckBox("Replace the recipe that lies there")
        self._sentence, self._why, self._problem = QLabel(), QLabel(), QLabel()
        self._networks = NetworkRow(weights)
        self._area = QScrollArea()
        self._form = SettingsGroups(())
        self._buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        self.learn_button = QPushButton("Learn")
        self._arrange()
        self._connect()
        weights.refresh()
        self._name_changed(name)
        self._detector_changed()
        automatic.look()

    def _arrange(self) -> None:
        for label, style, tone in (
            (self._sentence, "body", "2"),
            (self._why, "note", "2"),
            (self._problem, "note", "review"),
        ):
            set_text_style(label, style, tone)
            label.setWordWrap(True)
        self._why.setFixedHeight(_WHY_HEIGHT)
        self._why.setAlignment(Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignLeft)
        self._problem.setMinimumHeight(18)
        self.detector_box.addItems([AUTOMATIC_TITLE, *(info.title for info in self._infos)])
        self.device_box.addItems(list(DEVICES))
        self.seed_box.setRange(0, 999_999)
        self._area.setWidgetResizable(True)
        self._area.setFrameShape(QFrame.Shape.NoFrame)
        self._area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        title = QLabel("Settings")
        set_text_style(title, "section", "3")
        set_property(self.learn_button, "kind", "primary")
        self.learn_button.setDefault(True)
        self._buttons.addButton(self.learn_button, QDialogButtonBox.ButtonRole.AcceptRole)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(PADDING, PADDING, PADDING, PADDING)
        layout.setSpacing(GAP_M)
        layout.addWidget(self._sentence)
        layout.addLayout(self._rows())
        layout.addWidget(title)
        layout.addWidget(self._area, 1)
        layout.addWidget(self._problem)
        layout.addWidget(self._buttons)
        self.resize(600, 740)

    def _rows(self) -> QFormLayout:
        form = QFormLayout()
        form.setVerticalSpacing(GAP_M)
        form.setHorizontalSpacing(GAP_L)
        form.addRow("Name", self.name_field)
        form.addRow("Folder", self.folder_field)
        form.addRow("", self.replace_box)
        form.addRow("Detector", self.detector_box)
        form.addRow("", self._why)
        form.addRow("", self._networks)
        where, seed = QHBoxLayout(), QLabel("Seed")
        seed.setBuddy(self.seed_box)
        where.setSpacing(GAP_L)
        where.addWidget(self.device_box, 1)
        where.addWidget(seed)
        where.addWidget(self.seed_box, 1)
        form.addRow("Device", where)
        self.device_box.setAccessibleName("Device")
        return form

    def _connect(self) -> None:
        self.name_field.textEdited.connect(self._name_changed)
        self.folder_field.edit.textEdited.connect(self._folder_edited)
        self.folder_field.changed.connect(self._check)
        self.replace_box.toggled.connect(self._check)
        self.detector_box.currentIndexChanged.connect(self._detector_changed)
        self.seed_box.valueChanged.connect(self._split_changed)
        self._weights.changed.connect(self._check)
        self._automatic.changed.connect(self._say_why)
        self._automatic.changed.connect(self._split_changed)
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
        """Its name, "auto" for what the good parts choose."""
        return AUTOMATIC if self._info is None else self._info.name

    @property
    def automatic(self) -> AutomaticModel:
        return self._automatic

    @property
    def why(self) -> str:
        """What the chosen detector is for; of the automatic choice, what it is and why."""
        return self._why.text().replace("\u00a0", " ")

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

    @property
    def infos(self) -> Sequence[DetectorInfo]:
        """The detectors to choose from, in the order of the list."""
        return self._infos

    @property
    def sentence(self) -> str:
        """How many parts are learnt from, and what can be promised."""
        return self._sentence.text()

    @property
    def problem(self) -> str:
        """Why learning cannot start, or empty."""
        return self._problem.text()

    @property
    def form(self) -> SettingsGroups:
        return self._form

    @property
    def networks(self) -> NetworkRow:
        """What is said about pretrained networks, with the button that adds one."""
        return self._networks

    @property
    def _info(self) -> DetectorInfo | None:
        """The detector that was named, None for the automatic choice."""
        place = self.detector_box.currentIndex()
        return self._infos[place - 1] if place > 0 else None

    def _name_changed(self, name: str) -> None:
        if self._folder_follows:
            self.folder_field.set_path(self._recipes / (name.strip() or "recipe").replace("/", "-"))
        self._check()

    def _folder_edited(self) -> None:
        self._folder_follows = False

    def _detector_changed(self) -> None:
        self._say_why()
        self._form = SettingsGroups(self._settings_of(self._info))
        self._form.changed.connect(self._split_changed)
        self._area.setWidget(self._form)
        self._networks.show_detector(self._info)
        self._split_changed()

    def _say_why(self) -> None:
        info = self._info
        said = self._automatic.sentence if info is None else f"{info.suits} {info.summary}"
        self._why.setText(said.replace(" %", "\u00a0%").replace(" mm", "\u00a0mm"))
        if self.isVisible():
            self._why.setFixedHeight(max(_WHY_HEIGHT, self._why.heightForWidth(self._why.width())))

    def _split_changed(self) -> None:
        values = self._form.values()
        share = values.get(HELD_OUT.name, HELD_OUT.default)
        info = self._info or self._automatic.info
        in_turn = info is not None and info.leaves_out and values.get(IN_TURN.name, IN_TURN.default)
        self._sentence.setText(self._about(self.seed, float(str(share)), in_turn=bool(in_turn)))
        self._check()

    def _check(self) -> None:
        exists = self.folder_field.edit.text() != "" and self.folder.exists()
        self.replace_box.setEnabled(exists)
        problem = ""
        if not self.name:
            problem = "The recipe needs a name."
        elif exists and not self.replaces:
            problem = "This folder exists already; choose another one or tick Replace."
        elif not self._has_network():
            problem = f"{self.detector_box.currentText()} cannot start without its network."
        self._problem.setText(problem)
        self.learn_button.setEnabled(not problem)

    def _has_network(self) -> bool:
        """Whether the detector can start; says which network it uses or what is missing."""
        if self._info is None:
            return True
        chosen = str(self._form.values().get(BACKBONE, FREE_CHOICE))
        ready = self._weights.readiness(self._info, self._infos, chosen)
        self._networks.show_readiness(ready)
        return ready.is_ready
