"""The window as a person uses it: one window, real engine, tiny parts."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import pytest
from PySide6.QtCore import QMimeData, QObject, QPointF, Qt, QTimer, QUrl
from PySide6.QtGui import QDropEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLineEdit

from app.faults import Faults
from app.model.messages import Entry
from inspector_core.types import Verdict
from tests.gui.tiny_engine import tiny_scan


def press(widget, key, text: str = "") -> None:
    QTest.keyClick(widget, key)


def test_that_an_empty_window_offers_the_start_page(bench):
    assert bench.controller.session.scan is None
    assert bench.window._pages.currentWidget() is bench.window.start_page
    assert bench.window.top_bar.buttons["folder.open"].property("kind") == "primary"
    assert not bench.window.actions_["parts.inspect"].isEnabled()


def test_that_a_folder_that_is_not_there_is_one_sentence_with_its_cure(bench):
    bench.controller.open_folder(Path("/missing"))
    bench.wait(lambda: bench.window.messages.entry is not None)
    entry = bench.window.messages.entry
    assert entry.sentence == "/missing does not exist."
    assert entry.cure == "Check the name of the folder."
    assert bench.window.messages.isVisible()
    bench.controller.messages.dismiss()
    assert not bench.window.messages.isVisible()


def test_that_opening_a_folder_shows_its_first_part(bench):
    bench.open()
    assert bench.window._pages.currentWidget() is not bench.window.start_page
    assert bench.controller.session.current == "test/good/040"
    assert bench.window.inspector.header.word == "Not inspected yet"
    assert bench.window.top_bar.buttons["recipe.learn"].property("kind") == "primary"
    assert "blocks" in bench.window.windowTitle()


def test_that_the_sample_is_learnt_inspected_and_counted(inspected):
    counts = inspected.controller.parts.counts
    assert counts[None] == 10
    assert counts[Verdict.REJECT] >= 5
    assert counts[Verdict.NOT_INSPECTED] == 0
    assert inspected.window.top_bar.buttons["report.export"].property("kind") == "primary"
    assert inspected.controller.session.busy is None


def test_that_the_verdict_stands_in_word_and_reason(inspected):
    header = inspected.window.inspector.header
    assert header.word == "Reject"
    assert "above T2" in header.reason
    assert "against 8 good parts" in header.reason


def test_that_a_row_of_the_table_and_the_panes_select_the_same_defect(inspected):
    window, model = inspected.window, inspected.controller
    window.inspector.table.selectRow(0)
    assert model.selection.defect == 1
    model.selection.select(0)
    assert not window.inspector.table.selectionModel().hasSelection()
    window.stage.defect_clicked.emit(1)
    assert window.inspector.table.currentIndex().row() == 0


def test_that_moving_a_limit_moves_everything_in_one_event_turn(inspected):
    window, model = inspected.window, inspected.controller
    model.limits.set_t2(round(model.current.decision.scores["fused"] + 0.5, 2))
    QApplication.processEvents()
    assert window.inspector.header.word == "Review"
    assert model.current.verdict is Verdict.REVIEW
    chip = window.filmstrip._chips[Verdict.REJECT].text()
    assert chip == f"Reject {model.parts.counts[Verdict.REJECT]}"
    assert "Preview" in window.inspector.limits.plain_words
    assert window.inspector.limits.boxes["t2"].value() == model.limits.current.t2


def test_that_undo_takes_a_moved_limit_back_and_its_name_says_so(inspected):
    window, model = inspected.window, inspected.controller
    before = model.limits.current
    model.limits.set_t2(round(before.t2 + 0.4, 2))
    window.refresh()
    assert (
        window.actions_["edit.undo"].text() == f"Undo limit {before.t2:.2f} → {before.t2 + 0.4:.2f}"
    )
    window.actions_["edit.undo"].trigger()
    assert model.limits.current == before


def test_that_a_typed_value_is_the_limit(inspected):
    window, model = inspected.window, inspected.controller
    box = window.inspector.limits.boxes["t2"]
    box.setFocus()
    box.selectAll()
    QTest.keyClicks(box, "4.25")
    QTest.keyClick(box, Qt.Key.Key_Return)
    assert model.limits.current.t2 == 4.25


def test_that_the_histograms_handle_can_be_dragged(inspected):
    model = inspected.controller
    histogram = inspected.window.inspector.limits.histogram
    start = QPointF(histogram.x_of(model.limits.current.t2), 20).toPoint()
    end = QPointF(histogram.x_of(model.limits.top * 0.8), 20).toPoint()
    QTest.mousePress(histogram, Qt.MouseButton.LeftButton, pos=start)
    QTest.mouseMove(histogram, end)
    QTest.mouseRelease(histogram, Qt.MouseButton.LeftButton, pos=end)
    assert model.limits.current.t2 == pytest.approx(model.limits.top * 0.8, rel=0.03)


def test_that_part_keys_page_through_the_strip(inspected):
    window, session = inspected.window, inspected.controller.session
    inspected.show("test/good/041")
    window.stage.setFocus()
    QTest.keyClick(window, Qt.Key.Key_Right)
    assert session.current == "test/good/042"
    QTest.keyClick(window, Qt.Key.Key_Left)
    assert session.current == "test/good/041"


def test_that_arrows_on_a_slider_move_the_slider(inspected):
    window, model = inspected.window, inspected.controller
    slider = window.inspector.limits.sliders["t2"]
    slider.setFocus()
    before = model.limits.current.t2
    part = model.session.current
    QTest.keyClick(slider, Qt.Key.Key_Right)
    assert model.limits.current.t2 == pytest.approx(before + 0.01, abs=0.006)
    assert model.session.current == part


def test_that_bracket_keys_move_the_reject_limit_by_one_step(inspected):
    window, model = inspected.window, inspected.controller
    model.limits.set_t2(3.0)
    window.stage.setFocus()
    QTest.keyClick(window, Qt.Key.Key_BracketLeft)
    assert model.limits.current.t2 == pytest.approx(2.99)
    QTest.keyClick(window, Qt.Key.Key_BracketRight)
    assert model.limits.current.t2 == pytest.approx(3.0)


def test_that_letters_in_a_text_field_run_no_action(inspected):
    window, model = inspected.window, inspected.controller
    field = QLineEdit(window)
    field.show()
    field.setFocus()
    shown = window.heat_map_shown
    for letter in "hfct[1":
        QTest.keyClicks(field, letter)
    assert field.text() == "hfct[1"
    assert window.heat_map_shown is shown
    assert not model.limits.is_preview
    field.deleteLater()


def test_that_a_filter_shows_only_that_verdict(inspected):
    window, model = inspected.window, inspected.controller
    window.filmstrip._chips[Verdict.ACCEPT].click()
    assert set(model.parts.ids()) == {
        result.id for result in model.session.with_verdict(Verdict.ACCEPT)
    }
    window.filmstrip._chips[None].click()
    assert len(model.parts.ids()) == 10


def test_that_the_palette_finds_an_action_by_another_word(inspected):
    window = inspected.window
    palette = window.palette_
    palette.open_with(window.commands.commands())
    palette.field.setText("overkill")
    assert palette.shown() == ["limits.higher"]
    before = inspected.controller.limits.current.t2
    QTest.keyClick(palette.field, Qt.Key.Key_Return)
    assert inspected.controller.limits.current.t2 > before
    assert not palette.isVisible()


def test_that_the_copied_table_has_a_line_for_every_defect(inspected):
    inspected.window.actions_["defects.copy"].trigger()
    lines = QApplication.clipboard().text().splitlines()
    assert len(lines) == 1 + len(inspected.controller.current.defects)
    assert lines[0].startswith("#\tlooks like\tarea mm²")


def test_that_part_failures_are_results_and_the_others_go_on(bench):
    bench.engine.scanned = tiny_scan(broken=2)
    model = bench.controller
    bench.open()
    if model.session.recipe is None:
        bench.sample()
        bench.engine.scanned = tiny_scan(broken=2)
        bench.open()
    model.inspect()
    bench.rest()
    assert model.parts.counts[Verdict.NOT_INSPECTED] == 2
    assert len(model.session.results) == 12
    bench.show("test/broken/000")
    assert bench.window.inspector.header.word == "Not inspected"
    assert "file ends early" in bench.window.inspector.header.reason
    bench.engine.scanned = tiny_scan()


def test_that_a_folder_of_pictures_says_that_shape_is_missing(bench):
    bench.engine.scanned = tiny_scan(shape=False)
    bench.open()
    assert "shape is missing" in bench.window.messages.entry.sentence
    bench.engine.scanned = tiny_scan()
    bench.open()
    assert bench.window.messages.entry is None


def test_that_a_dropped_folder_is_opened(bench, tmp_path):
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(tmp_path))])
    event = QDropEvent(
        QPointF(10, 10),
        Qt.DropAction.CopyAction,
        data,
        Qt.MouseButton.LeftButton,
        Qt.KeyboardModifier.NoModifier,
    )
    bench.engine.scanned = tiny_scan()
    bench.window.dropEvent(event)
    bench.rest()
    assert bench.controller.session.scan is bench.engine.scanned


def test_that_cancel_keeps_what_was_done(bench, monkeypatch):
    bench.sample()
    model = bench.controller
    inspect = bench.engine.inspect

    def slowly(*args):
        # so that the click comes before the last part, however busy the machine is
        job = inspect(*args)
        for step in job:
            yield step
            time.sleep(0.1)

    monkeypatch.setattr(bench.engine, "inspect", slowly)
    model.inspect()
    bench.wait(lambda: len(model.session.results) >= 1)
    there = len(model.session.results)
    bench.window.refresh()
    bench.window.actions_["work.cancel"].trigger()
    assert model.session.busy is None or model.session.busy.stopping
    bench.wait(lambda: model.session.busy is None)
    # the step in hand is finished, none is begun; two more may be on their way to the window
    assert there <= len(model.session.results) <= there + 3
    model.session.set_results([])


def test_that_an_exception_in_a_slot_reaches_the_message_panel(bench):
    class Broken(QObject):
        def fail(self) -> None:
            raise ZeroDivisionError("a slot that raises")

    faults = Faults()
    faults.caught.connect(bench.controller.report_failure)
    try:
        sys.excepthook(*_raised(Broken().fail))
    finally:
        faults.remove()
    entry = bench.window.messages.entry
    assert entry.sentence == "The program made a mistake (ZeroDivisionError)."
    assert "a slot that raises" in entry.details
    bench.controller.messages.dismiss()


def _raised(call) -> tuple:
    try:
        call()
    except ZeroDivisionError:
        return sys.exc_info()
    raise AssertionError


def test_that_an_exception_in_another_thread_reaches_it_too(bench, qtbot):
    import threading

    faults = Faults()
    faults.caught.connect(bench.controller.report_failure)
    try:
        thread = threading.Thread(target=lambda: 1 / 0)
        thread.start()
        thread.join()
        bench.wait(lambda: bench.window.messages.entry is not None)
    finally:
        faults.remove()
    assert "ZeroDivisionError" in bench.window.messages.entry.sentence
    bench.controller.messages.dismiss()


def test_that_messages_do_not_stack_but_can_be_leafed_through(bench):
    messages = bench.controller.messages
    for name in ("first", "second"):
        messages.add(Entry("problem", name, f"The {name} problem."))
    assert bench.window.messages._place.text() == "2 of 2"
    bench.window.messages._older.click()
    assert bench.window.messages.entry.what == "first"
    messages.dismiss()
    messages.dismiss()


def test_that_the_theme_changes_at_once_and_is_remembered(bench):
    bench.window.actions_["view.theme"].trigger()
    assert bench.window.preferences.look.theme == "light"
    bench.window.actions_["view.theme"].trigger()
    assert bench.window.preferences.look.theme == "dark"


def test_that_side_columns_can_be_hidden(bench):
    bench.window.actions_["view.rail"].trigger()
    assert not bench.window.filmstrip.isVisibleTo(bench.window)
    bench.window.actions_["view.rail"].trigger()
    assert bench.window.filmstrip.isVisibleTo(bench.window)


def test_that_the_window_keeps_answering_while_the_engine_inspects(inspected):
    model = inspected.controller
    # processor time of this thread: how long it works without looking at events, on any machine
    bursts, last = [], [time.thread_time()]

    def beat() -> None:
        now = time.thread_time()
        bursts.append(now - last[0])
        last[0] = now

    timer = QTimer(interval=5)
    timer.timeout.connect(beat)
    timer.start()
    model.inspect()
    inspected.rest()
    timer.stop()
    # generous: benchmarks/bench_window.py holds the budget
    assert max(bursts) < 0.3


def test_that_the_foot_says_why_it_is_this_device(bench):
    assert bench.window.status.device_text == "CPU · 2 cores"
    assert bench.window.status.device_note == "No graphics card found: working on the CPU."


def test_that_the_foot_says_why_the_detector_was_chosen(inspected):
    recipe = inspected.controller.session.recipe
    assert recipe.reasons[0].startswith("Laid on one another, the good parts match")
    assert inspected.window.status.recipe_note.endswith(" ".join(recipe.reasons))


def test_that_the_engine_gets_ready_whatever_is_opened_meanwhile(qtbot, tmp_path):
    from app.controller import Controller
    from app.model.places import Places
    from tests.gui.tiny_engine import ROOT, TinyEngine

    places = Places(tmp_path / "c", tmp_path / "r", tmp_path / "l", tmp_path / "s")
    controller = Controller(TinyEngine(), places)
    controller.start()
    controller.open_folder(Path(ROOT))
    qtbot.waitUntil(lambda: controller.current.part is not None, timeout=20_000)
    controller.prepare_engine()
    controller.step_part(1)
    qtbot.waitUntil(lambda: controller.session.device != "", timeout=20_000)
    assert controller.close()


def test_that_a_dark_folder_is_brightened_once_and_the_slider_says_so(bench, monkeypatch):
    monkeypatch.setattr("app.appearance.display_gain", lambda rgb, gain: 4.0)
    bench.open()
    maps = bench.window.inspector.maps
    assert maps.gain.value() == 20
    maps.gain.setValue(0)
    bench.show("test/good/041")
    assert maps.gain.value() == 0
    monkeypatch.undo()
    bench.open()
    assert maps.gain.value() == 0


def test_that_the_clouds_deviation_has_the_range_of_the_reports(inspected):
    from inspector_core.colormaps import signed_range_mm

    window, recipe = inspected.window, inspected.controller.session.recipe
    reach = signed_range_mm(recipe.fingerprint["mm_per_px"])
    assert reach != 1.0
    assert window.stage.deviation_reach == reach
