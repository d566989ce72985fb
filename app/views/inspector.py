"""The right column: verdict, defects, limits, nearest good part, notes."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QLabel, QScrollArea, QVBoxLayout, QWidget

from app.theme.apply import current, set_property, set_text_style, theme
from app.theme.tokens import GAP_M, INSPECTOR, PADDING
from app.views.defect_table import DefectTable
from app.views.maps_panel import MapsPanel
from app.views.nearest_good import NearestGood
from app.views.threshold_panel import ThresholdPanel
from app.views.verdict_header import VerdictHeader
from inspector_core.colormaps import NAMES
from inspector_core.types import LengthUnit

_BAR = 10
"""Width of the scroll bar, as the style sheet sets it."""


class Inspector(QScrollArea):
    """Assembles the column; what stands in it is set by the window."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.header = VerdictHeader()
        self.table = DefectTable()
        self.limits = ThresholdPanel()
        self.nearest = NearestGood()
        self.maps = MapsPanel(NAMES)
        self._legend, self._notes = QLabel(), QLabel()
        self._unit: LengthUnit = "mm"
        self._notes_title = _section("Notes")
        self._arrange()
        theme().changed.connect(self._show_legend)
        self._show_legend()

    def _arrange(self) -> None:
        column = QWidget()
        set_property(column, "panel", "inspector")
        column.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        layout = QVBoxLayout(column)
        layout.setContentsMargins(PADDING, PADDING, PADDING, PADDING)
        layout.setSpacing(GAP_M)
        set_text_style(self._legend, "caption", "3")
        set_text_style(self._notes, "note", "2")
        self._notes.setWordWrap(True)
        self._notes.setTextFormat(Qt.TextFormat.PlainText)
        self._notes.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        layout.addWidget(self.header)
        for title, widgets in (
            (_section("Defects"), (self.table, self._legend)),
            (_section("Limits"), (self.limits,)),
            (_section("Compared with good parts"), (self.nearest,)),
            (_section("Maps"), (self.maps,)),
            (self._notes_title, (self._notes,)),
        ):
            layout.addWidget(title)
            for widget in widgets:
                layout.addWidget(widget)
            layout.addSpacing(GAP_M)
        layout.addStretch(1)
        self.setWidget(column)
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFixedWidth(INSPECTOR)
        self.setAccessibleName("Inspector")
        # the bar takes its room from the margin, so that nothing moves when it appears
        bar = self.verticalScrollBar()
        bar.rangeChanged.connect(
            lambda _, top: layout.setContentsMargins(
                PADDING, PADDING, PADDING - (_BAR if top > 0 else 0), PADDING
            )
        )
        self.show_notes(())

    def show_notes(self, notes: tuple[str, ...]) -> None:
        """What was assumed about the part, one sentence a line."""
        self._notes.setText("\n".join(notes))
        for widget in (self._notes, self._notes_title):
            widget.setVisible(bool(notes))

    def show_unit(self, unit: LengthUnit) -> None:
        """Say below the table in which mm its columns are."""
        self._unit = unit
        self._show_legend()

    @property
    def legend(self) -> str:
        """What stands below the table of defects, with its mark-up."""
        return self._legend.text()

    def _show_legend(self) -> None:
        tokens = current()
        measured = "Measured on the surface" if self._unit == "mm" else "In nominal mm"
        self._legend.setText(
            f"{measured} · why: "
            f'<span style="color:{tokens.colour}">■</span> colour '
            f'<span style="color:{tokens.shape}">■</span> shape'
        )


def _section(title: str) -> QLabel:
    label = QLabel(title)
    set_text_style(label, "section", "3")
    return label
