"""The foot of the window: device, speed, recipe; and what is being done, how far, for how long yet."""

from __future__ import annotations

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QAction, QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QProgressBar, QPushButton, QSizePolicy, QWidget

from app.theme.apply import current, set_property, set_text_style
from app.theme.fonts import text_font
from app.theme.tokens import GAP_L, GAP_M, STATUS


class _Dot(QWidget):
    """Green when the engine is ready, grey before."""

    def __init__(self) -> None:
        super().__init__()
        self.setFixedSize(8, STATUS - 2)
        self.is_ready = False

    def paintEvent(self, event: QPaintEvent) -> None:
        tokens = current()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(tokens.accept if self.is_ready else tokens.neutral))
        painter.drawEllipse(QRectF(0, self.height() / 2 - 3.5, 7, 7))
        painter.end()


class StatusBar(QWidget):
    """Texts left, progress right; the room of the progress is kept while it is hidden."""

    def __init__(self, cancel: QAction, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        set_property(self, "panel", "status")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setFixedHeight(STATUS)
        self._dot = _Dot()
        self._device, self._speed, self._recipe = QLabel(), QLabel(), QLabel()
        self._what, self._left = QLabel(), QLabel()
        self._bar = QProgressBar()
        self._cancel = QPushButton("Cancel")
        self._arrange()
        self._cancel.clicked.connect(cancel.trigger)
        self.show_idle()

    def _arrange(self) -> None:
        for label in (self._device, self._speed, self._recipe, self._what, self._left):
            set_text_style(label, "note", "2")
            label.setTextFormat(Qt.TextFormat.PlainText)
        self._what.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self._what.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self._left.setFixedWidth(84)
        self._bar.setFixedWidth(160)
        self._bar.setTextVisible(False)
        self._bar.setAccessibleName("Progress")
        set_property(self._cancel, "kind", "link")
        self._cancel.setFont(text_font("note"))
        layout = QHBoxLayout(self)
        layout.setContentsMargins(12, 0, 12, 0)
        layout.setSpacing(GAP_L)
        device = QHBoxLayout()
        device.setSpacing(GAP_M - 2)
        device.addWidget(self._dot)
        device.addWidget(self._device)
        layout.addLayout(device)
        layout.addWidget(self._speed)
        layout.addWidget(self._recipe)
        layout.addWidget(self._what, 1)
        layout.addWidget(self._bar)
        layout.addWidget(self._left)
        layout.addWidget(self._cancel)

    def show_facts(self, device: str, note: str, speed: str, recipe: str, recipe_note: str) -> None:
        """What stands at the left; empty texts take no room.

        note, recipe_note : say of the device and of the recipe what their names do not.
        """
        self._dot.is_ready = bool(device)
        for label, name, said in (
            (self._device, device, note),
            (self._recipe, recipe, recipe_note),
        ):
            label.setToolTip(said)
            label.setAccessibleName(f"{name}. {said}" if said else name)
        self._dot.update()
        for label, text in (
            (self._device, device or "Preparing the engine"),
            (self._speed, speed),
            (self._recipe, recipe),
        ):
            label.setText(text)
            label.setVisible(bool(text))

    def show_progress(self, what: str, share: float | None, left: str, *, stopping: bool) -> None:
        """What is being done; share None = unknown."""
        self._show_progress_parts(True)
        self._what.setText(what)
        self._bar.setRange(0, 0 if share is None else 1000)
        if share is not None:
            self._bar.setValue(round(1000 * share))
        self._left.setText(left)
        self._cancel.setEnabled(not stopping)

    def show_idle(self, text: str = "") -> None:
        """Nothing is being done; a quiet text may stand there."""
        self._what.setText(text)
        self._show_progress_parts(False)

    def _show_progress_parts(self, shown: bool) -> None:
        for widget in (self._bar, self._left, self._cancel):
            widget.setVisible(shown)

    @property
    def progress_text(self) -> str:
        return self._what.text()

    @property
    def device_note(self) -> str:
        """What is said when the mouse rests on the device."""
        return self._device.toolTip()

    @property
    def recipe_note(self) -> str:
        """What is said when the mouse rests on the recipe."""
        return self._recipe.toolTip()

    @property
    def device_text(self) -> str:
        return self._device.text()
