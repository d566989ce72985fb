"""Starts the window: application, theme, hooks, models, first folder; and draws its picture headless."""

from __future__ import annotations

import argparse
import importlib
import logging
import os
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication

from app.controller import Controller
from app.faults import Faults, start_log
from app.model.places import Places
from app.model.preferences import Preferences
from app.theme.apply import apply_theme
from app.window import FIRST, TITLE, Window
from app.worker.jobs import CoreEngine
from app.worker.lane import Urgency
from inspector_core.errors import DeviceError
from inspector_core.progress import Job, Progress
from inspector_core.types import Verdict

PICTURE = "window.png"
_PATIENCE_S = 120.0
_PREPARE_AT_LATEST_MS = 3000
_SWITCH_S = 0.001
"""How long the engine may keep the interpreter while the window waits for it; Python's own 5 ms are felt."""
_WORKPLACE = (
    "app.views.image_pane.canvas",
    "app.views.cloud_pane",
    "vtkmodules.vtkCommonCore",
    "vtkmodules.vtkCommonDataModel",
    "vtkmodules.vtkRenderingCore",
    "vtkmodules.vtkRenderingOpenGL2",
    "app.workplace",
)
"""Imported one by one, so that the window answers in between; loading VTK draws nothing yet."""


def application(theme: str) -> QApplication:
    """The one application, with theme and fonts."""
    sys.setswitchinterval(_SWITCH_S)
    made = QApplication.instance() or QApplication(sys.argv[:1])
    assert isinstance(made, QApplication)
    made.setApplicationName("relief-inspector")
    made.setApplicationDisplayName(TITLE)
    made.setDesktopFileName("relief-inspector")
    apply_theme(made, theme)  # type: ignore[arg-type]
    return made


def open_window(args: argparse.Namespace) -> int:
    """Open the window and stay until it is closed; args as `relief app` and `relief demo` make them."""
    places = Places.of_user()
    stop_log = start_log(places.logs)
    preferences = Preferences(places.config)
    app = application(preferences.look.theme)
    faults = Faults()
    controller = Controller(CoreEngine(args.device or "auto"), places)
    faults.caught.connect(controller.report_failure)
    window = Window(controller, preferences)
    window.painted.connect(lambda: _begin(window, args))
    _close_on_signal(window)
    window.show()
    code = app.exec()
    faults.remove()
    stop_log()
    if controller.lane.isRunning():
        # the step in hand would not end in time; everything it writes is complete or absent
        logging.shutdown()
        os._exit(code)
    return code


def draw_window(args: argparse.Namespace) -> int:
    """Draw the window with the results of the demo off-screen into `window.png` of its report."""
    os.environ.setdefault("VTK_DEFAULT_OPENGL_WINDOW", "vtkEGLRenderWindow")
    if "DISPLAY" not in os.environ and "WAYLAND_DISPLAY" not in os.environ:
        os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    app = application("dark")
    with tempfile.TemporaryDirectory(prefix="relief-picture-") as folder:
        places = _places_in(Path(folder))
        controller = Controller(CoreEngine(args.device or "auto"), places)
        window = Window(controller, Preferences(places.config))
        window.resize(*FIRST)
        drawn: list[bool] = []
        window.stage.prepared.connect(lambda: drawn.append(True))
        try:
            window.show()
            controller.start()
            controller.prepare_engine()
            controller.open_inspected(args.folder, args.recipe, args.results)
            _wait(app, lambda: controller.current.decision is not None)
            show_telling_part(controller)
            _wait(app, lambda: bool(drawn) and controller.looking.is_calm)
            _save_picture(window, args.report)
        finally:
            window.close()
    return 0


def show_telling_part(controller: Controller) -> None:
    """Show the first rejected part, if there is one, with its strongest defect selected."""
    rejected = controller.session.with_verdict(Verdict.REJECT)
    if rejected:
        controller.session.set_current(rejected[0].id)


def _begin(window: Window, args: argparse.Namespace) -> None:
    controller = window.controller
    controller.start()
    if args.folder is None and args.recipe is None:
        _complete_quietly(window)
        return
    # the cloud's first frame and the import of torch would fight for the interpreter: frame first
    window.stage.prepared.connect(controller.prepare_engine)
    QTimer.singleShot(_PREPARE_AT_LATEST_MS, controller.prepare_engine)
    results: Path | None = getattr(args, "results", None)
    if args.folder is not None and args.recipe is not None and results is not None:
        controller.open_inspected(
            args.folder,
            args.recipe,
            results,
            then=lambda: _show_and_keep(window, args.report),
        )
        return
    if args.recipe is not None:
        controller.open_recipe(args.recipe)
    if args.folder is not None:
        controller.open_folder(args.folder)


def _complete_quietly(window: Window) -> None:
    """Import the workplace beside the start page, make and warm it, then prepare the engine."""
    controller = window.controller

    def imported() -> Job[None]:
        for name in _WORKPLACE:
            importlib.import_module(name)
            yield Progress("Preparing the window")

    def done(_: None) -> None:
        stage = window.complete().stage
        stage.prepared.connect(controller.prepare_engine)
        QTimer.singleShot(_PREPARE_AT_LATEST_MS, controller.prepare_engine)
        stage.warm_up()

    controller.desk.look("Preparing the window", imported, done, urgency=Urgency.PREPARE)


def _show_and_keep(window: Window, report: Path) -> None:
    """After a demo: show a rejected part, and put the window's picture beside the report once."""
    show_telling_part(window.controller)

    def keep() -> None:
        if window.controller.current.decision is not None and window.controller.looking.is_calm:
            timer.stop()
            _save_picture(window, report)

    timer = QTimer(window, interval=500)
    timer.timeout.connect(keep)
    timer.start()


def _save_picture(window: Window, report: Path) -> None:
    path = report / PICTURE
    if not window.grab().save(str(path)):
        raise DeviceError(f"{path.name} could not be drawn", cure="check the disk and the display")


def _wait(app: QApplication, until: Callable[[], bool]) -> None:
    """Run the event loop until something holds, and half a second more for what follows from it."""
    deadline = time.monotonic() + _PATIENCE_S
    calm_since = 0.0
    while time.monotonic() < deadline:
        app.processEvents()
        time.sleep(0.01)
        if not until():
            calm_since = 0.0
        elif not calm_since:
            calm_since = time.monotonic()
        elif time.monotonic() - calm_since > 0.5:
            return
    raise DeviceError("the window did not get ready in time", cure="see the log file")


def _places_in(folder: Path) -> Places:
    """Places that leave the user's preferences alone: a picture must not depend on them."""
    return Places(folder / "config", folder / "recipes", folder / "logs", folder / "scratch")


def _close_on_signal(window: Window) -> None:
    """Ctrl+C in the terminal closes the window politely."""
    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, lambda *_: window.close())
    # Python looks at signals only while it runs
    tick = QTimer(window, interval=250)
    tick.timeout.connect(lambda: None)
    tick.start()
