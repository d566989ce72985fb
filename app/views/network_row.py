"""What a detector's pretrained network needs: a sentence, and a button that takes in a file."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFileDialog, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from app.model.weights import Readiness, WeightsModel, networks
from app.theme.apply import set_property, set_text_style
from app.theme.number_box import ChoiceBox
from app.theme.tokens import GAP_S
from inspector_core.detectors.contract import DetectorInfo

_FILES = "Weights (*.safetensors *.pth *.pt *.bin *.ckpt *.npz);;All files (*)"
_FIND_OUT = "Recognise the file"


class NetworkRow(QWidget):
    """Shown for detectors that look through a pretrained network; files are asked of the model."""

    def __init__(self, model: WeightsModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._model = model
        self._sentence, self._said = QLabel(), QLabel()
        self.add_button = QPushButton("Add weights file…")
        self.name_box = ChoiceBox()
        self.name_box.setAccessibleName("Which network the file is")
        for label, tone in ((self._sentence, "2"), (self._said, "1")):
            set_text_style(label, "note", tone)
            label.setWordWrap(True)
            label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        row = QHBoxLayout()
        row.setSpacing(GAP_S)
        row.addWidget(self.add_button)
        row.addWidget(self.name_box, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(GAP_S)
        layout.addWidget(self._sentence)
        layout.addLayout(row)
        layout.addWidget(self._said)
        self.add_button.clicked.connect(self._choose)
        model.changed.connect(self._show_said)
        self._show_said()

    @property
    def sentence(self) -> str:
        """What is here or missing."""
        return self._sentence.text()

    @property
    def said(self) -> str:
        """What came of the last file."""
        return self._said.text()

    def show_detector(self, info: DetectorInfo | None) -> None:
        """The networks that a file may be for this detector; nothing where none was named."""
        self.setVisible(info is not None and bool(info.weights))
        self.name_box.clear()
        if info is None:
            return
        self.name_box.addItem(_FIND_OUT, "")
        for name, title in networks(info).items():
            self.name_box.addItem(title, name)

    def show_readiness(self, readiness: Readiness) -> None:
        """Whether the detector can start."""
        self._sentence.setText(readiness.sentence)
        set_property(self._sentence, "tone", "2" if readiness.is_ready else "review")

    def _choose(self) -> None:
        chosen, _ = QFileDialog.getOpenFileName(self, "Add weights file", "", _FILES)
        if chosen:
            self._model.add(Path(chosen), str(self.name_box.currentData()))

    def _show_said(self) -> None:
        self._said.setText(self._model.said)
        self._said.setVisible(bool(self._model.said))
        self.add_button.setEnabled(not self._model.is_adding)
