"""How the workplace looks: preferences to widgets, and the user's changes back."""

from __future__ import annotations

from PySide6.QtCore import QObject

from app.model.current import CurrentPart
from app.model.pictures import display_gain
from app.model.preferences import Preferences
from app.model.session import Session
from app.views.cloud_pane import MODES
from app.views.filmstrip import Filmstrip
from app.views.inspector import Inspector
from app.views.stage import Stage
from inspector_core.colormaps import NAMES

_AT_START = ("opacity", "colormap", "cloud_mode", "linked", "rail_shown", "inspector_shown")


class Appearance(QObject):
    """Applies every remembered value at the start, and each one when it changes."""

    def __init__(
        self,
        preferences: Preferences,
        session: Session,
        current: CurrentPart,
        stage: Stage,
        filmstrip: Filmstrip,
        inspector: Inspector,
    ) -> None:
        super().__init__(stage)
        self._preferences = preferences
        self._current = current
        self._is_lit = False
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
        current.part_changed.connect(self._brighten)
        for name in _AT_START:
            self._apply(name)

    def _forget_gain(self) -> None:
        # one folder's lamp says nothing about the next one's
        self._is_lit = False
        self._set_gain(1.0)

    def _brighten(self) -> None:
        """The folder's first picture decides; the slider says so and the user's hand is not overruled."""
        part = self._current.part
        if self._is_lit or part is None or part.view.rgb is None:
            return
        self._is_lit = True
        self._set_gain(display_gain(part.view.rgb, part.view.gain))

    def _set_gain(self, gain: float) -> None:
        self._inspector.maps.show_gain(gain)
        self._stage.set_display_gain(gain)

    def _apply(self, name: str) -> None:
        look = self._preferences.look
        if name == "opacity":
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
