"""Closing in the middle of work: cancelled, waited for, gone."""

from __future__ import annotations

import time

from app.controller import Controller
from app.model.places import Places
from app.model.preferences import Preferences
from app.window import Window
from inspector_core.detectors import DETECTORS, default_choice
from tests.gui.tiny_engine import FLAT, TinyEngine, at_a_glance


def test_that_closing_during_work_takes_less_than_two_seconds_and_leaves_nothing(
    qtbot, tmp_path, monkeypatch
):
    monkeypatch.setitem(DETECTORS, "aligned", FLAT)
    monkeypatch.setattr(default_choice, "tried", at_a_glance)
    places = Places(tmp_path / "c", tmp_path / "r", tmp_path / "l", tmp_path / "s")
    controller = Controller(TinyEngine(), places)
    window = Window(controller, Preferences(places.config))
    window.show()
    controller.start()
    controller.try_sample()
    qtbot.waitUntil(lambda: len(controller.session.results) > 0, timeout=30_000)
    started = time.monotonic()
    window.close()
    assert time.monotonic() - started < 2.5
    assert not controller.lane.isRunning()
    assert list((tmp_path / "s").iterdir()) == []
    assert [path.name for path in (tmp_path / "r").iterdir()] == ["sample-casting"]
    assert (tmp_path / "c" / "window.json").exists()


def test_that_preferences_of_the_last_window_are_those_of_the_next(qtbot, tmp_path):
    places = Places(tmp_path / "c", tmp_path / "r", tmp_path / "l", tmp_path / "s")
    for expected in (True, False):
        controller = Controller(TinyEngine(), places)
        window = Window(controller, Preferences(places.config))
        controller.start()
        assert window.preferences.look.rail_shown is expected
        window.preferences.set(rail_shown=False)
        window.close()
