"""What the window remembers between runs: look, layout, folders of the dialogs."""

from __future__ import annotations

import logging
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, Signal

from inspector_core.errors import InspectorError
from inspector_core.files import read_json, shown, write_json

log = logging.getLogger(__name__)

THEMES = ("dark", "light", "system")


@dataclass(frozen=True, slots=True)
class Look:
    """The remembered values.

    opacity : of heat maps, 0..1.   splitters : name to sizes in px.   geometry : Qt's, as hex.
    folders : purpose of a dialog ("open", "learn", "report") to the folder used last.
    formats : report formats ticked last.
    """

    theme: str = "dark"
    opacity: float = 1.0
    colormap: str = "inferno"
    cloud_mode: str = "fused"
    linked: bool = True
    rail_shown: bool = True
    inspector_shown: bool = True
    geometry: str = ""
    splitters: dict[str, list[int]] = field(default_factory=dict)
    folders: dict[str, str] = field(default_factory=dict)
    formats: list[str] = field(default_factory=list)


class Preferences(QObject):
    """A JSON file; a damaged one is kept beside as `.bad` and the defaults are used.

    changed(name) : one value differs now.   problem : one sentence about a damaged file, or empty.
    """

    changed = Signal(str)

    def __init__(self, folder: Path, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._path = folder / "window.json"
        self.look, self.problem = _read(self._path)

    def set(self, **values: Any) -> None:
        """Change values by name; `save` writes them."""
        before, self.look = self.look, replace(self.look, **values)
        for name in values:
            if getattr(before, name) != getattr(self.look, name):
                self.changed.emit(name)

    def remember_folder(self, purpose: str, folder: Path) -> None:
        self.set(folders={**self.look.folders, purpose: str(folder)})

    def folder(self, purpose: str) -> str:
        """The folder used last for a purpose, or the home folder."""
        kept = self.look.folders.get(purpose, "")
        return kept if kept and Path(kept).is_dir() else str(Path.home())

    def save(self) -> None:
        """Write the file; a failure is logged, it must not keep the window from closing."""
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            write_json(self._path, asdict(self.look))
        except (InspectorError, OSError) as error:
            log.warning("preferences not kept: %s", error)


def _read(path: Path) -> tuple[Look, str]:
    try:
        document = read_json(path)
        return _checked(document), ""
    except FileNotFoundError:
        return Look(), ""
    except (OSError, ValueError, TypeError) as error:
        log.warning("preferences unreadable: %s", error)
    kept = path.with_suffix(".json.bad")
    try:
        path.replace(kept)
    except OSError:
        kept = path
    return Look(), f"The window's preferences could not be read; they are kept as {shown(kept)}."


def _checked(document: Any) -> Look:
    known = {entry.name: getattr(Look(), entry.name) for entry in fields(Look)}
    values = {name: value for name, value in dict(document).items() if name in known}
    for name, value in values.items():
        if type(value) is not type(known[name]):
            raise TypeError(f"{name} is {value!r}")
    look = Look(**values)
    if look.theme not in THEMES or not 0.0 <= look.opacity <= 1.0:
        raise ValueError("a value out of range")
    return look
