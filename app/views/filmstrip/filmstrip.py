"""Filter chips with counts, the choice of a split, and the strip below them."""

from __future__ import annotations

from PySide6.QtCore import QItemSelectionModel, QModelIndex, Qt, QTimer, Signal
from PySide6.QtGui import QAction, QImage
from PySide6.QtWidgets import (
    QAbstractItemView,
    QComboBox,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from app.model.evaluation_words import filter_words
from app.model.part_list import FILTERS, ID_ROLE, PartList
from app.model.session import ALL_SPLITS, Session
from app.theme.apply import set_property, set_text_style, theme
from app.theme.fonts import text_font
from app.theme.icons import icon
from app.theme.tokens import GAP_M, GAP_S, RAIL
from app.views.filmstrip.row import PartDelegate, Pictures
from app.views.filmstrip.strip import Strip
from app.views.flow import FlowLayout
from app.words import parts_of
from inspector_core.types import Verdict

_CHIP_WORDS = {
    None: "All",
    Verdict.REJECT: "Reject",
    Verdict.REVIEW: "Review",
    Verdict.ACCEPT: "Accept",
    Verdict.NOT_INSPECTED: "Not inspected",
}


class Filmstrip(QWidget):
    """Filter chips with counts above the strip.

    chosen(id) : the user wants to see this part.   wanted(ids) : pictures that are missing.
    """

    chosen = Signal(str)
    wanted = Signal(list)

    def __init__(self, session: Session, parts: PartList, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        set_property(self, "panel", "rail")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setFixedWidth(RAIL)
        self._session = session
        self._parts = parts
        self._pictures = Pictures()
        self._asked: set[str] = set()
        self._chips: dict[Verdict | None, QPushButton] = {}
        self._splits = QComboBox()
        self.banner, self._banner_words, self.clear_button = QWidget(), QLabel(), QToolButton()
        self.evaluation_button = QPushButton("Evaluation")
        self._splits.setAccessibleName("Part of the folder")
        self._splits.activated.connect(self._choose_split)
        self.view = Strip()
        self.view.setModel(parts)
        self.view.setItemDelegate(PartDelegate(self._pictures, self.view.has_ring, self.view))
        self._arrange()
        self._soon = QTimer(self, singleShot=True, interval=30)
        self._soon.timeout.connect(self._ask_for_pictures)
        self.view.rows_shown.connect(self._soon.start)
        self.view.selectionModel().currentChanged.connect(self._row_changed)
        parts.modelReset.connect(self._after_reset)
        parts.counts_changed.connect(self._show_counts)
        session.scan_changed.connect(self._new_folder)
        session.split_changed.connect(self._show_splits)
        session.current_changed.connect(self.show_current)
        theme().changed.connect(self.view.viewport().update)
        self._show_counts()
        self._show_splits()

    def _arrange(self) -> None:
        layout = QVBoxLayout(self)
        # the hairline at the right belongs to the strip and stays visible beside the rows
        layout.setContentsMargins(0, GAP_M, 1, 0)
        layout.setSpacing(GAP_M)
        head = QVBoxLayout()
        head.setContentsMargins(GAP_M, 0, GAP_M, 0)
        head.setSpacing(GAP_M)
        flow = FlowLayout(gap=GAP_S - 2)
        for verdict in FILTERS:
            chip = QPushButton()
            chip.setFont(text_font("caption"))
            chip.setCheckable(True)
            set_property(chip, "kind", "chip")
            chip.clicked.connect(lambda _=False, wanted=verdict: self._parts.set_filter(wanted))
            self._chips[verdict] = chip
            flow.addWidget(chip)
        head.addWidget(self._splits)
        head.addLayout(flow)
        head.addWidget(self._make_banner())
        layout.addLayout(head)
        layout.addWidget(self.view, 1)
        layout.addLayout(self._foot())

    def _make_banner(self) -> QWidget:
        set_text_style(self._banner_words, "note", "1")
        self._banner_words.setWordWrap(True)
        self.clear_button.setIcon(icon("x"))
        self.clear_button.setAccessibleName("Show all parts")
        self.clear_button.setToolTip("Show all parts")
        self.clear_button.clicked.connect(lambda: self._parts.set_filter(None))
        row = QHBoxLayout(self.banner)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(GAP_S)
        row.addWidget(self._banner_words, 1)
        row.addWidget(self.clear_button)
        return self.banner

    def _foot(self) -> QHBoxLayout:
        set_property(self.evaluation_button, "kind", "flat")
        self.evaluation_button.setIcon(icon("histogram"))
        self.evaluation_button.setCheckable(True)
        row = QHBoxLayout()
        row.setContentsMargins(GAP_M, 0, GAP_M, GAP_M)
        row.addWidget(self.evaluation_button)
        return row

    def bind(self, evaluation: QAction) -> None:
        """The button at the foot is the action of the same meaning."""
        button = self.evaluation_button
        button.setToolTip(evaluation.toolTip())
        button.clicked.connect(evaluation.trigger)
        evaluation.changed.connect(lambda: button.setEnabled(evaluation.isEnabled()))
        evaluation.changed.connect(lambda: button.setChecked(evaluation.isChecked()))

    def show_thumbnail(self, part_id: str, picture: QImage, size: tuple[int, int]) -> None:
        """A small picture that was asked for."""
        self._pictures.put(part_id, picture, size)
        self._parts.repaint(part_id)

    def show_current(self, part_id: str) -> None:
        """Mark a part's row and bring it into sight."""
        row = self._parts.row(part_id)
        selection = self.view.selectionModel()
        if row < 0:
            selection.clear()
            return
        index = self._parts.index(row)
        if index != self.view.currentIndex():
            selection.setCurrentIndex(index, QItemSelectionModel.SelectionFlag.ClearAndSelect)
        self.view.scrollTo(index, QAbstractItemView.ScrollHint.EnsureVisible)

    def _row_changed(self, index: QModelIndex) -> None:
        part_id = index.data(ID_ROLE)
        if part_id:
            self.chosen.emit(part_id)

    def _after_reset(self) -> None:
        self.show_current(self._session.current)
        self._soon.start()

    def _new_folder(self) -> None:
        self._pictures.clear()
        self._asked.clear()
        self._show_splits()

    def _choose_split(self, index: int) -> None:
        self._session.set_split(self._splits.itemData(index))

    def _show_splits(self) -> None:
        splits = self._session.splits
        sizes = self._session.split_sizes
        self._splits.clear()
        self._splits.addItem(f"all · {parts_of(sum(sizes.values()))}", ALL_SPLITS)
        for split in splits:
            self._splits.addItem(f"{split or 'parts'} · {parts_of(sizes[split])}", split)
        self._splits.setCurrentIndex(max(0, self._splits.findData(self._session.split)))
        self._splits.setVisible(len(splits) > 1)

    @property
    def banner_words(self) -> str:
        """What the banner says about the filter, empty when it is hidden."""
        return "" if self.banner.isHidden() else self._banner_words.text()

    def _show_banner(self) -> None:
        subset = self._parts.subset
        self.banner.setVisible(subset is not None)
        if subset is not None:
            words = filter_words(subset.words, self._parts.filter)
            self._banner_words.setText(
                f"{words[:1].upper()}{words[1:]}: {parts_of(self._parts.rowCount())}"
            )

    def _show_counts(self) -> None:
        self._show_banner()
        counts = self._parts.counts
        for verdict, chip in self._chips.items():
            number = counts[verdict]
            chip.setText(f"{_CHIP_WORDS[verdict]} {number:,}")
            chip.setChecked(verdict is self._parts.filter)
            # an empty filter is no choice, but a chosen one stays so that it can be left
            chip.setVisible(verdict is None or number > 0 or verdict is self._parts.filter)

    def _ask_for_pictures(self) -> None:
        ids = [self._parts.id_at(row) for row in self.view.rows_in_sight()]
        missing = [name for name in ids if name and self._pictures.get(name) is None]
        if missing and set(missing) != self._asked:
            # parts without a readable picture are not asked for again and again
            self._asked = set(missing)
            self.wanted.emit(missing)
