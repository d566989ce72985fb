"""What lies on the cloud: title tag, read-out, words, the note about missing 3D, two guests."""

from __future__ import annotations

from PySide6.QtCore import QPointF, Qt
from PySide6.QtWidgets import QLabel, QWidget

from app.model.part_view import Message
from app.theme.fonts import text_font
from app.theme.pane_parts import MARGIN, VEIL, FocusRing, PaneMessage, PaneReadout, PaneTag

_WIDE = 440
_BELOW_TAG = 32


class Labels:
    """Children of the pane that keep their places when its size changes."""

    def __init__(self, pane: QWidget, title: str) -> None:
        self._pane, self._title = pane, title
        self.message = PaneMessage(pane)
        self.tag = PaneTag(pane)
        self.readout = PaneReadout(pane)
        self.note = QLabel(pane)
        self.note.setProperty("tag", "view")
        self.note.setFont(text_font("caption"))
        self.note.setWordWrap(True)
        self.note.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.note.hide()
        self._ring = FocusRing(pane)
        self._beside_tag: QWidget | None = None
        self._at_edge: QWidget | None = None
        self.recolour()

    def recolour(self) -> None:
        """Take the colours of the theme in force."""
        self.tag.show_title(self._title)

    def take_in(self, beside_tag: QWidget, at_edge: QWidget) -> None:
        """Keep two more children in place: beside the tag, and at the right below it."""
        self._beside_tag, self._at_edge = beside_tag, at_edge
        self.place()

    def show_note(self, text: str) -> None:
        """A sentence that stays at the lower left."""
        self.note.setText(text)
        self.note.show()
        self.place()

    def show_message(self, message: Message | None, icon: str, *, over_picture: bool) -> None:
        """Words in the middle; None takes them away."""
        if message is None:
            self.message.hide()
            return
        veil = VEIL if over_picture else 0.0
        self.message.show_words(icon, message.title, message.text, message.cure, veil=veil)
        self.tag.raise_()

    def place(self) -> None:
        """Put everything where it belongs in a pane of this size."""
        width, height = self._pane.width(), self._pane.height()
        self.message.setGeometry(self._pane.rect())
        self.readout.place()
        if self._beside_tag is not None and self._at_edge is not None:
            tag = self.tag.geometry()
            top = tag.center().y() - self._beside_tag.height() // 2
            self._beside_tag.move(tag.right() + 7, top)
            self._at_edge.move(width - self._at_edge.width() - MARGIN, MARGIN + _BELOW_TAG)
        self.note.setFixedWidth(max(80, min(440, width - 2 * MARGIN)))
        self.note.adjustSize()
        self.note.move(MARGIN, height - self.note.height() - MARGIN)

    def triad_corner(self) -> QPointF:
        """Where the axis triad stands; a narrow pane has no room for it beside the read-out."""
        return QPointF(34, self._pane.height() - (40 if self._pane.width() >= _WIDE else 84))
