"""The verdict in word, shape and colour, with the reason in one sentence."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QVBoxLayout, QWidget

from app.theme.apply import set_text_style, theme
from app.theme.icons import paint_verdict
from app.theme.tokens import GAP_L
from inspector_core.types import Verdict

_WORDS = {
    Verdict.ACCEPT: "Accept",
    Verdict.REVIEW: "Review",
    Verdict.REJECT: "Reject",
    Verdict.NOT_INSPECTED: "Not inspected",
}


class VerdictBadge(QWidget):
    """The large badge; empty before a part was inspected."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._verdict: Verdict | None = None
        self.setFixedSize(QSize(36, 36))
        theme().changed.connect(self.update)

    def show_verdict(self, verdict: Verdict | None) -> None:
        if verdict is not self._verdict:
            self._verdict = verdict
            self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        if self._verdict is not None:
            paint_verdict(painter, self._verdict, QRectF(self.rect()), square=True)
        painter.end()


class VerdictHeader(QWidget):
    """Badge, word and reason; keeps its height whatever stands there."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._badge = VerdictBadge()
        self._word, self._reason = QLabel(), QLabel()
        set_text_style(self._word, "verdict")
        set_text_style(self._reason, "note", "2")
        self._reason.setWordWrap(True)
        self._reason.setTextFormat(Qt.TextFormat.PlainText)
        self._reason.setAlignment(Qt.AlignmentFlag.AlignTop)
        self._reason.setFixedHeight(3 * 17)
        texts = QVBoxLayout()
        texts.setSpacing(2)
        texts.addWidget(self._word)
        texts.addWidget(self._reason)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(GAP_L)
        layout.addWidget(self._badge, 0, Qt.AlignmentFlag.AlignTop)
        layout.addLayout(texts, 1)

    def show_verdict(self, verdict: Verdict | None, title: str, reason: str) -> None:
        """verdict : None shows the title instead of a verdict's word."""
        self._badge.setVisible(verdict is not None)
        self._badge.show_verdict(verdict)
        word = title if verdict is None else _WORDS[verdict]
        self._word.setText(word)
        self._reason.setText(reason)
        self._reason.setToolTip(reason)
        self.setAccessibleName(f"{word}. {reason}")

    @property
    def word(self) -> str:
        return self._word.text()

    @property
    def reason(self) -> str:
        return self._reason.text()
