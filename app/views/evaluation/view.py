"""The evaluation page: head, curves beside confusion matrix and scores, figures below."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QAction, QKeyEvent, QResizeEvent
from PySide6.QtWidgets import (
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QScrollArea,
    QStackedWidget,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from app.model.evaluation import Cell
from app.model.evaluation_words import SCOPES, notes_text
from app.model.part_view import Message
from app.theme.apply import set_property, set_text_style
from app.theme.fonts import text_font
from app.theme.icons import icon
from app.theme.number_box import ChoiceBox
from app.theme.tokens import GAP_L, GAP_M, GAP_S, PADDING, TARGET
from app.views.evaluation.curves import CurvesPanel
from app.views.evaluation.matrix import ConfusionMatrix
from app.views.evaluation.scores import ScoreHistogram
from app.views.evaluation.table import FigureTable

if TYPE_CHECKING:
    from inspector_core.evaluation import Evaluation

_TWO_COLUMNS = 660
"""Width from which curves and matrix stand beside each other."""


class EvaluationView(QWidget):
    """Shows an evaluation, or the words that stand in its place.

    scope_chosen(name) : other pixels shall count.
    """

    scope_chosen = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        set_property(self, "panel", "plain")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName("Evaluation")
        self.curves, self.matrix = CurvesPanel(), ConfusionMatrix()
        self.scores, self.table = ScoreHistogram(), FigureTable()
        self.scope_box = ChoiceBox()
        self.evaluate_button, self.start_button = QPushButton(), QPushButton()
        self.export_button, self.close_button = QPushButton(), QToolButton()
        self.log_chip = QPushButton("Log counts")
        self._rates = QLabel()
        self._matrix_missing, self._notes = QLabel(), QLabel()
        self._words = {name: QLabel() for name in ("title", "text", "cure")}
        self._pages, self.page = QStackedWidget(), QScrollArea()
        self._grid = QGridLayout()
        self._columns = 0
        self._right = QWidget()
        self._arrange()
        self.curves.limit_chosen.connect(self.table.rows.set_limit)
        self.log_chip.toggled.connect(self.scores.set_logarithmic)
        self.scope_box.activated.connect(
            lambda place: self.scope_chosen.emit(self.scope_box.itemData(place))
        )

    def _arrange(self) -> None:
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addLayout(self._head())
        line = QFrame()
        set_property(line, "line", "h")
        layout.addWidget(line)
        self._pages.addWidget(self._empty_page())
        self._pages.addWidget(self.page)
        layout.addWidget(self._pages, 1)
        self._fill_right()
        content = QWidget()
        column = QVBoxLayout(content)
        column.setContentsMargins(PADDING, PADDING - 4, PADDING, PADDING)
        column.setSpacing(GAP_L)
        self._grid.setHorizontalSpacing(PADDING + 8)
        self._grid.setVerticalSpacing(PADDING)
        column.addLayout(self._grid, 1)
        column.addWidget(_section("Figures"))
        column.addWidget(self.table)
        set_text_style(self._notes, "note", "2")
        self._notes.setWordWrap(True)
        self._notes.setTextFormat(Qt.TextFormat.PlainText)
        self._notes.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        column.addWidget(self._notes)
        self.page.setWidget(content)
        self.page.setWidgetResizable(True)
        self.page.setFrameShape(QFrame.Shape.NoFrame)
        self.page.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._place(2)

    def _head(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setContentsMargins(PADDING, GAP_M, GAP_M, GAP_M)
        row.setSpacing(GAP_S)
        title = QLabel("Evaluation")
        set_text_style(title, "card", "1")
        for name, words in SCOPES.items():
            self.scope_box.addItem(f"{words[:1].upper()}{words[1:]}", name)
        self.scope_box.setAccessibleName("Pixels that count")
        self.scope_box.setToolTip(
            "Which defect-free pixels count: all of the picture, or those on the part and 3 pixels "
            "around it"
        )
        row.addWidget(title)
        row.addStretch(1)
        row.addWidget(self.scope_box)
        row.addWidget(self.evaluate_button)
        row.addWidget(self.export_button)
        row.addWidget(self.close_button)
        return row

    def _empty_page(self) -> QWidget:
        page = QWidget()
        column = QVBoxLayout(page)
        column.setContentsMargins(48, 48, 48, 48)
        column.setSpacing(GAP_M)
        column.addStretch(2)
        for name, style, tone in (
            ("title", "card", "1"),
            ("text", "body", "2"),
            ("cure", "body", "1"),
        ):
            label = self._words[name]
            set_text_style(label, style, tone)
            label.setWordWrap(True)
            label.setAlignment(Qt.AlignmentFlag.AlignHCenter)
            column.addWidget(label)
        column.addSpacing(GAP_M)
        column.addWidget(self.start_button, alignment=Qt.AlignmentFlag.AlignHCenter)
        column.addStretch(3)
        return page

    def _fill_right(self) -> None:
        column = QVBoxLayout(self._right)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(GAP_M)
        title = _section("Verdicts at these limits")
        title.setMinimumHeight(TARGET)
        column.addWidget(title)
        column.addWidget(self.matrix)
        for label in (self._rates, self._matrix_missing):
            set_text_style(label, "note", "2")
            label.setWordWrap(True)
        column.addWidget(self._rates)
        column.addWidget(self._matrix_missing)
        column.addSpacing(GAP_M)
        head = QHBoxLayout()
        head.addWidget(_section("Scores"))
        head.addStretch(1)
        self.log_chip.setCheckable(True)
        self.log_chip.setFont(text_font("caption"))
        set_property(self.log_chip, "kind", "chip")
        head.addWidget(self.log_chip)
        column.addLayout(head)
        column.addWidget(self.scores, 4)
        column.addStretch(1)

    def bind(self, evaluate: QAction, export: QAction, close: QAction) -> None:
        """The buttons are the actions of the same meaning."""
        for button, action, text in (
            (self.evaluate_button, evaluate, "Again"),
            (self.start_button, evaluate, "Evaluate"),
            (self.export_button, export, "Export…"),
            (self.close_button, close, ""),
        ):
            button.setText(text)
            button.setToolTip(action.toolTip())
            button.setEnabled(action.isEnabled())
            button.clicked.connect(action.trigger)
            action.enabledChanged.connect(button.setEnabled)
        self.scope_box.setEnabled(evaluate.isEnabled())
        evaluate.enabledChanged.connect(self.scope_box.setEnabled)
        self.evaluate_button.setToolTip(f"Evaluate again ({evaluate.shortcut().toString()})")
        self.close_button.setIcon(icon("x"))
        self.close_button.setAccessibleName("Back to the part")
        self.close_button.setToolTip(f"Back to the part ({close.shortcut().toString()})")

    def show_message(self, message: Message, *, can_start: bool) -> None:
        """Words in place of an evaluation."""
        for name, label in self._words.items():
            label.setText(getattr(message, name))
            label.setVisible(bool(getattr(message, name)))
        self.start_button.setVisible(can_start)
        self._show_page(0)

    def show_outcome(self, outcome: Evaluation) -> None:
        """Another evaluation; limits and counts follow by `show_counts`."""
        self.show_scope(outcome.scope)
        self.curves.show_outcome(outcome)
        self.table.rows.show(outcome)
        notes = notes_text(outcome)
        self._notes.setText(notes)
        self._notes.setVisible(bool(notes))
        self._show_page(1)

    def show_scope(self, scope: str) -> None:
        """Mark which pixels count."""
        self.scope_box.setCurrentIndex(max(0, self.scope_box.findData(scope)))

    def show_counts(
        self, counts: Mapping[Cell, int], totals: Mapping[bool, int], rates: str, missing: str
    ) -> None:
        """The confusion matrix and what it amounts to."""
        self.matrix.show_counts(counts, totals)
        self._rates.setText(rates)
        self._matrix_missing.setText(missing)
        self._matrix_missing.setVisible(bool(missing))

    @property
    def words(self) -> tuple[str, str, str]:
        """Title, text and cure that stand in place of an evaluation; empty when there is one."""
        if self._pages.currentIndex() != 0:
            return "", "", ""
        return self._words["title"].text(), self._words["text"].text(), self._words["cure"].text()

    @property
    def rates(self) -> str:
        """False rejects and escapes, with their mark-up."""
        return self._rates.text()

    @property
    def matrix_missing(self) -> str:
        """Which kind of parts the matrix lacks, or empty."""
        return self._matrix_missing.text()

    @property
    def notes(self) -> str:
        return self._notes.text()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.close_button.click()
        else:
            super().keyPressEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._place(2 if self.width() >= _TWO_COLUMNS else 1)

    def _show_page(self, page: int) -> None:
        self._pages.setCurrentIndex(page)
        for widget in (self.scope_box, self.evaluate_button, self.export_button):
            widget.setVisible(page == 1)

    def _place(self, columns: int) -> None:
        if columns == self._columns:
            return
        self._columns = columns
        self._grid.addWidget(self.curves, 0, 0)
        self._grid.addWidget(self._right, 0 if columns == 2 else 1, columns - 1)
        self._grid.setColumnStretch(0, 3)
        self._grid.setColumnStretch(1, 2 if columns == 2 else 0)


def _section(title: str) -> QLabel:
    label = QLabel(title)
    set_text_style(label, "section", "3")
    return label
