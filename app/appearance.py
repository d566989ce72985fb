"""How the window looks and where it stands: remembered between runs, changed at once."""

from __future__ import annotations

from typing import cast

from PySide6.QtCore import QByteArray, QObject
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication, QMainWindow

from app.model.preferences import Preferences
from app.model.session import Session
from app.theme.apply import ThemeName, apply_theme
from app.views.cloud_pane import MODES
from app.views.filmstrip import Filmstrip
from app.views.inspector import Inspector
from app.views.stage import Stage
from inspector_core.colormaps import NAMES

FIRST = (1440, 900)
"""Size of a window that was never opened before."""

_AT_START = ("opacity", "colormap", "cloud_mode", "linked", "rail_shown", "inspector_shown")


class Appearance(QObject):
    """Carries preferences to the widgets of a window, and the user's changes back."""

    def __init__(
        self,
        window: QMainWindow,
        preferences: Preferences,
        session: Session,
        stage: Stage,
        filmstrip: Filmstrip,
        inspector: Inspector,
    ) -> None:
        super().__init__(window)
        self._window = window
        self._preferences = preferences
        self._stage = stage
        self._filmstrip = filmstrip
        self._inspector = inspector
        preferences.changed.connect(self._apply)
        maps = inspector.maps
        maps.opacity_moved.connect(lambda opacity: preferences.set(opacity=opacity))
        maps.colours_chosen.connect(lambda name: preferences.set(colormap=name))
        maps.gain_moved.connect(stage.set_display_gain)
        stage.cloud_mode_changed.connect(lambda mode: preferences.set(cloud_mode=mode))
        session.scan_changed.connect(self._forget_gain)
        self._restore()

    def remember(self) -> None:
        """Write everything down."""
        geometry = bytes(self._window.saveGeometry().toHex().data()).decode("ascii")
        self._preferences.set(geometry=geometry)
        self._preferences.save()

    def _restore(self) -> None:
        window = self._window
        window.resize(*FIRST)
        geometry = self._preferences.look.geometry
        if geometry:
            window.restoreGeometry(QByteArray.fromHex(geometry.encode("ascii")))
        place = window.frameGeometry()
        if not any(s.availableGeometry().intersects(place) for s in QGuiApplication.screens()):
            window.move(QGuiApplication.primaryScreen().availableGeometry().topLeft())
        for name in _AT_START:
            self._apply(name)

    def _forget_gain(self) -> None:
        # one folder's lamp says nothing about the next one's
        self._inspector.maps.show_gain(1.0)
        self._stage.set_display_gain(1.0)

    def _apply(self, name: str) -> None:
        look = self._preferences.look
        if name == "theme":
            application = QApplication.instance()
            if isinstance(application, QApplication):
                apply_theme(application, cast(ThemeName, look.theme))
        elif name == "opacity":
            self._stage.set_opacity(look.opacity)
            self._inspector.maps.show_opacity(look.opacity)
        elif name == "colormap" and look.colormap in NAMES:
            self._stage.set_colormap(look.colormap)
            self._inspector.maps.show_colours(look.colormap)
        elif name == "cloud_mode" and look.cloud_mode in MODES:
            self._stage.set_cloud_mode(look.cloud_mode)
        elif name == "linked":
            self._stage.set_linked(look.linked)
        elif name == "rail_shown":
            self._filmstrip.setVisible(look.rail_shown)
        elif name == "inspector_shown":
            self._inspector.setVisible(look.inspector_shown)
