"""The folders and recipes that were open lately, newest first."""

from __future__ import annotations

import logging
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from PySide6.QtCore import QObject, Signal

from inspector_core.errors import InspectorError
from inspector_core.files import read_json, shown, write_json

log = logging.getLogger(__name__)

MOST = 10
Kind = Literal["folder", "recipe"]


@dataclass(frozen=True, slots=True)
class RecentItem:
    """One line of the start page.

    note : what it holds ("68 parts · recipe casting-2").   opened : ISO 8601, UTC.
    """

    path: str
    kind: Kind
    note: str
    opened: str

    @property
    def name(self) -> str:
        return shown(Path(self.path).name or self.path)

    @property
    def exists(self) -> bool:
        return Path(self.path).is_dir()

    @property
    def when(self) -> datetime:
        """When it was open, in this computer's time zone."""
        return datetime.fromisoformat(self.opened).astimezone()


class Recent(QObject):
    """At most ten items in a JSON file; a file that cannot be read is like none."""

    changed = Signal()

    def __init__(self, folder: Path, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._path = folder / "recent.json"
        self._items = _read(self._path)

    @property
    def items(self) -> tuple[RecentItem, ...]:
        return self._items

    def add(self, path: Path, kind: Kind, note: str) -> None:
        """Put an item on top, replacing an older entry of the same place."""
        now = datetime.now(UTC).isoformat(timespec="seconds")
        item = RecentItem(str(path.absolute()), kind, note, now)
        others = [entry for entry in self._items if (entry.path, entry.kind) != (item.path, kind)]
        self._replace((item, *others)[:MOST])

    def remove(self, item: RecentItem) -> None:
        self._replace(tuple(entry for entry in self._items if entry != item))

    def clear(self) -> None:
        self._replace(())

    def _replace(self, items: tuple[RecentItem, ...]) -> None:
        if items == self._items:
            return
        self._items = items
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            write_json(self._path, [asdict(item) for item in items])
        except (InspectorError, OSError) as error:
            log.warning("recent folders not kept: %s", error)
        self.changed.emit()


def _read(path: Path) -> tuple[RecentItem, ...]:
    try:
        items = [RecentItem(**entry) for entry in read_json(path)]
        for item in items:
            datetime.fromisoformat(item.opened)
    except FileNotFoundError:
        return ()
    except (OSError, ValueError, TypeError) as error:
        log.warning("recent folders unreadable: %s", error)
        return ()
    return tuple(items[:MOST])
