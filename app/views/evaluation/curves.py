"""Curves of an evaluation: per-region overlap and ROC, one at a time, with what they amount to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import (
    QButtonGroup,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from app.model.evaluation_words import MAP_NAMES, curve_missing
from app.model.figure_rows import LIMITS, NOTHING
from app.theme.apply import current, set_property, set_text_style, theme
from app.theme.fonts import text_font
from app.theme.tokens import GAP_L, GAP_M, GAP_S
from app.views.evaluation.curve_plot import CurvePlot, Drawn, line_pen
from app.views.evaluation.missing import Missing
from app.views.flow import FlowLayout

if TYPE_CHECKING:
    from inspector_core.evaluation import Evaluation, MapFigures

CURVES = {
    "pro": ("PRO", "Defect-free pixels above the threshold", "Mean overlap of defects"),
    "roc": ("ROC pixels", "Defect-free pixels above the threshold", "Defect pixels above it"),
    "part_roc": ("ROC parts", "Good parts above the threshold", "Defective parts above it"),
}
"""Curve to its name and the titles of its axes."""


class _Key(QWidget):
    """A line's dash and colour with its map's name and value."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self._name = name
        self.text = QLabel()
        set_text_style(self.text, "note", "1")
        row = QHBoxLayout(self)
        row.setContentsMargins(34, 0, 0, 0)
        row.addWidget(self.text)
        theme().changed.connect(self.update)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setPen(line_pen(self._name, current()))
        middle = self.height() // 2
        painter.drawLine(0, middle, 28, middle)
        painter.end()


class CurvesPanel(QWidget):
    """limit_chosen(place in LIMITS) : AUPRO up to another false-positive rate."""

    limit_chosen = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._outcome: Evaluation | None = None
        self._marks: Mapping[str, tuple[float, float]] = {}
        self._curve, self._at = "pro", 0
        self.plot = CurvePlot()
        self.missing = Missing()
        self._stack = QStackedWidget()
        self._stack.addWidget(self.plot)
        self._stack.addWidget(self.missing)
        self.curve_chips: dict[str, QPushButton] = {}
        self.limit_chips: list[QPushButton] = []
        self._keys: dict[str, _Key] = {}
        self._where = QLabel()
        self._arrange()
        self.plot.hovered.connect(self._hovered)

    def _arrange(self) -> None:
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(GAP_M)
        layout.addLayout(self._head())
        layout.addWidget(self._stack, 1)
        keys = QWidget()
        flow = FlowLayout(keys, gap=GAP_L)
        for name in ("fused", "rgb", "shape", "chance"):
            self._keys[name] = _Key(name)
            flow.addWidget(self._keys[name])
        layout.addWidget(keys)
        layout.addLayout(self._foot())

    def _head(self) -> QHBoxLayout:
        title = QLabel("Curves")
        set_text_style(title, "section", "3")
        group = QButtonGroup(self)
        row = QHBoxLayout()
        row.setSpacing(GAP_S - 2)
        row.addWidget(title)
        row.addStretch(1)
        for name, (text, *_) in CURVES.items():
            chip = _chip(text, group)
            chip.clicked.connect(lambda _=False, chosen=name: self.show_curve(chosen))
            self.curve_chips[name] = chip
            row.addWidget(chip)
        self.curve_chips["pro"].setChecked(True)
        return row

    def _foot(self) -> QHBoxLayout:
        up_to = QLabel("AUPRO up to")
        set_text_style(up_to, "caption", "3")
        group = QButtonGroup(self)
        row = QHBoxLayout()
        row.setSpacing(GAP_S - 2)
        row.addWidget(up_to)
        for at, limit in enumerate(LIMITS):
            said = f"{100 * limit:.0f} %"
            chip = _chip(said, group)
            chip.setAccessibleName(f"AUPRO up to {said} false positives")
            chip.setToolTip(f"PRO curve and AUPRO up to {said} of the defect-free pixels")
            chip.clicked.connect(lambda _=False, chosen=at: self._choose_limit(chosen))
            self.limit_chips.append(chip)
            row.addWidget(chip)
        self.limit_chips[0].setChecked(True)
        set_text_style(self._where, "caption", "2")
        self._where.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        row.addWidget(self._where, 1)
        return row

    @property
    def key_texts(self) -> dict[str, str]:
        """Map to what its key says, maps without a line left out."""
        return {name: key.text.text() for name, key in self._keys.items() if not key.isHidden()}

    def show_outcome(self, outcome: Evaluation) -> None:
        """Another evaluation."""
        self._outcome = outcome
        self._draw()

    def show_marks(self, marks: Mapping[str, tuple[float, float]]) -> None:
        """Rates at the limits in force; they belong to the ROC curve of parts."""
        self._marks = marks
        if self._curve == "part_roc":
            self.plot.show_marks(marks)

    def show_curve(self, name: str) -> None:
        """Show "pro", "roc" or "part_roc"."""
        self._curve = name
        self.curve_chips[name].setChecked(True)
        self._draw()

    def _choose_limit(self, at: int) -> None:
        self._at = at
        self.limit_chosen.emit(at)
        if self._curve == "pro":
            self._draw()
        else:
            # the limit is the PRO curve's: who chooses one wants to see it
            self.show_curve("pro")

    def _draw(self) -> None:
        if self._outcome is None:
            return
        sentence = curve_missing(self._outcome, self._curve)
        self.missing.show_sentence(sentence)
        self._stack.setCurrentWidget(self.missing if sentence else self.plot)
        lines = self._lines()
        _, x_title, y_title = CURVES[self._curve]
        reach = LIMITS[self._at] if self._curve == "pro" else 1.0
        marks = self._marks if self._curve == "part_roc" else {}
        self.plot.show_drawn(Drawn(lines, reach, x_title, y_title, marks))
        for name, key in self._keys.items():
            key.setVisible(name in lines or (name == "chance" and not sentence))
        self._show_areas()

    def _lines(self) -> dict[str, tuple[np.ndarray, np.ndarray]]:
        assert self._outcome is not None
        drawn = {name: getattr(c, self._curve) for name, c in self._outcome.curves.items()}
        return {
            name: drawn[name] for name in ("fused", "rgb", "shape") if drawn.get(name) is not None
        }

    def _show_areas(self) -> None:
        assert self._outcome is not None
        for name, key in self._keys.items():
            if name == "chance":
                area = LIMITS[self._at] / 2 if self._curve == "pro" else 0.5
                key.text.setText(f"chance <b>{area:.3f}</b>")
            elif name in self._outcome.maps:
                value = self._area(self._outcome.maps[name])
                said = NOTHING if value is None else f"{value:.3f}"
                key.text.setText(f"{MAP_NAMES[name]} <b>{said}</b>")
        kind = {"pro": "exact AUPRO", "roc": "P-AUROC"}.get(self._curve, "I-AUROC")
        self._where.setText(f"Values: {kind}")

    def _area(self, figures: MapFigures) -> float | None:
        if self._curve == "pro":
            return figures.aupro and figures.aupro[self._at]
        return figures.p_auroc if self._curve == "roc" else figures.i_auroc

    def _hovered(self, x: float | None) -> None:
        if x is None:
            self._show_areas()
            return
        lines = {**self._lines(), "chance": (np.array([0.0, 1.0]), np.array([0.0, 1.0]))}
        for name, (xs, ys) in lines.items():
            title = MAP_NAMES.get(name, name)
            self._keys[name].text.setText(f"{title} <b>{np.interp(x, xs, ys):.3f}</b>")
        self._where.setText(f"Heights at {100 * x:.2f} %")


def _chip(text: str, group: QButtonGroup) -> QPushButton:
    chip = QPushButton(text)
    chip.setCheckable(True)
    chip.setFont(text_font("caption"))
    chip.setCursor(Qt.CursorShape.ArrowCursor)
    set_property(chip, "kind", "chip")
    group.addButton(chip)
    return chip
