"""Which part the stage waits for, what was loaded lately, and what may be wanted next."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Any

from PySide6.QtCore import QObject, Signal

from app.model.open_part import OpenPart

KEPT = 5
"""Parts held in memory: the shown one, its neighbours, and a few that were just looked at."""


class PartLoader(QObject):
    """Turns "show this part" into an opened part, from memory or by asking for it.

    wanted(id) : somebody has to open it and call `arrived` or `failed`.
    opened(OpenPart) : it can be shown.   waiting(id) : it will take a moment.
    missed(id, Failure) : it cannot be shown.
    """

    wanted = Signal(str)
    opened = Signal(object)
    waiting = Signal(str)
    missed = Signal(str, object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._kept: OrderedDict[str, OpenPart] = OrderedDict()
        self._wish = ""

    @property
    def wish(self) -> str:
        """Id of the part that is to be shown."""
        return self._wish

    def show(self, part_id: str) -> None:
        """Show this part as soon as it can be."""
        self._wish = part_id
        if part_id == "":
            return
        part = self._kept.get(part_id)
        if part is not None:
            self._kept.move_to_end(part_id)
            self.opened.emit(part)
        else:
            self.waiting.emit(part_id)
            self.wanted.emit(part_id)

    def arrived(self, part: OpenPart) -> None:
        """A part was opened, wished for or ahead of a wish."""
        part_id = part.ref.id
        self._kept[part_id] = part
        self._kept.move_to_end(part_id)
        while len(self._kept) > KEPT:
            self._kept.popitem(last=False)
        if part_id == self._wish:
            self.opened.emit(part)

    def failed(self, part_id: str, failure: Any) -> None:
        """A part could not be opened."""
        if part_id == self._wish:
            self.missed.emit(part_id, failure)

    def missing(self, ids: Sequence[str]) -> list[str]:
        """Those of the parts that are not in memory."""
        return [part_id for part_id in ids if part_id and part_id not in self._kept]

    def forget(self, part_id: str) -> None:
        """What is known about a part changed; show it anew when it is the wished one."""
        if self._kept.pop(part_id, None) is not None and part_id == self._wish:
            self.wanted.emit(part_id)

    def forget_all(self, unless: Callable[[OpenPart], bool] = lambda _: False) -> None:
        """Forget everything in memory, as after a change of recipe."""
        for part_id in [key for key, part in self._kept.items() if not unless(part)]:
            self.forget(part_id)
