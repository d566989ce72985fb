"""One window a module: making one costs more than most tests."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from PySide6.QtCore import QCoreApplication, QEvent

from inspector_core.detectors import DETECTORS, default_choice
from tests.gui.tiny_engine import FLAT, ROOT, TinyEngine, at_a_glance, tiny_scan


@dataclass
class Bench:
    """A window with its models, and ways to wait for it."""

    window: object
    engine: TinyEngine
    qtbot: object

    @property
    def controller(self):
        return self.window.controller

    def wait(self, until: Callable[[], bool], timeout: int = 20_000) -> None:
        self.qtbot.waitUntil(until, timeout=timeout)

    def rest(self) -> None:
        """Wait until nothing is being done and the wished part is shown."""
        model = self.controller

        def calm() -> bool:
            part = model.current.part
            shown = part is not None and part.ref.id == model.session.current
            fresh = shown and part.result is model.session.result(part.ref.id)
            return not model.desk.has_work and (fresh or model.session.current == "")

        self.wait(calm)
        self.qtbot.wait(20)

    def open(self) -> None:
        self.controller.open_folder(Path(ROOT))
        self.rest()

    def sample(self) -> None:
        """Folder, recipe and results: as after "Try the sample part"."""
        self.engine.scanned = tiny_scan()
        done = []
        self.controller.try_sample(then=lambda: done.append(1))
        self.wait(lambda: bool(done) or self.controller.messages.front is not None)
        assert done, self.controller.messages.front
        self.rest()

    def show(self, part_id: str) -> None:
        self.controller.session.set_current(part_id)
        self.rest()


@contextmanager
def open_window(qapp, folder: Path) -> Iterator[tuple]:
    """A window on tiny parts with preferences of its own, and its engine."""
    from app.controller import Controller
    from app.model.places import Places
    from app.model.preferences import Preferences
    from app.theme.apply import apply_theme
    from app.window import Window

    places = Places(folder / "config", folder / "recipes", folder / "logs", folder / "scratch")
    apply_theme(qapp, "dark")
    engine = TinyEngine()
    controller = Controller(engine, places)
    window = Window(controller, Preferences(places.config))
    window.resize(1440, 900)
    window.show()
    controller.start()
    controller.prepare_engine()
    yield window, engine
    window.close()
    assert not controller.lane.isRunning()
    # widgets that nobody needs any more would be styled anew with every change of theme
    window.deleteLater()
    controller.deleteLater()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)


@pytest.fixture(scope="module")
def made(qapp, tmp_path_factory) -> Iterator[tuple]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(DETECTORS, "aligned", FLAT)
        patch.setattr(default_choice, "tried", at_a_glance)
        with open_window(qapp, tmp_path_factory.mktemp("window")) as window_and_engine:
            yield window_and_engine


@pytest.fixture
def bench(made, qtbot) -> Bench:
    window, engine = made
    while window.controller.messages.front is not None:
        window.controller.messages.dismiss()
    return Bench(window, engine, qtbot)


@pytest.fixture
def inspected(bench) -> Bench:
    """The bench with an inspected sample at the recipe's limits."""
    model = bench.controller
    if not model.session.results or model.session.scan is not bench.engine.scanned:
        bench.sample()
    model.limits.back_to_recipe()
    model.undo.clear()
    model.parts.set_filter(None)
    bench.show("test/dent/050")
    return bench
