"""The good part that is nearest at a defect, and by how much this part differs from it there."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize
from PySide6.QtGui import QColor, QImage, QPainter, QPainterPath, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QWidget

from app.theme.apply import current, set_text_style, theme
from app.theme.tokens import GAP_M, RADIUS_TAG

_SIZE = QSize(84, 64)


class _Picture(QWidget):
    def __init__(self) -> None:
        super().__init__()
        self.image: QImage | None = None
        self.setFixedSize(_SIZE)
        theme().changed.connect(self.update)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        path = QPainterPath()
        path.addRoundedRect(QRectF(self.rect()), RADIUS_TAG, RADIUS_TAG)
        painter.setClipPath(path)
        painter.fillRect(self.rect(), QColor(current().view))
        if self.image is not None:
            scale = max(self.width() / self.image.width(), self.height() / self.image.height())
            target = QRectF(0, 0, self.image.width() * scale, self.image.height() * scale)
            target.moveCenter(QRectF(self.rect()).center())
            painter.drawImage(target, self.image)
        painter.end()


class NearestGood(QWidget):
    """Small picture and two facts; keeps its height."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._picture = _Picture()
        self._text = QLabel()
        set_text_style(self._text, "note", "2")
        self._text.setWordWrap(True)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(GAP_M)
        layout.addWidget(self._picture)
        layout.addWidget(self._text, 1)
        self.show_nothing("")

    def show_nothing(self, why: str) -> None:
        """Words in place of a comparison."""
        self._picture.image = None
        self._picture.update()
        self._picture.setVisible(False)
        self._text.setText(why)
        self.setFixedHeight(_SIZE.height())

    def show_words(self, number: int, words: str) -> None:
        """How this part differs from good ones at a defect, where no single one is named."""
        self.show_nothing(f"Defect {number}: {words}.")

    def show_nearest(
        self,
        name: str,
        number: int,
        height_mm: float | None,
        picture: QImage | None,
        unit: str,
    ) -> None:
        """The good part and how this one differs from it at a defect."""
        self._picture.image = picture
        self._picture.setVisible(picture is not None)
        self._picture.update()
        difference = "no reading to compare there"
        if height_mm is not None:
            side = "below" if height_mm < 0 else "above"
            difference = f"this part lies <b>{abs(height_mm):.2f} {unit}</b> {side} it"
        self._text.setText(f"<b>{name}</b> is most like it at defect {number}: {difference}.")
