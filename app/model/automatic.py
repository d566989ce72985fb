"""Which detector the good parts of a folder would choose, as the learn dialog sees it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

if TYPE_CHECKING:
    from inspector_core.detectors.contract import DetectorInfo
    from inspector_core.detectors.default_choice import Choice

_LOOKING = "Looking at a few good parts to see which detector suits them…"


class AutomaticModel(QObject):
    """Asks once; says what is known so far.

    asked() : look at the good parts.   changed() : what is said differs.
    infos : all detectors, for their titles.
    """

    asked = Signal()
    changed = Signal()

    def __init__(self, infos: Sequence[DetectorInfo], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._infos = {info.name: info for info in infos}
        self._info: DetectorInfo | None = None
        self._sentence = ""

    @property
    def sentence(self) -> str:
        """The detector with the reasons, that it is being looked for, or why none was found."""
        return self._sentence

    @property
    def info(self) -> DetectorInfo | None:
        """The detector, once it is known."""
        return self._info

    def look(self) -> None:
        """Ask, unless that was done already."""
        if not self._sentence:
            self._say(_LOOKING)
            self.asked.emit()

    def answer(self, choice: Choice) -> None:
        """The good parts were looked at."""
        self._info = self._infos.get(choice.detector)
        title = choice.detector if self._info is None else self._info.title
        self._say(f"Suits best: {title}. {' '.join(choice.reasons)}")

    def fail(self, sentence: str) -> None:
        """They could not be looked at."""
        self._say(sentence)

    def _say(self, sentence: str) -> None:
        self._sentence = sentence
        self.changed.emit()
