"""The evaluation page as a person uses it: real engine, tiny parts."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from app.model.evaluation import JUDGED, KINDS
from app.worker.jobs import EVALUATION_FORMATS, EvaluationExport
from inspector_core import engine
from inspector_core.progress import drain
from inspector_core.types import Verdict
from tests.gui.tiny_engine import refs, tiny_scan


@pytest.fixture
def evaluated(inspected):
    """The bench with the evaluation page on the sample."""
    model = inspected.controller
    if model.evaluation.outcome is None:
        evaluate(inspected)
    inspected.window.show_evaluation(True)
    yield inspected
    model.parts.set_filter(None)
    inspected.window.show_evaluation(False)


def evaluate(bench) -> None:
    bench.window.refresh()
    bench.window.actions_["parts.evaluate"].trigger()
    bench.wait(lambda: not bench.controller.evaluating.is_running, 60_000)
    assert bench.controller.messages.front is None, bench.controller.messages.front
    bench.rest()
    QApplication.processEvents()


def page(bench):
    return bench.window.complete().evaluation


def test_that_the_page_says_what_is_missing_before_there_is_a_recipe(bench):
    if bench.controller.session.recipe is not None:
        bench.controller.session.set_recipe(None)
    bench.open()
    bench.window.refresh()
    bench.window.actions_["view.evaluation"].trigger()
    assert page(bench).isVisible()
    assert page(bench).words[0] == "No recipe yet"
    assert not page(bench).start_button.isVisible()
    bench.window.actions_["view.evaluation"].trigger()
    assert not page(bench).isVisible()


def test_that_evaluating_shows_the_page_and_gives_every_part_its_verdict(bench):
    bench.sample()
    bench.controller.session.set_results([])
    assert bench.controller.evaluation.outcome is None
    evaluate(bench)
    assert page(bench).isVisible()
    assert page(bench).words == ("", "", "")
    assert len(bench.controller.session.results) == 10
    assert bench.controller.parts.counts[Verdict.NOT_INSPECTED] == 0
    assert page(bench).table.rows.rowCount() > 4


def test_that_parts_inspected_before_are_not_scored_again_and_figures_are_the_same(
    evaluated, monkeypatch
):
    model = evaluated.controller
    before = model.evaluation.outcome
    scored = []
    monkeypatch.setattr(engine.Inspector, "result", lambda self, item: scored.append(item.ref.id))
    evaluate(evaluated)
    assert scored == []
    again = model.evaluation.outcome
    assert again is not before
    assert again.maps == before.maps
    assert again.per_type == before.per_type


def test_that_figures_are_those_of_the_command_line(evaluated):
    model = evaluated.controller
    outcome = drain(engine.evaluate(model.session.refs, model.session.recipe, device="cpu"))
    assert model.evaluation.outcome.maps == outcome.maps
    assert model.evaluation.outcome.parts == outcome.parts


def test_that_the_matrix_follows_the_slider_at_once(evaluated):
    model, view = evaluated.controller, page(evaluated)
    model.limits.set_t2(round(model.limits.top * 0.9, 2))
    model.limits.set_t1(model.limits.current.t2)
    QApplication.processEvents()
    for bad in KINDS:
        for verdict in JUDGED:
            shown = view.matrix.cells[bad, verdict].text()
            assert shown == str(model.evaluation.counts[bad, verdict])
    assert sum(model.evaluation.counts.values()) == 10
    assert "Escapes: " in view.rates
    assert view.scores.x_of(model.limits.current.t2) == pytest.approx(
        view.scores.x_of(model.limits.top * 0.9), abs=1
    )


def test_that_a_cell_filters_the_strip_says_so_and_can_be_left(evaluated):
    model, view, strip = evaluated.controller, page(evaluated), evaluated.window.filmstrip
    cell = view.matrix.cells[True, Verdict.REJECT]
    cell.setFocus()
    QTest.keyClick(cell, Qt.Key.Key_Space)
    shown = model.parts.ids()
    assert len(shown) == model.evaluation.counts[True, Verdict.REJECT] > 0
    assert not any("good" in name for name in shown)
    assert strip.banner_words == f"Defective parts judged reject: {len(shown)} parts"
    assert cell.isChecked()
    strip.clear_button.click()
    assert strip.banner_words == ""
    assert not cell.isChecked()
    assert len(model.parts.ids()) == 10


def test_that_a_row_of_the_matrix_shows_all_good_parts(evaluated):
    model, view = evaluated.controller, page(evaluated)
    view.matrix.cells[False, None].click()
    assert len(model.parts.ids()) == 4
    assert evaluated.window.filmstrip.banner_words == "Good parts: 4 parts"
    view.matrix.cells[False, None].click()
    assert len(model.parts.ids()) == 10


def test_that_choosing_a_part_shows_it_and_the_key_leads_back(evaluated):
    window, model = evaluated.window, evaluated.controller
    # the part that is open already: a click shows it all the same
    strip = window.filmstrip.view
    row = strip.visualRect(model.parts.index(model.parts.row(model.session.current)))
    QTest.mouseClick(strip.viewport(), Qt.MouseButton.LeftButton, pos=row.center())
    assert not window.complete().evaluation_shown
    QTest.keyClick(window, Qt.Key.Key_E)
    assert window.complete().evaluation_shown
    model.step_part(1)
    assert not window.complete().evaluation_shown
    QTest.keyClick(window, Qt.Key.Key_E)
    QTest.keyClick(window, Qt.Key.Key_1)
    assert not window.complete().evaluation_shown
    evaluated.window.stage.maximise(0)


def test_that_escape_leads_back_to_the_part(evaluated):
    workplace = evaluated.window.complete()
    page(evaluated).matrix.cells[True, Verdict.REJECT].setFocus()
    QTest.keyClick(page(evaluated).matrix.cells[True, Verdict.REJECT], Qt.Key.Key_Escape)
    assert not workplace.evaluation_shown


def test_that_the_histograms_handle_moves_the_limit_of_the_recipe(evaluated):
    model, scores = evaluated.controller, page(evaluated).scores
    start = QPoint(round(scores.x_of(model.limits.current.t2)), 10)
    end = QPoint(round(scores.x_of(model.limits.top * 0.75)), 10)
    QTest.mousePress(scores, Qt.MouseButton.LeftButton, pos=start)
    QTest.mouseMove(scores, end)
    QTest.mouseRelease(scores, Qt.MouseButton.LeftButton, pos=end)
    assert model.limits.current.t2 == pytest.approx(model.limits.top * 0.75, rel=0.05)
    QApplication.processEvents()
    assert evaluated.window.inspector.limits.boxes["t2"].value() == model.limits.current.t2


def test_that_curves_can_be_chosen_with_their_limit(evaluated):
    view = page(evaluated)
    outcome = evaluated.controller.evaluation.outcome
    view.curves.limit_chips[3].click()
    drawn = view.curves.plot.drawn
    assert drawn.reach == 0.01
    assert set(drawn.lines) == {"fused", "rgb", "shape"}
    assert f"{outcome.maps['fused'].aupro[3]:.3f}" in view.curves.key_texts["fused"]
    assert "0.005" in view.curves.key_texts["chance"]
    assert view.table.rows.limit == 0.01
    view.curves.curve_chips["part_roc"].click()
    assert view.curves.plot.drawn.reach == 1.0
    assert set(view.curves.plot.marks) == {"T1", "T2"}
    assert f"{outcome.maps['fused'].i_auroc:.3f}" in view.curves.key_texts["fused"]
    view.curves.limit_chips[0].click()
    assert view.curves.plot.drawn.reach == 0.3


def test_that_the_mouse_reads_the_curves(evaluated):
    view = page(evaluated)
    view.curves.show_curve("roc")
    before = view.curves.key_texts
    view.curves.plot.hovered.emit(1.0)
    assert "1.000" in view.curves.key_texts["fused"]
    view.curves.plot.hovered.emit(None)
    assert view.curves.key_texts == before


def test_that_other_pixels_are_counted_when_asked(evaluated):
    view, model = page(evaluated), evaluated.controller
    view.scope_box.setCurrentIndex(1)
    view.scope_box.activated.emit(1)
    evaluated.wait(lambda: not model.evaluating.is_running, 60_000)
    assert model.evaluation.outcome.scope == "part"
    view.scope_box.activated.emit(0)
    evaluated.wait(lambda: not model.evaluating.is_running, 60_000)
    assert model.evaluation.outcome.scope == "all"


def test_that_the_export_holds_what_the_page_shows(evaluated, tmp_path):
    model = evaluated.controller
    written = []
    model.evaluating.exported.connect(written.append)
    request = EvaluationExport("blocks", "tiny", tmp_path / "out", EVALUATION_FORMATS)
    model.evaluating.export(request)
    evaluated.wait(lambda: bool(written), 20_000)
    model.evaluating.exported.disconnect(written.append)
    files = {path.name: path.read_text("utf-8") for path in (tmp_path / "out").iterdir()}
    assert set(files) == {f"evaluation.{name}" for name in EVALUATION_FORMATS}
    value = f"{model.evaluation.outcome.maps['fused'].aupro[0]:.3f}"
    for name in ("html", "md"):
        assert value in files[f"evaluation.{name}"], name
    assert "<title>Evaluation of blocks" in files["evaluation.html"]
    assert "stain" in files["evaluation.csv"]
    document = json.loads((tmp_path / "out" / "evaluation.json").read_text())
    assert document["maps"]["fused"]["i_auroc"] == model.evaluation.outcome.maps["fused"].i_auroc
    assert [part["id"] for part in document["part_scores"]] == [
        part.id for part in model.evaluation.outcome.parts
    ]
    entry = evaluated.window.messages.entry
    assert entry.what == "Evaluation written"
    model.messages.dismiss()


def test_that_kept_limits_keep_evaluation_and_maps(evaluated, monkeypatch):
    model = evaluated.controller
    model.limits.set_t2(round(model.limits.fixed.t2 * 1.05, 2))
    evaluated.window.refresh()
    evaluated.window.actions_["limits.keep"].trigger()
    evaluated.rest()
    assert model.evaluation.outcome is not None
    scored = []
    monkeypatch.setattr(engine.Inspector, "result", lambda self, item: scored.append(item.ref.id))
    evaluate(evaluated)
    assert scored == []


def test_that_learnt_and_held_out_parts_are_left_out_and_said(evaluated):
    model = evaluated.controller
    model.session.set_split("")
    evaluate(evaluated)
    assert model.evaluation.outcome.n_good == 4
    assert "16 parts are left out: the recipe was learnt" in page(evaluated).notes
    model.session.set_split("test")
    evaluate(evaluated)
    assert page(evaluated).notes == "" or "left out" not in page(evaluated).notes


def test_that_a_cancelled_evaluation_keeps_results_and_the_one_before(evaluated, monkeypatch):
    model = evaluated.controller
    before = model.evaluation.outcome
    job = evaluated.engine.evaluate

    def slowly(*args):
        import time

        for step in job(*args):
            time.sleep(0.05)
            yield step

    monkeypatch.setattr(evaluated.engine, "evaluate", slowly)
    model.evaluating.evaluate("part")
    evaluated.wait(lambda: model.session.busy is not None and model.session.busy.done > 1)
    model.cancel()
    evaluated.wait(lambda: model.session.busy is None)
    assert not model.evaluating.is_running
    assert model.evaluation.outcome is before
    assert page(evaluated).scope_box.currentData() == "all"
    model.messages.dismiss()


def test_that_parts_without_masks_have_a_sentence_instead_of_curves(bench):
    bench.sample()
    bench.engine.scanned = tiny_scan(masks=False)
    bench.open()
    evaluate(bench)
    view = page(bench)
    view.curves.show_curve("pro")
    assert view.curves.missing.isVisible()
    assert view.curves.missing.sentence.startswith("No truth masks")
    view.curves.show_curve("part_roc")
    assert not view.curves.missing.isVisible()
    bench.engine.scanned = tiny_scan()


def test_that_good_parts_alone_have_a_sentence_instead_of_a_matrix_row(bench):
    bench.sample()
    bench.engine.scanned = replace(tiny_scan(), refs=tuple(refs(4, 40, "test")))
    bench.open()
    evaluate(bench)
    view = page(bench)
    assert view.rates.startswith("<b>False rejects: ")
    assert "No defective part" in view.matrix_missing
    bench.engine.scanned = tiny_scan()
    bench.open()
    assert bench.controller.evaluation.outcome is None


def test_that_nothing_is_clipped_in_either_layout(evaluated):
    window, view = evaluated.window, page(evaluated)
    for size in ((1100, 700), (1280, 800), (1920, 1080)):
        window.resize(*size)
        content, port = view.page.widget(), view.page.viewport()
        evaluated.wait(lambda: content.width() == port.width())  # noqa: B023
        assert content.minimumSizeHint().width() <= port.width(), size
    window.resize(1440, 900)
