"""How maps and pictures are drawn: opacity, colours, brightness of dark pictures."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QGridLayout, QLabel, QSlider, QWidget

from app.theme.apply import set_text_style
from app.theme.number_box import ChoiceBox
from app.theme.tokens import GAP_M

_GAIN_STEPS = 10
"""Slider steps a doubling of the brightness."""
_MOST_DOUBLINGS = 4


class MapsPanel(QWidget):
    """opacity_moved(0..1), gain_moved(factor >= 1), colours_chosen(name) : by the user's hand."""

    opacity_moved = Signal(float)
    gain_moved = Signal(float)
    colours_chosen = Signal(str)

    def __init__(self, colours: Sequence[str], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.opacity, self.gain = self._slider("Opacity of heat maps"), self._slider("Brightness")
        self.opacity.setRange(0, 100)
        self.opacity.setPageStep(10)
        self.gain.setRange(0, _GAIN_STEPS * _MOST_DOUBLINGS)
        self.colours = ChoiceBox()
        self.colours.setAccessibleName("Colours of heat maps")
        self.colours.addItems(list(colours))
        self._opacity_text, self._gain_text = QLabel(), QLabel()
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(GAP_M)
        grid.setVerticalSpacing(2)
        grid.setColumnStretch(1, 1)
        for row, (title, editor, text) in enumerate(
            (
                ("Opacity", self.opacity, self._opacity_text),
                ("Brightness", self.gain, self._gain_text),
                ("Colours", self.colours, QLabel()),
            )
        ):
            label = QLabel(title)
            for words in (label, text):
                set_text_style(words, "note", "2")
            text.setFixedWidth(44)
            text.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
            label.setBuddy(editor)
            grid.addWidget(label, row, 0)
            grid.addWidget(editor, row, 1)
            grid.addWidget(text, row, 2)
        self.opacity.valueChanged.connect(self._opacity_changed)
        self.gain.valueChanged.connect(self._gain_changed)
        self.colours.textActivated.connect(self.colours_chosen)
        self.show_opacity(1.0)
        self.show_gain(1.0)

    def show_opacity(self, opacity: float) -> None:
        """Put the slider where the opacity (0..1) is."""
        self._set(self.opacity, round(100 * opacity))
        self._opacity_text.setText(f"{self.opacity.value()} %")

    def show_gain(self, gain: float) -> None:
        """Put the slider where the factor on the brightness is."""
        steps = 0
        while 2 ** ((steps + 0.5) / _GAIN_STEPS) < gain and steps < self.gain.maximum():
            steps += 1
        self._set(self.gain, steps)
        self._gain_text.setText(f"× {self._gain():.1f}")

    def show_colours(self, name: str) -> None:
        """Choose a table of colours in the list."""
        self.colours.setCurrentText(name)

    def _gain(self) -> float:
        return float(2 ** (self.gain.value() / _GAIN_STEPS))

    def _opacity_changed(self, value: int) -> None:
        self._opacity_text.setText(f"{value} %")
        self.opacity_moved.emit(value / 100)

    def _gain_changed(self) -> None:
        self._gain_text.setText(f"× {self._gain():.1f}")
        self.gain_moved.emit(self._gain())

    @staticmethod
    def _set(slider: QSlider, value: int) -> None:
        blocked = slider.blockSignals(True)
        slider.setValue(value)
        slider.blockSignals(blocked)

    @staticmethod
    def _slider(name: str) -> QSlider:
        slider = QSlider(Qt.Orientation.Horizontal)
        slider.setAccessibleName(name)
        return slider
