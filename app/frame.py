"""Carries what the models say to the window's frame: bars at head and foot, and the message panel."""

from __future__ import annotations

import time

from PySide6.QtCore import QObject

from app.actions.table import by_id
from app.controller import Controller
from app.model.part_list import display_name
from app.views.message_panel import MessagePanel
from app.views.status_bar import StatusBar
from app.views.top_bar import TopBar
from app.words import left_line, recipe_line, recipe_note, seconds_line, understood


class FramePresenter(QObject):
    """Connects models with what is there before the first part is shown."""

    def __init__(
        self, controller: Controller, top_bar: TopBar, status: StatusBar, messages: MessagePanel
    ) -> None:
        super().__init__(controller)
        self._controller = controller
        self._top_bar = top_bar
        self._status = status
        self._messages = messages
        session = controller.session
        for signal in (
            session.scan_changed,
            session.recipe_changed,
            session.engine_changed,
            session.busy_changed,
            session.results_changed,
        ):
            signal.connect(self.show_status)
        session.current_changed.connect(self.show_place)
        session.scan_changed.connect(self.show_place)
        controller.messages.changed.connect(self.show_message)
        messages.stepped.connect(controller.messages.step)
        messages.dismissed.connect(controller.messages.dismiss)
        self.show_place()
        self.show_status()
        self.show_message()

    def show_place(self) -> None:
        """Where I am: folder, split, part."""
        session = self._controller.session
        ref = session.ref(session.current)
        words = [session.folder_name]
        if ref is not None:
            words += [ref.split, display_name(ref)]
        self._top_bar.breadcrumb.show_words(words)

    def show_status(self) -> None:
        """Device, speed, recipe; and the work that is going on."""
        session = self._controller.session
        busy, recipe = session.busy, session.recipe
        self._status.show_facts(
            session.device,
            session.device_note,
            seconds_line(session.seconds_per_part),
            "" if recipe is None else recipe_line(recipe),
            "" if recipe is None else recipe_note(recipe),
        )
        if busy is None:
            scan = session.scan
            self._status.show_idle("" if scan is None else understood(scan))
            return
        what = "Stopping: finishing the step in hand" if busy.stopping else busy.what
        if busy.total > 1 and not busy.stopping:
            what = f"{what} · {busy.done:,} of {busy.total:,}"
        left = left_line(busy.seconds_left(time.monotonic()))
        self._status.show_progress(what, busy.share, left, stopping=busy.stopping)

    def show_message(self) -> None:
        """The message in front."""
        messages = self._controller.messages
        front = messages.front
        helps = by_id(front.action).text if front is not None and front.action else ""
        self._messages.show_entry(front, messages.position, helps)
