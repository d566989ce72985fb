"""Reading settings: asked for by the message about a folder, given to the engine, kept for the next time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication

from app.views.reading_dialog import ReadingDialog
from inspector_core.types import Problem
from tests.gui.tiny_engine import tiny_scan

NO_SCALE = Problem("scene.depth.png", "no depth scale given", "set it with --set depth_scale=0.001")


@pytest.fixture
def asking(bench):
    """The bench with a folder whose reader has to be told something."""
    bench.engine.scanned = replace(tiny_scan(), layout="folder", problems=(NO_SCALE,))
    bench.open()
    yield bench
    bench.engine.scanned = tiny_scan()
    bench.open()


def in_dialog(do: Callable[[ReadingDialog], None]) -> list[ReadingDialog]:
    """Do something with the next dialog; it is in the list when it was really there."""
    seen: list[ReadingDialog] = []

    def found() -> None:
        dialog = QApplication.activeModalWidget()
        assert isinstance(dialog, ReadingDialog)
        seen.append(dialog)
        do(dialog)

    QTimer.singleShot(0, found)
    return seen


def set_scale(dialog: ReadingDialog) -> None:
    dialog.form.editors["depth_scale"].setValue(0.0001)
    dialog.accept()


def test_that_the_message_about_a_folder_opens_its_reading_settings(asking):
    panel = asking.window.messages
    assert (
        panel.entry.cure
        == "scene.depth.png: no depth scale given; set it with Depth scale = 0.001."
    )
    seen = in_dialog(ReadingDialog.reject)
    panel.help_button.click()
    assert [dialog.chosen for dialog in seen] == ["folder"]


def test_that_reading_settings_reach_the_engine(asking):
    in_dialog(set_scale)
    asking.window.messages.help_button.click()
    asking.rest()
    assert asking.engine.asked_reading == ("folder", {"depth_scale": 0.0001})


def test_that_reading_settings_in_force_are_what_the_dialog_begins_with(asking):
    scan = asking.engine.scanned
    read = tuple(replace(ref, options={**ref.options, "max_depth": 900.0}) for ref in scan.refs)
    asking.engine.scanned = replace(scan, refs=read)
    asking.open()
    seen = in_dialog(ReadingDialog.reject)
    asking.window.messages.help_button.click()
    assert [dialog.values for dialog in seen] == [{"max_depth": 900.0}]


def test_that_a_cancelled_dialog_reads_nothing_again(asking):
    before = asking.engine.asked_reading
    in_dialog(ReadingDialog.reject)
    asking.window.messages.help_button.click()
    asking.rest()
    assert asking.engine.asked_reading == before
