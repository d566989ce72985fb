"""Three ways to begin, a place to drop things, what was open lately."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QDragEnterEvent, QDragLeaveEvent, QDropEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QScrollArea, QVBoxLayout, QWidget

from app.model.recent import RecentItem
from app.theme.apply import set_property, set_text_style
from app.views.start_page.card import Card, DropTarget
from app.views.start_page.recent_list import RecentList

_WIDTH = 880


class StartPage(QScrollArea):
    """Sends what was chosen; `path_dropped` carries the local path of whatever was dropped."""

    sample_requested = Signal()
    folder_requested = Signal()
    recipe_requested = Signal()
    recent_chosen = Signal(object)
    recents_cleared = Signal()
    path_dropped = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWidgetResizable(True)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setAcceptDrops(True)
        page = QWidget()
        set_property(page, "panel", "window")
        page.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setWidget(page)
        column = QWidget()
        column.setFixedWidth(_WIDTH)
        row = QHBoxLayout(page)
        row.setContentsMargins(24, 24, 24, 24)
        row.addWidget(column, 0, Qt.AlignmentFlag.AlignCenter)
        layout = QVBoxLayout(column)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        self._add_words(layout)
        self._add_cards(layout)
        self._drop = DropTarget()
        layout.addSpacing(26)
        layout.addWidget(self._drop)
        layout.addSpacing(22)
        self._recents = RecentList()
        self._recents.chosen.connect(self.recent_chosen)
        self._recents.cleared.connect(self.recents_cleared)
        layout.addWidget(self._recents)
        self.setFocusProxy(self.cards["sample"])

    def _add_words(self, layout: QVBoxLayout) -> None:
        headline = QLabel("Show it thirty good parts.")
        set_text_style(headline, "start")
        lead = QLabel(
            '<div style="line-height:124%">Relief Inspector learns what good looks like from colour '
            "pictures and registered 3D scans,<br>then finds, measures and explains what differs. "
            "Everything stays on this computer.</div>"
        )
        set_text_style(lead, "lead", "2")
        layout.addWidget(headline)
        layout.addSpacing(8)
        layout.addWidget(lead)
        layout.addSpacing(24)

    def _add_cards(self, layout: QVBoxLayout) -> None:
        self.cards = {
            "sample": Card(
                "sample",
                "Try the sample part",
                "A cast bracket: 24 good parts to learn from, 20 to inspect. From folder to report "
                "in about a minute.",
                "Ctrl+T",
            ),
            "folder": Card(
                "folder-open",
                "Open a folder",
                "MVTec 3D-AD, Eyecandies, MVTec AD, or your own pairs of picture and scan.",
                "Ctrl+O",
            ),
            "recipe": Card(
                "recipe",
                "Open a recipe",
                "What was learnt before, with its thresholds and what they promise.",
                "Ctrl+R",
            ),
        }
        row = QHBoxLayout()
        row.setSpacing(12)
        for card in self.cards.values():
            row.addWidget(card, 1)
        layout.addLayout(row)
        self.cards["sample"].clicked.connect(self.sample_requested)
        self.cards["folder"].clicked.connect(self.folder_requested)
        self.cards["recipe"].clicked.connect(self.recipe_requested)

    def show_recents(self, items: Sequence[RecentItem]) -> None:
        """List what was open lately, newest first; what is gone stands greyed."""
        self._recents.show_items(items)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if any(url.isLocalFile() for url in event.mimeData().urls()):
            event.acceptProposedAction()
            self._drop.set_awaiting(True)

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:
        self._drop.set_awaiting(False)

    def dropEvent(self, event: QDropEvent) -> None:
        self._drop.set_awaiting(False)
        local = [url.toLocalFile() for url in event.mimeData().urls() if url.isLocalFile()]
        if local:
            event.acceptProposedAction()
            self.path_dropped.emit(local[0])
