"""The window: assembles models, lane, views and actions; the one module that knows all four."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, cast

from PySide6.QtCore import QByteArray, QEvent, Qt, QTimer, Signal
from PySide6.QtGui import QCloseEvent, QDragEnterEvent, QDropEvent, QGuiApplication, QShowEvent
from PySide6.QtWidgets import (
    QApplication,
    QMainWindow,
    QMenu,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from app.actions.build import ActionSet, key_text
from app.actions.table import TOOLBAR, by_id, next_sensible
from app.commands import WindowCommands
from app.controller import Controller
from app.frame import FramePresenter
from app.keys import KeyGuard
from app.model.messages import Entry
from app.model.part_list import display_name
from app.model.preferences import Preferences
from app.model.session import Facts
from app.theme.apply import ThemeName, apply_theme
from app.views.message_panel import MessagePanel
from app.views.palette import Palette
from app.views.start_page import StartPage
from app.views.status_bar import StatusBar
from app.views.top_bar import TopBar
from inspector_core.files import shown

if TYPE_CHECKING:
    from app.views.filmstrip import Filmstrip
    from app.views.inspector import Inspector
    from app.views.stage import Stage
    from app.workplace import Workplace

TITLE = "Relief Inspector"
SMALLEST = (1100, 700)
FIRST = (1440, 900)
"""Size of a window that was never opened before."""


class Window(QMainWindow):
    """One window on one session. The workplace is made when it is first needed, or by `complete`.

    painted() : the first paint is done, heavy imports may begin.   completed() : the workplace is there.
    """

    painted = Signal()
    completed = Signal()

    def __init__(self, controller: Controller, preferences: Preferences) -> None:
        super().__init__()
        self.controller = controller
        self.preferences = preferences
        self.heat_map_shown = True
        self.setMinimumSize(*SMALLEST)
        self.setAcceptDrops(True)
        self.start_page = StartPage()
        self.messages = MessagePanel()
        self.commands = WindowCommands(self)
        self.actions_ = ActionSet(self, self.commands)
        self.palette_ = Palette(self)
        self._pages = QStackedWidget()
        self._workplace: Workplace | None = None
        self._guard = KeyGuard(self)
        self._refresh_soon = QTimer(self, singleShot=True, interval=0)
        self._arrange()
        self._frame = FramePresenter(controller, self.top_bar, self.status, self.messages)
        self._connect()
        self._restore_geometry()
        if preferences.problem:
            controller.messages.add(Entry("note", "Preferences", preferences.problem))
        self.refresh()

    def _arrange(self) -> None:
        menu = QMenu(self)
        self.actions_.fill(menu)
        search = by_id("commands.search")
        self.top_bar = TopBar(
            {name: self.actions_[name] for name in TOOLBAR},
            self.actions_[search.id],
            key_text(search),
            menu,
        )
        self.status = StatusBar(self.actions_["work.cancel"])
        self._pages.addWidget(self.start_page)
        centre = QWidget()
        column = QVBoxLayout(centre)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        for widget in (self.top_bar, self._pages, self.messages, self.status):
            column.addWidget(widget, 1 if widget is self._pages else 0)
        self.setCentralWidget(centre)

    def complete(self) -> Workplace:
        """The workplace, made now where it was not there yet."""
        if self._workplace is None:
            from app.workplace import Workplace

            self._workplace = Workplace(self.controller, self.preferences, self.actions_.by_id)
            self._workplace.turned.connect(self._refresh_soon.start)
            self._pages.addWidget(self._workplace)
            self.completed.emit()
        return self._workplace

    @property
    def stage(self) -> Stage:
        return self.complete().stage

    @property
    def filmstrip(self) -> Filmstrip:
        return self.complete().filmstrip

    @property
    def inspector(self) -> Inspector:
        return self.complete().inspector

    def _connect(self) -> None:
        model = self.controller
        session = model.session
        for signal in (
            session.scan_changed,
            session.recipe_changed,
            session.results_changed,
            session.result_added,
            session.current_changed,
            session.busy_changed,
            session.split_changed,
            model.parts.modelReset,
            model.limits.changed,
            model.undo.changed,
            model.evaluation.changed,
            model.current.decision_changed,
            self.preferences.changed,
        ):
            signal.connect(self._refresh_soon.start)
        self._refresh_soon.timeout.connect(self.refresh)
        self._connect_start_page()
        self.palette_.chosen.connect(self._run)
        self.messages.asked.connect(self._run)
        model.exported.connect(lambda paths: self._written("Report", paths))
        model.evaluating.exported.connect(lambda paths: self._written("Evaluation", paths))
        self.preferences.changed.connect(self._change_theme)

    def _connect_start_page(self) -> None:
        page, recent = self.start_page, self.controller.recent
        page.show_recents(recent.items)
        recent.changed.connect(lambda: page.show_recents(recent.items))
        page.sample_requested.connect(self.actions_["sample.try"].trigger)
        page.folder_requested.connect(self.actions_["folder.open"].trigger)
        page.recipe_requested.connect(self.actions_["recipe.open"].trigger)
        page.recent_chosen.connect(lambda item: self.commands.open_path(Path(item.path)))
        page.recents_cleared.connect(recent.clear)
        page.path_dropped.connect(lambda path: self.commands.open_path(Path(path)))

    def facts(self) -> Facts:
        """What decides which actions make sense now, the state of the window included."""
        look = self.preferences.look
        return replace(
            self.controller.facts(),
            evaluation_shown=self._workplace is not None and self._workplace.evaluation_shown,
            heat_map_shown=self.heat_map_shown,
            linked=look.linked,
            rail_shown=look.rail_shown,
            inspector_shown=look.inspector_shown,
            full_screen=self.isFullScreen(),
        )

    def refresh(self) -> None:
        """Bring actions, title and page up to date."""
        self._refresh_soon.stop()
        facts = self.facts()
        undo = self.controller.undo
        self.actions_.refresh(facts, undo.undo_name, undo.redo_name)
        self.top_bar.show_primary(next_sensible(facts))
        page = self.complete() if facts.has_folder else self.start_page
        if page is not self._pages.currentWidget():
            self._pages.setCurrentWidget(page)
            page.setFocus()
        self.setWindowTitle(self._title())

    def show_heat_map(self, shown_: bool) -> None:
        """Show the maps over the pictures, or the pictures alone."""
        self.heat_map_shown = shown_
        self.stage.set_maps_visible(shown_)
        self.refresh()

    def show_evaluation(self, shown_: bool) -> None:
        """Show the evaluation in the middle, or the part."""
        workplace = self.complete()
        workplace.show_evaluation(shown_)
        if shown_:
            workplace.evaluation.setFocus(Qt.FocusReason.OtherFocusReason)
        self.refresh()

    def focus_next_region(self) -> None:
        """Give the keyboard to the next of strip, stage or evaluation, table, limits."""
        workplace = self.complete()
        regions: list[QWidget] = [
            self.filmstrip.view,
            workplace.evaluation if workplace.evaluation_shown else self.stage,
            self.inspector.table,
            self.inspector.limits.sliders["t2"],
            self.top_bar.menu_button,
        ]
        here = QApplication.focusWidget()
        place = next(
            (i for i, w in enumerate(regions) if here is w or (here and w.isAncestorOf(here))), -1
        )
        for offset in range(1, len(regions) + 1):
            target = regions[(place + offset) % len(regions)]
            if target.isVisible() and target.isEnabled():
                target.setFocus(Qt.FocusReason.ShortcutFocusReason)
                return

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if (page := self._pages.currentWidget()) is not None:
            page.setFocus()
        # one turn of the event loop later the first paint is done
        QTimer.singleShot(0, self.painted.emit)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if any(url.isLocalFile() for url in event.mimeData().urls()):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        paths = [Path(url.toLocalFile()) for url in event.mimeData().urls() if url.isLocalFile()]
        if paths:
            event.acceptProposedAction()
            self.commands.open_path(paths[0])

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.WindowStateChange:
            self._refresh_soon.start()

    def closeEvent(self, event: QCloseEvent) -> None:
        self._remember()
        if self.controller.session.busy is not None:
            self.status.show_idle("Closing: finishing the step in hand…")
            self.repaint()
        application = QApplication.instance()
        assert application is not None
        self.controller.close(application.processEvents)
        if self._workplace is not None:
            self._workplace.stage.close_gl()
        self._guard.stop()
        event.accept()

    def _title(self) -> str:
        session = self.controller.session
        busy = session.busy
        ref = session.ref(session.current)
        words = [
            f"{busy.share:.0%}" if busy is not None and busy.share is not None else "",
            "" if ref is None else display_name(ref),
            session.folder_name,
            TITLE,
        ]
        return " – ".join(word for word in words if word)

    def _restore_geometry(self) -> None:
        self.resize(*FIRST)
        geometry = self.preferences.look.geometry
        if geometry:
            self.restoreGeometry(QByteArray.fromHex(geometry.encode("ascii")))
        place = self.frameGeometry()
        if not any(s.availableGeometry().intersects(place) for s in QGuiApplication.screens()):
            self.move(QGuiApplication.primaryScreen().availableGeometry().topLeft())

    def _remember(self) -> None:
        geometry = bytes(self.saveGeometry().toHex().data()).decode("ascii")
        self.preferences.set(geometry=geometry)
        self.preferences.save()

    def _change_theme(self, name: str) -> None:
        application = QApplication.instance()
        if name == "theme" and isinstance(application, QApplication):
            apply_theme(application, cast(ThemeName, self.preferences.look.theme))

    def _run(self, action_id: str) -> None:
        self.actions_[action_id].trigger()

    def _written(self, what: str, paths: tuple[Path, ...]) -> None:
        if paths:
            folder = shown(paths[0].parent)
            names = "\n".join(shown(path) for path in paths)
            self.controller.messages.add(
                Entry("note", f"{what} written", f"It lies in {folder}.", "", names)
            )
