"""Strip, stage and inspector: what the window shows once there is a folder.

Made after the first paint: its imports are half of the time that a window needs to appear.
"""

from __future__ import annotations

from PySide6.QtGui import QAction
from PySide6.QtWidgets import QHBoxLayout, QWidget

from app.appearance import Appearance
from app.controller import Controller
from app.model.preferences import Preferences
from app.presenter import Presenter
from app.views.filmstrip import Filmstrip
from app.views.inspector import Inspector
from app.views.stage import Stage


class Workplace(QWidget):
    """The three columns with their presenter.

    back, keep : the actions behind the limits' two buttons.
    """

    def __init__(
        self, controller: Controller, preferences: Preferences, back: QAction, keep: QAction
    ) -> None:
        super().__init__()
        self.filmstrip = Filmstrip(controller.session, controller.parts)
        self.stage = Stage()
        self.inspector = Inspector()
        self.inspector.limits.bind(back, keep)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        row.addWidget(self.filmstrip)
        row.addWidget(self.stage, 1)
        row.addWidget(self.inspector)
        self.presenter = Presenter(controller, self.filmstrip, self.stage, self.inspector)
        self.appearance = Appearance(
            preferences,
            controller.session,
            controller.current,
            self.stage,
            self.filmstrip,
            self.inspector,
        )
        self.setFocusProxy(self.filmstrip.view)
