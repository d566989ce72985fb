"""Strip, stage and inspector: what the window shows once there is a folder.

Made after the first paint: its imports are half of the time that a window needs to appear.
"""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QHBoxLayout, QStackedWidget, QWidget

from app.appearance import Appearance
from app.controller import Controller
from app.evaluation_presenter import EvaluationPresenter
from app.model.preferences import Preferences
from app.presenter import Presenter
from app.views.evaluation import EvaluationView
from app.views.filmstrip import Filmstrip
from app.views.inspector import Inspector
from app.views.stage import Stage


class Workplace(QWidget):
    """The three columns with their presenters; in the middle the part, or the evaluation.

    actions : the window's, behind the buttons of the same meaning.
    turned() : the middle shows the other one now.
    """

    turned = Signal()

    def __init__(
        self, controller: Controller, preferences: Preferences, actions: Mapping[str, QAction]
    ) -> None:
        super().__init__()
        self.filmstrip = Filmstrip(controller.session, controller.parts)
        self.stage = Stage()
        self.inspector = Inspector()
        self._middle = QStackedWidget()
        self._middle.addWidget(self.stage)
        self._evaluation: EvaluationView | None = None
        self._controller = controller
        self._actions = actions
        self.inspector.limits.bind(actions["limits.back"], actions["limits.keep"])
        self.filmstrip.bind(actions["view.evaluation"])
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        row.addWidget(self.filmstrip)
        row.addWidget(self._middle, 1)
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
        # who chooses a part wants to see it, be it the one that is open already
        controller.session.current_changed.connect(lambda: self.show_evaluation(False))
        self.filmstrip.view.clicked.connect(lambda: self.show_evaluation(False))

    @property
    def evaluation(self) -> EvaluationView:
        """The evaluation page, made when it is first needed."""
        if self._evaluation is None:
            self._evaluation = EvaluationView()
            names = ("parts.evaluate", "evaluation.export", "view.evaluation")
            self._evaluation.bind(*(self._actions[name] for name in names))
            EvaluationPresenter(self._controller, self._evaluation)
            self._middle.addWidget(self._evaluation)
        return self._evaluation

    @property
    def evaluation_shown(self) -> bool:
        """Whether the middle shows the evaluation instead of the part."""
        return self._evaluation is not None and self._middle.currentWidget() is self._evaluation

    def show_evaluation(self, shown: bool) -> None:
        """Show the evaluation in the middle, or the part."""
        if shown != self.evaluation_shown:
            page = self.evaluation if shown else self.stage
            self._middle.setCurrentWidget(page)
            self.turned.emit()
