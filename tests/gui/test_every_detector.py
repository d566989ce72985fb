"""Every detector of the registry from the window: learn, inspect, evaluate, report."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication, QDialog

from app.views.learn_dialog import LearnDialog
from app.views.report_dialog import ReportDialog
from inspector_core import detectors
from inspector_core.features import weights
from inspector_core.types import Scan, Verdict
from tests.core.detectors.random_weights import MOBILENET, random_weights
from tests.gui.conftest import open_window
from tests.gui.tiny_engine import refs, tiny_scan

_PATIENCE_MS = 240_000
_QUICK = {"size_px": 96, "steps": 20, "uff_steps": 10, "rows": 256, "patches": 64}
"""Settings that make tiny parts tiny to the networks too, and training short, where a detector has them."""


def _network(name: str) -> str:
    """The smallest network that a detector can look through, empty when it needs none."""
    info = detectors.load(name).info
    if not info.weights:
        return ""
    return MOBILENET if MOBILENET in info.weights else info.weights[0]


def _cases() -> list:
    # only a whole vision transformer takes long to make up and to look through
    return [
        pytest.param(
            name, marks=[pytest.mark.heavy] if _network(name) not in ("", MOBILENET) else []
        )
        for name in detectors.DETECTORS
    ]


def few_parts() -> Scan:
    """As few parts as can be learnt from, calibrated with and compared."""
    parts = [
        *refs(5, 0, "train"),
        *refs(5, 20, "validation"),
        *refs(2, 40, "test"),
        *refs(1, 50, "test", "dent", dent_mm=0.5),
        *refs(1, 60, "test", "stain", stain=True),
    ]
    return replace(tiny_scan(), refs=tuple(parts))


@pytest.fixture(scope="module")
def made(qapp, tmp_path_factory) -> Iterator[tuple]:
    """A window with the registry as it is."""
    with open_window(qapp, tmp_path_factory.mktemp("window")) as (window, engine):
        engine.scanned = few_parts()
        yield window, engine


@pytest.fixture(params=_cases())
def detector(request, tmp_path_factory) -> Iterator[str]:
    """The name of a detector, with what it looks through at hand."""
    network = _network(request.param)
    with random_weights(tmp_path_factory.mktemp("weights"), *([network] if network else [])):
        yield request.param


def answer(kind: type[QDialog], fill: Callable[[QDialog], None]) -> list[str]:
    """Fill in the next dialog and accept it; the list holds what kept it from being accepted."""
    problems: list[str] = []

    def found() -> None:
        dialog = QApplication.activeModalWidget()
        assert isinstance(dialog, kind), dialog
        fill(dialog)
        problems.append(dialog.problem)
        dialog.accept() if not dialog.problem else dialog.reject()

    QTimer.singleShot(0, found)
    return problems


def learn(bench, name: str) -> None:
    def fill(dialog: LearnDialog) -> None:
        titles = [dialog.detector_box.itemText(i) for i in range(dialog.detector_box.count())]
        dialog.detector_box.setCurrentIndex(titles.index(detectors.load(name).info.title))
        dialog.name_field.setText(name)
        dialog.name_field.textEdited.emit(name)
        for setting, value in _QUICK.items():
            if setting in dialog.form.editors:
                dialog.form.editors[setting].setValue(value)

    problems = answer(LearnDialog, fill)
    bench.window.refresh()
    bench.window.actions_["recipe.learn"].trigger()
    assert problems == [""]
    model = bench.controller
    bench.wait(lambda: not model.desk.has_work, _PATIENCE_MS)
    assert model.session.recipe is not None, model.messages.front
    assert model.session.recipe.detector == name


def test_that_it_learns_inspects_evaluates_and_reports(bench, detector, tmp_path):
    model, window = bench.controller, bench.window
    bench.open()
    model.session.set_recipe(None)
    learn(bench, detector)

    window.refresh()
    window.actions_["parts.inspect"].trigger()
    bench.wait(lambda: not model.desk.has_work, _PATIENCE_MS)
    assert len(model.session.results) == 4
    assert not [r.error for r in model.session.results if r.error]
    assert model.parts.counts[Verdict.NOT_INSPECTED] == 0
    bench.show("test/dent/050")
    part = model.current.part
    assert part.view.fused_map is not None
    assert window.inspector.header.word != "Not inspected"

    window.refresh()
    window.actions_["parts.evaluate"].trigger()
    bench.wait(lambda: not model.evaluating.is_running, _PATIENCE_MS)
    assert model.evaluation.outcome is not None, model.messages.front
    assert model.evaluation.outcome.maps["fused"].i_auroc is not None
    window.show_evaluation(False)

    folder = tmp_path / "report"
    problems = answer(ReportDialog, lambda dialog: dialog.folder_field.set_path(folder))
    window.refresh()
    window.actions_["report.export"].trigger()
    assert problems == [""]
    bench.wait(lambda: not model.desk.has_work, _PATIENCE_MS)
    document = json.loads((folder / "results.json").read_text("utf-8"))
    assert document["recipe"]["detector"] == detector
    assert len(document["parts"]) == 4
    assert len(list(folder.glob("*.pdf"))) == 1


def test_that_every_detector_is_offered_even_without_its_network(bench, monkeypatch, tmp_path):
    monkeypatch.setenv("RELIEF_WEIGHTS", str(tmp_path))
    bench.open()
    seen: dict[str, tuple[bool, str]] = {}

    def leaf(dialog: LearnDialog) -> None:
        for place, info in enumerate(dialog.infos, start=1):
            dialog.detector_box.setCurrentIndex(place)
            seen[info.name] = (dialog.learn_button.isEnabled(), dialog.networks.sentence)
        dialog.detector_box.setCurrentIndex(0)
        dialog.name_field.clear()
        dialog.name_field.textEdited.emit("")

    problems = answer(LearnDialog, leaf)
    bench.window.refresh()
    bench.window.actions_["recipe.learn"].trigger()
    assert problems == ["The recipe needs a name."]
    assert set(seen) == set(detectors.DETECTORS)
    for info in detectors.infos():
        startable, sentence = seen[info.name]
        comes_with = any(weights.find(name) for name in info.weights)
        assert startable == (not info.weights or comes_with), info.name
        if not startable:
            named = [name for name in info.weights if weights.entry_of(name).kind != "layout"]
            assert any(
                name in sentence or weights.entry_of(name).file in sentence for name in named
            ), info.name
            assert sentence.endswith("work without one.")


def test_that_the_good_parts_choose_when_nobody_does(bench):
    bench.open()
    model = bench.controller
    model.session.set_recipe(None)
    said = []

    def fill(dialog: LearnDialog) -> None:
        bench.wait(lambda: dialog.why.startswith("Suits best"), _PATIENCE_MS)
        said.append(dialog.why)
        dialog.name_field.setText("chosen")
        dialog.name_field.textEdited.emit("chosen")

    problems = answer(LearnDialog, fill)
    bench.window.refresh()
    bench.window.actions_["recipe.learn"].trigger()
    assert problems == [""]
    assert said[0].startswith("Suits best: Aligned comparison. Laid on one another")
    bench.wait(lambda: not model.desk.has_work, _PATIENCE_MS)
    recipe = model.session.recipe
    assert recipe.detector == "aligned"
    assert said[0].endswith(" ".join(recipe.reasons))
