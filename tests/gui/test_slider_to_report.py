"""What the window shows while a limit moves is what the exported report says, number for number."""

from __future__ import annotations

import csv
import json

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QStyle, QStyleOptionSlider

from app.worker.jobs import ExportRequest
from inspector_core.types import Verdict


def handle(slider) -> QPoint:
    """The middle of a slider's handle."""
    option = QStyleOptionSlider()
    slider.initStyleOption(option)
    control = QStyle.ComplexControl.CC_Slider
    part = QStyle.SubControl.SC_SliderHandle
    return slider.style().subControlRect(control, option, part, slider).center()


def drag(slider, to_value: int) -> None:
    """Drag a slider's handle with the mouse, in steps as a hand would."""
    start = handle(slider)
    span = slider.width() - 16
    end = QPoint(8 + round(span * to_value / slider.maximum()), start.y())
    button = Qt.MouseButton.LeftButton
    QTest.mousePress(slider, button, pos=start)
    for step in range(1, 11):
        QTest.mouseMove(slider, start + (end - start) * step / 10)
    QTest.mouseRelease(slider, button, pos=end)


def exported(bench, folder) -> dict:
    written = []
    bench.controller.exported.connect(written.append)
    request = ExportRequest(
        "blocks", folder, ("json", "csv", "html"), bench.controller.limits.current
    )
    bench.controller.export(request)
    bench.wait(lambda: bool(written) or bench.controller.messages.front is not None, 60_000)
    bench.controller.exported.disconnect(written.append)
    assert written, bench.controller.messages.front
    return json.loads((folder / "results.json").read_text())


def shown_counts(bench) -> dict[str, int]:
    counts = bench.controller.parts.counts
    return {verdict.value: counts[verdict] for verdict in Verdict}


@pytest.mark.parametrize("factor", [0.5, 1.6])
def test_that_dragging_the_slider_changes_the_report_as_it_changes_the_window(
    inspected, tmp_path, factor
):
    bench, model = inspected, inspected.controller
    slider = bench.window.inspector.limits.sliders["t2"]
    drag(slider, round(model.limits.fixed.t2 * factor * 100))
    bench.qtbot.wait(50)
    limits = model.limits.current
    assert limits != model.limits.fixed
    document = exported(bench, tmp_path / "report")

    assert document["recipe"]["thresholds"] == {"t1": limits.t1, "t2": limits.t2}
    summary = document["summary"]
    assert {word: summary[word] for word in shown_counts(bench)} == shown_counts(bench)
    words = bench.window.inspector.limits.plain_words
    assert f"{summary['reject']} reject, {summary['review']} review" in words

    assert any(part["defects"] for part in document["parts"])
    for part in document["parts"]:
        bench.show(part["id"])
        header = bench.window.inspector.header
        assert header.word.lower() == part["verdict"]
        assert header.reason.startswith(part["reason"])
        decision = model.current.decision
        assert decision.scores == pytest.approx(part["scores"], abs=0)
        assert decision.p_value == part["p_value"]
        table = bench.window.inspector.table.rows
        assert table.rowCount() == len(part["defects"])
        for defect, written in zip(table.defects, part["defects"], strict=True):
            assert defect.score == written["score"]
            assert defect.name == written["name"]
            assert list(defect.peak_px) == written["peak_px"]
            assert list(defect.bbox_px) == written["bbox_px"]
            for name in ("area_mm2", "length_mm", "width_mm", "height_mm", "volume_mm3"):
                measure = getattr(defect, name)
                assert (None if measure is None else measure.value) == written[name], name
            assert defect.colour_share == written["colour_share"]


def test_that_the_csv_has_a_row_for_every_defect_of_the_window(inspected, tmp_path):
    bench, model = inspected, inspected.controller
    model.limits.set_t2(round(model.limits.fixed.t2 * 1.2, 2))
    document = exported(bench, tmp_path / "report")
    lines = (tmp_path / "report" / "results.csv").read_text("utf-8-sig").splitlines()
    rows = list(csv.DictReader(line for line in lines if not line.startswith("#")))
    count = sum(max(1, len(part["defects"])) for part in document["parts"])
    assert len(rows) in (count, sum(len(part["defects"]) for part in document["parts"]))


def test_that_kept_limits_are_the_recipes_and_no_preview_any_more(inspected):
    bench, model = inspected, inspected.controller
    wanted = round(model.limits.fixed.t2 * 1.1, 2)
    model.limits.set_t2(wanted)
    before = shown_counts(bench)
    bench.window.refresh()
    bench.window.actions_["limits.keep"].trigger()
    bench.rest()
    assert model.session.recipe.thresholds.t2 == wanted
    assert not model.limits.is_preview
    assert shown_counts(bench) == before
    assert all(result.thresholds.t2 == wanted for result in model.session.results)
    model.session.set_results([])
