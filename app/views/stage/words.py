"""What the stage says where it has nothing to show."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QTimer
from PySide6.QtWidgets import QWidget

from app.model.part_view import Message, PartView
from app.theme.pane_parts import VEIL, PaneMessage

NO_PICTURE = Message("No picture", "This part has a 3D scan only.")
NO_SCAN = Message("No 3D scan", "This part has a picture only; its shape is not inspected.")
NO_POINTS = Message("No measured points", "The scan of this part is empty.")
TOO_MANY_POINTS = Message(
    "Too many points to draw", "The scan has more than 16 million; pictures and maps are shown."
)

_MOST_POINTS = 2**24 - 2
_AFTER_MS = 300
_MAP_WORDS = {"rgb": "colour map", "shape": "shape map", "fused": "fused map"}


def missing_cloud(view: PartView) -> Message | None:
    """Why there is no cloud to look at; None when there is one."""
    valid = view.valid
    if valid is None:
        return NO_SCAN
    if valid.size > _MOST_POINTS:
        return TOO_MANY_POINTS
    return None if valid.any() else NO_POINTS


def missing_map(view: PartView, modality: str) -> Message | None:
    """Why a map is not there; None when it is."""
    if view.map(modality) is not None:
        return None
    title = f"No {_MAP_WORDS[modality]}"
    if modality == "rgb" and view.rgb is None:
        return Message(title, "This part has no picture.")
    if modality == "shape" and view.xyz is None:
        return Message(title, "This part has no 3D scan.")
    return Message(title, "This recipe's detector does not make one.")


class StageWords(QObject):
    """Words over the three maps, or over the whole stage where a part cannot be shown at all."""

    def __init__(self, whole: QWidget, maps: QWidget) -> None:
        super().__init__(whole)
        self._whole, self._maps = PaneMessage(whole), PaneMessage(maps)
        self._awaited = ""
        self._patience = QTimer(self, singleShot=True, interval=_AFTER_MS)
        self._patience.timeout.connect(self._say_waiting)
        for watched in (whole, maps):
            watched.installEventFilter(self)

    def show_part(self, view: PartView) -> None:
        """The part's message, where its maps or everything would be."""
        self.stop_waiting()
        self._maps.hide()
        message = view.message
        if message is not None:
            unreadable = view.rgb is None and view.xyz is None
            target, veil = (self._whole, 1.0) if unreadable else (self._maps, VEIL)
            target.show_words("not-inspected", message.title, message.text, message.cure, veil=veil)

    def say(self, message: Message, icon: str) -> None:
        """Words over the whole stage."""
        self.stop_waiting()
        self._whole.show_words(icon, message.title, message.text, message.cure, veil=1.0)

    def wait_for(self, name: str) -> None:
        """Say after 0.3 s what is awaited; what is shown stays until then."""
        self._awaited = name
        self._patience.start()

    def stop_waiting(self) -> None:
        """Nothing is awaited any more."""
        self._patience.stop()
        self._whole.hide()

    def shown(self) -> tuple[str, str, str]:
        """Title, text and cure that stand over the stage or over the maps; empty when none do."""
        return self._whole.words if any(self._whole.words) else self._maps.words

    def _say_waiting(self) -> None:
        self._whole.show_words("clock", "Reading the part", self._awaited, veil=VEIL)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Resize and isinstance(watched, QWidget):
            target = self._whole if watched is self.parent() else self._maps
            target.setGeometry(watched.rect())
        return False
