"""One sentence where a plot would be empty."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QVBoxLayout, QWidget

from app.theme.apply import set_text_style
from app.theme.tokens import PADDING


class Missing(QWidget):
    """The sentence in the middle of the room that the plot would take."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._label = QLabel()
        set_text_style(self._label, "body", "2")
        self._label.setWordWrap(True)
        self._label.setAlignment(Qt.AlignmentFlag.AlignCenter)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(PADDING, PADDING, PADDING, PADDING)
        layout.addWidget(self._label)

    def show_sentence(self, sentence: str) -> None:
        """What is missing."""
        self._label.setText(sentence)
        self.setAccessibleName(sentence)

    @property
    def sentence(self) -> str:
        return self._label.text()
