"""The two limits: histogram with handles, sliders, typed values, and what they promise."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import (
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSizePolicy,
    QSlider,
    QVBoxLayout,
    QWidget,
)

from app.model.limit_words import LimitWords
from app.model.thresholds import HIGHEST, LOWEST, STEP
from app.theme.apply import set_property, set_text_style
from app.theme.fonts import text_font
from app.theme.number_box import NumberBox
from app.theme.tokens import GAP_M, GAP_S
from app.views.histogram import Histogram
from inspector_core.types import Thresholds

_NAMES = (("t1", "T1 review"), ("t2", "T2 reject"))


class ThresholdPanel(QWidget):
    """Shows limits and tells when a hand moved them.

    t1_moved(value), t2_moved(value) : in times the usual.   let_go() : the gesture ended.
    """

    t1_moved = Signal(float)
    t2_moved = Signal(float)
    let_go = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.histogram = Histogram()
        self.sliders: dict[str, QSlider] = {}
        self.boxes: dict[str, NumberBox] = {}
        self._promise, self._changes, self._report = QLabel(), QLabel(), QLabel()
        self._mark, self._reason = QLabel(), QLabel()
        self.keep, self.back = QPushButton("Keep"), QPushButton("Back")
        self._arrange()
        self.histogram.moved.connect(self._move)
        self.histogram.released.connect(self.let_go)
        self.setEnabled(False)

    def _arrange(self) -> None:
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(GAP_S)
        layout.addWidget(self.histogram)
        grid = QGridLayout()
        grid.setHorizontalSpacing(GAP_M)
        grid.setVerticalSpacing(2)
        grid.setColumnStretch(1, 1)
        for row, (name, title) in enumerate(_NAMES):
            label = QLabel(title)
            set_text_style(label, "note", "2")
            slider, box = self._slider(name, title), self._box(name, title)
            label.setBuddy(box)
            grid.addWidget(label, row, 0)
            grid.addWidget(slider, row, 1)
            grid.addWidget(box, row, 2)
        layout.addLayout(grid)
        for label in (self._promise, self._changes, self._report, self._reason):
            set_text_style(label, "note", "2")
            label.setWordWrap(True)
            label.setTextFormat(Qt.TextFormat.RichText)
            label.setAlignment(Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignLeft)
        layout.addWidget(self._promise)
        layout.addWidget(self._report)
        layout.addLayout(self._foot())
        layout.addWidget(self._reason)
        layout.addWidget(self._changes)
        # texts of two lines keep their room, so that nothing below jumps while the slider moves
        self._promise.setMinimumHeight(36)
        self._changes.setMinimumHeight(36)

    def _foot(self) -> QHBoxLayout:
        foot = QHBoxLayout()
        foot.setSpacing(GAP_S)
        set_text_style(self._mark, "note-strong", "review")
        self._mark.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        foot.addWidget(self._mark)
        for button in (self.back, self.keep):
            button.setFont(text_font("note"))
            foot.addWidget(button)
        return foot

    def bind(self, back: QAction, keep: QAction) -> None:
        """The two buttons are the actions of the same meaning."""
        for button, action in ((self.back, back), (self.keep, keep)):
            button.setToolTip(action.toolTip())
            button.setEnabled(action.isEnabled())
            button.clicked.connect(action.trigger)
            action.enabledChanged.connect(button.setEnabled)

    def show_calibration(self, scores: tuple[float, ...], top: float) -> None:
        """Another recipe: its held-out scores and the fixed scale of all displays."""
        self.setEnabled(bool(scores))
        self.histogram.show_scores(scores, top)
        for slider in self.sliders.values():
            blocked = slider.blockSignals(True)
            slider.setRange(round(LOWEST / STEP), max(2, round(top / STEP)))
            slider.setPageStep(max(1, round(top / STEP / 20)))
            slider.blockSignals(blocked)

    def show_limits(self, limits: Thresholds) -> None:
        """Put handles, sliders and values where the limits are."""
        self.histogram.show_limits(limits)
        for name, value in (("t1", limits.t1), ("t2", limits.t2)):
            slider, box = self.sliders[name], self.boxes[name]
            for widget in (slider, box):
                widget.blockSignals(True)
            slider.setValue(round(value / STEP))
            if abs(box.value() - value) >= STEP / 2 or not box.hasFocus():
                box.setValue(value)
            for widget in (slider, box):
                widget.blockSignals(False)

    def show_words(self, words: LimitWords) -> None:
        """What the limits mean."""
        self._promise.setText(words.promise)
        self._changes.setText(words.changes)
        self._report.setText(words.report)
        self._mark.setText(words.mark)
        self._reason.setText(words.mark_reason)
        self.boxes["t2"].setAccessibleDescription(self.plain_words)

    @property
    def plain_words(self) -> str:
        """All sentences that are shown, without mark-up."""
        labels = (self._promise, self._changes, self._report, self._mark, self._reason)
        text = " ".join(label.text() for label in labels if label.text())
        return text.replace("<b>", "").replace("</b>", "")

    def _slider(self, name: str, title: str) -> QSlider:
        slider = QSlider(Qt.Orientation.Horizontal)
        slider.setRange(1, 200)
        slider.setAccessibleName(f"{title} limit")
        set_property(slider, "limit", name)
        slider.valueChanged.connect(lambda value: self._move(name, value * STEP))
        slider.sliderReleased.connect(self.let_go)
        self.sliders[name] = slider
        return slider

    def _box(self, name: str, title: str) -> NumberBox:
        box = NumberBox()
        box.setDecimals(2)
        box.setRange(LOWEST, HIGHEST)
        box.setSingleStep(STEP)
        box.setSuffix(" × usual")
        box.setKeyboardTracking(False)
        box.setFixedWidth(118)
        box.setFont(text_font("note"))
        box.setAccessibleName(f"{title} limit in times the usual")
        box.valueChanged.connect(lambda value: self._move(name, value))
        box.editingFinished.connect(self.let_go)
        self.boxes[name] = box
        return box

    def _move(self, name: str, value: float) -> None:
        (self.t1_moved if name == "t1" else self.t2_moved).emit(round(value, 2))
