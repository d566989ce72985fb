"""The learn dialog with detectors that need a pretrained network: said, added, startable."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
from PySide6.QtWidgets import QFileDialog, QWidget

from app.model.automatic import AutomaticModel
from app.model.learning import about_learning, settings_of
from app.model.weights import WeightsModel, networks
from app.views.learn_dialog import LearnDialog
from inspector_core.features import weights
from tests.core.detectors.random_weights import MOBILENET, random_weights
from tests.core.flat_detector import Flat
from tests.gui.tiny_engine import tiny_scan

BIG = "wide_resnet50_2.tv_in1k"
HEADS = "inctrl.heads"
NEEDING = replace(Flat.info, name="needing", title="Needing", weights=(BIG, MOBILENET))


@pytest.fixture
def folder(tmp_path, monkeypatch) -> Path:
    monkeypatch.setenv("RELIEF_WEIGHTS", str(tmp_path / "weights"))
    return tmp_path / "weights"


@pytest.fixture(scope="module")
def mobilenet_file(tmp_path_factory) -> Path:
    """A file of MobileNetV2 with random numbers, as somebody may have it."""
    place = tmp_path_factory.mktemp("network")
    with random_weights(place, MOBILENET) as there:
        kept = place / "somebodys.safetensors"
        kept.write_bytes((there / f"{MOBILENET}.safetensors").read_bytes())
    return kept


@pytest.fixture
def model(qapp, folder) -> WeightsModel:
    model = WeightsModel()
    model.refresh()
    return model


@pytest.fixture
def dialog(qtbot, tmp_path, model):
    owner = QWidget()
    qtbot.addWidget(owner)
    scan = tiny_scan()
    made = LearnDialog(
        (Flat.info, NEEDING),
        settings_of,
        partial(about_learning, scan),
        model,
        AutomaticModel((Flat.info, NEEDING)),
        "blocks",
        tmp_path / "recipes",
        owner,
    )
    made.show()
    yield made
    owner.deleteLater()


def test_that_a_detector_without_weights_is_ready_and_says_nothing(dialog):
    assert not dialog.networks.isVisible()
    assert dialog.learn_button.isEnabled()


def test_that_missing_weights_name_file_command_and_what_works_without(dialog):
    dialog.detector_box.setCurrentIndex(2)
    assert dialog.networks.isVisible()
    assert dialog.networks.sentence == (
        "None of the 2 networks that Needing can use is on this machine: add "
        f"{weights.entry_of(BIG).file}, or run `relief weights fetch {BIG}`; "
        "Flat works without one."
    )
    assert not dialog.learn_button.isEnabled()
    assert "cannot start" in dialog.problem


def test_that_one_of_the_networks_is_enough(dialog, tmp_path, folder):
    with random_weights(tmp_path, MOBILENET):
        dialog.networks._model.refresh()
        dialog.detector_box.setCurrentIndex(2)
        assert dialog.learn_button.isEnabled()
        assert dialog.networks.sentence == f"Uses {weights.entry_of(MOBILENET).title}."


def test_that_heads_alone_are_no_network_to_look_through(model, monkeypatch):
    info = replace(NEEDING, weights=(BIG, HEADS))
    monkeypatch.setattr(model, "_here", frozenset({HEADS}))
    assert not model.readiness(info, [info]).is_ready
    assert HEADS in networks(info)


def test_that_a_network_chosen_by_name_must_be_the_one_that_is_here(model, monkeypatch):
    monkeypatch.setattr(model, "_here", frozenset({MOBILENET}))
    assert model.readiness(NEEDING, [NEEDING], MOBILENET).is_ready
    missing = model.readiness(NEEDING, [NEEDING, Flat.info], BIG)
    assert not missing.is_ready
    assert missing.sentence.startswith("The network that Needing uses is not on this machine")
    assert f"fetch {BIG}`; Flat works without one." in missing.sentence
    assert "cannot use a network named other" in model.readiness(NEEDING, [], "other").sentence


def test_that_a_file_is_taken_in_beside_the_window_and_the_detector_can_start(
    bench, folder, mobilenet_file, dialog, monkeypatch
):
    model = bench.controller.weights
    model.refresh()
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(mobilenet_file), ""))
    dialog.networks._model.asked.connect(model.asked)
    dialog.detector_box.setCurrentIndex(2)
    dialog.networks.name_box.setCurrentIndex(2)
    dialog.networks.add_button.click()
    assert "Reading somebodys.safetensors" in dialog.networks.said
    assert not dialog.networks.add_button.isEnabled()
    bench.wait(lambda: model.said != "", 60_000)
    assert model.said == f"Added: {weights.entry_of(MOBILENET).title}."
    assert model.readiness(NEEDING, [NEEDING]).is_ready
    assert (folder / f"{MOBILENET}.safetensors").is_file()


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 no network at all"])
def test_that_a_file_that_is_no_network_is_a_sentence_in_the_dialog(
    bench, folder, tmp_path, content
):
    model = bench.controller.weights
    model.refresh()
    file = tmp_path / "holiday.safetensors"
    file.write_bytes(content)
    model.add(file, "")
    bench.wait(lambda: not model.is_adding, 20_000)
    assert "holiday.safetensors" in model.said
    assert model.said.endswith(".")
    assert bench.controller.messages.front is None


def test_that_a_network_that_is_here_is_not_replaced_silently(bench, folder, mobilenet_file):
    model = bench.controller.weights
    for expected in ("Added", "is here already"):
        model.add(mobilenet_file, MOBILENET)
        bench.wait(lambda: not model.is_adding, 60_000)
        assert expected in model.said
    assert model.said.endswith("Run `relief weights add FILE --force`.")
